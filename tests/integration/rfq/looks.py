"""The desk's rows at one instant, in two statements, and what must be true of them at every instant."""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import msgspec
from django.db import connection

from common.decimals import plain
from rfq.domain.records import QuoteRecord, RfqRecord, TradeRecord, TradeState
from rfq.selectors import allocations
from rfq.selectors.records import load_records
from settlement import selectors as settlement_selectors
from settlement.models import Fill
from wire import gateway
from wire.units import QuoteState, RfqState, Side

ENDED = {RfqState.FILLED, RfqState.REJECTED, RfqState.EXPIRED, RfqState.CANCELED}
_decode_command = msgspec.json.Decoder(gateway.AnyGatewayCommand).decode


class VersionRow(msgspec.Struct, frozen=True, array_like=True):
    quote_id: int
    version: int
    end_reason: str
    has_ended: bool


class LastLookRow(msgspec.Struct, frozen=True, array_like=True):
    quote_id: int
    rfq_id: int
    maker_firm_id: int
    state: str
    due_at: dt.datetime


class FactRow(msgspec.Struct, frozen=True, array_like=True):
    number: int
    firm_id: int
    sequence: int
    payload: str


class _Rows(msgspec.Struct, frozen=True):
    rfq_ids: list[int]
    versions: list[VersionRow]
    looks: list[LastLookRow]
    resting: list[int]
    commands: list[str]
    facts: list[FactRow]
    frozen: dict[int, dt.datetime]


_decode_rows = msgspec.json.Decoder(_Rows).decode


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """``resting``: RFQs with a limit that waits. ``facts``: those that came after the number that was given.

    ``frozen``: firms whose protection was hit, and when.
    """

    records: dict[int, RfqRecord]
    versions: list[VersionRow]
    looks: list[LastLookRow]
    resting: list[int]
    commands: list[gateway.GatewayCommand]
    facts: list[FactRow]
    frozen: dict[int, dt.datetime]

    @classmethod
    def take(cls, facts_after: int) -> "Look":
        with connection.cursor() as cursor:
            cursor.execute(_EVERYTHING, [facts_after])
            rows = _decode_rows(cursor.fetchone()[0])
        return cls(
            records={record.rfq_id: record for record in load_records(rows.rfq_ids)},
            versions=rows.versions,
            looks=rows.looks,
            resting=rows.resting,
            commands=[_decode_command(payload) for payload in rows.commands],
            facts=rows.facts,
            frozen=rows.frozen,
        )

    @property
    def quotes(self) -> list[QuoteRecord]:
        return [quote for record in self.records.values() for quote in record.quotes]

    @property
    def trades(self) -> list[TradeRecord]:
        return [trade for record in self.records.values() for trade in record.trades]

    @property
    def waiting(self) -> list[LastLookRow]:
        return [look for look in self.looks if look.state == "pending"]

    def active(self) -> list[tuple[RfqRecord, QuoteRecord]]:
        quotes = [(record, quote) for record in self.records.values() for quote in record.quotes]
        return [(record, quote) for record, quote in quotes if quote.state is QuoteState.ACTIVE]

    def find_quote(self, quote_id: int) -> QuoteRecord:
        (found,) = [quote for quote in self.quotes if quote.quote_id == quote_id]
        return found

    def reservations(self, kind: type) -> list[int]:
        return [command.reservation_id for command in self.commands if isinstance(command, kind)]


_EVERYTHING = """
SELECT json_build_object(
    'rfq_ids', (SELECT COALESCE(json_agg(id ORDER BY id), '[]') FROM rfq_rfq),
    'versions', (
        SELECT COALESCE(json_agg(json_build_array(quote_id, version, end_reason, ended_at IS NOT NULL)
            ORDER BY quote_id, version), '[]') FROM rfq_quoteversion),
    'looks', (
        SELECT COALESCE(json_agg(json_build_array(quote_id, rfq_id, maker_firm_id, look.state, due_at)
            ORDER BY quote_id), '[]') FROM rfq_lastlook AS look JOIN rfq_quote AS quote ON quote.id = quote_id),
    'resting', (SELECT COALESCE(json_agg(rfq_id ORDER BY rfq_id), '[]') FROM rfq_trigger WHERE state = 'untriggered'),
    'frozen', (SELECT COALESCE(json_object_agg(firm_id, frozen_at), '{}') FROM rfq_makerprotection
        WHERE frozen_at IS NOT NULL),
    'commands', (SELECT COALESCE(json_agg(payload ORDER BY id), '[]') FROM streams_outboxcommand),
    'facts', (
        SELECT COALESCE(json_agg(json_build_array(id, firm_id, sequence, payload) ORDER BY id), '[]')
        FROM streams_fact WHERE id > %s))::text
"""


def check_end(before: RfqRecord | None, record: RfqRecord) -> None:
    """A state that ended it never changes."""
    if before is not None and before.state in ENDED:
        assert record.state is before.state


def check_record(record: RfqRecord, seen: Look) -> None:
    states = [quote.state for quote in record.quotes]
    chosen = any(
        state in {QuoteState.PENDING_LAST_LOOK, QuoteState.PENDING_FILL, QuoteState.FILLED} for state in states
    )
    assert chosen == (record.state in {RfqState.PENDING_FILL, RfqState.FILLED})
    if record.state in ENDED:
        assert QuoteState.ACTIVE not in states
    if record.state in {RfqState.FILLED, RfqState.PENDING_FILL}:
        assert sum(trade.quantity for trade in record.trades) == record.quantity, "the full size"
    assert record.rfq_id not in seen.resting or record.state is RfqState.OPEN


def check_versions(seen: Look) -> None:
    """Each ends once, and each but the newest has ended."""
    for quote in seen.quotes:
        versions = [row for row in seen.versions if row.quote_id == quote.quote_id]
        assert [row.version for row in versions] == list(range(1, quote.version + 1))
        assert all(row.has_ended and row.end_reason in {"replaced", "canceled", "expired"} for row in versions[:-1])
        is_alive = quote.state in {QuoteState.ACTIVE, QuoteState.PENDING_LAST_LOOK, QuoteState.PENDING_FILL}
        assert versions[-1].has_ended is not is_alive


def check_reservations(seen: Look) -> None:
    """Nothing is reserved before every maker has answered."""
    reserved = seen.reservations(gateway.ReserveBlock)
    assert len(reserved) == len(set(reserved))
    for record in (each for each in seen.records.values() if each.state is not RfqState.OPEN):
        looks = [look.state for look in seen.looks if look.rfq_id == record.rfq_id]
        awaited = sum(quote.state is QuoteState.PENDING_LAST_LOOK for quote in record.quotes)
        assert awaited == looks.count("pending")
        trades = {trade.trade_id for trade in record.trades}
        asked = set(reserved) & trades
        assert not (asked and (awaited or "rejected" in looks))
        if record.state in {RfqState.FILLED, RfqState.PENDING_FILL} and not awaited:
            assert asked == trades
            assert set(looks) <= {"confirmed"}


def check_commands(seen: Look) -> None:
    """They follow the decision."""
    confirmed, voided = seen.reservations(gateway.ConfirmBlock), seen.reservations(gateway.VoidBlock)
    assert len(confirmed) == len(set(confirmed))
    assert not set(confirmed) & set(voided)
    filled = [record for record in seen.records.values() if record.state is RfqState.FILLED]
    held = {trade.trade_id for record in filled for trade in record.trades if trade.state in {"reserved", "completed"}}
    assert set(confirmed) == held


def check_ledger(seen: Look) -> None:
    """Debits equal credits, and what is booked is what was traded: every leg of every completed trade, to both, once."""
    assert settlement_selectors.check_ledger() == []
    traded = Counter()
    for record in seen.records.values():
        for trade in record.trades:
            if trade.state is TradeState.COMPLETED:
                traded.update(_fills_of(record, trade))
    booked = Fill.objects.values_list("rfq_id", "account_id", "instrument_id", "side", "quantity")
    assert Counter((*key, plain(quantity)) for *key, quantity in booked) == traded


def _fills_of(record: RfqRecord, trade: TradeRecord) -> Iterator[tuple[int, int, int, str, Decimal]]:
    for leg in record.legs:
        taker_side = leg.side if trade.side is Side.BUY else leg.side.opposite
        quantity = plain(trade.quantity * leg.ratio)
        yield record.rfq_id, trade.taker_account_id, leg.instrument_id, taker_side.value, quantity
        yield record.rfq_id, trade.maker_account_id, leg.instrument_id, taker_side.opposite.value, quantity


def check_allocations(seen: Look) -> None:
    for record in seen.records.values():
        if record.trades:
            assert allocations.find_allocation_difference(record.rfq_id) is None
