"""A two-way price with the reasons for it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from strategies.quoting.limits import allows, check_size
from strategies.quoting.markup import hit_rate, markout, markup_share
from strategies.quoting.skew import Skew, skew
from strategies.quoting.spread import HalfSpread, half_spread
from strategies.quoting.terms import Inventory, Leg, Market, Pass, StructureValue, TwoWay
from strategies.quoting.ticks import leg_prices
from wire.quoting import ANONYMOUS_TAKER_ID, CounterpartyStatistics, QuoteDecision, QuotingParameters
from wire.units import Side

STRANGER = CounterpartyStatistics(taker_firm_id=ANONYMOUS_TAKER_ID, taker_name="")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """``quantity``: units of the structure; ``asked``: the only side the taker wants, None for both."""

    legs: Sequence[Leg]
    quantity: float
    asked: Side | None = None
    taker: CounterpartyStatistics = STRANGER


def make_two_way(
    request: Request, value: StructureValue, market: Market, inventory: Inventory, parameters: QuotingParameters
) -> TwoWay:
    """Prices around the skewed mid, every leg on its tick, the net never better for the taker than intended.

    Raises Pass.
    """
    legs, quantity = request.legs, request.quantity
    size = check_size(legs, value, quantity, parameters)
    shift = skew(legs, value, inventory, parameters)
    share = markup_share(request.taker, parameters)
    half = half_spread(legs, value, parameters, size=size, market_time_ns=market.market_time_ns, markup_share=share)
    center, total = value.mid + shift.total, half.total
    bid = ask = None
    if request.asked is not Side.BUY and allows(legs, value, inventory, quantity, parameters):
        bid = leg_prices(legs, value, center - total, Side.SELL)
    if request.asked is not Side.SELL and allows(legs, value, inventory, -quantity, parameters):
        ask = leg_prices(legs, value, center + total, Side.BUY)
    if bid is None and ask is None:
        raise Pass("limits", value.coin)
    decision = QuoteDecision(
        parameters_version=0,
        at_ns=market.now_ns,
        market_time_ns=market.market_time_ns,
        coin=value.coin,
        quantity=quantity,
        is_bid_closed=bid is None and request.asked is not Side.BUY,
        is_ask_closed=ask is None and request.asked is not Side.SELL,
        center=center,
        half_spread=total,
        **_value_parts(value, inventory),
        **_shift_parts(shift, half),
        **_taker_parts(request.taker, parameters, share),
    )
    return TwoWay(bid=bid, ask=ask, center=center, half_spread=total, decision=decision)


def has_moved(quoted: TwoWay, fresh: TwoWay, parameters: QuotingParameters) -> bool:
    """Whether a quote in force is too far from what the model says now, or deals a side it should not."""
    if (quoted.bid is None) is not (fresh.bid is None) or (quoted.ask is None) is not (fresh.ask is None):
        return True
    return abs(fresh.center - quoted.center) > parameters.requote_share * quoted.half_spread


def _value_parts(value: StructureValue, inventory: Inventory) -> dict[str, Any]:
    return {
        "model_value": value.mid,
        "vega": value.vega,
        "vega_usd": value.vega_usd,
        "delta": value.delta,
        "coin_price": value.coin_price,
        "inventory_vega_usd": inventory.vega_usd,
        "inventory_delta": inventory.delta,
        "inventory_notional_usd": inventory.notional_usd,
        "inventory_expiry_vega_usd": dict(inventory.expiry_vega_usd),
    }


def _shift_parts(shift: Skew, half: HalfSpread) -> dict[str, Any]:
    parts = {f"spread_{name}": part for name, part in dataclasses.asdict(half).items()}
    return parts | {f"skew_{name}": part for name, part in dataclasses.asdict(shift).items()}


def _taker_parts(taker: CounterpartyStatistics, parameters: QuotingParameters, share: float) -> dict[str, Any]:
    return {
        "taker_firm_id": taker.taker_firm_id,
        "hit_rate": hit_rate(taker, parameters),
        "markout": markout(taker, parameters),
        "markup_share": share,
    }
