"""The order desk of the equities venue: every request of OUCH 5.0, what it is answered with, and what is refused."""

import hypothesis
import hypothesis.strategies as st
import pytest
from parley_core import ouch

from tests.unit.venues.equities_desk import AT_NS, Desk, assert_feed_tells_the_books, enter
from venues.equities import accounts
from venues.equities.accounts import State, describe
from venues.equities.faults import FillPartly, RejectOrders
from venues.equities.order_desk import UnknownTrade
from venues.equities.reasons import BreakReason, Reject

MARKET = 2_000_000_000


def names(events: list[ouch.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"symbol": "NONE"}, Reject.INVALID_SYMBOL),
        ({"quantity": 0}, Reject.INVALID_QUANTITY),
        ({"quantity": 1_000_000}, Reject.INVALID_QUANTITY),
        ({"price_e4": 0}, Reject.INVALID_PRICE),
        ({"price_e4": 10_050}, Reject.INVALID_PRICE),
        ({"price_e4": 1_999_999_999}, Reject.INVALID_PRICE),
        ({"side": "X"}, Reject.INVALID_SIDE),
        ({"display": "N"}, Reject.INVALID_DISPLAY),
        ({"cross_type": "O"}, Reject.INVALID_CROSS_ORDER),
        ({"time_in_force": "6"}, Reject.OTHER),
        ({"capacity": "X"}, Reject.OTHER),
        ({"options": {3: b"\0\0\0\1"}}, Reject.INVALID_MIN_QUANTITY),
        ({"options": {5: b"\0\0\0\1"}}, Reject.INVALID_MAX_FLOOR),
        ({"options": {6: b"M"}}, Reject.PEGGING_NOT_ALLOWED),
        ({"options": {14: b"SCAN"}}, Reject.ROUTING_NOT_ALLOWED),
        ({"options": {12: b"P"}}, Reject.OTHER),
        ({"options": {2: b"ELSE"}}, Reject.FIRM_NOT_AUTHORIZED),
    ],
)
def test_an_order_that_is_not_taken_is_rejected_with_its_code(terms: dict[str, object], reason: Reject) -> None:
    desk = Desk()
    quoted = len(desk.feed)
    given = {"side": "B", "quantity": 100, "symbol": "AIR01", "price_e4": 10_000, "client_order_id": "mine", **terms}
    (event,) = desk.send(ouch.EnterOrder(user_reference=1, **given))
    assert event == ouch.OrderRejected(timestamp_ns=AT_NS, user_reference=1, reason=reason, client_order_id="mine")
    assert len(desk.feed) == quoted
    assert describe(desk.account.records[0])["reason"] == f"0x{reason:04X}"
    assert desk.account.next_reference == 2


def test_parts_of_a_cent_are_taken_below_a_dollar() -> None:
    assert names(Desk().send(enter(1, "B", 100, 9_999))) == ["OrderAccepted"]


def test_a_day_order_rests_and_its_executions_are_told() -> None:
    desk = Desk()
    _, ask = desk.touch()
    available = desk.exchange.books[1].depth(is_buy=False)[0][1]
    events = desk.send(enter(1, "B", available + 70, ask, client_order_id="C1"))
    assert isinstance(events[0], ouch.OrderAccepted)
    assert (events[0].order_state, events[0].client_order_id, events[0].quantity) == ("L", "C1", available + 70)
    assert sum(event.last_quantity for event in events[1:]) == available
    order = desk.account.orders[1]
    assert (order.state, order.open_shares, order.resting.shares) == (State.LIVE, 70, 70)
    assert_feed_tells_the_books(desk)


def test_an_immediate_order_leaves_nothing_behind() -> None:
    desk = Desk()
    bid, ask = desk.touch()
    available = desk.exchange.books[1].depth(is_buy=False)[0][1]
    events = desk.send(enter(1, "B", available + 70, ask, time_in_force="3"))
    assert (names(events)[0], names(events)[-1]) == ("OrderAccepted", "OrderCanceled")
    assert (events[-1].canceled_quantity, events[-1].reason) == (70, "I")
    (dead,) = desk.send(enter(2, "B", 10, bid - 500, time_in_force="3"))
    assert (names([dead]), dead.order_state) == (["OrderAccepted"], "D")
    assert desk.account.orders[2].state is State.CANCELED
    assert list(desk.account.live_orders()) == []


@pytest.mark.parametrize("price", [MARKET, 0x7FFFFFFF])
@pytest.mark.parametrize("time_in_force", ["0", "3"])
@pytest.mark.parametrize("side", ["B", "S"])
def test_an_order_without_a_price_takes_what_there_is_and_never_rests(side: str, time_in_force: str, price: int) -> None:
    desk = Desk()
    everything = sum(shares for _, shares, _ in desk.exchange.books[1].depth(is_buy=side == "S"))
    events = desk.send(enter(1, side, everything + 5, price, time_in_force=time_in_force))
    assert sum(event.last_quantity for event in events if isinstance(event, ouch.OrderExecuted)) == everything
    assert (events[-1].canceled_quantity, events[-1].reason) == (5, "I")
    assert_feed_tells_the_books(desk)


def test_two_clients_trade_with_each_other() -> None:
    desk = Desk(quotes=False)
    other = desk.open_account("OTHER")
    desk.send(enter(1, "S", 100, 500_000), account=other)
    desk.send(enter(1, "B", 60, 500_100))
    assert (desk.account.positions(), other.positions()) == ({"AIR01": 60}, {"AIR01": -60})
    ours, theirs = desk.account.orders[1].executions[0], other.orders[1].executions[0]
    assert (ours.match_number, ours.price_e4) == (theirs.match_number, 500_000)
    assert (ours.is_resting, theirs.is_resting) == (False, True)


def test_a_reference_that_does_not_grow_is_ignored() -> None:
    desk = Desk()
    bid, _ = desk.touch()
    assert len(desk.send(enter(5, "B", 10, bid))) == 1
    assert desk.send(enter(5, "B", 10, bid), enter(4, "B", 10, bid), enter(0, "B", 10, bid)) == []
    assert desk.send(ouch.ReplaceOrder(original_reference=5, user_reference=5, quantity=9, price_e4=bid)) == []
    assert desk.send(ouch.MassCancel(user_reference=5, firm="DESK"), ouch.DisableOrderEntry(user_reference=3, firm="DESK")) == []
    (state,) = desk.send(ouch.AccountQuery())
    assert state.next_reference == 6
    assert len(desk.account.records) == 1


def test_the_largest_reference_is_the_last() -> None:
    desk = Desk()
    desk.send(enter(2**32 - 1, "B", 10, 10_000))
    (state,) = desk.send(ouch.AccountQuery())
    assert state.next_reference == 2**32 - 1
    assert desk.send(enter(2**32 - 1, "B", 10, 10_000)) == []


def test_a_replacement_takes_the_place_and_counts_what_has_traded() -> None:
    desk = Desk(quotes=False)
    other = desk.open_account("OTHER")
    desk.send(enter(1, "B", 100, 500_000, client_order_id="C1"))
    desk.send(enter(1, "S", 30, 500_000), account=other)
    (replaced,) = desk.send(ouch.ReplaceOrder(original_reference=1, user_reference=2, quantity=120, price_e4=500_100))
    assert (replaced.original_reference, replaced.user_reference, replaced.quantity) == (1, 2, 90)
    assert (replaced.side, replaced.symbol, replaced.client_order_id) == ("B", "AIR01", "C1")
    assert [order.state for order in desk.account.records] == [State.REPLACED, State.LIVE]
    assert desk.send(ouch.CancelOrder(user_reference=1, quantity=0)) == []
    (refused,) = desk.send(ouch.ReplaceOrder(original_reference=2, user_reference=3, quantity=30, price_e4=500_100))
    assert (refused.reason, refused.user_reference) == (Reject.INVALID_QUANTITY, 3)
    assert [order.user_reference for order in desk.account.live_orders()] == [2]
    assert_feed_tells_the_books(desk)


def test_a_replacement_that_crosses_trades() -> None:
    desk = Desk()
    bid, ask = desk.touch()
    desk.send(enter(1, "B", 10, bid))
    events = desk.send(ouch.ReplaceOrder(original_reference=1, user_reference=2, quantity=10, price_e4=ask))
    assert names(events) == ["OrderReplaced", "OrderExecuted"]
    assert [order.state for order in desk.account.records] == [State.REPLACED, State.FILLED]
    assert [order for order in desk.exchange.orders.values() if order.owner is not None] == []
    assert_feed_tells_the_books(desk)


def test_a_replacement_of_what_is_not_live_is_ignored_and_uses_no_reference() -> None:
    desk = Desk()
    assert desk.send(ouch.ReplaceOrder(original_reference=9, user_reference=10, quantity=10, price_e4=10_000)) == []
    assert desk.account.next_reference == 1


def test_a_cancel_names_the_size_that_stays() -> None:
    desk = Desk(quotes=False)
    other = desk.open_account("OTHER")
    desk.send(enter(1, "B", 100, 500_000))
    desk.send(enter(1, "S", 30, 500_000), account=other)
    (part,) = desk.send(ouch.CancelOrder(user_reference=1, quantity=50))
    assert (part.canceled_quantity, part.reason, desk.account.orders[1].open_shares) == (50, "U", 20)
    assert desk.send(ouch.CancelOrder(user_reference=1, quantity=60)) == []
    (rest,) = desk.send(ouch.CancelOrder(user_reference=1, quantity=0))
    assert rest.canceled_quantity == 20
    assert desk.send(ouch.CancelOrder(user_reference=1, quantity=0), ouch.CancelOrder(user_reference=7, quantity=0)) == []
    assert_feed_tells_the_books(desk)


def test_a_modification_keeps_the_place_in_the_queue() -> None:
    desk = Desk(quotes=False)
    other = desk.open_account("OTHER")
    desk.send(enter(1, "S", 100, 500_000))
    desk.send(enter(1, "S", 100, 500_000), account=other)
    (modified,) = desk.send(ouch.ModifyOrder(user_reference=1, side="T", quantity=40))
    assert (modified.side, modified.quantity) == ("T", 40)
    assert desk.send(ouch.ModifyOrder(user_reference=1, side="B", quantity=40)) == []
    desk.send(enter(2, "B", 50, 500_000), account=other)
    assert (desk.account.orders[1].filled, other.orders[1].filled) == (40, 10)
    assert_feed_tells_the_books(desk)


def test_all_orders_of_a_firm_are_canceled_of_one_symbol_where_it_is_named() -> None:
    desk = Desk()
    desk.send(enter(1, "B", 10, 10_000), enter(2, "B", 10, 10_000, symbol="BNK01"), enter(3, "B", 20, 10_000))
    events = desk.send(ouch.MassCancel(user_reference=4, firm="DESK", symbol="BNK01"))
    assert [(type(event).__name__, event.user_reference) for event in events] == [("MassCancelAccepted", 4), ("OrderCanceled", 2)]
    events = desk.send(ouch.MassCancel(user_reference=5, firm=""))
    assert [event.user_reference for event in events] == [5, 1, 3]
    (refused,) = desk.send(ouch.MassCancel(user_reference=6, firm="ELSE"))
    assert refused.reason == Reject.FIRM_NOT_AUTHORIZED


def test_order_entry_is_disabled_and_enabled() -> None:
    desk = Desk()
    desk.send(enter(1, "B", 10, 10_000))
    assert names(desk.send(ouch.DisableOrderEntry(user_reference=2, firm="DESK"))) == ["OrderEntryDisabled"]
    (refused,) = desk.send(enter(3, "B", 10, 10_000))
    assert refused.reason == Reject.FIRM_NOT_AUTHORIZED
    assert names(desk.send(ouch.CancelOrder(user_reference=1, quantity=0))) == ["OrderCanceled"]
    assert names(desk.send(ouch.EnableOrderEntry(user_reference=4, firm="DESK"))) == ["OrderEntryEnabled"]
    assert names(desk.send(enter(5, "B", 10, 10_000))) == ["OrderAccepted"]


def test_a_halted_symbol_takes_cancels_alone() -> None:
    desk = Desk()
    bid, ask = desk.touch()
    desk.send(enter(1, "B", 10, bid))
    desk.exchange.halt(1, AT_NS)
    before = len(desk.feed)
    desk.market._symbols = desk.market._symbols[:1]
    desk.market._prices._symbols = desk.market._prices._symbols[:1]
    desk.market._prices._residuals = desk.market._prices._residuals[:1]
    desk.market.step(AT_NS)
    assert len(desk.feed) == before
    assert [event.reason for event in desk.send(enter(2, "B", 10, ask))] == [Reject.HALTED]
    assert names(desk.send(ouch.CancelOrder(user_reference=1, quantity=0))) == ["OrderCanceled"]
    desk.exchange.resume(1, AT_NS)
    assert names(desk.send(enter(3, "B", 10, ask))) == ["OrderAccepted", "OrderExecuted"]
    assert_feed_tells_the_books(desk)


def test_planned_rejections_and_partial_fills_are_so_many() -> None:
    desk = Desk()
    _, ask = desk.touch()
    desk.faults.plan(RejectOrders(count=2, code=0x0002))
    reasons = [getattr(event, "reason", None) for n in (1, 2, 3) for event in desk.send(enter(n, "B", 10, ask, time_in_force="3"))]
    assert reasons[:2] == [2, 2]
    desk.faults.plan(FillPartly(count=1, share=0.3))
    events = desk.send(enter(4, "B", 100, ask + 1_000, time_in_force="3"))
    assert sum(event.last_quantity for event in events if isinstance(event, ouch.OrderExecuted)) == 30
    assert desk.account.orders[4].canceled == 70
    assert_feed_tells_the_books(desk)


def test_a_trade_that_is_taken_back_is_told_on_both_wires() -> None:
    desk = Desk()
    _, ask = desk.touch()
    desk.send(enter(1, "B", 10, ask, time_in_force="3", client_order_id="C1"))
    number = desk.account.orders[1].executions[0].match_number
    told = len(desk.account.events)
    desk.orders.break_trade([desk.account], 0, BreakReason.ERRONEOUS, AT_NS)
    (broken,) = [ouch.decode_event(event) for event in desk.account.events[told:]]
    assert broken == ouch.BrokenTrade(timestamp_ns=AT_NS, user_reference=1, match_number=number, reason="E", client_order_id="C1")
    assert desk.feed[-1][:1] == b"B"
    assert desk.account.positions() == {}
    with pytest.raises(UnknownTrade, match="no client has a trade"):
        desk.orders.break_trade([desk.account], number, BreakReason.ERRONEOUS, AT_NS)


def test_an_account_that_is_full_takes_no_orders_but_cancels(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    desk.send(enter(1, "B", 10, 10_000))
    monkeypatch.setattr(accounts, "RECORDS_MAX", 1)
    monkeypatch.setattr(accounts, "REJECTED_MAX", 1)
    (refused,) = desk.send(enter(2, "B", 10, 10_000))
    assert refused.reason == Reject.DESTINATION_CLOSED
    assert desk.send(enter(3, "B", 10, 10_000)) == []
    assert len(desk.send(ouch.CancelOrder(user_reference=1, quantity=0))) == 1


ORDER_BODY_BYTES = 40
"""Of an order behind its type and reference, before the length of its options."""
kinds = st.sampled_from([b"O", b"U", b"X", b"M", b"C", b"D", b"E", b"Q"])
random_bytes = st.one_of(
    st.binary(max_size=70),
    st.tuples(kinds, st.binary(min_size=8, max_size=46)).map(b"".join),
    st.binary(min_size=ORDER_BODY_BYTES, max_size=ORDER_BODY_BYTES).map(lambda body: b"O\0\0\0\1" + body + b"\0\0"),
    st.tuples(st.just(b"\0\0\0\2B\0\0\0\5AIR01   \0\0\0\0\0\0\x27\x10"), st.binary(min_size=19, max_size=19))
    .map(lambda parts: b"O" + b"".join(parts) + b"\0\0"),
)  # fmt: skip


@hypothesis.settings(deadline=None)
@hypothesis.given(st.lists(random_bytes, max_size=8))
def test_any_bytes_are_survived(messages: list[bytes]) -> None:
    desk = Desk(1)
    for message in messages:
        desk.orders.handle(desk.account, message, AT_NS)
    for event in desk.account.events:
        ouch.decode_event(event)
    assert_feed_tells_the_books(desk)
