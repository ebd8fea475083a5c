"""A folded log of orders says what the whole one said of everything that still matters."""

import dataclasses
import random
import shutil
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from gateway.venues import folding, order_log, own_rfqs, trading
from gateway.venues.execution import NewVenueOrder
from gateway.venues.order_log import OrderLogThere
from gateway.venues.own_orders import OwnOrders
from gateway.venues.routes import JournalBehind, OrderLogBehind, VenueRoutes
from gateway.venues.trading import VenueTrading
from tests.unit.gateway.venues.test_own_orders import execution, new, view
from wire.gateway_routes import AskVenueRfq
from wire.units import OrderState
from wire.venue_rfqs import VenueRfqReport, VenueRfqState

KEPT = 5
HOUR_NS = folding.KEPT_NS


@pytest.fixture(autouse=True)
def _few_are_kept(monkeypatch):
    monkeypatch.setattr(folding.fold, "__kwdefaults__", {"kept": KEPT})


def live(venue: VenueTrading, count: int, dice: random.Random, first: int = 0) -> None:
    """Orders one after the other, half an hour apart: some stay open, some are filled, busted or canceled."""
    for number in range(first, first + count):
        name, theirs, at = f"route-{number + 1}-abcdef", f"V-{number}", (number + 1) * HOUR_NS // 2
        venue._append(order_log.Record(sent=new(name)))
        venue.own.sent(new(name))
        told = {"client_order_id": name, "venue_order_id": theirs}
        venue.on_order(view(at, 0, **told))
        filled = dice.choice([0, 4, 10])
        if filled:
            venue.on_execution(execution(f"x{number}", filled, at, **told))
        if dice.random() < 0.3 and filled:
            venue.on_execution(execution(f"x{number}", filled, at, is_busted=True, **told))
        if dice.random() < 0.7:
            venue.on_order(view(at + 1, filled, OrderState.CANCELED, **told))


def restarted(path: Path) -> VenueTrading:
    """From a copy: who opens a log takes it from who had it."""
    copies = path.with_name(f"{path.name}s")
    copies.mkdir(exist_ok=True)
    copy = copies / str(len(list(copies.iterdir())))
    return VenueTrading("aster", None, Path(shutil.copy(path, copy)))


def of(venue: VenueTrading) -> tuple:
    """Everything that a restart must bring back."""
    own = venue.own
    orders = {name: dataclasses.asdict(order) for name, order in own.orders.items()}
    for order in orders.values():
        order["updated_at_ns"], order["venue_filled"], order["sent_at_ns"] = 0, 0, 0
    return orders, own.executions, own.positions(), own.last_number, own.last_execution_at_ns, venue.breaks


@pytest.mark.parametrize("seed", range(20))
def test_a_folded_log_restores_what_was_left(tmp_path, seed):
    dice, path = random.Random(seed), tmp_path / "log"
    venue = VenueTrading("aster", None, path)
    live(venue, 30, dice)
    whole = restarted(path)
    assert of(whole) == of(venue)
    positions, number, before = venue.own.positions(), venue.own.last_number, path.stat().st_size

    venue._fold()

    assert path.stat().st_size < before
    ended = [order for order in whole.own.orders.values() if order.is_done]
    forgotten = ended[:-KEPT]
    assert len(forgotten) >= 5
    assert [name for name in whole.own.orders if name not in venue.own.orders] == [one.client_order_id for one in forgotten]
    assert venue.own.positions() == positions
    again = VenueTrading("aster", None, path)
    assert of(again) == of(venue)
    assert (again.folded_number, again.reports_from(1)) == (number, [])

    live(again, 3, dice, first=30)
    later = [report.number for report in again.reports_from(number + 1)]
    assert later == list(range(number + 1, again.own.last_number + 1))
    assert again.reports_from(number + 3)[0].number == number + 3
    assert of(restarted(path)) == of(again)


def test_an_order_without_an_answer_is_in_doubt_after_a_fold(tmp_path):
    venue = VenueTrading("aster", None, tmp_path / "log")
    venue._append(order_log.Record(sent=new("route-1-abcdef")))
    own = venue.own.sent(new("route-1-abcdef"))
    venue._fold()
    assert own.state is OrderState.PENDING_NEW, "it is on its way all the same"
    (again,) = VenueTrading("aster", None, tmp_path / "log").own.open_orders()
    assert again.state is OrderState.UNKNOWN


def test_executions_that_are_told_again_count_once_after_a_fold(tmp_path):
    """What was forgotten is passed over; what is new is not, of whomever it is."""
    venue = VenueTrading("aster", None, tmp_path / "log")
    live(venue, 40, random.Random(4))
    told = list(venue.own.executions.values())
    positions = venue.own.positions()
    venue._fold()
    assert len(venue.own.executions) < len(told)
    for one in told:
        venue.on_execution(one)
        venue.on_execution(msgspec.structs.replace(one, is_busted=False))
    assert venue.own.positions() == positions

    unknown = {"client_order_id": "", "venue_order_id": "V-other"}
    venue.on_execution(execution("other", 7, venue.own.last_execution_at_ns - HOUR_NS // 2, **unknown))
    assert sum(venue.own.positions().values()) == sum(positions.values()) + 7


def test_executions_of_the_last_hour_are_kept_with_their_orders(tmp_path):
    """A venue that is asked from an instant on tells them again."""
    venue = VenueTrading("aster", None, tmp_path / "log")
    for number in range(20):
        told = {"client_order_id": f"o{number}", "venue_order_id": f"V-{number}"}
        venue.own.sent(NewVenueOrder(**msgspec.structs.asdict(new(f"o{number}"))))
        venue.on_order(view(1, 0, **told))
        venue.on_execution(execution(f"x{number}", 10, HOUR_NS + number, **told))
    venue._fold()
    assert len(venue.own.executions) == len(venue.own.orders) == 20


def test_open_requests_and_the_newest_that_ended_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(own_rfqs, "ENDED_RFQS_KEPT", 2)
    venue = VenueTrading("aster", None, tmp_path / "log")
    for number in range(6):
        asked = AskVenueRfq(
            command_id="c", valid_until_ns=2**62, venue="aster", label=f"r{number}", legs=[], quantity=Decimal(1)
        )
        venue.log_rfq(asked)
        rfq = venue.own_rfqs.remember(asked, VenueRfqState.PENDING)
        state = VenueRfqState.OPEN if number == 1 else VenueRfqState.EXPIRED
        told = VenueRfqReport(label=asked.label, state=state, venue_rfq_id=number + 1)
        venue.tell_rfq(told)
        rfq.told, rfq.reports = told, 1
    venue._fold()
    again = VenueTrading("aster", None, tmp_path / "log")
    assert again.own_rfqs.by_label == venue.own_rfqs.by_label
    assert list(again.own_rfqs.by_label) == ["r1", "r4", "r5"]
    assert [own.asked.label for own in again.own_rfqs.open()] == ["r1"]


def test_a_log_is_folded_once_the_journal_has_its_last_report(tmp_path, monkeypatch):
    monkeypatch.setattr(order_log, "FOLD_RECORDS", 50)
    venue = VenueTrading("aster", None, tmp_path / "log")
    live(venue, 30, random.Random(1))
    before = venue._log.count
    assert before > 50
    venue.on_journaled(venue.own.last_number - 1)
    assert (venue._log.count, venue.folded_number) == (before, 0)
    venue.on_journaled(venue.own.last_number)
    assert (venue._log.count, venue.folded_number) == (1, venue.own.last_number)
    live(venue, 1, random.Random(1), first=30)
    venue.on_journaled(venue.own.last_number)
    assert venue._log.count > 1, "it is short"


def test_a_log_that_cannot_be_written_anew_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(order_log, "FOLD_RECORDS", 50)
    path = tmp_path / "log"
    venue = VenueTrading("aster", None, path)
    live(venue, 30, random.Random(1))
    before, count = path.read_bytes(), venue._log.count
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", _no_space)
        venue.on_journaled(venue.own.last_number)
    assert path.read_bytes() == before
    assert venue._log.count == count
    assert not venue._log.is_long, "it is tried again later"
    live(venue, 1, random.Random(1), first=30)
    assert restarted(path).own.last_number == venue.own.last_number
    assert [report.number for report in venue.reports_from(1)] == list(range(1, venue.own.last_number + 1))


class Journal:
    """An engine that took three reports."""

    def venue_report(self, venue: str) -> int:
        return 3

    def open_routes(self) -> list:
        return []


def test_a_lost_log_begins_where_the_engine_is_when_a_person_says_so(tmp_path):
    path = tmp_path / "log"
    live(VenueTrading("aster", None, path), 10, random.Random(1))
    with pytest.raises(OrderLogThere, match=r"aster: .* has \d+ records, put it aside first"):
        VenueRoutes(Journal(), None, {"aster": VenueTrading("aster", None, path)}, ["aster"])
    path.unlink()
    with pytest.raises(OrderLogBehind, match="ends at 0"):
        VenueRoutes(Journal(), None, {"aster": VenueTrading("aster", None, path)})
    with pytest.raises(OrderLogThere, match="borea takes no orders here"):
        VenueRoutes(Journal(), None, {"aster": VenueTrading("aster", None, path)}, ["borea"])

    begun = VenueTrading("aster", None, path)
    VenueRoutes(Journal(), None, {"aster": begun}, ["aster"])
    live(begun, 1, random.Random(1))
    assert begun.reports_from(4)[0].number == 4
    again = VenueTrading("aster", None, path)
    VenueRoutes(Journal(), None, {"aster": again})
    assert of(again) == of(begun)


def test_a_journal_that_lacks_forgotten_reports_is_refused(tmp_path):
    venue = VenueTrading("aster", None, tmp_path / "log")
    live(venue, 10, random.Random(1))
    VenueRoutes(Journal(), None, {"aster": venue})
    venue._fold()
    with pytest.raises(JournalBehind, match=rf"took report 3, .* begins after {venue.own.last_number}"):
        VenueRoutes(Journal(), None, {"aster": venue})


def test_requests_leave_room_for_orders(tmp_path, monkeypatch):
    monkeypatch.setattr(trading, "RFQ_RECORDS_MAX", 10)
    venue = VenueTrading("aster", None, tmp_path / "log")
    assert venue.has_room_for_rfqs()
    live(venue, 10, random.Random(1))
    assert not venue.has_room_for_rfqs()


def test_forgetting_keeps_the_sum_of_positions():
    own = OwnOrders("v")
    own.sent(new())
    own.take_order(view(1, 0), 5)
    own.take_execution(execution("a", 10), 5)
    own.forget(own.orders["one"], [own.executions["a"]])
    assert (own.orders, own.executions, own.positions()) == ({}, {}, {"BTC-PERPETUAL": Decimal(10)})
    assert own.find("one", "V-1") is None


def _no_space(descriptor: int) -> None:
    raise OSError(28, "No space left on device")
