"""What a split order would be, before the click. Changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from common import valkey
from common.decimals import plain_text
from common.errors import Refusal
from market import routing
from orders.domain.grid import settlement_value, steps
from settlement import selectors as settlement
from wire.client import PreviewBest
from wire.facts_routes import PlannedPartView, RoutePlanView, VenueVerdictView
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import Liquidity, Side

if TYPE_CHECKING:
    from market.models import Instrument
    from market.routing import Part, Plan
    from wire.instruments import InstrumentTerms

PPM = Decimal(1_000_000)
PPM_PER_BASIS_POINT = Decimal(100)
MONEY_STEP = Decimal("1e-8")
LOTS_ASKED = 1_000_000
"""So many that the rounding of a fee to money is lost in them."""


class MarketUnreadable(Refusal):
    status = 503


def own_fee_ppm(terms: InstrumentTerms, limit_ticks: int) -> int:
    """What a taker pays in our own book at the limit, in millionths of the notional: an option's fee depends on its
    price.
    """
    price, quantity = limit_ticks * terms.tick_size, terms.lot_size * LOTS_ASKED
    fee, _ = settlement.estimate_fee(terms, price=price, quantity=quantity, liquidity=Liquidity.TAKER)
    return int(fee / settlement_value(terms, price, quantity) * PPM)


def preview_best(instrument: Instrument, message: PreviewBest, now_ns: int) -> RoutePlanView:
    """Raises Refusal: the reasons of a price or a quantity off the grid, stale_market where nothing can be read."""
    terms = instrument.terms
    quantity_lots = steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX)
    price_ticks = steps("price", Decimal(message.price), terms.tick_size, PRICE_TICKS_MAX)
    try:
        plan = routing.plan_split(
            terms, message.side, quantity_lots, price_ticks, now_ns, own_fee_ppm=own_fee_ppm(terms, price_ticks)
        )
    except valkey.Unreachable as error:
        raise MarketUnreadable("stale_market", "the venues' books cannot be read", value="unreachable") from error
    return _view(terms, message.side, plan, now_ns)


def _view(terms: InstrumentTerms, side: Side, plan: Plan, now_ns: int) -> RoutePlanView:
    parts = [_part_view(terms, part) for part in plan.parts]
    notional = sum((Decimal(part.notional) for part in parts), Decimal(0))
    fees = sum((Decimal(part.fee) for part in parts), Decimal(0))
    lots = plan.planned_lots
    average = sum((part.average_ticks * part.quantity_lots for part in plan.parts), Decimal(0)) / lots if lots else None
    return RoutePlanView(
        at_ns=now_ns,
        instrument_name=terms.name,
        side=side,
        quantity=plain_text(plan.quantity_lots * terms.lot_size),
        planned_quantity=plain_text(lots * terms.lot_size),
        unfilled_quantity=plain_text((plan.quantity_lots - lots) * terms.lot_size),
        average_price=_price(terms, average),
        notional=plain_text(notional),
        fees=plain_text(fees),
        total=plain_text(notional + side.sign * fees),
        all_in_price=_price(terms, plan.all_in_ticks),
        currency=terms.settlement_currency,
        parts=parts,
        verdicts=[
            VenueVerdictView(venue=each.venue, reason=each.reason, value=str(each.value), bound=str(each.bound))
            for each in plan.verdicts
        ],
        is_proven=plan.is_proven,
        best_single_venue="" if plan.single is None else plan.single[0],
        best_single_price=None if plan.single is None else _price(terms, plan.single[1]),
    )


def _part_view(terms: InstrumentTerms, part: Part) -> PlannedPartView:
    average, quantity = part.average_ticks * terms.tick_size, part.quantity_lots * terms.lot_size
    notional = settlement_value(terms, average, quantity)
    return PlannedPartView(
        venue=part.venue,
        quantity=plain_text(quantity),
        price=plain_text(part.price_ticks * terms.tick_size),
        average_price=plain_text(average.quantize(terms.tick_size / 100)),
        notional=plain_text(notional.quantize(MONEY_STEP)),
        fee=plain_text((notional * part.fee_ppm / PPM).quantize(MONEY_STEP)),
        fee_basis_points=plain_text(Decimal(part.fee_ppm) / PPM_PER_BASIS_POINT),
    )


def _price(terms: InstrumentTerms, ticks: Decimal | None) -> str | None:
    return None if ticks is None else plain_text((ticks * terms.tick_size).quantize(terms.tick_size / 100))
