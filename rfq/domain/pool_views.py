"""What views say of trades, resting limits and the pool; ``views`` decides who reads which."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from rfq.domain.allocation import Offer, allocate, size_step
from rfq.domain.execution import standing
from rfq.domain.prices import net_text, quantity_text
from rfq.domain.records import RfqRecord, TradeRecord
from wire.facts import PoolFillView, PoolLevelView, PoolSideView, RfqTradeView, TriggerView
from wire.units import RfqState, Side

AVERAGE_DIGITS = 12


def trade_views(rfq: RfqRecord, trades: Sequence[TradeRecord], *, is_maker: bool) -> list[RfqTradeView]:
    """A maker reads its own account and not why it was preferred, which would tell of its rivals."""
    return [
        RfqTradeView(
            trade_id=trade.trade_id,
            quote_id=trade.quote_id,
            version=trade.version,
            account_id=trade.maker_account_id if is_maker else trade.taker_account_id,
            side=trade.side,
            price=net_text(rfq.legs, trade.net_price),
            quantity=quantity_text(trade.quantity),
            state=trade.state.value,
            allocation_reason=None if is_maker else trade.allocation_reason,
        )
        for trade in trades
    ]


def trigger_views(rfq: RfqRecord) -> list[TriggerView]:
    """For the taker's firm and the house alone."""
    return [
        TriggerView(
            side=trigger.side,
            limit_price=net_text(rfq.legs, trigger.limit_price),
            state=trigger.state,
            reason=trigger.reason,
        )
        for trigger in rfq.triggers
    ]


def pool_view(rfq: RfqRecord, side: Side) -> PoolSideView | None:
    """What the taker could trade on a side: sizes by price, best first, and the full size. None where nobody quotes."""
    offers = standing(rfq, side=side) if rfq.state is RfqState.OPEN else ()
    if not offers:
        return None
    fills = allocate(offers, side=side, quantity=rfq.quantity, step=size_step(rfq.legs)) or ()
    worst = max((side.sign * fill.price for fill in fills), default=None)
    return PoolSideView(
        levels=_levels(rfq, offers, side),
        limit_price=None if worst is None else net_text(rfq.legs, side.sign * worst),
        average_price=average_text(rfq, [(fill.price, fill.quantity) for fill in fills]) if fills else None,
        fills=[
            PoolFillView(
                quote_id=fill.quote_id,
                version=fill.version,
                price=net_text(rfq.legs, fill.price),
                quantity=quantity_text(fill.quantity),
            )
            for fill in fills
        ],
    )


def average_text(rfq: RfqRecord, parts: Sequence[tuple[Decimal, Decimal]]) -> str:
    """Of (net price, quantity): at the precision of the legs where all have one price, in at most 12 digits else."""
    if len({price for price, _ in parts}) == 1:
        return net_text(rfq.legs, parts[0][0])
    paid = sum((Fraction(price) * Fraction(quantity) for price, quantity in parts), start=Fraction(0))
    average = paid / sum((Fraction(quantity) for _, quantity in parts), start=Fraction(0))
    rounded = round(Decimal(average.numerator) / Decimal(average.denominator), AVERAGE_DIGITS)
    return format(rounded.normalize(), "f")


def _levels(rfq: RfqRecord, offers: Sequence[Offer], side: Side) -> list[PoolLevelView]:
    prices = sorted({offer.price for offer in offers}, key=lambda price: side.sign * price)
    return [
        PoolLevelView(
            price=net_text(rfq.legs, price),
            quantity=quantity_text(sum((each.quantity for each in offers if each.price == price), start=Decimal(0))),
        )
        for price in prices
    ]
