"""Load an RFQ under its lock and write what changed between two records of it."""

import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

from django.db import connection

from common.errors import Refusal
from rfq import publishers, selectors
from rfq.domain.prices import accepted_leg_prices, net_of
from rfq.domain.records import LegVolatility, QuotePrices, QuoteRecord, RfqRecord, TradeRecord
from rfq.domain.transitions import PENDING_QUOTE_STATES
from rfq.models import BlockTrade, Quote, QuoteVersion, Rfq, TradeLeg, Trigger
from rfq.services import sightings, steps, tape, windows
from wire.negotiation import TriggerState
from wire.units import QuoteState, RfqState, Side

QUOTE_ID_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""
QUOTE_ID_DRAWS_MAX = 8
"""Draws of one number: with a billion quotes stored, eight in a row are taken once in 10^55."""
_LIVE_QUOTE_STATES = (QuoteState.ACTIVE, *PENDING_QUOTE_STATES)


def lock(rfq_id: int, *, skip_locked: bool = False) -> RfqRecord | None:
    """The RFQ with its row and then its quotes' rows locked, in the order of their ids.

    None where there is no such RFQ or, with ``skip_locked``, where another transaction holds it.
    """
    sightings.look_before_lock(rfq_id)
    rows = Rfq.objects.select_for_update(skip_locked=skip_locked, no_key=True).filter(id=rfq_id).values_list("id")
    if not list(rows):
        return None
    list(Quote.objects.select_for_update(no_key=True).filter(rfq_id=rfq_id).order_by("id").values_list("id"))
    return selectors.get_record(rfq_id)


def get_locked(rfq_id: int) -> RfqRecord:
    """Raises NotFound."""
    record = lock(rfq_id)
    if record is None:
        raise selectors.not_found(rfq_id)
    return record


def next_id(table: str) -> int:
    """An id of ``table`` before its row exists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])


def write(before: RfqRecord, after: RfqRecord, cause: publishers.Cause) -> None:
    """Rows, facts and audit records of the step from ``before`` to ``after``."""
    _write_rfq(before, after, cause.at)
    for quote in after.quotes:
        earlier = before.find_quote(quote.quote_id)
        if quote != earlier:
            _write_quote(earlier, quote, after, cause.at)
    for trade in after.trades:
        known = before.find_trade(trade.trade_id)
        if trade != known:
            _write_trade(known, trade, after)
    _write_triggers(before, after, cause.at)
    steps.append(after, cause.at)
    sightings.take(before, after)
    tape.print_completed(before, after, cause.at)
    windows.settle(before, after, cause.at)
    publishers.publish(before, after, cause)


def new_quote_id() -> int:
    """Drawn by lot: the next number of a count would tell a maker how many others have quoted.

    Raises Refusal ``no_quote_id`` where QUOTE_ID_DRAWS_MAX draws are all taken.
    """
    for _ in range(QUOTE_ID_DRAWS_MAX):
        quote_id = secrets.randbelow(QUOTE_ID_MAX) + 1
        if not Quote.objects.filter(id=quote_id).exists():
            return quote_id
    raise Refusal(
        "no_quote_id", "No free number for a quote was drawn; send the quote again.", bound=QUOTE_ID_DRAWS_MAX
    )


def write_new(rfq: RfqRecord, cause: publishers.Cause) -> None:
    """Facts, audit records and the first step of an RFQ whose rows were just made."""
    steps.begin(rfq, cause.at)
    sightings.take_first(rfq)
    publishers.publish(None, rfq, cause)


def _write_rfq(before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    columns = _rfq_columns(after)
    if _is_trigger_due(before, after):
        Rfq.objects.filter(id=after.rfq_id).update(**columns, trigger_due_at=at)
    elif columns != _rfq_columns(before):
        Rfq.objects.filter(id=after.rfq_id).update(**columns)


def _rfq_columns(rfq: RfqRecord) -> dict[str, Any]:
    return {
        "state": rfq.state.value,
        "reason": rfq.reason,
        "reason_firm_id": rfq.reason_firm_id,
        "is_tradable": rfq.is_tradable,
        "pending_until": rfq.pending_until,
        "updated_at": rfq.updated_at,
    }


def _write_quote(before: QuoteRecord | None, after: QuoteRecord, rfq: RfqRecord, at: dt.datetime) -> None:
    if before is None:
        Quote.objects.create(
            id=after.quote_id,
            rfq_id=rfq.rfq_id,
            maker_firm_id=after.maker_firm_id,
            version=after.version,
            state=after.state.value,
            created_at=after.created_at,
            updated_at=after.updated_at,
        )
    else:
        Quote.objects.filter(id=after.quote_id).update(
            version=after.version, state=after.state.value, reason=after.reason, updated_at=after.updated_at
        )
    if before is None or after.version != before.version:
        _end_version(after.quote_id, at, "replaced")
        _write_version(after, rfq)
    elif after.state not in _LIVE_QUOTE_STATES:
        _end_version(after.quote_id, at, after.state.value)


def _end_version(quote_id: int, at: dt.datetime, reason: str) -> None:
    QuoteVersion.objects.filter(quote_id=quote_id, ended_at__isnull=True).update(ended_at=at, end_reason=reason)


def _write_version(quote: QuoteRecord, rfq: RfqRecord) -> None:
    prices = quote.prices
    QuoteVersion.objects.create(
        quote_id=quote.quote_id,
        version=quote.version,
        account_id=prices.account_id,
        user_id=prices.user_id,
        bid_leg_prices=_column(prices.bid_leg_prices),
        ask_leg_prices=_column(prices.ask_leg_prices),
        **_volatility_columns(prices),
        bid_net=net_of(rfq.legs, prices.bid_leg_prices),
        ask_net=net_of(rfq.legs, prices.ask_leg_prices),
        quantity=prices.quantity,
        condition=prices.condition.value,
        created_at=quote.updated_at,
        expires_at=prices.expires_at,
    )


def _volatility_columns(prices: QuotePrices) -> dict[str, list[Decimal | None] | None]:
    """Both sides share forwards and years: they were converted at one instant."""
    sides = [prices.bid_volatilities, prices.ask_volatilities]
    given = [side for side in sides if side is not None]
    legs = [next((one for one in leg if one is not None), None) for leg in zip(*given, strict=True)]
    return {
        "bid_leg_volatilities": _volatility_column(prices.bid_volatilities),
        "ask_leg_volatilities": _volatility_column(prices.ask_volatilities),
        "volatility_forwards": [None if one is None else one.forward for one in legs] if given else None,
        "volatility_years": [None if one is None else one.years for one in legs] if given else None,
    }


def _volatility_column(side: tuple[LegVolatility | None, ...] | None) -> list[Decimal | None] | None:
    return None if side is None else [None if one is None else one.volatility for one in side]


def _column(prices: tuple[Decimal, ...] | None) -> list[Decimal] | None:
    return None if prices is None else list(prices)


def _write_trade(before: TradeRecord | None, after: TradeRecord, rfq: RfqRecord) -> None:
    if before is not None:
        BlockTrade.objects.filter(id=after.trade_id).exclude(state="completed").update(state=after.state.value)
        return
    BlockTrade.objects.create(
        id=after.trade_id,
        rfq_id=rfq.rfq_id,
        quote_id=after.quote_id,
        version=after.version,
        side=after.side.value,
        net_price=after.net_price,
        quantity=after.quantity,
        allocation_reason=after.allocation_reason.value,
        taker_account_id=after.taker_account_id,
        maker_account_id=after.maker_account_id,
        accepted_at=after.accepted_at,
        accepted_by_id=after.accepted_by,
    )
    TradeLeg.objects.bulk_create(
        TradeLeg(
            trade_id=after.trade_id,
            leg_index=index,
            instrument_id=leg.instrument_id,
            side=leg_side(leg.side, after.side).value,
            price=price,
            quantity=after.quantity * leg.ratio,
        )
        for index, (leg, price) in enumerate(zip(rfq.legs, traded_leg_prices(rfq, after), strict=True))
    )


def _write_triggers(before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    """A record holds the newest of each side: what is no longer in it was replaced, and ends before that rests."""
    known = {trigger.trigger_id: trigger for trigger in before.triggers}
    kept = {trigger.trigger_id for trigger in after.triggers}
    for trigger in before.triggers:
        if trigger.trigger_id not in kept and trigger.state is TriggerState.UNTRIGGERED:
            _end_trigger(trigger.trigger_id, TriggerState.CANCELED, "replaced", at)
    for trigger in after.triggers:
        if trigger.trigger_id not in known:
            Trigger.objects.create(
                id=trigger.trigger_id,
                rfq_id=after.rfq_id,
                user_id=trigger.user_id,
                side=trigger.side.value,
                limit_price=trigger.limit_price,
                created_at=trigger.created_at,
            )
        elif trigger != known[trigger.trigger_id]:
            _end_trigger(trigger.trigger_id, trigger.state, trigger.reason, at)


def _end_trigger(trigger_id: int, state: TriggerState, reason: str, at: dt.datetime) -> None:
    Trigger.objects.filter(id=trigger_id).update(state=state.value, reason=reason, ended_at=at)


def _is_trigger_due(before: RfqRecord, after: RfqRecord) -> bool:
    """Whether resting limits have to be held against the quotes anew."""
    if not after.is_tradable or after.state is not RfqState.OPEN:
        return False
    is_resting = any(each.state is TriggerState.UNTRIGGERED for each in after.triggers)
    changed = (before.quotes, before.triggers, before.is_tradable) != (after.quotes, after.triggers, after.is_tradable)
    return is_resting and changed


def traded_leg_prices(rfq: RfqRecord, trade: TradeRecord) -> tuple[Decimal, ...]:
    """Price of each leg of a trade, in the order of the legs."""
    quote = rfq.find_quote(trade.quote_id)
    assert quote is not None, "a trade has its quote"
    prices = accepted_leg_prices(quote, trade.side)
    assert prices is not None, "the traded side is quoted"
    return prices


def leg_side(structure_side: Side, taker_side: Side) -> Side:
    """What the taker does in a leg: the leg's own side if it buys the structure, the other one if it sells."""
    return structure_side if taker_side is Side.BUY else structure_side.opposite
