"""What an administrator sets reaches the engine, acts on orders there, and is in force when the engine says so."""


import pytest

from audit.models import AuditRecord
from common import clock
from common.errors import Conflict, NotAllowed, Refusal
from orders import services as orders_services
from risk import selectors, services
from risk.models import ControlSetting
from tests import builders
from tests.integration.risk.gate import MARK, NAME, place, play, settle
from wire import client_controls as messages
from wire.units import (
    ControlScope,
    InstrumentPhase,
    OrderType,
    Permission,
    ReleasedControl,
    TimeInForce,
    TradingState,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    house = builders.trading_firm(kind="house", role="admin")
    house.compliance = builders.add_user(house.firm, role="compliance")
    return house


def put(house, message):
    return services.set_control(user=house.user, actor=house.actor, message=message, at=clock.now())


def limits(desk, scope=ControlScope.FIRM, **changes):
    scope_id = {ControlScope.FIRM: desk.firm.id, ControlScope.USER: desk.user.id, ControlScope.ACCOUNT: desk.account.id}
    fields = {"command_id": "c1", "scope": scope, "scope_id": scope_id.get(scope, 1), **changes}
    return messages.SetScopeLimits(**fields)


CONTROLS = {
    "value of a firm's order": (
        lambda desk: [limits(desk, max_order_value="99.5")],
        ("max_order_value", "100 USD", "99.5 USD"),
    ),
    "open risk of an account": (
        lambda desk: [limits(desk, ControlScope.ACCOUNT, max_open_risk="5")],
        ("customer_credit", "200 USD", "5 USD"),
    ),
    "soft value of a trader's order": (
        lambda desk: [limits(desk, ControlScope.USER, soft_order_value="50")],
        ("soft_limit", "100 USD", "50 USD"),
    ),
    "restricted instrument": (
        lambda desk: [
            messages.SetInstrumentPermission(
                command_id="c1", scope=ControlScope.DESK, scope_id=desk.desk.id, instrument_name=NAME,
                permission=Permission.RESTRICTED,
            )
        ],
        ("restricted_instrument", "", ""),
    ),
    "trader who is on no list": (
        lambda desk: [limits(desk, ControlScope.ACCOUNT, is_trader_list_required=True)],
        ("authorized_trader", "", ""),
    ),
    "halted desk": (
        lambda desk: [
            messages.SetTradingState(command_id="c1", scope=ControlScope.DESK, scope_id=desk.desk.id, state=TradingState.HALTED)
        ],
        ("trading_state", "", ""),
    ),
    "halted instrument": (
        lambda desk: [messages.SetInstrumentPhase(command_id="c1", instrument_name=NAME, phase=InstrumentPhase.HALTED)],
        ("instrument_phase", "", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTROLS)
def test_each_control_acts_on_orders_and_is_in_force(venue, perpetual, desk, house, name):
    assert place(venue, desk, perpetual, 10).state == "new"
    made, (reason, value, bound) = CONTROLS[name]
    for message in made(desk):
        put(house, message)
    assert ControlSetting.objects.get().in_force_at is None
    settle(venue)
    setting = ControlSetting.objects.get()
    assert setting.in_force_at is not None and setting.refused_reason == ""
    assert AuditRecord.objects.filter(action=f"control.{setting.kind}", user_id=house.user.id).count() == 1
    refused = place(venue, desk, perpetual, 10)
    assert (refused.state, refused.reason, refused.reason_value, refused.reason_bound) == ("rejected", reason, value, bound)


def test_an_authorized_trader_passes_the_list(venue, perpetual, desk, house):
    put(house, limits(desk, ControlScope.ACCOUNT, is_trader_list_required=True))
    message = messages.SetTraderAuthorization(
        command_id="c2", user_id=desk.user.id, account_id=desk.account.id, is_authorized=True
    )
    put(house, message)
    settle(venue)
    assert place(venue, desk, perpetual, 1).state == "new"


def test_nothing_trades_outside_the_bands(venue, perpetual, desk, house):
    message = messages.SetPriceBands(
        command_id="c1", instrument_name=NAME, reference_price=str(MARK - 4_000), static_basis_points=100,
        dynamic_basis_points=0,
    )  # fmt: skip
    put(house, message)
    settle(venue)
    play()
    order = builders.limit_order(perpetual, desk.account, quantity="10", price=str(MARK + 10), time_in_force=TimeInForce.IOC)
    placed = orders_services.place_order(user=desk.user, actor=desk.actor, message=order, at=clock.now())
    settle(venue)
    placed.refresh_from_db()
    assert (placed.state, placed.reason) == ("canceled", "price_band")


def test_a_phase_collects_orders_and_is_shown(venue, perpetual, desk, house):
    put(house, messages.SetInstrumentPhase(command_id="c1", instrument_name=NAME, phase=InstrumentPhase.CALL))
    settle(venue)
    assert selectors.find_control_state("instrument", perpetual.id).phase == "call"
    bought = place(venue, desk, perpetual, 10)
    assert bought.state == "new"
    put(house, messages.SetInstrumentPhase(command_id="c2", instrument_name=NAME, phase=InstrumentPhase.CONTINUOUS))
    settle(venue)
    assert selectors.find_control_state("instrument", perpetual.id).phase == "continuous"
    assert ControlSetting.objects.filter(in_force_at__isnull=False).count() == 2


def test_what_the_throttle_disabled_is_enabled_by_two_people(venue, perpetual, desk, house):
    put(house, limits(desk, ControlScope.USER, max_executions=1, execution_period_seconds=60))
    settle(venue)
    play()
    market = builders.limit_order(perpetual, desk.account, quantity="10", price=None, order_type=OrderType.MARKET)
    orders_services.place_order(user=desk.user, actor=desk.actor, message=market, at=clock.now())
    settle(venue)
    assert selectors.find_control_state("user", desk.user.id).is_disabled
    assert place(venue, desk, perpetual, 1).reason == "repeated_execution_throttle"
    release = services.request_release(
        user=house.user, actor=house.actor, scope=ControlScope.USER, scope_id=desk.user.id, reason="it was a test",
        command_id="r1", at=clock.now(), control=ReleasedControl.DISABLED_SCOPE,
    )  # fmt: skip
    approval = {"release_id": release.pk, "reason": "seen by risk", "command_id": "a1", "at": clock.now()}
    with pytest.raises(NotAllowed, match="two people"):
        services.approve_release(user=house.user, actor=house.actor, **approval)
    services.approve_release(user=house.compliance, actor=builders.actor_of(house.compliance), **approval)
    settle(venue)
    assert not selectors.find_control_state("user", desk.user.id).is_disabled
    assert place(venue, desk, perpetual, 1).state == "new"


def test_what_the_gateway_refuses_is_said_with_its_reason(venue, desk, house):
    unknown_to_it = builders.listed("ETH-PERPETUAL")
    put(house, messages.SetInstrumentPhase(command_id="c1", instrument_name=unknown_to_it.name, phase=InstrumentPhase.CALL))
    settle(venue)
    setting = ControlSetting.objects.get()
    assert (setting.in_force_at, setting.refused_reason) == (None, "unknown_instrument")
    assert AuditRecord.objects.filter(action="control.refused").get().after["reason"] == "unknown_instrument"


def test_a_change_is_a_new_row_and_the_newest_counts(desk, house):
    put(house, limits(desk, max_order_value="5"))
    put(house, limits(desk, max_order_value="7", command_id="c2"))
    assert put(house, limits(desk, max_order_value="7", command_id="c2")).pk == ControlSetting.objects.last().pk
    assert [one.content["max_order_value_micros"] for one in selectors.list_control_settings()] == [7_000_000]
    assert len(selectors.list_control_settings(history=True)) == 2
    assert AuditRecord.objects.order_by("id").last().before["max_order_value_micros"] == 5_000_000
    with pytest.raises(Conflict, match="something else"):
        put(house, limits(desk, max_order_value="8"))


REFUSED = {
    "limit_incomplete": lambda desk: limits(desk, max_executions=3, scope=ControlScope.USER),
    "limit_not_of_this_scope": lambda desk: limits(desk, max_executions=3, execution_period_seconds=1),
    "limit_out_of_range": lambda desk: limits(desk, max_open_risk="1000000000001"),
    "limit_off_grid": lambda desk: limits(desk, max_open_risk="0.0000001"),
    "unknown_scope": lambda desk: messages.SetScopeLimits(command_id="c1", scope=ControlScope.FIRM, scope_id=10**9),
    "unknown_instrument": lambda desk: messages.SetInstrumentPhase(
        command_id="c1", instrument_name="BTC-PERPETUAL", phase=InstrumentPhase.CALL
    ),
    "other_firm": lambda desk: messages.SetTraderAuthorization(
        command_id="c1", user_id=builders.trading_firm().user.id, account_id=desk.account.id, is_authorized=True
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_bad_setting_is_refused_by_name_and_changes_nothing(desk, house, reason):
    with pytest.raises(Refusal) as refused:
        put(house, REFUSED[reason](desk))
    assert refused.value.reason == reason
    assert not ControlSetting.objects.exists()


def test_bands_lie_on_the_grid(perpetual, house):
    fields = {"command_id": "c1", "instrument_name": NAME, "static_basis_points": 1, "dynamic_basis_points": 0}
    for price, reason in (("80000.3", "price_off_grid"), ("-1", "price_out_of_range")):
        with pytest.raises(Refusal) as refused:
            put(house, messages.SetPriceBands(reference_price=price, **fields))
        assert refused.value.reason == reason


def test_only_an_admin_sets_controls(desk, house):
    for user in (desk.user, house.compliance):
        with pytest.raises(NotAllowed, match="only an admin"):
            services.set_control(user=user, actor=builders.actor_of(user), message=limits(desk), at=clock.now())
    assert not ControlSetting.objects.exists()
