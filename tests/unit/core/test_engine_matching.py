"""The engine against the reference book, and the rules of matching one by one."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk
from tests.unit.core.engine_reference import ReferenceBook, Said

Step = Callable[[EngineDesk, ReferenceBook], list[Said]]


def random_levels(rng: random.Random, mark: int, sign: int) -> list[tuple[int, int]]:
    prices = sorted({mark + sign * rng.randint(1, 12) for _ in range(rng.randint(0, 5))}, reverse=sign < 0)
    return [(price, rng.randint(1, 30)) for price in prices]


def random_place(rng: random.Random, order: int) -> Step:
    account = rng.choice((d.ALICE, d.BOB, d.CAROL))
    side = rng.choice((d.BUY, d.SELL))
    lots = rng.choice((rng.randint(1, 40), rng.randint(1, 260)))
    price = None if rng.random() < 0.1 else 1_000 + rng.randint(-15, 15) + rng.choice((0, 0, 0, 60, -60))
    ioc = price is not None and rng.random() < 0.2
    post_only = price is not None and not ioc and rng.random() < 0.2

    def step(desk: EngineDesk, book: ReferenceBook) -> list[Said]:
        time_in_force = d.IOC if ioc else d.GTC
        desk.place(order, account, side, lots, price, time_in_force=time_in_force, is_post_only=post_only)
        return book.place(order, account, side, lots, price, ioc=ioc, post_only=post_only)

    return step


def random_step(rng: random.Random, order: int) -> Step:
    kind = rng.random()
    if kind < 0.6:
        return random_place(rng, rng.randint(1, order) if rng.random() < 0.02 else order)
    if kind < 0.8:
        canceled = rng.randint(1, order)

        def cancel(desk: EngineDesk, book: ReferenceBook) -> list[Said]:
            desk.cancel(canceled)
            return book.cancel(canceled)

        return cancel
    if kind < 0.82:
        account = rng.choice((d.ALICE, d.BOB, d.CAROL))

        def cancel_all(desk: EngineDesk, book: ReferenceBook) -> list[Said]:
            desk.engine.cancel_all(desk.now, desk.next_sequence(), d.ACCOUNT, account)
            return book.cancel_all(account)

        return cancel_all
    mark = 1_000 + rng.randint(-8, 8)
    bids, asks = random_levels(rng, mark, -1), random_levels(rng, mark, 1)

    def quote(desk: EngineDesk, book: ReferenceBook) -> list[Said]:
        desk.quote(d.PERPETUAL, mark, bids, asks)
        return book.quote(mark, bids, asks)

    return quote


@pytest.mark.parametrize("seed", range(6))
def test_engine_agrees_with_the_reference_event_by_event(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    desk = EngineDesk(tmp_path, fsync=False)
    desk.open_market()
    for account in d.FIRMS:
        desk.limit(account, max_order_quantity_lots=250, max_position_lots=400, price_collar_basis_points=300)
    desk.quote(d.PERPETUAL, 1_000)
    desk.said()
    book = ReferenceBook(1_000, 60_000 * d.MICRO, 250, 400, 300)
    expected: list[Said] = []
    for number in range(1, 2_001):
        expected += random_step(rng, number)(desk, book)
    assert desk.said() == expected
    assert sum(kind is EventKind.ORDER_EXECUTED for kind, _ in expected) > 500
    assert desk.engine.depth(d.PERPETUAL, 1_000) == (book.depth(d.BUY), book.depth(d.SELL))
    held = {row[0]: row[2:] for row in desk.engine.positions()}
    for account in d.FIRMS:
        working = (book.working(account, d.BUY), book.working(account, d.SELL))
        assert held.get(account, (0, 0, 0)) == (book.positions.get(account, 0), *working)
    desk.engine.stop()


def test_orders_trade_by_price_then_time(desk: EngineDesk) -> None:
    desk.place(1, d.ALICE, d.SELL, 5, 120_010)
    desk.place(2, d.CAROL, d.SELL, 5, 120_005)
    desk.place(3, d.ALICE, d.SELL, 5, 120_005)
    desk.said()
    desk.place(4, d.BOB, d.BUY, 12, 120_010)
    fills = [payload for kind, payload in desk.said() if kind is EventKind.ORDER_EXECUTED and payload[2] != d.BOB]
    assert [(fill[0], fill[5], fill[6]) for fill in fills] == [(2, 120_005, 5), (3, 120_005, 5), (1, 120_010, 2)]


def test_both_sides_of_a_trade_share_one_execution_id(desk: EngineDesk) -> None:
    desk.place(1, d.ALICE, d.SELL, 5, 120_005)
    desk.place(2, d.BOB, d.BUY, 5, 120_005)
    taker, maker = (payload for kind, payload in desk.said() if kind is EventKind.ORDER_EXECUTED)
    assert taker[1] == maker[1]
    assert (taker[9], taker[10]) == (1, d.ALICE)
    assert (maker[9], maker[10]) == (0, d.BOB)


def test_immediate_or_cancel_leaves_nothing_resting(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 3)])
    desk.place(1, d.ALICE, d.BUY, 10, 120_001, time_in_force=d.IOC)
    assert desk.said()[-1] == (EventKind.ORDER_CANCELED, (1, "immediate_or_cancel", 7, 3))
    assert desk.engine.working_orders() == []


def test_a_market_order_goes_no_farther_than_the_collar(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [], [(126_000, 1), (126_001, 5)])
    desk.place(1, d.ALICE, d.BUY, 3)
    kinds = [kind for kind, _ in desk.said()]
    assert kinds == [EventKind.ORDER_ACCEPTED, EventKind.ORDER_EXECUTED, EventKind.ORDER_CANCELED]
    assert desk.answer(2, d.ALICE, d.BUY, 3) == ("no_liquidity", 126_001, 126_000)


def test_an_order_never_trades_with_its_own_account(desk: EngineDesk) -> None:
    desk.place(1, d.ALICE, d.SELL, 5, 120_001)
    desk.place(2, d.ALICE, d.BUY, 5, 120_001)
    assert desk.said()[-1] == (EventKind.ORDER_CANCELED, (2, "self_match", 5, 0))
    assert [row[0] for row in desk.engine.working_orders()] == [1]


def test_post_only_is_refused_only_where_it_would_trade(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 3)])
    refused = desk.answer(1, d.ALICE, d.BUY, 1, 120_001, is_post_only=True)
    assert refused == ("post_only_would_trade", 120_001, 120_001)
    assert desk.answer(2, d.ALICE, d.BUY, 1, 120_000, is_post_only=True) == [EventKind.ORDER_ACCEPTED]
    combined = desk.answer(3, d.ALICE, d.BUY, 1, 120_000, is_post_only=True, time_in_force=d.IOC)
    assert combined == ("post_only_not_combinable", 1, 0)


def test_the_venue_trades_with_what_it_crosses_and_replaces_its_depth(desk: EngineDesk) -> None:
    desk.place(1, d.ALICE, d.BUY, 10, 119_990)
    desk.said()
    desk.quote(d.PERPETUAL, 119_980, [(119_970, 5)], [(119_985, 4), (119_995, 6)])
    ((kind, fill),) = desk.said()
    assert kind is EventKind.ORDER_EXECUTED
    assert (fill[0], fill[5], fill[6], fill[8], fill[10]) == (1, 119_990, 4, 6, 0)
    assert desk.engine.depth(d.PERPETUAL, 9) == ([(119_990, 6), (119_970, 5)], [(119_995, 6)])
    desk.quote(d.PERPETUAL, 119_980)
    desk.said()
    assert desk.engine.depth(d.PERPETUAL, 9) == ([(119_990, 6)], [])


def test_many_quotes_in_one_record_equal_one_by_one(desk: EngineDesk, tmp_path: Path) -> None:
    import numpy as np

    prices = np.array([[119_999, 119_998], [499, 0]])
    asks = np.array([[120_001, 120_002], [501, 502]])
    lots = np.array([[3, 4], [5, 6]])
    ids, marks = np.array([d.PERPETUAL, d.OPTION]), np.array([120_000, 500])
    desk.engine.set_quotes_many(desk.now, desk.now, ids, marks, prices, lots, asks, lots)
    desk.said()
    assert desk.engine.depth(d.PERPETUAL, 9) == ([(119_999, 3), (119_998, 4)], [(120_001, 3), (120_002, 4)])
    assert desk.engine.depth(d.OPTION, 9) == ([(499, 5)], [(501, 5), (502, 6)])
    with pytest.raises(ValueError, match="same number"):
        desk.engine.set_quotes_many(desk.now, desk.now, ids, marks[:1], prices, lots, asks, lots)


def test_cancels_say_whether_the_order_was_ever_known(desk: EngineDesk) -> None:
    desk.place(1, d.ALICE, d.BUY, 5, 119_000)
    for order in (1, 1, 2):
        desk.cancel(order)
    assert desk.said()[1:] == [
        (EventKind.ORDER_CANCELED, (1, "requested", 5, 0)),
        (EventKind.CANCEL_REJECTED, (1, "too_late_to_cancel")),
        (EventKind.CANCEL_REJECTED, (2, "unknown_order")),
    ]


@pytest.mark.parametrize(
    ("scope", "scope_id", "orders"),
    [
        (d.ALL, 0, [1, 2, 3]),
        (d.FIRM, 1, [1, 3]),
        (d.DESK, 7, [3]),
        (d.USER, 202, [2]),
        (d.ACCOUNT, d.ALICE, [1]),
        (d.INSTRUMENT, d.OPTION, [3]),
    ],
)
def test_cancel_all_covers_its_scope(desk: EngineDesk, scope: int, scope_id: int, orders: list[int]) -> None:
    desk.place(1, d.ALICE, d.BUY, 5, 119_000)
    desk.place(2, d.BOB, d.BUY, 5, 119_000, user=202)
    desk.place(3, d.CAROL, d.BUY, 5, 490, instrument=d.OPTION, desk=7)
    desk.said()
    desk.engine.cancel_all(desk.now, desk.next_sequence(), scope, scope_id)
    expected = [(EventKind.ORDER_CANCELED, (order, "cancel_all", 5, 0)) for order in orders]
    assert desk.said() == [*expected, (EventKind.CANCEL_ALL_DONE, (scope, scope_id, len(orders)))]


def test_delivery_cancels_then_closes_and_settlement_forgets(desk: EngineDesk) -> None:
    desk.quote(d.OPTION, 500, [], [(501, 5)])
    desk.place(1, d.ALICE, d.BUY, 2, 501, instrument=d.OPTION)
    desk.place(2, d.ALICE, d.BUY, 2, 490, instrument=d.OPTION)
    desk.engine.settle_instrument(desk.now, desk.next_sequence(), d.OPTION, "early")
    assert desk.said()[-1] == (EventKind.COMMAND_REFUSED, ("early", "instrument_not_delivered", d.OPTION, 0))
    desk.engine.deliver(desk.now, d.EXPIRY, d.OPTION, 61_000 * d.MICRO)
    desk.engine.deliver(desk.now, d.EXPIRY, d.OPTION, 61_000 * d.MICRO)
    assert desk.said() == [
        (EventKind.ORDER_CANCELED, (2, "expired", 2, 0)),
        (EventKind.INSTRUMENT_DELIVERED, (d.OPTION, 61_000 * d.MICRO, d.EXPIRY)),
    ]
    assert desk.engine.positions() == [(d.ALICE, d.OPTION, 2, 0, 0)]
    refused = desk.answer(3, d.ALICE, d.BUY, 2, 490, instrument=d.OPTION)
    assert refused == ("instrument_not_trading", d.EXPIRY, d.EXPIRY)
    desk.engine.settle_instrument(desk.now, desk.next_sequence(), d.OPTION)
    assert desk.said() == [(EventKind.INSTRUMENT_SETTLED, (d.OPTION,))]
    assert desk.engine.positions() == []
    assert [row[0] for row in desk.engine.instruments()] == [d.PERPETUAL, d.SPOT]


def test_listing_again_says_nothing_and_other_terms_are_refused(desk: EngineDesk) -> None:
    desk.list_instruments()
    assert desk.said() == []
    desk.engine.list_instrument(desk.now, d.SPOT, "BTC_USDC", b"{}", 2, d.BTC, 10**6, 5 * 10**8, 0, 4)
    assert desk.said() == [(EventKind.COMMAND_REFUSED, ("BTC_USDC", "instrument_terms_changed", d.SPOT, 0))]
