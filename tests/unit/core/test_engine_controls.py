"""Each control by scope passes at its bound and refuses one beyond, with reason, value and bound."""

from pathlib import Path
from typing import Any

import parley_core
import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

ACCEPTED = [EventKind.ORDER_ACCEPTED]
LOT = 10 * d.MICRO
"""Micro-dollars of one lot of the perpetual."""
BOT = 7
CAPS = {"max_order_value_micros": 10**15, "max_open_risk_micros": 10**15, "max_working_orders": 100}
SCOPES = [
    (d.ALL, 0),
    (d.FIRM, 1),
    (d.DESK, 1),
    (d.USER, 101),
    (d.ACCOUNT, d.ALICE),
    (d.INSTRUMENT, d.PERPETUAL),
    (d.STRATEGY, BOT),
    (d.VENUE, 1),
]
OTHERS = [(d.FIRM, 2), (d.DESK, 2), (d.USER, 102), (d.ACCOUNT, d.BOB), (d.INSTRUMENT, d.OPTION), (d.VENUE, 2)]


def _limit(desk: EngineDesk, scope: int, scope_id: int, **limits: Any) -> None:
    """Puts limits on a scope, over the caps that a strategy must have, and swallows the answer."""
    desk.scope(scope, scope_id, **((CAPS | limits) if scope == d.STRATEGY else limits))
    assert desk.said() == [(EventKind.CONTROL_SET, (0, scope, scope_id, 0))]


def _buy(desk: EngineDesk, order: int, lots: int, scope: int = d.ALL, **terms: Any) -> Any:
    strategy = {"strategy_id": BOT} if scope == d.STRATEGY else {}
    return desk.answer(order, d.ALICE, d.BUY, lots, terms.pop("price", 119_000), **strategy, **terms)


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_max_order_quantity_of_every_scope(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, max_order_quantity_lots=10)
    assert _buy(desk, 1, 10, scope) == ACCEPTED
    assert _buy(desk, 2, 11, scope) == ("max_order_quantity", 11, 10)


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_max_order_value_of_every_scope(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, max_order_value_micros=10 * LOT)
    assert _buy(desk, 1, 10, scope) == ACCEPTED
    assert _buy(desk, 2, 11, scope) == ("max_order_value", 11 * LOT, 10 * LOT)


@pytest.mark.parametrize(("scope", "scope_id"), OTHERS)
def test_limits_of_others_hold_for_nobody_else(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, max_order_quantity_lots=0, max_open_risk_micros=0, max_orders=0)
    assert _buy(desk, 1, 10) == ACCEPTED


def _open_risk_reason(scope: int) -> str:
    return {d.ACCOUNT: "customer_credit", d.FIRM: "firm_capital"}.get(scope, "own_risk_threshold")


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_open_risk_counts_every_order_from_the_moment_it_is_sent(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, max_open_risk_micros=10 * LOT)
    assert _buy(desk, 1, 6, scope) == ACCEPTED
    assert _buy(desk, 2, 5, scope) == (_open_risk_reason(scope), 11 * LOT, 10 * LOT)
    assert _buy(desk, 3, 4, scope) == ACCEPTED
    desk.cancel(1)
    desk.said()
    assert _buy(desk, 4, 7, scope) == (_open_risk_reason(scope), 11 * LOT, 10 * LOT)
    assert _buy(desk, 5, 6, scope) == ACCEPTED


def test_open_risk_of_a_firm_adds_its_accounts_and_lets_through_what_reduces(desk: EngineDesk) -> None:
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 8)])
    desk.place(1, d.ALICE, d.BUY, 8, 120_001)
    desk.said()
    _limit(desk, d.FIRM, 1, max_open_risk_micros=10 * LOT)
    assert desk.answer(2, d.CAROL, d.BUY, 3, 119_000) == ("firm_capital", 11 * LOT, 10 * LOT)
    assert desk.answer(3, d.CAROL, d.BUY, 2, 119_000) == ACCEPTED
    assert desk.answer(4, d.ALICE, d.SELL, 18, 121_000) == ACCEPTED
    assert desk.answer(5, d.ALICE, d.SELL, 1, 121_000) == ("firm_capital", 11 * LOT, 10 * LOT)


def test_open_risk_in_coins_follows_the_index(desk: EngineDesk) -> None:
    """One lot of the option is 0.1 coin: 6,000 USD at an index of 60,000."""
    _limit(desk, d.ACCOUNT, d.ALICE, max_open_risk_micros=12_000 * d.MICRO)
    assert _buy(desk, 1, 1, instrument=d.OPTION, price=490) == ACCEPTED
    assert _buy(desk, 2, 1, instrument=d.OPTION, price=490) == ACCEPTED
    desk.cancel(2)
    desk.engine.set_index(desk.now, d.BTC, 60_001 * d.MICRO)
    desk.said()
    refused = _buy(desk, 3, 1, instrument=d.OPTION, price=490)
    assert refused == ("customer_credit", 12_000_200_000, 12_000 * d.MICRO)


def test_open_risk_begins_with_what_was_there_before(desk: EngineDesk) -> None:
    assert _buy(desk, 1, 6) == ACCEPTED
    for scope, scope_id in SCOPES[:6]:
        _limit(desk, scope, scope_id, max_open_risk_micros=10 * LOT, max_working_orders=2)
    assert _buy(desk, 2, 5)[1:] == (11 * LOT, 10 * LOT)
    assert _buy(desk, 3, 4) == ACCEPTED
    assert _buy(desk, 4, 1) == ("deployment_cap", 3, 2)


def test_price_collar_over_a_period_holds_while_the_mark_walks(desk: EngineDesk) -> None:
    """1 % of the mark of 120,000 when the period began, whatever the mark is now."""
    _limit(desk, d.ACCOUNT, d.ALICE, period_collar_basis_points=100, collar_period_ns=60 * d.SECOND)
    assert _buy(desk, 1, 1) == ACCEPTED
    desk.now += 59 * d.SECOND
    desk.quote(d.PERPETUAL, 125_000)
    desk.engine.set_index(desk.now, d.BTC, 62_500 * d.MICRO)
    assert _buy(desk, 2, 1, price=121_200) == ACCEPTED
    assert _buy(desk, 3, 1, price=121_201) == ("price_collar", 121_201, 121_200)
    desk.now += d.SECOND
    desk.quote(d.PERPETUAL, 125_000)
    assert _buy(desk, 4, 1, price=121_201) == ACCEPTED
    assert _buy(desk, 5, 1, price=126_250) == ACCEPTED
    assert _buy(desk, 6, 1, price=126_251) == ("price_collar", 126_251, 126_250)


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_message_rate_refuses_orders_and_no_cancel(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, messages_per_second=2, message_burst=3)
    assert [_buy(desk, order, 1, scope) for order in (1, 2, 3)] == [ACCEPTED] * 3
    assert _buy(desk, 4, 1, scope) == ("message_rate", 4, 3)
    desk.cancel(1)
    assert desk.said() == [(EventKind.ORDER_CANCELED, (1, "requested", 1, 0))]
    desk.now += d.SECOND // 2 - 1
    assert _buy(desk, 5, 1, scope)[0] == "message_rate"
    desk.now += 1
    assert _buy(desk, 6, 1, scope) == ACCEPTED
    desk.now += d.SECOND // 2
    desk.cancel(2)
    desk.said()
    assert _buy(desk, 7, 1, scope)[0] == "message_rate"


def test_duplicate_order_within_the_window(desk: EngineDesk) -> None:
    _limit(desk, d.ACCOUNT, d.ALICE, duplicate_window_ns=d.SECOND)
    assert _buy(desk, 1, 5) == ACCEPTED
    desk.now += d.SECOND - 1
    assert _buy(desk, 2, 5) == ("duplicate_order", d.SECOND - 1, d.SECOND)
    assert _buy(desk, 3, 6) == ACCEPTED
    assert _buy(desk, 4, 5, price=118_999) == ACCEPTED
    assert desk.answer(5, d.ALICE, d.SELL, 5, 121_000) == ACCEPTED
    assert desk.answer(6, d.CAROL, d.BUY, 5, 119_000) == ACCEPTED
    desk.now += 1
    assert _buy(desk, 7, 5) == ACCEPTED


@pytest.mark.parametrize(("scope", "scope_id"), [(d.STRATEGY, BOT), (d.USER, 101)])
def test_repeated_execution_throttle_waits_for_a_person(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, scope, scope_id, max_executions=3, execution_period_ns=10 * d.SECOND)
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 100)])
    for order, wait in ((1, 0), (2, 2), (3, 10 * d.SECOND - 1)):
        desk.now += wait
        desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 100)])
        assert _buy(desk, order, 1, scope, price=120_001)[-1] is EventKind.ORDER_EXECUTED
    desk.now += 1
    desk.place(4, d.ALICE, d.BUY, 1, 120_001, strategy_id=BOT if scope == d.STRATEGY else 0)
    assert desk.said()[-1] == (EventKind.CONTROL_SET, (5, scope, scope_id, 0))
    desk.now += 3600 * d.SECOND
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 100)])
    assert _buy(desk, 5, 1, scope) == ("repeated_execution_throttle", 3, 3)
    desk.engine.enable_scope(desk.now, desk.next_sequence(), scope, scope_id, 0)
    assert desk.said() == [(EventKind.COMMAND_REFUSED, ("", "attribution", 0, 1))]
    desk.engine.enable_scope(desk.now, desk.next_sequence(), scope, scope_id, 900)
    assert desk.said() == [(EventKind.CONTROL_SET, (4, scope, scope_id, 900))]
    assert _buy(desk, 6, 1, scope) == ACCEPTED


@pytest.mark.parametrize(("scope", "scope_id"), SCOPES)
def test_restricted_instrument(desk: EngineDesk, scope: int, scope_id: int) -> None:
    if scope == d.STRATEGY:
        _limit(desk, scope, scope_id)
    desk.engine.set_instrument_permission(desk.now, desk.next_sequence(), scope, scope_id, d.PERPETUAL, 2)
    assert desk.said() == [(EventKind.CONTROL_SET, (1, scope, scope_id, d.PERPETUAL))]
    assert _buy(desk, 1, 1, scope) == ("restricted_instrument", d.PERPETUAL, scope_id)
    if scope != d.INSTRUMENT:
        assert _buy(desk, 2, 1, scope, instrument=d.OPTION, price=490) == ACCEPTED
    desk.engine.set_instrument_permission(desk.now, desk.next_sequence(), scope, scope_id, d.PERPETUAL, 0)
    desk.said()
    assert _buy(desk, 3, 1, scope) == ACCEPTED


def test_an_instrument_list_admits_only_what_is_on_it(desk: EngineDesk) -> None:
    _limit(desk, d.USER, 101, is_instrument_list_required=True)
    assert _buy(desk, 1, 1) == ("restricted_instrument", d.PERPETUAL, 101)
    desk.engine.set_instrument_permission(desk.now, desk.next_sequence(), d.USER, 101, d.PERPETUAL, 1)
    desk.said()
    assert _buy(desk, 2, 1) == ACCEPTED
    assert _buy(desk, 3, 1, instrument=d.OPTION, price=490) == ("restricted_instrument", d.OPTION, 101)


def test_authorized_trader(desk: EngineDesk) -> None:
    _limit(desk, d.ACCOUNT, d.ALICE, is_trader_list_required=True)
    assert _buy(desk, 1, 1) == ("authorized_trader", 101, d.ALICE)
    desk.engine.set_trader_authorization(desk.now, desk.next_sequence(), 101, d.ALICE, True)
    assert desk.said() == [(EventKind.CONTROL_SET, (2, d.ACCOUNT, d.ALICE, 101))]
    assert _buy(desk, 2, 1) == ACCEPTED
    assert _buy(desk, 3, 1, user=102) == ("authorized_trader", 102, d.ALICE)
    desk.engine.set_trader_authorization(desk.now, desk.next_sequence(), 101, d.ALICE, False)
    desk.said()
    assert _buy(desk, 4, 1) == ("authorized_trader", 101, d.ALICE)


def test_attribution_names_a_trader_on_every_order(desk: EngineDesk) -> None:
    assert _buy(desk, 1, 1, user=1) == ACCEPTED
    assert _buy(desk, 2, 1, user=0) == ("attribution", 0, 0)


def test_soft_limit_is_confirmed_by_its_own_bound(desk: EngineDesk) -> None:
    _limit(desk, d.ACCOUNT, d.ALICE, soft_order_value_micros=10 * LOT)
    _limit(desk, d.FIRM, 1, soft_order_value_micros=20 * LOT)
    assert _buy(desk, 1, 10) == ACCEPTED
    assert _buy(desk, 2, 11) == ("soft_limit", 11 * LOT, 10 * LOT)
    assert _buy(desk, 3, 11, confirmed_soft_bound_micros=20 * LOT) == ("soft_limit", 11 * LOT, 10 * LOT)
    assert _buy(desk, 4, 21, confirmed_soft_bound_micros=10 * LOT) == ACCEPTED
    _limit(desk, d.ACCOUNT, d.ALICE, max_order_value_micros=20 * LOT, soft_order_value_micros=10 * LOT)
    hard = _buy(desk, 5, 21, confirmed_soft_bound_micros=10 * LOT)
    assert hard == ("max_order_value", 21 * LOT, 20 * LOT)


def _grant(desk: EngineDesk, order: int, control: str, /, **changes: Any) -> list[Any]:
    terms: dict[str, Any] = {
        "order_id": order, "account_id": d.ALICE, "instrument_id": d.PERPETUAL, "side": d.BUY,
        "max_quantity_lots": 20, "control": control, "valid_until_ns": desk.now + d.SECOND,
        "requested_by": 101, "granted_by": 900, "command_id": "c",
    }  # fmt: skip
    desk.engine.grant_override(desk.now, desk.next_sequence(), **(terms | changes))
    return desk.said()


def test_override_lets_one_order_past_one_control_once(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_order_quantity_lots=10)
    desk.said()
    assert _grant(desk, 1, "max_order_quantity") == [(EventKind.CONTROL_SET, (3, d.ACCOUNT, d.ALICE, 1))]
    assert _buy(desk, 2, 20) == ("max_order_quantity", 20, 10)
    assert _buy(desk, 1, 20) == ACCEPTED
    assert _buy(desk, 1, 20) == ("duplicate_order", 1, 0)
    assert _buy(desk, 3, 20) == ("max_order_quantity", 20, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"account_id": d.CAROL},
        {"instrument_id": d.OPTION},
        {"side": d.SELL},
        {"max_quantity_lots": 19},
        {"control": "max_order_value"},
        {"requested_by": 102},
        {"valid_until_ns": d.NOW - 1},
    ],
)
def test_override_holds_only_for_what_it_names(desk: EngineDesk, changes: dict[str, Any]) -> None:
    desk.limit(d.ALICE, max_order_quantity_lots=10)
    desk.said()
    _grant(desk, 1, "max_order_quantity", **changes)
    assert _buy(desk, 1, 20) == ("max_order_quantity", 20, 10)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"granted_by": 101}, ("same_person", 101, 101)),
        ({"granted_by": 0}, ("same_person", 0, 101)),
        ({"control": "kill_switch"}, ("not_overridable", 8, 0)),
        ({"control": "trading_state"}, ("not_overridable", 7, 0)),
    ],
)
def test_an_override_needs_another_person_and_a_control_that_bends(
    desk: EngineDesk, changes: dict[str, Any], answer: tuple[Any, ...]
) -> None:
    said = _grant(desk, 1, "position", **changes)
    assert said == [(EventKind.COMMAND_REFUSED, ("c", *answer))]


def test_an_override_lets_past_no_other_control(desk: EngineDesk) -> None:
    _limit(desk, d.ACCOUNT, d.ALICE, max_order_quantity_lots=10, max_order_value_micros=10 * LOT)
    _grant(desk, 1, "max_order_quantity")
    assert _buy(desk, 1, 20) == ("max_order_value", 20 * LOT, 10 * LOT)


def test_a_strategy_has_no_order_before_it_is_capped(desk: EngineDesk) -> None:
    assert _buy(desk, 1, 1, strategy_id=BOT) == ("deployment_cap", BOT, 0)
    for missing in CAPS:
        desk.scope(d.STRATEGY, BOT, **{name: value for name, value in CAPS.items() if name != missing})
        desk.said()
        assert _buy(desk, 10 + len(missing), 1, strategy_id=BOT) == ("deployment_cap", BOT, 0)
    desk.scope(d.STRATEGY, BOT, **CAPS)
    desk.said()
    assert _buy(desk, 2, 1, strategy_id=BOT) == ACCEPTED


def test_deployment_caps_count_working_and_all_orders(desk: EngineDesk) -> None:
    _limit(desk, d.STRATEGY, BOT, max_working_orders=2, max_orders=3)
    assert _buy(desk, 1, 1, d.STRATEGY) == ACCEPTED
    assert _buy(desk, 2, 1, d.STRATEGY) == ACCEPTED
    assert _buy(desk, 3, 1, d.STRATEGY) == ("deployment_cap", 3, 2)
    desk.cancel(1)
    desk.said()
    assert _buy(desk, 4, 1, d.STRATEGY) == ACCEPTED
    desk.cancel(2)
    desk.said()
    assert _buy(desk, 5, 1, d.STRATEGY) == ("deployment_cap", 4, 3)


def test_orders_out_never_exceed_orders_in(desk: EngineDesk) -> None:
    assert _buy(desk, 1, 1, parent_order_id=50) == ("orders_out_vs_orders_in", 1, 0)
    desk.engine.set_parent_order(desk.now, desk.next_sequence(), 50, 10)
    assert desk.said() == [(EventKind.CONTROL_SET, (6, d.ALL, 50, 10))]
    assert _buy(desk, 2, 6, parent_order_id=50) == ACCEPTED
    assert _buy(desk, 3, 5, parent_order_id=50) == ("orders_out_vs_orders_in", 11, 10)
    assert _buy(desk, 4, 4, parent_order_id=50) == ACCEPTED
    desk.quote(d.PERPETUAL, 120_000, [], [(119_000, 2)])
    desk.cancel(2)
    desk.said()
    assert _buy(desk, 5, 5, parent_order_id=50) == ("orders_out_vs_orders_in", 11, 10)
    assert _buy(desk, 6, 4, time_in_force=d.IOC, parent_order_id=50)[-1] is EventKind.ORDER_CANCELED
    assert _buy(desk, 7, 4, parent_order_id=50) == ACCEPTED


@pytest.mark.parametrize(("scope", "scope_id"), [(d.STRATEGY, BOT), (d.VENUE, 1)])
def test_kill_switch_by_strategy_and_venue(desk: EngineDesk, scope: int, scope_id: int) -> None:
    _limit(desk, d.STRATEGY, BOT)
    assert _buy(desk, 1, 5, d.STRATEGY) == ACCEPTED
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), scope, scope_id, True)
    assert desk.said()[0] == (EventKind.ORDER_CANCELED, (1, "kill_switch", 5, 0))
    desk.now += 3600 * d.SECOND
    desk.quote(d.PERPETUAL, 120_000)
    assert _buy(desk, 2, 1, d.STRATEGY) == ("kill_switch", scope, scope_id)
    assert (_buy(desk, 3, 1) == ACCEPTED) is (scope == d.STRATEGY)
    desk.engine.set_trading_state(desk.now, desk.next_sequence(), scope, scope_id, d.HALTED)
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), scope, scope_id, False)
    desk.said()
    assert _buy(desk, 4, 1, d.STRATEGY) == ("trading_state", d.HALTED, scope_id)


def test_blocks_count_against_scopes_too(desk: EngineDesk) -> None:
    _limit(desk, d.FIRM, 1, max_open_risk_micros=10 * LOT)
    desk.reserve(1, (d.PERPETUAL, d.BUY, 120_000, 11, d.ALICE, d.BOB))
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (1, d.ALICE, 0, "firm_capital", 11 * LOT, 10 * LOT))]
    desk.reserve(2, (d.PERPETUAL, d.BUY, 120_000, 10, d.ALICE, d.BOB))
    desk.confirm(2)
    desk.said()
    assert _buy(desk, 1, 1) == ("firm_capital", 11 * LOT, 10 * LOT)


def test_controls_survive_a_snapshot_and_a_replay(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    desk = EngineDesk(folder, fsync=False, snapshot_interval=7)
    desk.open_market()
    _fill_every_control(desk)
    expected = desk.engine.state_hash()
    desk.engine.stop()
    assert parley_core.replay(folder)[0] == expected
    assert parley_core.replay(folder, from_genesis=False)[0] == expected
    again = EngineDesk(folder, fsync=False)
    again.now = desk.now
    assert again.engine.state_hash() == expected
    assert _buy(again, 90, 1, strategy_id=BOT) == ("repeated_execution_throttle", 1, 1)
    assert _buy(again, 91, 3, parent_order_id=50) == ("orders_out_vs_orders_in", 11, 10)
    assert desk.now == again.now
    assert _buy(again, 92, 4, price=118_000) == ("duplicate_order", 0, 60 * d.SECOND)
    assert _buy(again, 93, 30) == ACCEPTED
    again.engine.stop()


def test_a_command_carried_out_elsewhere_takes_its_number_and_says_nothing(desk: EngineDesk) -> None:
    assert desk.engine.note_command(desk.now, desk.next_sequence())
    assert desk.said() == []
    assert desk.engine.command_sequence == desk.sequence
    assert not desk.engine.note_command(desk.now, desk.sequence)
    assert _buy(desk, 1, 1) == ACCEPTED


def _fill_every_control(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_order_quantity_lots=20)
    desk.said()
    _limit(desk, d.STRATEGY, BOT, max_executions=1, execution_period_ns=d.SECOND)
    _limit(desk, d.ACCOUNT, d.ALICE, duplicate_window_ns=60 * d.SECOND, messages_per_second=100, message_burst=100,
           period_collar_basis_points=300, collar_period_ns=d.SECOND, is_trader_list_required=True,
           max_open_risk_micros=10**12, max_orders=50)  # fmt: skip
    desk.engine.set_trader_authorization(desk.now, desk.next_sequence(), 101, d.ALICE, True)
    desk.engine.set_instrument_permission(desk.now, desk.next_sequence(), d.FIRM, 1, d.SPOT, 2)
    desk.engine.set_parent_order(desk.now, desk.next_sequence(), 50, 10)
    desk.quote(d.PERPETUAL, 120_000, [], [(120_001, 5)])
    desk.place(1, d.ALICE, d.BUY, 1, 120_001, strategy_id=BOT)
    desk.place(2, d.ALICE, d.BUY, 8, 119_000, parent_order_id=50)
    desk.place(3, d.ALICE, d.BUY, 4, 118_000)
    desk.said()
    _grant(desk, 93, "max_order_quantity", max_quantity_lots=30)
