import json
from decimal import Decimal

import pytest

from audit.models import AuditRecord
from common import clock, db
from common.actor import SYSTEM
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from risk import handlers, selectors, services
from risk.models import ControlRelease, ControlState, KillSwitchEngagement, LimitSet
from streams.models import Fact, OutboxCommand
from tests import builders
from wire import gateway
from wire.client import EngageKillSwitch
from wire.units import ControlKind, ControlScope, InstrumentPhase, TradingState

pytestmark = pytest.mark.django_db

BOUNDS = {
    "max_order_quantity_lots": 1_000, "max_order_value": Decimal(2_000_000), "max_position_lots": 5_000,
    "max_position_value": Decimal("10000000.5"), "price_collar_basis_points": 500,
}  # fmt: skip


@pytest.fixture
def desk():
    return builders.trading_firm()


@pytest.fixture
def house():
    house = builders.trading_firm(kind="house", role="admin")
    house.compliance = builders.add_user(house.firm, role="compliance")
    return house


def set_limits(desk, actor=SYSTEM, **changes):
    fields = {"account_id": desk.account.id, "actor": actor, "at": clock.now(), **BOUNDS, **changes}
    return services.set_limits(**fields)


def sent():
    return [json.loads(row.payload) for row in OutboxCommand.objects.order_by("id")]


def actions():
    return list(AuditRecord.objects.order_by("id").values_list("action", flat=True))


def engage(user, scope, scope_id, command_id="k1"):
    return services.engage_kill_switch(
        user=user, actor=builders.actor_of(user), scope=scope, scope_id=scope_id, command_id=command_id, at=clock.now()
    )


def request(user, scope, scope_id, command_id="r1", reason="venue is back"):
    return services.request_release(
        user=user, actor=builders.actor_of(user), scope=scope, scope_id=scope_id, reason=reason,
        command_id=command_id, at=clock.now(),
    )


def approve(user, release, command_id="a1", reason="checked by phone"):
    return services.approve_release(
        user=user, actor=builders.actor_of(user), release_id=release.pk, reason=reason, command_id=command_id,
        at=clock.now(),
    )


def project(event):
    with db.unit_of_work():
        handlers.GATEWAY_HANDLERS[type(event)](builders.Journal().envelope(event))


def switched(scope, scope_id, *, is_engaged):
    project(gateway.KillSwitchChanged(scope=scope, scope_id=scope_id, is_engaged=is_engaged, orders_canceled=3))


def test_limits_reach_the_gateway_and_the_audit_trail(desk, house):
    row = set_limits(desk, house.actor, coin="BTC", command_id="c1")
    (command,) = sent()
    assert command == {
        "type": "gateway.set_limits", "command_id": f"limits-{row.pk}", "account_id": desk.account.id,
        "firm_id": desk.firm.id, "desk_id": desk.desk.id, "max_order_quantity_lots": 1_000,
        "max_order_value_micros": 2_000_000_000_000, "max_position_lots": 5_000,
        "max_position_value_micros": 10_000_000_500_000, "price_collar_basis_points": 500, "coin": "BTC",
    }
    record = AuditRecord.objects.get(action="limits.set")
    assert (record.user_id, record.stream, record.before) == (house.user.id, f"firm:{desk.firm.id}", None)
    assert record.after["max_position_value"] == "10000000.5"


def test_limits_are_kept_in_history_and_the_newest_counts(desk):
    set_limits(desk, command_id="c1")
    set_limits(desk, command_id="c2", max_order_quantity_lots=7)
    set_limits(desk, command_id="c3", coin="ETH", max_order_quantity_lots=9)
    now = selectors.list_limits([desk.account.id])
    assert [(one.coin, one.max_order_quantity_lots) for one in now] == [("", 7), ("ETH", 9)]
    assert len(selectors.list_limits([desk.account.id], history=True)) == 3
    assert AuditRecord.objects.filter(action="limits.set").order_by("id")[1].before["max_order_quantity_lots"] == 1_000


def test_limits_of_one_command_are_set_once(desk):
    assert set_limits(desk, command_id="c1").pk == set_limits(desk, command_id="c1").pk
    assert LimitSet.objects.count() == len(sent()) == 1
    with pytest.raises(Conflict, match="something else"):
        set_limits(desk, command_id="c1", max_order_quantity_lots=8)


def test_limits_are_in_force_when_the_gateway_says_so(desk):
    set_limits(desk)
    assert selectors.list_limits([desk.account.id])[0].in_force_at_ns is None
    project(gateway.LimitsInForce(account_id=desk.account.id, coin=""))
    assert selectors.list_limits([desk.account.id])[0].in_force_at_ns is not None
    project(gateway.LimitsInForce(account_id=desk.account.id, coin=""))
    assert actions().count("limits.in_force") == 1


def test_a_trader_cannot_set_limits(desk):
    with pytest.raises(NotAllowed, match="only an admin"):
        set_limits(desk, desk.actor)
    assert sent() == [] and not LimitSet.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_order_quantity_lots", -1),
        ("max_order_quantity_lots", 10**12 + 1),
        ("max_order_value", Decimal("-0.01")),
        ("max_order_value", Decimal("NaN")),
        ("max_position_value", Decimal(10) ** 13),
        ("price_collar_basis_points", 10_001),
    ],
)
def test_a_bound_out_of_range_is_refused_by_name(desk, name, value):
    with pytest.raises(Refusal) as refused:
        set_limits(desk, **{name: value})
    assert refused.value.reason == "limit_out_of_range" and name in refused.value.message
    assert not LimitSet.objects.exists()


def test_a_bound_finer_than_money_is_refused_by_name(desk):
    with pytest.raises(Refusal) as refused:
        set_limits(desk, max_order_value=Decimal("0.0000001"))
    assert (refused.value.reason, refused.value.bound) == ("limit_off_grid", "0.000001")
    assert not LimitSet.objects.exists()


def test_limits_of_an_unknown_account_or_coin_are_refused(desk):
    with pytest.raises(NotFound):
        set_limits(desk, account_id=0)
    with pytest.raises(Refusal, match="no coin"):
        set_limits(desk, coin="XRP")


def test_kill_switch_of_the_own_firm(desk):
    row = engage(desk.user, ControlScope.FIRM, desk.firm.id)
    assert engage(desk.user, ControlScope.FIRM, desk.firm.id).pk == row.pk
    assert sent() == [
        {
            "type": "gateway.set_kill_switch", "command_id": f"kill-{row.pk}", "scope": "firm",
            "scope_id": desk.firm.id, "is_engaged": True,
        }
    ]
    assert actions() == ["kill_switch.engage_requested"]


def test_kill_switch_reaches_everything_of_the_firm_and_nothing_else(desk, house):
    other = builders.trading_firm()
    own = [(ControlScope.DESK, desk.desk.id), (ControlScope.USER, desk.user.id), (ControlScope.ACCOUNT, desk.account.id)]
    for number, (scope, scope_id) in enumerate(own):
        engage(desk.user, scope, scope_id, f"own{number}")
    foreign = [
        (ControlScope.FIRM, other.firm.id), (ControlScope.DESK, other.desk.id), (ControlScope.USER, other.user.id),
        (ControlScope.ACCOUNT, other.account.id), (ControlScope.ACCOUNT, 10**9),
    ]
    for number, (scope, scope_id) in enumerate(foreign):
        with pytest.raises(NotFound):
            engage(desk.user, scope, scope_id, f"foreign{number}")
    instrument = builders.listed("BTC-PERPETUAL")
    for number, (scope, scope_id) in enumerate([(ControlScope.ALL, 0), (ControlScope.INSTRUMENT, instrument.id)]):
        with pytest.raises(NotAllowed):
            engage(desk.user, scope, scope_id, f"house{number}")
        engage(house.user, scope, scope_id, f"house{number}")
        with pytest.raises(NotFound):
            engage(house.user, scope, scope_id + 10**9, f"nowhere{number}")
    assert KillSwitchEngagement.objects.count() == 5


def test_the_socket_engages_a_kill_switch(desk):
    message = EngageKillSwitch(command_id="k1", scope=ControlScope.FIRM, scope_id=desk.firm.id)
    answer = handlers.SOCKET_HANDLERS[EngageKillSwitch](desk.user, desk.actor, message)
    assert (answer.command_id, answer.entity) == ("k1", "kill_switch")


def test_kill_switch_changed_is_projected_recorded_and_told(desk):
    switched(ControlScope.FIRM, desk.firm.id, is_engaged=True)
    assert ControlState.objects.get().is_killed
    fact = json.loads(Fact.objects.get(firm_id=desk.firm.id).payload)
    assert fact == {
        "type": "control.kill_switch_changed", "scope": "firm", "scope_id": desk.firm.id, "is_engaged": True,
        "orders_canceled": 3,
    }
    assert actions() == ["kill_switch.engaged"]


def test_kill_switch_of_everything_is_told_to_every_firm(desk, house):
    switched(ControlScope.ALL, 0, is_engaged=True)
    assert set(Fact.objects.values_list("firm_id", flat=True)) == {desk.firm.id, house.firm.id}
    counts = {json.loads(fact.payload)["orders_canceled"] for fact in Fact.objects.all()}
    assert counts == {0}, "how many orders of all firms were canceled is no firm's to know"
    assert AuditRecord.objects.get().stream == "house"


def test_a_release_takes_two_people(desk, house):
    switched(ControlScope.FIRM, desk.firm.id, is_engaged=True)
    release = request(house.user, ControlScope.FIRM, desk.firm.id)
    assert [one.release_id for one in selectors.list_open_releases()] == [release.pk]
    with pytest.raises(NotAllowed, match="two people"):
        approve(house.user, release)
    with pytest.raises(NotAllowed, match="by the house"):
        approve(desk.user, release)
    assert sent() == []
    assert approve(house.compliance, release).pk == approve(house.compliance, release).pk
    (command,) = sent()
    assert (command["type"], command["is_engaged"]) == ("gateway.set_kill_switch", False)
    with pytest.raises(Conflict, match="was approved"):
        approve(builders.add_user(house.firm, role="admin"), release, "a2")
    assert actions()[-2:] == ["kill_switch.release_requested", "kill_switch.release_approved"]
    switched(ControlScope.FIRM, desk.firm.id, is_engaged=False)
    assert not ControlState.objects.get().is_killed


def test_a_release_needs_a_switch_that_is_engaged_and_a_reason(desk):
    with pytest.raises(Conflict, match="no kill switch"):
        request(desk.user, ControlScope.FIRM, desk.firm.id)
    switched(ControlScope.FIRM, desk.firm.id, is_engaged=True)
    with pytest.raises(Refusal, match="typed reason"):
        request(desk.user, ControlScope.FIRM, desk.firm.id, reason="  ")
    first = request(desk.user, ControlScope.FIRM, desk.firm.id)
    assert request(desk.user, ControlScope.FIRM, desk.firm.id).pk == first.pk
    with pytest.raises(Conflict, match="waits for a second"):
        request(desk.user, ControlScope.FIRM, desk.firm.id, "r2")
    assert ControlRelease.objects.count() == 1


def test_trading_state_is_projected_and_recorded(desk):
    project(gateway.TradingStateChanged(scope=ControlScope.ALL, scope_id=0, state=TradingState.REDUCING))
    assert selectors.find_control_state("all", 0).trading_state == "reducing"
    record = AuditRecord.objects.get()
    assert (record.before, record.after) == ({"state": "active"}, {"state": "reducing"})


def test_what_no_table_projects_is_recorded(desk):
    project(gateway.ControlSet(control=ControlKind.PARENT_ORDER, scope=ControlScope.ALL, scope_id=0, value=9))
    project(gateway.InstrumentPhaseChanged(instrument_id=3, phase=InstrumentPhase.CALL, price_ticks=0, lots=0))
    project(
        gateway.PriceBandsSet(
            instrument_id=3, reference_ticks=100, static_basis_points=500, dynamic_basis_points=0, pauses=True
        )
    )
    records = AuditRecord.objects.order_by("sequence")
    assert [(record.stream, record.action, record.entity, record.after) for record in records] == [
        ("house", "control.set", "all", {"control": "parent_order", "scope": "all", "scope_id": 0, "value": 9}),
        (
            "house", "instrument.phase_changed", "instrument:3",
            {"instrument_id": 3, "phase": "call", "price_ticks": 0, "lots": 0},
        ),
        (
            "house", "instrument.price_bands_set", "instrument:3",
            {"instrument_id": 3, "reference_ticks": 100, "static_basis_points": 500, "dynamic_basis_points": 0,
             "pauses": True},
        ),
    ]  # fmt: skip
