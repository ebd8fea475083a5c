"""Matching of the equities venue: price and time against a plain reference, and the feed against the core's own decoder."""


import hypothesis
import hypothesis.strategies as st
import numpy as np
import parley_core
import pytest
from parley_core import ouch

from tests.unit.venues.equities_desk import AT_NS, Desk, assert_feed_tells_the_books, enter
from venues.equities import itch
from venues.equities.accounts import State
from venues.equities.book import Book, RestingOrder
from venues.equities.prices import Motion, Prices
from venues.equities.reasons import is_unpriced
from venues.equities.symbols import SECTORS, list_symbols

PRICES = st.integers(9_990, 10_010).map(lambda cents: cents * 100)
SHARES = st.integers(1, 500)


@hypothesis.given(st.lists(st.tuples(st.booleans(), PRICES, SHARES), max_size=60))
def test_matching_is_by_price_and_then_time(orders: list[tuple[bool, int, int]]) -> None:
    book = Book()
    resting: list[list[int]] = []  # reference, is_buy, price, shares: as they came
    for reference, (is_buy, price, shares) in enumerate(orders):
        crossed = [each for each in resting if each[1] != is_buy and (each[2] <= price if is_buy else each[2] >= price)]
        crossed.sort(key=lambda each: each[2] if is_buy else -each[2])
        expected, left = [], shares
        for each in crossed:
            taken = min(left, each[3])
            if taken:
                expected.append((each[0], taken))
                each[3] -= taken
                left -= taken
        resting = [each for each in resting if each[3]]
        got = [(order.reference, taken) for order, taken in book.take(is_buy=is_buy, limit_e4=price, shares=shares)]
        assert got == expected
        if left:
            book.add(RestingOrder(reference, 1, is_buy, left, price))
            resting.append([reference, is_buy, price, left])
    for is_buy in (True, False):
        levels: dict[int, list[int]] = {}
        for _, _, price, left in (each for each in resting if each[1] == is_buy):
            levels.setdefault(price, []).append(left)
        expected_depth = [(price, sum(levels[price]), len(levels[price])) for price in sorted(levels, reverse=is_buy)]
        assert book.depth(is_buy=is_buy) == expected_depth


requests = st.one_of(
    st.tuples(st.just("enter"), st.sampled_from("BST"), SHARES, st.integers(-6, 6), st.sampled_from("03")),
    st.tuples(st.just("market"), st.sampled_from("BS"), SHARES),
    st.tuples(st.just("replace"), st.integers(0, 30), SHARES, st.integers(-6, 6), st.sampled_from("03")),
    st.tuples(st.just("cancel"), st.integers(0, 30), st.integers(0, 500)),
    st.tuples(st.just("modify"), st.integers(0, 30), st.sampled_from("BSTE"), SHARES),
    st.tuples(st.just("mass_cancel")),
    st.tuples(st.just("halt")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("step")),
)


def play(desk: Desk, step: tuple[object, ...]) -> None:
    request = request_of(desk, step)
    if request is not None:
        desk.send(request)
    elif step == ("halt",):
        desk.exchange.halt(1, AT_NS)
    elif step == ("resume",):
        desk.exchange.resume(1, AT_NS)
    else:
        desk.market.step(AT_NS)


def request_of(desk: Desk, step: tuple[object, ...]) -> ouch.Request | None:
    """Prices are so many cents away from the fair one."""
    reference, fair = desk.account.next_reference, round(desk.market._prices.cents[0])
    match step:
        case ("enter", side, shares, away, time_in_force):
            return enter(reference, side, shares, (fair + away) * 100, time_in_force=time_in_force)
        case ("market", side, shares):
            return enter(reference, side, shares, 2_000_000_000, time_in_force="3")
        case ("replace", original, shares, away, time_in_force):
            return ouch.ReplaceOrder(original_reference=original, user_reference=reference, quantity=shares,
                                     price_e4=(fair + away) * 100, time_in_force=time_in_force)  # fmt: skip
        case ("cancel", original, shares):
            return ouch.CancelOrder(user_reference=original, quantity=shares)
        case ("modify", original, side, shares):
            return ouch.ModifyOrder(user_reference=original, side=side, quantity=shares)
        case ("mass_cancel",):
            return ouch.MassCancel(user_reference=reference, firm="DESK")
    return None


def told_position(desk: Desk) -> int:
    """Of the executions that the account was told."""
    sides: dict[int, int] = {}
    held = 0
    for event in (ouch.decode_event(each) for each in desk.account.events):
        if isinstance(event, ouch.OrderStanding):
            sides[event.user_reference] = 1 if event.side == "B" else -1
        elif isinstance(event, ouch.OrderExecuted):
            held += sides[event.user_reference] * event.last_quantity
    return held


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(st.lists(requests, max_size=40))
def test_the_feed_rebuilds_the_books_at_any_moment(steps: list[tuple[object, ...]]) -> None:
    desk = Desk(1)
    for step in steps:
        play(desk, step)
        assert_feed_tells_the_books(desk)
    assert told_position(desk) == desk.account.positions().get("AIR01", 0)
    live = {order.user_reference for order in desk.account.live_orders()}
    owned = {order.owner.user_reference for order in desk.exchange.orders.values() if order.owner is not None}
    assert owned == live
    for order in desk.account.records:
        assert order.filled == sum(fill.shares for fill in order.executions)
        if order.state in (State.FILLED, State.CANCELED):
            assert order.filled + order.canceled == order.quantity
        assert order.resting is None or order.resting.shares == order.open_shares


def test_a_long_market_is_told_whole_and_never_crosses() -> None:
    desk = Desk(8)
    for _ in range(400):
        desk.market.step(AT_NS)
        for symbol in desk.exchange.symbols:
            bid, ask = desk.touch(symbol)
            assert bid < ask
    assert_feed_tells_the_books(desk)
    types = parley_core.itch_count(b"".join(len(each).to_bytes(2, "big") + each for each in desk.feed))["types"]
    assert set(types) == set("SRHAFXDUECP")


def test_the_market_trades_with_a_client_who_stands_in_its_way() -> None:
    desk = Desk(1)
    bid, ask = desk.touch()
    desk.send(enter(1, "B", 40, ask - 100))
    desk.market._prices.cents = [cents - 50 for cents in desk.market._prices.cents]
    desk.market._prices._residuals = [-0.02]
    desk.market.step(AT_NS)
    order = desk.account.orders[1]
    assert (order.state, order.filled) == (State.FILLED, 40)
    assert [fill.price_e4 for fill in order.executions] == [ask - 100] * len(order.executions)
    assert all(fill.is_resting for fill in order.executions)
    assert desk.touch()[1] < bid
    assert_feed_tells_the_books(desk)


def test_the_market_keeps_its_own_orders_at_a_price_beside_those_of_clients() -> None:
    desk = Desk(1)
    bid, _ = desk.touch()
    desk.send(enter(1, "B", 40, bid))
    first = desk.exchange.books[1].bids.first_of_best()
    assert first.owner is None
    desk.exchange.delete(first, AT_NS)
    desk.market._prices.step = lambda: None
    desk.market._live = lambda *_: None
    desk.market.step(AT_NS)
    assert [orders for _, _, orders in desk.exchange.books[1].depth(is_buy=True)] == [3, 2, 2, 2, 2]


def test_the_same_seed_gives_the_same_feed() -> None:
    feeds = []
    for _ in range(2):
        desk = Desk(3, seed=11)
        for _ in range(50):
            desk.market.step(AT_NS)
        feeds.append(desk.feed)
    assert feeds[0] == feeds[1]
    assert Desk(3, seed=12).feed != feeds[0][: len(Desk(3, seed=12).feed)]


def test_spreads_of_one_sector_come_back_and_those_of_two_do_not_have_to() -> None:
    """The variance of a spread's move over 400 steps is far below 400 times that over one step, where it comes back."""
    symbols = list_symbols(2 * len(SECTORS), 5)
    prices = Prices(symbols, Motion(common=3.0, noise=3.0, reversion=0.05), 5)
    path = []
    for _ in range(8_000):
        prices.step()
        path.append(list(prices.cents))
    logs = np.log(np.array(path))

    def ratio(first: int, second: int) -> float:
        spread = logs[:, first] - logs[:, second]
        return float((spread[400:] - spread[:-400]).var() / (spread[1:] - spread[:-1]).var())

    within = [ratio(index, index + len(SECTORS)) for index in range(len(SECTORS))]
    across = [ratio(index, index + 1) for index in range(len(SECTORS) - 1)]
    assert max(within) < 30
    assert min(across) > 60


FRAMES = {
    "A": (itch.add_order(AT_NS, 7, 5, itch.BUY, 300, b"AIR01   ", 123_400), {"order_reference": 5, "shares": 300, "side": b"B",
          "price_e4": 123_400, "stock": b"AIR01   "}),
    "F": (itch.add_order_attributed(AT_NS, 7, 5, itch.SELL, 300, b"AIR01   ", 123_400, b"ALFA"), {"order_reference": 5,
          "side": b"S", "shares": 300, "price_e4": 123_400, "stock": b"AIR01   "}),
    "E": (itch.order_executed(AT_NS, 7, 5, 20, 9), {"order_reference": 5, "shares": 20, "match_number": 9}),
    "C": (itch.order_executed_with_price(AT_NS, 7, 5, 20, 9, 123_450), {"order_reference": 5, "shares": 20, "match_number": 9,
          "price_e4": 123_450, "is_printable": b"Y"}),
    "X": (itch.order_canceled(AT_NS, 7, 5, 20), {"order_reference": 5, "shares": 20}),
    "D": (itch.order_deleted(AT_NS, 7, 5), {"order_reference": 5}),
    "U": (itch.order_replaced(AT_NS, 7, 5, 6, 20, 123_500), {"order_reference": 5, "new_reference": 6, "shares": 20,
          "price_e4": 123_500}),
    "P": (itch.trade(AT_NS, 7, itch.BUY, 20, b"AIR01   ", 123_450, 9), {"shares": 20, "side": b"B", "price_e4": 123_450,
          "match_number": 9, "order_reference": 0, "stock": b"AIR01   "}),
    "B": (itch.broken_trade(AT_NS, 7, 9), {"match_number": 9}),
}  # fmt: skip


@pytest.mark.parametrize("kind", FRAMES)
def test_itch_messages_are_read_by_the_core_as_they_were_meant(kind: str) -> None:
    message, fields = FRAMES[kind]
    records, walk = parley_core.itch_records(len(message).to_bytes(2, "big") + message)
    assert walk["messages"] == len(records) == 1
    (record,) = records
    assert (record["type"], record["timestamp_ns"], record["stock_locate"]) == (kind.encode(), AT_NS, 7)
    assert {name: record[name] for name in fields} == fields


def test_a_price_of_two_hundred_thousand_dollars_is_none() -> None:
    assert [is_unpriced(price) for price in (1_999_999_900, 2_000_000_000, 0x7FFFFFFF)] == [False, True, True]
