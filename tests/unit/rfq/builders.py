"""Records as the tests of the domain need them."""

import dataclasses
import datetime as dt
from decimal import Decimal

from rfq.domain import execution
from rfq.domain.records import LegRecord, QuotePrices, RfqRecord
from rfq.domain.structures import StructureLeg
from wire.instruments import parse_instrument_name
from wire.negotiation import QuoteCondition
from wire.units import RfqState, Side

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
TAKER, COBALT, DUNE, OUTSIDER = 1, 3, 4, 9
CALL, PUT = "BTC-27MAR26-80000-C", "BTC-27MAR26-80000-P"


def seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)


def structure_leg(name: str, side: Side = Side.BUY, ratio: int = 1) -> StructureLeg:
    return StructureLeg(terms=parse_instrument_name(name), side=side, ratio=ratio)


def leg(
    name: str, side: Side = Side.BUY, ratio: int = 1, *, is_hedge: bool = False, fixed_price: str | None = None
) -> LegRecord:
    terms = parse_instrument_name(name)
    return LegRecord(
        instrument_id=abs(hash(name)) % 1_000,
        instrument_name=name,
        side=side,
        ratio=ratio,
        tick_size=terms.tick_size,
        lot_size=terms.lot_size,
        is_hedge=is_hedge or fixed_price is not None,
        fixed_price=None if fixed_price is None else Decimal(fixed_price),
    )


def rfq(**changes) -> RfqRecord:
    """An open straddle of two makers, ten units, five seconds of grace, five minutes of life."""
    base = RfqRecord(
        rfq_id=7,
        taker_firm_id=TAKER,
        taker_name="Aurora Capital",
        account_id=11,
        label="mine",
        structure="straddle",
        quote_currency="BTC",
        legs=(leg(CALL), leg(PUT)),
        quantity=Decimal(10),
        side=None,
        maker_firm_ids=(COBALT, DUNE),
        maker_aliases=(2, 1),
        state=RfqState.OPEN,
        created_at=AT,
        tradable_at=AT + seconds(5),
        expires_at=AT + seconds(300),
        updated_at=AT,
    )
    return dataclasses.replace(base, **changes)


def prices(bid=("0.05", "0.04"), ask=("0.06", "0.05"), *, expires_at=AT + seconds(300), account_id=33, quantity=10, condition=QuoteCondition.ANY_PART_OF) -> QuotePrices:
    return QuotePrices(
        account_id=account_id,
        user_id=5,
        expires_at=expires_at,
        quantity=Decimal(quantity),
        condition=condition,
        bid_leg_prices=None if bid is None else tuple(map(Decimal, bid)),
        ask_leg_prices=None if ask is None else tuple(map(Decimal, ask)),
    )


def accept(record: RfqRecord, *, quote_id=100, version=1, side=Side.BUY, at, trade_id=500, looks=None) -> RfqRecord:
    """The record after the taker took all of one quote."""
    plan = execution.plan_quote(record, quote_id=quote_id, version=version, side=side, at=at)
    return execution.accept(
        record, side=side, fills=plan.fills, trade_ids=(trade_id,), looks=tuple(looks or ()), accepted_by=5, at=at
    )
