import json

import pytest
from django.test import Client

from risk import services as risk_services
from risk.models import ControlRelease, ControlState
from tests.integration.rfq.world import World
from wire.client import RequestRelease
from wire.units import ControlScope

PAGES = ["/compliance/", "/compliance/books/", "/compliance/trail/", "/compliance/controls/"]


@pytest.mark.parametrize("path", [*PAGES, "/compliance/orders/1/", "/compliance/rfqs/1/", "/compliance/rfqs/1/export/"])
def test_only_overseers_enter(world: World, client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    for party in (world.taker, world.cobalt):
        client.force_login(party.user)
        assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_an_officer(officer: Client, path: str) -> None:
    assert officer.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/compliance/orders/4711/", f"/compliance/rfqs/{10**30}/", "/compliance/rfqs/0/export/"])
def test_what_is_not_there_is_404(officer: Client, path: str) -> None:
    assert officer.get(path).status_code == 404


def test_htmx_gets_the_results_alone(officer: Client, world: World) -> None:
    rfq_id = world.create()
    answer = officer.get("/compliance/", {"rfq_id": rfq_id}, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert "<html" not in body
    assert f"#{rfq_id}" in body


def test_a_bad_criterion_is_named_on_the_page(officer: Client) -> None:
    assert "order id: &#x27;abc&#x27; is not a number" in officer.get("/compliance/", {"order_id": "abc"}).content.decode()


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
