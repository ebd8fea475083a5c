"""The house's page of algorithms: caps, and how many people a desk's parent orders take."""

from django.test import Client

from orders import parent_selectors
from orders.models import ParentPolicyProposal
from risk.models import ControlSetting, ControlState
from tests.integration.rfq.world import World
from wire.algos import AlgoName, strategy_id_of

PAGE = "/compliance/algos/"


def page(client: Client, **headers: str) -> str:
    return client.get(PAGE, headers=headers).content.decode()


def test_only_overseers_enter(world: World, client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(world.taker.user)
    assert client.get(PAGE).status_code == 403


def test_a_policy_is_proposed_by_an_administrator_and_approved_by_another(administrator: Client, world: World) -> None:
    desk, officer = world.taker.account.desk, Client()
    officer.force_login(world.house.user)
    path, form = f"{PAGE}desks/{desk.pk}/", {"command_id": "page-1", "takes_two": "1", "reason": "a new desk"}
    assert officer.post(path, form).status_code == 403
    assert "invalid" in administrator.post(path, {**form, "reason": ""}, follow=True).content.decode()
    unchanged = {**form, "command_id": "page-2", "takes_two": "0"}
    assert "unchanged" in administrator.post(path, unchanged, follow=True).content.decode()
    body = administrator.post(path, form, follow=True).content.decode()
    assert "waits for a second person" in body and "Withdraw" in body and "Approve change" not in body
    again = {**form, "command_id": "page-3"}
    assert "proposal_waits" in administrator.post(path, again, follow=True).content.decode()
    decision = f"{PAGE}policies/{ParentPolicyProposal.objects.get().pk}/"
    word = {"command_id": "page-4", "reason": "agreed", "decision": "approve"}
    assert "same_person" in administrator.post(decision, word, follow=True).content.decode()
    assert not parent_selectors.takes_two(desk.pk)
    assert "a new desk" in page(officer)
    assert "it counts for what is staged" in officer.post(decision, word, follow=True).content.decode()
    assert parent_selectors.takes_two(desk.pk)
    assert "already_decided" in officer.post(decision, {**word, "command_id": "x"}, follow=True).content.decode()
    (view,) = parent_selectors.list_policies(world.taker.firm.pk)
    assert (view.desk_id, view.takes_two, view.proposed) == (desk.pk, True, None)


def test_caps_are_set_beside_what_else_an_algorithm_has(administrator: Client, world: World) -> None:
    number = strategy_id_of(AlgoName.POV)
    assert "caps are missing" in page(administrator)
    other = {
        "command_id": "page-1", "scope": f"strategy:{number}", "messages_per_second": "5", "message_burst": "9",
        "duplicate_window_ms": "250", "period_collar_basis_points": "30", "collar_period_seconds": "60",
        "max_order_value": "1", "soft_order_value": "0.5", "max_open_risk": "2", "max_working_orders": "3",
    }  # fmt: skip
    administrator.post("/compliance/settings/scope_limits/", other)
    caps = {
        "command_id": "page-2",
        "max_order_value": "250000",
        "max_open_risk": "1000000.5",
        "max_working_orders": "4",
    }
    body = administrator.post(f"{PAGE}caps/{number}/", {**caps, "max_orders": ""}, follow=True).content.decode()
    assert "Caps of pov: set" in body
    before, after = ControlSetting.objects.order_by("id")
    changed = {
        "max_order_value_micros": 250_000_000_000,
        "max_open_risk_micros": 1_000_000_500_000,
        "max_working_orders": 4,
    }
    assert after.content == {**before.content, **changed}
    ControlSetting.objects.filter(pk=after.pk).update(in_force_at=after.set_at)
    ControlState.objects.create(scope="strategy", scope_id=number + 1, is_killed=True, updated_at=world.at)
    rows = page(administrator, **{"HX-Request": "true"})
    assert "<html" not in rows
    assert "1,000,000.5" in rows and "✓ in force" in rows and "✗ kill switch" in rows
    assert (
        "invalid_form"
        in administrator.post(f"{PAGE}caps/{number}/", {**caps, "max_orders": "many"}, follow=True).content.decode()
    )
    assert administrator.post(f"{PAGE}caps/1/", caps).status_code == 404
