import json

import pytest
from django.test import Client

from market import selectors as market
from orders import services as orders_services
from orders.models import Order, OverrideRequest
from rfq.selectors import protection as desk_protection
from risk import services as risk_services
from risk.models import ControlRelease, ControlSetting, ControlState
from tests import builders
from tests.integration.rfq.world import CALL, World
from wire.client import RequestOverride, RequestRelease
from wire.units import ControlScope

PAGES = ["/compliance/", "/compliance/books/", "/compliance/trail/", "/compliance/controls/", "/compliance/settings/"]


@pytest.mark.parametrize("path", [*PAGES, "/compliance/orders/1/", "/compliance/rfqs/1/", "/compliance/rfqs/1/export/"])
def test_only_overseers_enter(world: World, client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    for party in (world.taker, world.cobalt):
        client.force_login(party.user)
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_an_officer(officer: Client, path: str) -> None:
    assert officer.get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/compliance/orders/4711/", f"/compliance/rfqs/{10**30}/", "/compliance/rfqs/0/export/"]
)
def test_what_is_not_there_is_404(officer: Client, path: str) -> None:
    assert officer.get(path).status_code == 404


def test_htmx_gets_the_results_alone(officer: Client, world: World) -> None:
    rfq_id = world.create()
    answer = officer.get("/compliance/", {"rfq_id": rfq_id}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert "<html" not in body
    assert f"#{rfq_id}" in body


def test_a_bad_criterion_is_named_on_the_page(officer: Client) -> None:
    assert (
        "order id: &#x27;abc&#x27; is not a number" in officer.get("/compliance/", {"order_id": "abc"}).content.decode()
    )


def test_timeline_shows_the_rfq_and_escapes_what_users_wrote(officer: Client, world: World) -> None:
    rfq_id = world.create(label="<script>alert(1)</script>")
    body = officer.get(f"/compliance/rfqs/{rfq_id}/").content.decode()
    assert "chain verified" in body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body


def test_export_holds_the_records_and_their_hashes(officer: Client, world: World) -> None:
    rfq_id = world.create()
    answer = officer.get(f"/compliance/rfqs/{rfq_id}/export/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="parley-rfq-{rfq_id}.json"'
    records = json.loads(answer.content)["records"]
    assert [record["entity"] for record in records] == [f"rfq:{rfq_id}"]
    assert records[0]["is_proven"] is True
    assert len(records[0]["sha256"]) == 64


def test_trail_is_verified_by_a_post(officer: Client, world: World) -> None:
    world.create()
    assert "the trail holds" in officer.post("/compliance/trail/verify/").content.decode()


@pytest.fixture
def release(world: World) -> ControlRelease:
    ControlState.objects.create(scope="firm", scope_id=world.taker.firm.id, is_killed=True, updated_at=world.at)
    message = RequestRelease(
        command_id="ask", scope=ControlScope.FIRM, scope_id=world.taker.firm.id, reason="the bug is fixed"
    )
    risk_services.carry_out(world.taker.user, world.taker.actor, message, world.at)
    return ControlRelease.objects.get()


def test_release_needs_the_typed_word(officer: Client, release: ControlRelease) -> None:
    form = {"word": "yes", "reason": "checked it", "command_id": "page-1"}
    body = officer.post(f"/compliance/controls/{release.pk}/approve/", form, follow=True).content.decode()
    assert "Type RELEASE to release." in body
    assert ControlRelease.objects.get().approved_by is None


def test_release_is_approved_by_the_second_person(officer: Client, release: ControlRelease, world: World) -> None:
    assert "the bug is fixed" in officer.get("/compliance/controls/").content.decode()
    form = {"word": "release", "reason": "checked it", "command_id": "page-1"}
    for _ in range(2):
        officer.post(f"/compliance/controls/{release.pk}/approve/", form)
    row = ControlRelease.objects.get()
    assert (row.approved_by, row.approve_reason) == (world.house.user, "checked it")


def test_a_release_that_is_not_there_is_refused_by_name(officer: Client) -> None:
    form = {"word": "release", "reason": "checked it", "command_id": "page-1"}
    body = officer.post("/compliance/controls/4711/approve/", form, follow=True).content.decode()
    assert "unknown_release" in body


def settings_post(client: Client, name: str, **typed: str) -> str:
    form = {"command_id": f"page-{name}", **typed}
    return client.post(f"/compliance/settings/{name}/", form, follow=True).content.decode()


def test_an_administrator_sets_controls_by_form(administrator: Client, world: World) -> None:
    scope = f"firm:{world.taker.firm.id} {world.taker.firm.name}"
    body = settings_post(
        administrator, "scope_limits", scope=scope, max_order_value="250000", is_trader_list_required="1"
    )
    assert "Limits of a scope: set" in body
    assert "max order value 250,000.00 USD · is trader list required" in body
    body = settings_post(
        administrator, "instrument_permission", scope=scope, instrument_name=CALL, permission="restricted"
    )
    assert "restricted" in body
    for name, typed in {
        "trader_authorization": {"user_id": str(world.taker.user.id), "account_id": str(world.taker.account.id)},
        "trading_state": {"scope": "all", "state": "active"},
        "instrument_phase": {"instrument_name": CALL, "phase": "call"},
        "price_bands": {
            "instrument_name": CALL,
            "reference_price": "0.05",
            "static_basis_points": "500",
            "dynamic_basis_points": "0",
        },
    }.items():
        assert ": set; the gateway is told." in settings_post(administrator, name, **typed), name
    assert ControlSetting.objects.count() == 6


def test_what_is_wrong_in_a_form_is_named(administrator: Client, world: World) -> None:
    assert "invalid_form: " in settings_post(administrator, "scope_limits", scope="planet:1")
    assert "$.max_orders" in settings_post(administrator, "scope_limits", scope="all", max_orders="-1")
    assert "unknown_scope" in settings_post(administrator, "scope_limits", scope="firm:999999")
    assert "limit_incomplete" in settings_post(administrator, "scope_limits", scope="all", messages_per_second="5")
    assert administrator.post("/compliance/settings/nothing/", {}).status_code == 404
    assert not ControlSetting.objects.exists()


def test_compliance_sees_settings_and_cannot_set_them(officer: Client, world: World) -> None:
    body = officer.get("/compliance/settings/").content.decode()
    assert "setting-form" not in body
    assert officer.post("/compliance/settings/scope_limits/", {"scope": "all"}).status_code == 403


def test_a_disabled_scope_is_asked_for_on_the_page(administrator: Client, world: World) -> None:
    ControlState.objects.create(scope="user", scope_id=world.taker.user.id, is_disabled=True, updated_at=world.at)
    form = {"command_id": "page-9", "scope": "user", "scope_id": world.taker.user.id, "reason": "looked into"}
    assert "Ask to enable" in administrator.get("/compliance/controls/").content.decode()
    assert (
        "waits for a second person"
        in administrator.post("/compliance/controls/enable/", form, follow=True).content.decode()
    )
    assert ControlRelease.objects.get().control == "disabled_scope"
    assert "invalid_form" in administrator.post("/compliance/controls/enable/", {}, follow=True).content.decode()


def test_an_override_is_approved_on_the_page(officer: Client, world: World) -> None:
    call = market.get_instrument(CALL)
    order = Order.objects.create(
        command_id="big", user=world.taker.user, desk=world.taker.account.desk, firm=world.taker.firm, account=world.taker.account,
        instrument=call, side="buy", order_type="limit", time_in_force="gtc", price="0.05", quantity=1, price_ticks=500,
        quantity_lots=10, canceled_lots=10, state="rejected", reason="max_order_value", created_at=world.at, updated_at=world.at,
    )  # fmt: skip
    asked = RequestOverride(command_id="ask", order_id=order.pk, reason="the client insists")
    orders_services.request_override(user=world.taker.user, actor=world.taker.actor, message=asked, at=world.at)
    body = officer.get("/compliance/controls/").content.decode()
    assert "Overrides that wait" in body and "the client insists" in body
    path = f"/compliance/overrides/{OverrideRequest.objects.get().pk}/approve/"
    assert "invalid_message" in officer.post(path, {"reason": ""}, follow=True).content.decode()
    builders.play_market(call)
    body = officer.post(path, {"reason": "seen by risk", "command_id": "page-1"}, follow=True).content.decode()
    assert "is approved; order" in body
    assert Order.objects.get(overridden__isnull=False).user == world.taker.user


def test_bounds_of_a_firm_are_proposed_by_an_administrator_and_approved_by_another(
    administrator: Client, world: World
) -> None:
    firm_id, officer = world.taker.firm.pk, Client()
    officer.force_login(world.house.user)
    form = {
        "command_id": "page-7", "create_per_minute_max": "7", "execute_per_minute_max": "8", "open_rfqs_max": "9", "live_quotes_max": "10",
        "band_ticks": "20", "band_percent": "12.5", "reason": "a busy day",
    }  # fmt: skip
    path = f"/compliance/settings/desk/{firm_id}/"
    assert officer.post(path, form).status_code == 403
    assert "invalid_form" in administrator.post(path, {**form, "open_rfqs_max": "none"}, follow=True).content.decode()
    assert "invalid_form" in administrator.post(path, {**form, "reason": ""}, follow=True).content.decode()
    body = administrator.post(path, form, follow=True).content.decode()
    assert "waits for a second person" in body and "Withdraw" in body and "Approve change" not in body
    (proposal,) = desk_protection.list_desk_proposals()
    decision = f"/compliance/settings/desk/proposals/{proposal.proposal_id}/"
    word = {"command_id": "page-8", "reason": "agreed", "decision": "approve"}
    assert "same_person" in administrator.post(decision, word, follow=True).content.decode()
    body = officer.get("/compliance/settings/").content.decode()
    assert "Open RFQs 50 → <b>9</b>" in body and "a busy day" in body
    assert "the bounds are in force" in officer.post(decision, word, follow=True).content.decode()
    (bounds,) = desk_protection.list_desk_limits(firm_id)
    assert (bounds.create_per_minute_max, bounds.open_rfqs_max, bounds.band_percent) == (7, 9, "12.5")
    assert not bounds.is_band_confirmable
    body = officer.get("/compliance/settings/").content.decode()
    assert "<td>12.5</td>" in body and "Bounds that wait" not in body
