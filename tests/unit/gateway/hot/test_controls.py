import msgspec
import parley_core
import pytest

from gateway.hot.controls import HotControls, harden, stricter
from gateway.hot.settings import HotSettings
from tests.unit.gateway.hot.story import settings
from wire.venue_reports import venue_id

OWN = msgspec.convert(settings(), HotSettings)
ALL, FIRM, DESK, USER, ACCOUNT, INSTRUMENT, STRATEGY, VENUE = range(8)
ACTIVE, REDUCING, HALTED = range(3)


class Gate:
    """Writes down what is put in force."""

    def __init__(self):
        self.calls = []

    def set_limits(self, *limits):
        self.calls.append(("limits", *limits))

    def set_scope_limits(self, _now_ns, scope, scope_id, **limits):
        self.calls.append(("scope", scope, scope_id, {name: value for name, value in limits.items() if value}))

    def set_trading_state(self, scope, scope_id, state):
        self.calls.append(("state", scope, scope_id, state))

    def taken(self):
        calls, self.calls = self.calls, []
        return calls



class Desk:
    def __init__(self, engine):
        self.engine, self.gate, self.number = engine, Gate(), 0
        self.controls = HotControls(engine, OWN.owner, "equities", OWN.limits)
        self.controls.begin(self.gate)

    def put(self, call, *arguments, **named):
        self.number += 1
        call(1, self.number, *arguments, **named)
        assert self.engine.flush()
        self.controls.refresh(self.gate)
        return self.gate.taken()


@pytest.fixture
def desk(tmp_path):
    made = parley_core.Engine(str(tmp_path / "journal"))
    made.start()
    yield Desk(made)
    made.stop()


def test_a_path_begins_with_its_own_limits(desk) -> None:
    assert desk.gate.taken() == [
        ("limits", 10_000, 10**12, 100_000, 10**13, 500),
        (
            "scope", STRATEGY, 5,
            {"max_order_value_micros": 10**12, "max_open_risk_micros": 10**14, "max_working_orders": 1_000},
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "scope_id"),
    [(ALL, 0), (FIRM, 4), (DESK, 3), (USER, 2), (ACCOUNT, 1), (STRATEGY, 5), (VENUE, venue_id("equities"))],
)
def test_a_kill_switch_that_covers_the_owner_lets_only_what_reduces_pass(desk, scope, scope_id) -> None:
    desk.gate.taken()

    assert desk.put(desk.engine.set_kill_switch, scope, scope_id, True) == [("state", scope, scope_id, REDUCING)]
    assert len(desk.controls.in_force.blocked_by) == 1
    again = Gate()
    HotControls(desk.engine, OWN.owner, "equities", OWN.limits).begin(again)
    assert ("state", scope, scope_id, REDUCING) in again.calls, "it holds after a restart"
    assert desk.put(desk.engine.set_trading_state, scope, scope_id, HALTED) == [("state", scope, scope_id, HALTED)]
    assert desk.put(desk.engine.set_kill_switch, scope, scope_id, False) == []
    assert desk.put(desk.engine.set_trading_state, scope, scope_id, ACTIVE) == [("state", scope, scope_id, ACTIVE)]
    assert desk.controls.in_force.blocked_by == []


def test_what_covers_somebody_else_changes_nothing(desk) -> None:
    desk.gate.taken()

    for scope, scope_id in ((FIRM, 5), (DESK, 4), (INSTRUMENT, 1), (VENUE, venue_id("aster"))):
        assert desk.put(desk.engine.set_kill_switch, scope, scope_id, True) == []


def test_limits_of_the_terminal_hold_beside_those_of_the_file(desk) -> None:
    desk.gate.taken()

    assert desk.put(
        desk.engine.set_scope_limits, STRATEGY, 5, max_order_value_micros=10**9, max_open_risk_micros=10**15,
        max_working_orders=5, messages_per_second=7, message_burst=3,
    ) == [(
        "scope", STRATEGY, 5,
        {"max_order_value_micros": 10**9, "max_open_risk_micros": 10**14, "max_working_orders": 5,
         "messages_per_second": 7, "message_burst": 3},
    )]  # fmt: skip
    assert desk.put(desk.engine.set_scope_limits, FIRM, 4, max_orders=0, soft_order_value_micros=6) == [
        ("scope", FIRM, 4, {"max_order_value_micros": 6})
    ]
    assert desk.controls.in_force.limits[FIRM, 4]["max_orders"] == 0
    assert desk.put(desk.engine.set_limits, 1, 4, 3, 50, 10**15, 10, 10**15, 100, -1, "") == [
        ("limits", 50, 10**12, 10, 10**13, 100)
    ]


def test_the_stricter_of_two_limits() -> None:
    one = {"max_orders": 5, "duplicate_window_ns": 10, "messages_per_second": None, "is_instrument_list_required": False}
    other = {"max_orders": None, "duplicate_window_ns": 20, "messages_per_second": 4, "message_burst": 9}

    merged = stricter(one, other)

    assert {name: value for name, value in merged.items() if value} == {
        "max_orders": 5, "duplicate_window_ns": 20, "messages_per_second": 4, "message_burst": 9,
    }  # fmt: skip


def test_a_soft_limit_is_a_hard_one_where_nobody_confirms() -> None:
    assert harden({"soft_order_value_micros": 5, "max_order_value_micros": 9}) == {"max_order_value_micros": 5}
    assert harden({"soft_order_value_micros": None, "max_order_value_micros": None}) == {"max_order_value_micros": None}
