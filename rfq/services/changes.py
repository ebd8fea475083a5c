"""Load an RFQ under its lock and write what changed between two records of it."""

import datetime as dt
import secrets
from decimal import Decimal
from typing import Any

from django.db import connection

from common.errors import Refusal
from rfq import publishers, selectors
from rfq.domain.prices import accepted_leg_prices
from rfq.domain.records import RfqRecord, TradeRecord
from rfq.models import BlockTrade, Quote, TradeLeg, Trigger
from rfq.services import quote_rows, sightings, steps, tape, windows
from rfq.services.rows import Rows
from wire.negotiation import TriggerState
from wire.units import RfqState, Side

QUOTE_ID_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""
QUOTE_ID_DRAWS_MAX = 8
"""Draws of one number: with a billion quotes stored, eight in a row are taken once in 10^55."""
_LOCK = "SELECT id FROM rfq_rfq WHERE id = %(rfq_id)s FOR NO KEY UPDATE"
_LOCK_AS_PARTY = """
SELECT id FROM rfq_rfq WHERE id = %(rfq_id)s AND (taker_firm_id = %(firm_id)s OR EXISTS (
    SELECT FROM rfq_rfqinvitation WHERE rfq_id = %(rfq_id)s AND maker_firm_id = %(firm_id)s))
FOR NO KEY UPDATE
"""


def lock(rfq_id: int, *, skip_locked: bool = False) -> RfqRecord | None:
    """The RFQ with its row locked: whoever holds that owns all that belongs to it.

    None where there is no such RFQ or, with ``skip_locked``, where another transaction holds it.
    """
    sightings.look_before_lock(rfq_id)
    return _lock(f"{_LOCK} SKIP LOCKED" if skip_locked else _LOCK, rfq_id)


def get_locked(rfq_id: int) -> RfqRecord:
    """Raises NotFound."""
    record = lock(rfq_id)
    if record is None:
        raise selectors.not_found(rfq_id)
    return record


def get_locked_by(rfq_id: int, firm_id: int | None) -> RfqRecord:
    """The same for a party; an outsider waits for nobody and is answered as if there were none. Raises NotFound."""
    sightings.look_before_lock(rfq_id)
    record = _lock(_LOCK_AS_PARTY, rfq_id, firm_id)
    if record is None:
        raise selectors.not_found(rfq_id)
    return record


def _lock(statement: str, rfq_id: int, firm_id: int | None = None) -> RfqRecord | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"rfq_id": rfq_id, "firm_id": firm_id})
        found = cursor.fetchone()
    sightings.forget_old_look()
    return None if found is None else selectors.get_record(rfq_id)


def next_id(table: str) -> int:
    """An id of ``table`` before its row exists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])


def write(before: RfqRecord, after: RfqRecord, cause: publishers.Cause) -> None:
    """Rows, facts and audit records of the step from ``before`` to ``after``."""
    rows = Rows()
    rows.add({}, rfq_id=after.rfq_id)
    _add_rfq(rows, before, after, cause.at)
    quote_rows.add_quotes(rows, before, after, cause.at)
    steps.add(rows, after, cause.at)
    sightings.add(rows, before, after)
    rows.write()
    for trade in after.trades:
        known = before.find_trade(trade.trade_id)
        if trade != known:
            _write_trade(known, trade, after)
    _write_triggers(before, after, cause.at)
    sightings.plan_ahead(before, after)
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


def _add_rfq(rows: Rows, before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    columns = _rfq_columns(after)
    if _is_trigger_due(before, after):
        columns["trigger_due_at"] = at
    elif columns == _rfq_columns(before):
        return
    values = ", ".join(f"{name} = %(rfq_{name})s" for name in columns)
    statement = f"UPDATE rfq_rfq SET {values} WHERE id = %(rfq_id)s"  # noqa: S608 - names of columns
    rows.add({"moved_rfq": statement}, **{f"rfq_{name}": value for name, value in columns.items()})


def _rfq_columns(rfq: RfqRecord) -> dict[str, Any]:
    return {
        "state": rfq.state.value,
        "reason": rfq.reason,
        "reason_firm_id": rfq.reason_firm_id,
        "is_tradable": rfq.is_tradable,
        "pending_until": rfq.pending_until,
        "updated_at": rfq.updated_at,
    }


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
