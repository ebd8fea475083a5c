"""One rejected order passes one control, once, by the word of another person of the house."""

import pytest

from audit.models import AuditRecord
from common import clock
from common.errors import Refusal
from orders import selectors, services
from orders.models import Order, OverrideRequest
from risk import services as risk_services
from tests import builders
from tests.integration.risk.gate import place, play, settle
from wire.client import ApproveOverride, RequestOverride
from wire.client_controls import SetScopeLimits
from wire.units import ControlScope

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    house = builders.trading_firm(kind="house", role="admin")
    house.compliance = builders.add_user(house.firm, role="compliance")
    return house


@pytest.fixture
def rejected(venue, perpetual, desk, house):
    """Above the value that the firm may trade in one order."""
    message = SetScopeLimits(command_id="l", scope=ControlScope.FIRM, scope_id=desk.firm.id, max_order_value="50")
    risk_services.set_control(user=house.user, actor=house.actor, message=message, at=clock.now())
    settle(venue)
    order = place(venue, desk, perpetual, 10)
    assert order.reason == "max_order_value"
    return order


def ask(user, order, command_id="r1"):
    message = RequestOverride(command_id=command_id, order_id=order.pk, reason="the client insists")
    return services.request_override(user=user, actor=builders.actor_of(user), message=message, at=clock.now())


def approve(user, override, command_id="a1"):
    play()
    message = ApproveOverride(command_id=command_id, override_id=override.pk, reason="checked with risk")
    return services.approve_override(user=user, actor=builders.actor_of(user), message=message, at=clock.now())


def test_an_approved_order_is_placed_anew_and_passes_once(venue, perpetual, desk, house, rejected):
    override = ask(desk.user, rejected)
    assert ask(desk.user, rejected).pk == override.pk
    assert [one.order.order_id for one in selectors.list_open_overrides(house.compliance)] == [rejected.pk]
    placed = approve(house.compliance, override)
    assert approve(house.compliance, override).pk == placed.pk
    settle(venue)
    placed.refresh_from_db()
    assert (placed.state, placed.user_id, placed.quantity_lots, placed.reason) == ("new", desk.user.id, 10, "")
    assert place(venue, desk, perpetual, 10).reason == "max_order_value"
    assert selectors.list_open_overrides(house.compliance) == []
    actions = list(AuditRecord.objects.filter(entity=f"order:{rejected.pk}").order_by("id").values_list("action", "reason"))
    assert actions[-2:] == [
        ("order.override_requested", "the client insists"), ("order.override_approved", "checked with risk"),
    ]
    assert Order.objects.get(pk=rejected.pk).state == "rejected"


def reason_of(call):
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.reason


def test_who_and_what_is_refused_by_name(venue, perpetual, desk, house, rejected):
    other = builders.trading_firm()
    assert reason_of(lambda: ask(other.user, rejected)) == "unknown_order"
    assert reason_of(lambda: ask(house.user, rejected, "h")) == "not_authorized"
    override = ask(desk.user, rejected)
    assert reason_of(lambda: ask(desk.user, rejected, "r2")) == "override_already_requested"
    assert reason_of(lambda: approve(desk.user, override)) == "not_authorized"
    desk.user.role = "admin"
    assert reason_of(lambda: approve(desk.user, override)) == "same_person"
    desk.user.role = "trader"
    working = place(venue, desk, perpetual, 1)
    assert reason_of(lambda: ask(desk.user, working, "w")) == "order_not_rejected"
    approve(house.user, override)
    assert reason_of(lambda: approve(house.compliance, override, "a2")) == "already_approved"
    assert OverrideRequest.objects.count() == 1


def test_what_does_not_bend_is_refused(venue, perpetual, desk):
    order = place(venue, desk, perpetual, 1)
    Order.objects.filter(pk=order.pk).update(state="rejected", canceled_lots=1, reason="kill_switch")
    order.refresh_from_db()
    assert reason_of(lambda: ask(desk.user, order)) == "not_overridable"
