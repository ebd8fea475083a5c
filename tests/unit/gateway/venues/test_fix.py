"""A FIX venue's messages in our words, and what our end of its session does with what it should never get."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.fix.encoding import encode, format_time
from gateway.fix.message import FieldMissing, FieldWrong, decode
from gateway.fix.outlet import Now
from gateway.venues.books import VenueInstrument
from gateway.venues.credentials import Credentials
from gateway.venues.execution import NewVenueOrder, ReportKind
from gateway.venues.fix import messages, parse
from gateway.venues.fix.client import FixClient
from gateway.venues.settings import VenueEntry
from wire.units import Liquidity, OrderState, Side

NAME = "BTC-PERPETUAL"
AT = "20260102-03:04:05.678901"
AT_NS = 1_767_323_045_678_901_000
ENTRY = {"name": "borea", "adapter": "fix", "url": "fix://127.0.0.1:9", "target_comp_id": "BOREA", "session_file": "s"}
SYMBOLS = parse.Symbols(amount=lambda _: Decimal(10), name=lambda symbol: symbol)
REPORT = (
    (37, "O-7"), (17, "T-1"), (150, "F"), (39, "1"), (11, "ours"), (55, NAME), (54, "2"), (38, "50"), (44, "90000.5"),
    (31, "90001"), (32, "20"), (151, "30"), (14, "20"), (6, "90001"), (851, "1"), (12, "-0.5"), (13, "3"),
    (479, "BTC"), (60, AT),
)  # fmt: skip


class Venue:
    """A client that is logged on without a line: bytes in, what it would have written out."""

    def __init__(self, folder) -> None:
        entry = VenueEntry(**ENTRY | {"session_file": str(folder / "session")})
        self.client = FixClient(entry, Credentials(key="desk", secret="s"))
        self.trading = self.client.trade(folder / "log")
        self.machine, self.number = self.client.session.machine, 0
        self.written: list[str] = []
        self.client.session.write = self.written.append
        self.client.books.list_instrument(
            VenueInstrument(name=NAME, symbol=NAME, price_tick=Decimal("0.5"), amount_step=Decimal(1))
        )
        self.client._names[NAME], self.client._requests["book"] = NAME, [NAME]
        self.machine.log_on(3, (), now())
        self.say("A", (98, "0"), (108, "3"))

    def say(self, kind: str, *body: tuple[int, str], number: int = 0, header: dict[int, str] | None = None) -> None:
        self.number = number or self.number + 1
        self.machine.receive(raw(kind, self.number, body, header), now())

    def close(self) -> None:
        self.trading.close()
        self.client.session.release()


@pytest.fixture
def venue(tmp_path):
    made = Venue(tmp_path)
    yield made
    made.close()


def now() -> Now:
    return Now(time.time_ns(), 0.0)


def raw(kind: str, number: int, body, header=None) -> bytes:
    fields = {34: str(number), 49: "BOREA", 56: "desk", 52: format_time(time.time_ns(), "FIX.4.4")} | (header or {})
    return encode("FIX.4.4", kind, fields, tuple(body)).encode()


def message(kind: str, body):
    return decode(raw(kind, 1, body).decode(), 0)


def changed(**fields: str):
    """The report with other values; None leaves a field out."""
    given = {int(tag[1:]): value for tag, value in fields.items()}
    kept = [(tag, given.pop(tag, value)) for tag, value in REPORT]
    return [field for field in [*kept, *given.items()] if field[1] is not None]


def test_a_report_is_an_order_and_an_execution():
    report = message("8", REPORT)
    order = parse.read_order(report, SYMBOLS, Decimal(1))
    assert (order.venue_order_id, order.client_order_id, order.side) == ("O-7", "ours", Side.SELL)
    assert (order.quantity, order.filled, order.price) == (Decimal(5), Decimal(3), Decimal("90000.5"))
    assert (order.state, order.updated_at_ns) == (OrderState.PARTIALLY_FILLED, AT_NS)
    execution = parse.read_execution(report, SYMBOLS)
    assert (execution.execution_id, execution.quantity, execution.price) == ("T-1", Decimal(2), Decimal(90_001))
    assert (execution.liquidity, execution.fee, execution.fee_currency) == (Liquidity.MAKER, Decimal("-0.5"), "BTC")


@pytest.mark.parametrize(
    "fields", [{"_151": None}, {"_39": "Z"}, {"_14": "many"}, {"_60": "yesterday"}, {"_54": "9"}, {"_37": None}]
)
def test_a_report_that_lacks_what_it_needs_is_refused(fields):
    with pytest.raises((FieldMissing, FieldWrong)):
        parse.read_order(message("8", changed(**fields)), SYMBOLS)


@pytest.mark.parametrize(
    ("changed_entry", "why"),
    [
        ({"url": "ws://127.0.0.1:9"}, "fix://"),
        ({"url": "fix://127.0.0.1"}, "fix://"),
        ({"target_comp_id": ""}, "target_comp_id"),
        ({"session_file": ""}, "session_file"),
    ],
)
def test_an_entry_that_cannot_work_is_refused(changed_entry, why):
    with pytest.raises(ValueError, match=why):
        VenueEntry(**ENTRY | changed_entry)


def test_a_correction_is_a_bust_and_a_new_execution(venue):
    venue.trading.own.sent(NewVenueOrder(client_order_id="ours", name=NAME, side=Side.SELL, quantity=Decimal(50)))
    venue.say("8", *changed(_150="0", _14="0", _151="50", _39="0", _32=None, _31=None, _17="R-1"))
    venue.say("8", *REPORT)
    venue.say("8", *changed(_150="G", _17="T-2", _19="T-1", _31="90002"))
    venue.say("8", *changed(_150="G", _17="T-2", _19="T-1", _31="90002"))
    kinds = [report.kind for report in venue.trading.reports]
    assert kinds == [ReportKind.NEW, ReportKind.TRADE, ReportKind.BUST, ReportKind.TRADE]
    standing = [each for each in venue.trading.own.executions.values() if not each.is_busted]
    assert [(each.execution_id, each.price) for each in standing] == [("T-2", Decimal(90_002))]
    own = venue.trading.own.orders["ours"]
    assert (own.cumulative, own.busted, own.leaves) == (20, 20, 10)


def test_nothing_we_sent_is_sent_again(venue):
    sent = venue.client.session.store.next_sender
    order = NewVenueOrder(client_order_id="ours", name=NAME, side=Side.SELL, quantity=Decimal(5), price=Decimal(1))
    venue.machine.send(messages.new_order(order, NAME, Decimal(5), time.time_ns()), now())
    venue.written.clear()
    venue.say("2", (7, "1"), (16, "0"))
    answers = [decode(each, 0) for each in venue.written]
    assert [(each.type, each.find(123), each.find(36)) for each in answers] == [("4", "Y", str(sent + 1))]


def test_a_gap_distrusts_every_book_and_asks_once(venue):
    levels = ((269, "0"), (270, "90000"), (271, "5"), (269, "1"), (270, "90001"), (271, "6"))
    venue.say("W", (262, "book"), (55, NAME), (268, "2"), *levels)
    assert venue.client.books.count_live() == 1
    venue.written.clear()
    for number in (10, 11, 12):
        venue.say("0", number=number)
    assert venue.client.books.count_live() == 0
    assert [decode(each, 0).type for each in venue.written] == ["2"]
    assert venue.client.status.gaps == 1


def test_changes_of_a_book_are_applied_and_those_off_its_steps_refused(venue):
    levels = ((269, "0"), (270, "90000"), (271, "5"), (269, "1"), (270, "90001"), (271, "6"))
    venue.say("W", (262, "book"), (55, NAME), (268, "2"), *levels)
    change = ((279, "2"), (269, "0"), (55, NAME), (270, "90000"), (279, "0"), (269, "0"), (55, NAME), (270, "89999.5"))
    venue.say("X", (262, "book"), (268, "2"), *change, (271, "9"))
    shown = venue.client.books.levels(NAME, 5, 0)
    assert (shown.bids, shown.asks) == ([("89999.5", "9")], [("90001.0", "6")])
    for wrong in ((270, "89999.3"), (270, "1e9")):
        venue.say("X", (262, "book"), (268, "1"), (279, "0"), (269, "0"), (55, NAME), wrong, (271, "9"))
    assert venue.client.status.frames_refused == 2
    assert venue.client.books.levels(NAME, 5, 0).bids == [("89999.5", "9")]


TAGS = st.sampled_from([tag for tag, _ in REPORT] + [268, 269, 270, 271, 279, 262, 19, 584, 45, 36, 123, 43, 97])
VALUES = st.one_of(st.text("0123456789.-", min_size=1, max_size=12), st.sampled_from(["Y", "N", NAME, "O-7", "A", AT]))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("8XW9yj3025"), st.lists(st.tuples(TAGS, VALUES), max_size=12)), max_size=6))
def test_whatever_a_venue_says_nothing_raises(tmp_path_factory, said):
    made = Venue(tmp_path_factory.mktemp("fuzz"))
    try:
        for kind, body in said:
            made.say(kind, *body)
            assert made.client.session.store.next_target >= 2
    finally:
        made.close()
