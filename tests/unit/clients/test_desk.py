"""The state that a client keeps: snapshot and facts give what a fresh snapshot gives."""

import msgspec
from parley_client import Desk, messages
from parley_client.desk import State


def _fill(execution_id, account_id=1):
    return messages.FillView(
        execution_id=execution_id, account_id=account_id, instrument_name="BTC-PERPETUAL", side=messages.Side.BUY,
        price="80000", quantity="10", liquidity="taker", fee="0", fee_asset="BTC", at_ns=1,
    )


def _position(quantity):
    return messages.PositionView(
        account_id=1, instrument_name="BTC-PERPETUAL", quantity=quantity, average_price="80000", realized="0",
        settlement_currency="BTC",
    )


def test_a_fact_replaces_what_it_is_about():
    desk = Desk()
    desk.take_snapshot(State(positions=[_position("10")]))
    desk.take(messages.PositionChanged(position=_position("0")))
    assert desk.positions == {(1, "BTC-PERPETUAL"): _position("0")}


def test_a_snapshot_replaces_everything():
    desk = Desk()
    desk.take(messages.BlockFilled(fill=_fill(1)))
    desk.take_snapshot(State(fills=[_fill(2)]))
    assert list(desk.fills) == [(2, 1)]


def test_a_fill_that_comes_twice_is_kept_once_and_both_sides_of_one_execution_are_kept():
    desk = Desk()
    for account_id in (1, 1, 2):
        desk.take(messages.BlockFilled(fill=_fill(5, account_id)))
    assert set(desk.fills) == {(5, 1), (5, 2)}


def test_facts_without_an_entity_change_nothing():
    desk = Desk()
    desk.take(messages.CancelAllDone(scope="account", scope_id=1, orders_canceled=3))
    assert not any(vars(desk).values())


def test_a_state_with_parts_of_a_later_version_is_read():
    state = msgspec.json.decode(b'{"positions":[],"of_a_later_version":[{"a":1}]}', type=State)
    assert state == State()
