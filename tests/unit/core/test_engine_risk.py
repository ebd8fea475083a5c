"""Each control of the risk gate passes at its bound and refuses one beyond, with reason, value and bound."""

import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

ACCEPTED = [EventKind.ORDER_ACCEPTED]
AGE_MAX = 5 * d.SECOND


def test_no_limits_means_no_order(desk: EngineDesk) -> None:
    assert desk.answer(1, 99, d.BUY, 1, 119_000, firm=9) == ("no_limits", 99, 0)
    desk.limit(99, coin_id=5, coin="SOL")
    desk.said()
    assert desk.answer(2, 99, d.BUY, 1, 119_000, firm=9) == ("no_limits", 99, 0)
    desk.limit(99, coin_id=d.BTC, coin="BTC")
    assert desk.said() == [(EventKind.LIMITS_IN_FORCE, (99, "BTC"))]
    assert desk.answer(3, 99, d.BUY, 1, 119_000, firm=9) == ACCEPTED


def test_limits_of_a_coin_come_before_the_general_ones(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_order_quantity_lots=5, coin_id=d.BTC, coin="BTC")
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 5, 119_000) == ACCEPTED
    assert desk.answer(2, d.ALICE, d.BUY, 6, 119_000) == ("max_order_quantity", 6, 5)


def test_max_order_quantity(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_order_quantity_lots=10)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 10, 119_000) == ACCEPTED
    assert desk.answer(2, d.ALICE, d.BUY, 11, 119_000) == ("max_order_quantity", 11, 10)


@pytest.mark.parametrize(
    ("instrument", "price", "lots", "value_micros"),
    [
        (d.PERPETUAL, 119_000, 7, 70 * d.MICRO),
        (d.OPTION, 490, 3, 18_000 * d.MICRO),
        (d.SPOT, 119_000, 2, 119 * d.MICRO),
    ],
)
def test_max_order_value_counts_dollars_index_or_price(
    desk: EngineDesk, instrument: int, price: int, lots: int, value_micros: int
) -> None:
    """10 USD a lot; 0.1 coin at the index of 60,000; 0.001 coin at the price of 119,000 x 0.5."""
    desk.limit(d.ALICE, max_order_value_micros=value_micros)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, lots, price, instrument=instrument) == ACCEPTED
    desk.limit(d.ALICE, max_order_value_micros=value_micros - 1)
    desk.said()
    refused = desk.answer(2, d.ALICE, d.BUY, lots, price, instrument=instrument)
    assert refused == ("max_order_value", value_micros, value_micros - 1)


@pytest.mark.parametrize(("side", "bound", "beyond"), [(d.BUY, 121_200, 121_201), (d.SELL, 118_800, 118_799)])
def test_price_collar_is_a_share_of_the_mark(desk: EngineDesk, side: int, bound: int, beyond: int) -> None:
    desk.limit(d.ALICE, price_collar_basis_points=100)
    desk.said()
    assert desk.answer(1, d.ALICE, side, 1, bound) == ACCEPTED
    assert desk.answer(2, d.ALICE, side, 1, beyond) == ("price_collar", beyond, bound)


def test_price_collar_is_never_narrower_than_its_floor(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, price_collar_basis_points=0)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 1, 504, instrument=d.OPTION) == ACCEPTED
    assert desk.answer(2, d.ALICE, d.BUY, 1, 505, instrument=d.OPTION) == ("price_collar", 505, 504)


def test_passive_prices_are_outside_no_collar(desk: EngineDesk) -> None:
    assert desk.answer(1, d.ALICE, d.BUY, 1, 1) == ACCEPTED


def test_a_reference_ages_by_the_wall_clock_until_the_feed_lives(desk: EngineDesk) -> None:
    desk.now += AGE_MAX
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.now += 1
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", AGE_MAX + 1, AGE_MAX)
    desk.engine.feed_heartbeat(desk.now, desk.now)
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.now += AGE_MAX + 1
    desk.quote(d.PERPETUAL, 120_000)
    assert desk.answer(4, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    assert desk.answer(5, d.ALICE, d.BUY, 1, 490, instrument=d.OPTION)[0] == "stale_or_jumped_market"


def test_a_clock_set_back_makes_a_silent_feed_stale(desk: EngineDesk) -> None:
    hour, ahead_max = 3_600 * 10**9, 10**9
    desk.engine.feed_heartbeat(desk.now, desk.now)
    desk.now -= ahead_max
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.now -= 1
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", -ahead_max - 1, AGE_MAX)
    desk.now -= hour
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000)[0] == "stale_or_jumped_market"
    desk.engine.feed_heartbeat(desk.now, desk.now)
    assert desk.answer(4, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.now += AGE_MAX
    assert desk.answer(5, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.now += 1
    assert desk.answer(6, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", AGE_MAX + 1, AGE_MAX)


def test_no_mark_and_crossed_quotes_are_no_reference(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, -1)
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", -1, 0)
    desk.quote(d.PERPETUAL, 120_000, [(120_001, 5)], [(120_001, 5)])
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", -1, 0)
    assert desk.engine.depth(d.PERPETUAL) == ([], [])
    desk.quote(d.PERPETUAL, 120_000, [(120_000, 5)], [(120_001, 5)])
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED


def test_an_index_that_jumps_by_more_than_half_waits_for_confirmation(desk: EngineDesk) -> None:
    desk.engine.set_index(desk.now, d.BTC, 90_000 * d.MICRO)
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.engine.set_index(desk.now, d.BTC, 44_999 * d.MICRO)
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("stale_or_jumped_market", 44_999 * d.MICRO, 0)
    desk.engine.set_index(desk.now, d.BTC, 45_000 * d.MICRO)
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED


def test_position_counts_what_is_held_and_what_works(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [(119_999, 100)], [(120_001, 6)])
    desk.limit(d.ALICE, max_position_lots=10)
    desk.said()
    desk.place(1, d.ALICE, d.BUY, 6, 120_001)
    desk.place(2, d.ALICE, d.BUY, 3, 119_000)
    desk.said()
    assert desk.answer(3, d.ALICE, d.BUY, 2, 119_000) == ("position", 11, 10)
    assert desk.answer(4, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    desk.cancel(2)
    desk.said()
    assert desk.answer(5, d.ALICE, d.BUY, 3, 119_000) == ACCEPTED
    assert desk.answer(6, d.ALICE, d.SELL, 17, 121_000) == ("position", 11, 10)
    assert desk.answer(7, d.ALICE, d.SELL, 16, 121_000) == ACCEPTED


def test_position_is_bounded_by_value_too(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_position_value_micros=60_000 * d.MICRO)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 10, 490, instrument=d.OPTION) == ACCEPTED
    refused = desk.answer(2, d.ALICE, d.BUY, 1, 490, instrument=d.OPTION)
    assert refused == ("position", 66_000 * d.MICRO, 60_000 * d.MICRO)


SCOPES = [(d.ALL, 0), (d.FIRM, 1), (d.DESK, 1), (d.USER, 101), (d.ACCOUNT, d.ALICE), (d.INSTRUMENT, d.PERPETUAL)]
OTHERS = [(d.FIRM, 2), (d.DESK, 2), (d.USER, 102), (d.ACCOUNT, d.BOB), (d.INSTRUMENT, d.OPTION)]


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_kill_switch_cancels_blocks_and_stays(desk: EngineDesk, scope: int, scope_id: int) -> None:
    desk.place(1, d.ALICE, d.BUY, 5, 119_000)
    desk.said()
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), scope, scope_id, True)
    assert desk.said() == [
        (EventKind.ORDER_CANCELED, (1, "kill_switch", 5, 0)),
        (EventKind.KILL_SWITCH_CHANGED, (scope, scope_id, True, 1)),
    ]
    desk.now += 3600 * d.SECOND
    desk.quote(d.PERPETUAL, 120_000)
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("kill_switch", scope, scope_id)
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), scope, scope_id, False)
    assert desk.said() == [(EventKind.KILL_SWITCH_CHANGED, (scope, scope_id, False, 0))]
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED


@pytest.mark.parametrize(("scope", "scope_id"), OTHERS)
def test_kill_switch_of_others_blocks_nobody_else(desk: EngineDesk, scope: int, scope_id: int) -> None:
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), scope, scope_id, True)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_halted_blocks_orders_but_no_cancel(desk: EngineDesk, scope: int, scope_id: int) -> None:
    desk.place(1, d.ALICE, d.BUY, 5, 119_000)
    desk.engine.set_trading_state(desk.now, desk.next_sequence(), scope, scope_id, d.HALTED)
    assert desk.said()[-1] == (EventKind.TRADING_STATE_CHANGED, (scope, scope_id, d.HALTED))
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("trading_state", d.HALTED, scope_id)
    desk.cancel(1)
    assert desk.said() == [(EventKind.ORDER_CANCELED, (1, "requested", 5, 0))]
    desk.engine.set_trading_state(desk.now, desk.next_sequence(), scope, scope_id, d.ACTIVE)
    desk.said()
    assert desk.answer(3, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED


def test_reducing_lets_through_only_what_reduces(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 10)])
    desk.place(1, d.ALICE, d.BUY, 10, 120_001)
    desk.engine.set_trading_state(desk.now, desk.next_sequence(), d.FIRM, 1, d.REDUCING)
    desk.said()
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("trading_state", 1, 0)
    assert desk.answer(3, d.ALICE, d.SELL, 6, 121_000) == ACCEPTED
    assert desk.answer(4, d.ALICE, d.SELL, 5, 121_000) == ("trading_state", 5, 4)
    assert desk.answer(5, d.ALICE, d.SELL, 4, 121_000) == ACCEPTED


def test_an_order_id_is_taken_once(desk: EngineDesk) -> None:
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ACCEPTED
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ("duplicate_order", 1, 0)
    desk.cancel(1)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == ("duplicate_order", 1, 0)
    assert desk.answer(2, d.ALICE, d.BUY, 0, 119_000) == ("invalid_quantity", 0, 10**12)
    assert desk.answer(2, d.ALICE, d.BUY, 1, 119_000) == ("duplicate_order", 2, 0)


def test_a_command_expires_after_its_last_moment(desk: EngineDesk) -> None:
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000, valid_until_ns=desk.now) == ACCEPTED
    late = desk.answer(2, d.ALICE, d.BUY, 1, 119_000, valid_until_ns=desk.now - 1)
    assert late == ("command_expired", desk.now, desk.now - 1)


def test_an_instrument_trades_until_its_expiry_in_market_time(desk: EngineDesk) -> None:
    desk.engine.feed_heartbeat(desk.now, d.EXPIRY - 1)
    assert desk.answer(1, d.ALICE, d.BUY, 1, 490, instrument=d.OPTION) == ACCEPTED
    desk.engine.feed_heartbeat(desk.now, d.EXPIRY)
    refused = desk.answer(2, d.ALICE, d.BUY, 1, 490, instrument=d.OPTION)
    assert refused == ("instrument_not_trading", d.EXPIRY, d.EXPIRY)


@pytest.mark.parametrize(
    ("terms", "answer"),
    [
        ({"instrument": 77}, ("unknown_instrument", 77, 0)),
        ({"firm": 2}, ("attribution", 2, 1)),
        ({"is_reduce_only": True}, ("reduce_only", 1, 0)),
        ({"lots": -1}, ("invalid_quantity", -1, 10**12)),
        ({"lots": 10**12 + 1}, ("invalid_quantity", 10**12 + 1, 10**12)),
        ({"price": 0}, ("invalid_price", 0, 10**12)),
        ({"price": -5}, ("invalid_price", -5, 10**12)),
    ],
)
def test_what_no_order_may_be_is_refused_by_name(desk: EngineDesk, terms: dict[str, int], answer: object) -> None:
    before = desk.engine.depth(d.PERPETUAL)
    lots, price = terms.pop("lots", 1), terms.pop("price", 119_000)
    assert desk.answer(1, d.ALICE, d.BUY, lots, price, **terms) == answer
    assert desk.engine.depth(d.PERPETUAL) == before


def test_malformed_inputs_raise_and_change_nothing(desk: EngineDesk) -> None:
    before = desk.engine.state_hash()
    engine, sequence = desk.engine, desk.sequence + 1
    with pytest.raises(ValueError, match="side 2 is not between 0 and 1"):
        engine.place_order(d.NOW, sequence, d.NOW, 1, d.ALICE, 1, 1, 1, 1, 2, 0, 0, 1, 1)
    with pytest.raises(ValueError, match="scope_id 5"):
        engine.cancel_all(d.NOW, sequence, d.ALL, 5)
    with pytest.raises(ValueError, match="legs 0"):
        engine.reserve_block(d.NOW, sequence, 1, d.NOW, [])
    with pytest.raises(ValueError, match="coin_id 64"):
        engine.set_index(d.NOW, 64, 1)
    with pytest.raises(ValueError, match="mark_ticks -2"):
        desk.quote(d.PERPETUAL, -2)
    assert desk.said() == []
    assert engine.state_hash() == before
    engine.refuse_command(d.NOW, sequence, "abc", "malformed", 3, 4)
    assert desk.said() == [(EventKind.COMMAND_REFUSED, ("abc", "malformed", 3, 4))]
