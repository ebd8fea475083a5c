"""What we know of our orders does not depend on how often, or in which order, the venue says it."""

import os
import random
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from gateway.venues.execution import Execution, NewVenueOrder, OrderView, ReportKind
from gateway.venues.order_log import Baseline, OrderLog, OrderLogDamaged, OrderLogFailed, Record
from gateway.venues.own_orders import OwnOrders, find_breaks
from wire.units import Liquidity, OrderState, Side

NAME = "BTC-PERPETUAL"


def new(client_order_id: str = "one", quantity: int = 10) -> NewVenueOrder:
    return NewVenueOrder(
        client_order_id=client_order_id, name=NAME, side=Side.BUY, quantity=Decimal(quantity), price=Decimal(90_000)
    )


def view(at: int, filled: int, state: OrderState = OrderState.NEW, **changed) -> OrderView:
    terms = {
        "venue_order_id": "V-1", "client_order_id": "one", "name": NAME, "side": Side.BUY, "quantity": Decimal(10),
        "price": Decimal(90_000), "filled": Decimal(filled), "state": state, "updated_at_ns": at,
    }  # fmt: skip
    return OrderView(**(terms | changed))


def execution(execution_id: str, quantity: int, at: int = 1, **changed) -> Execution:
    terms = {
        "execution_id": execution_id, "venue_order_id": "V-1", "client_order_id": "one", "name": NAME,
        "side": Side.BUY, "price": Decimal(90_000), "quantity": Decimal(quantity), "liquidity": Liquidity.MAKER,
        "fee": Decimal(0), "fee_currency": "BTC", "at_ns": at,
    }  # fmt: skip
    return Execution(**(terms | changed))


def tell(orders: OwnOrders, said) -> list:
    take = orders.take_order if isinstance(said, OrderView) else orders.take_execution
    reports = take(said, 5)
    for report in reports:
        assert report.quantity == report.cumulative + report.leaves + report.canceled
        assert min(report.leaves, report.canceled) >= 0
    return reports


LIVES = {
    "filled in parts": [
        view(1, 0), execution("a", 3), view(2, 3), execution("b", 7), view(3, 10, OrderState.FILLED),
    ],
    "canceled after a part": [view(1, 0), execution("a", 4), view(2, 4), view(3, 4, OrderState.CANCELED)],
    "busted after the fill": [
        view(1, 0), execution("a", 10), view(2, 10, OrderState.FILLED), execution("a", 10, 9, is_busted=True),
    ],
    "replaced, then filled": [
        view(1, 0), view(2, 0, quantity=Decimal(6)), execution("a", 6), view(3, 6, OrderState.FILLED, quantity=Decimal(6)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LIVES)
def test_reports_ten_times_and_shuffled_end_as_once_in_order(name):
    plain = OwnOrders("v")
    plain.sent(new())
    for said in LIVES[name]:
        tell(plain, said)
    expected = plain.orders["one"]
    for seed in range(200):
        shuffled = LIVES[name] * 10
        random.Random(seed).shuffle(shuffled)
        orders = OwnOrders("v")
        orders.sent(new())
        reports = [report for said in shuffled for report in tell(orders, said)]
        trades = [r.execution.execution_id for r in reports if r.kind is ReportKind.TRADE]
        assert len(trades) == len(set(trades)) == len(plain.executions)
        got = orders.orders["one"]
        assert (got.state, got.cumulative, got.busted, got.quantity) == (
            expected.state, expected.cumulative, expected.busted, expected.quantity,
        ), (name, seed)  # fmt: skip
        assert orders.positions() == plain.positions()
        assert [report.number for report in reports] == list(range(1, len(reports) + 1))


@pytest.mark.parametrize("name", LIVES)
def test_reports_alone_restore_the_same(name):
    orders = OwnOrders("v")
    orders.sent(new())
    reports = [report for said in LIVES[name] for report in tell(orders, said)]
    restored = OwnOrders("v")
    restored.restore_sent(new())
    for report in reports:
        restored.restore(report)
    assert restored.executions == orders.executions
    assert restored.last_number == orders.last_number
    one, other = restored.orders["one"], orders.orders["one"]
    for field in ("state", "cumulative", "busted", "quantity", "price", "venue_order_id"):
        assert getattr(one, field) == getattr(other, field), field
    assert [tell(restored, said) for said in LIVES[name] * 2 if not isinstance(said, OrderView)] == [[]] * sum(
        not isinstance(said, OrderView) for said in LIVES[name] * 2
    )


def test_an_end_is_believed_when_its_executions_are_known():
    orders = OwnOrders("v")
    orders.sent(new())
    tell(orders, view(2, 4, OrderState.CANCELED))
    assert (orders.orders["one"].state, orders.orders["one"].lacks_executions) == (OrderState.NEW, True)
    tell(orders, execution("a", 4))
    assert orders.orders["one"].state is OrderState.PARTIALLY_FILLED
    (report,) = tell(orders, view(2, 4, OrderState.CANCELED))
    assert (report.kind, report.canceled) == (ReportKind.CANCELED, 6)


def test_orders_of_others_are_adopted_and_not_taken_for_ours():
    orders = OwnOrders("v")
    orders.sent(new())
    tell(orders, view(1, 0))
    (report,) = tell(orders, view(1, 0, venue_order_id="V-2"))
    assert (report.kind, report.client_order_id) == (ReportKind.ADOPTED, "external:V-2")
    adopted, trade = tell(orders, execution("x", 5, venue_order_id="V-3", client_order_id=""))
    assert (adopted.kind, trade.kind, trade.state) == (ReportKind.ADOPTED, ReportKind.TRADE, OrderState.FILLED)
    tell(orders, execution("y", 2, venue_order_id="V-3", client_order_id=""))
    assert orders.orders["external:V-3"].cumulative == 7
    assert tell(orders, view(1, 0, OrderState.CANCELED, venue_order_id="V-4", client_order_id="")) == []


def test_an_order_of_others_that_was_first_heard_of_by_a_trade_is_as_large_as_the_venue_shows_it():
    orders = OwnOrders("v")
    tell(orders, execution("a", 3, client_order_id=""))
    order = orders.orders["external:V-1"]
    assert (order.state, order.quantity) == (OrderState.FILLED, 3)
    (replaced,) = tell(orders, view(2, 3, client_order_id=""))
    assert (replaced.kind, order.state, order.leaves) == (ReportKind.REPLACED, OrderState.PARTIALLY_FILLED, 7)
    assert orders.open_orders() == [order]
    (canceled,) = tell(orders, view(3, 3, OrderState.CANCELED, client_order_id=""))
    assert (canceled.kind, canceled.canceled) == (ReportKind.CANCELED, 7)
    assert tell(orders, view(2, 3, client_order_id="")) == []


def test_an_older_view_does_not_open_what_is_filled():
    orders = OwnOrders("v")
    tell(orders, view(1, 0, client_order_id=""))
    tell(orders, view(2, 0, client_order_id="", quantity=Decimal(6)))
    tell(orders, execution("a", 6, client_order_id=""))
    assert tell(orders, view(1, 0, client_order_id="")) == []
    assert orders.orders["external:V-1"].state is OrderState.FILLED


def test_a_break_is_what_executions_do_not_explain():
    d = Decimal
    assert find_breaks({"a": d(1)}, {"a": d(2), "b": d(1)}, [("a", d(3)), ("b", d(1))]) == {}
    assert find_breaks({}, {"a": d(2)}, [("c", d(1))]) == {"a": (d(2), d(0)), "c": (d(0), d(1))}


def records() -> list[Record]:
    orders = OwnOrders("v")
    orders.sent(new())
    reports = [report for said in LIVES["filled in parts"] for report in tell(orders, said)]
    baseline = Record(baseline=Baseline(positions={NAME: Decimal("0.1")}, since_ns=1, known=["a"]))
    return [baseline, Record(sent=new()), *(Record(report=report) for report in reports)]


def test_a_log_reads_what_was_appended_and_cuts_a_torn_tail(tmp_path, monkeypatch):
    """Without its thousands of syncs, which have a test of their own."""
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(f"os.{name}", lambda _: None)
    path = tmp_path / "orders.log"
    log = OrderLog(path)
    log.append(*records())
    log.close()
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        opened = OrderLog(path)
        assert opened.records == records()[: whole[:cut].count(b"\n")]
        opened.append(records()[0])
        opened.close()
        assert OrderLog(path).records[-1] == records()[0]


def test_every_changed_byte_of_a_log_is_found(tmp_path):
    path = tmp_path / "orders.log"
    log = OrderLog(path)
    log.append(*records())
    log.close()
    whole = path.read_bytes()
    for at in range(whole.rfind(b"\n")):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(OrderLogDamaged):
            OrderLog(path)


def test_a_log_whose_sync_failed_is_never_written_again(tmp_path, monkeypatch):
    log = OrderLog(tmp_path / "orders.log")
    monkeypatch.setattr("os.fdatasync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(OrderLogFailed, match="Input/output"):
        log.append(records()[0])
    monkeypatch.undo()
    with pytest.raises(OrderLogFailed, match="before"):
        log.append(records()[0])


def test_a_log_that_wrote_a_part_has_failed_and_the_part_is_cut(tmp_path, monkeypatch):
    path, write = tmp_path / "orders.log", os.write
    log = OrderLog(path)
    log.append(records()[0])
    monkeypatch.setattr("os.write", lambda file, content: write(file, content[:-5]))
    with pytest.raises(OrderLogFailed, match="No space left"):
        log.append(records()[1])
    monkeypatch.undo()
    with pytest.raises(OrderLogFailed, match="before"):
        log.append(records()[1])
    assert OrderLog(path).records == records()[:1]


def test_who_slept_through_a_takeover_appends_nothing_that_counts(tmp_path, monkeypatch):
    path, replace = tmp_path / "orders.log", Path.replace
    slept = OrderLog(path)
    slept.append(records()[0])

    def late(beside, target):
        """Between the new owner's reading and its taking the name."""
        slept.append(records()[1])
        return replace(beside, target)

    monkeypatch.setattr(Path, "replace", late)
    owner = OrderLog(path)
    monkeypatch.undo()
    with pytest.raises(OrderLogFailed, match="another gateway"):
        slept.append(records()[2])
    owner.append(records()[3])
    assert owner.records == records()[:2]
    assert OrderLog(path).records == [*records()[:2], records()[3]]


def test_the_same_words_make_the_same_bytes():
    assert msgspec.json.decode(msgspec.json.encode(records()), type=list[Record]) == records()
