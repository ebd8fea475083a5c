"""The page of last-look agreements: who may do what on it, and which names it carries."""

import pytest
from django.test import Client

from accounts.models import Role
from rfq.models import LastLookAgreement
from tests import builders

pytestmark = pytest.mark.django_db
OFFER = {"command_id": "page-1", "window_ms": "500", "tolerance_basis_points": "2.5"}


@pytest.fixture
def taker():
    return builders.trading_firm("Aurora")


@pytest.fixture
def maker():
    return builders.trading_firm("Cobalt", kind="maker", role="client")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, **fields: object) -> str:
    return client.post(f"/last-looks/{path}", fields, follow=True).content.decode()


def test_an_offer_is_agreed_to_and_ended(taker, maker) -> None:
    mine, theirs = signed_in(taker.user), signed_in(maker.user)
    assert "The offer is made" in post(mine, "propose/", **OFFER, maker_firm_id=maker.firm.id)
    row = LastLookAgreement.objects.get()
    assert (row.maker_firm_id, row.taker_firm_id, row.window_ms) == (maker.firm.id, taker.firm.id, 500)
    assert "waits for Cobalt" in mine.get("/last-looks/").content.decode()
    assert "already_agreed" in post(mine, f"{row.id}/agree/", command_id="page-2")
    assert "in force" in post(theirs, f"{row.id}/agree/", command_id="page-3")
    assert "has ended" in post(theirs, f"{row.id}/end/", command_id="page-4")
    row.refresh_from_db()
    assert row.maker_agreed_at is not None
    assert row.ended_at is not None


def test_a_maker_reads_no_list_of_takers_and_names_one_it_knows(taker, maker) -> None:
    theirs = signed_in(maker.user)
    assert "Aurora" not in theirs.get("/last-looks/").content.decode()
    assert "unknown_taker" in post(theirs, "propose/", **OFFER, taker_name="Nobody")
    assert "The offer is made" in post(theirs, "propose/", **OFFER, taker_name=" aurora ")
    assert LastLookAgreement.objects.get().maker_agreed_at is not None


def test_another_firm_finds_nothing_and_compliance_only_reads(taker, maker) -> None:
    post(signed_in(taker.user), "propose/", **OFFER, maker_firm_id=maker.firm.id)
    row = LastLookAgreement.objects.get()
    other = signed_in(builders.trading_firm("Borealis").user)
    assert "Cobalt</td>" not in other.get("/last-looks/").content.decode()
    assert "last_look_not_found" in post(other, f"{row.id}/end/", command_id="page-5")
    officer = signed_in(builders.add_user(taker.firm, taker.desk, role=Role.COMPLIANCE))
    assert "Aurora" in officer.get("/last-looks/").content.decode()
    assert "role: An administrator asks for the end first" in post(officer, f"{row.id}/end/", command_id="page-6")
    assert LastLookAgreement.objects.get().ended_at is None


def test_the_house_takes_two_people(taker, maker) -> None:
    first = signed_in(builders.add_user(taker.firm, taker.desk, role=Role.ADMIN))
    second = signed_in(builders.add_user(taker.firm, taker.desk, role=Role.COMPLIANCE))
    parties = {"maker_firm_id": maker.firm.id, "taker_firm_id": taker.firm.id}
    assert "another person of the house agrees" in post(first, "propose/", **OFFER, **parties)
    row = LastLookAgreement.objects.get()
    own = first.get("/last-looks/").content.decode()
    assert "waits for another person of the house" in own and f"{row.id}/agree/" not in own
    assert f"{row.id}/agree/" in second.get("/last-looks/").content.decode()
    assert "is in force" in post(second, f"{row.id}/agree/", command_id="page-7")
    assert f"{row.id}/end/" not in second.get("/last-looks/").content.decode()
    assert "stays in force until another person" in post(first, f"{row.id}/end/", command_id="page-8")
    assert "its end waits for another person" in second.get("/last-looks/").content.decode()
    assert "has ended" in post(second, f"{row.id}/end/", command_id="page-9")


def test_what_is_wrong_with_an_offer_is_said(taker, maker) -> None:
    body = post(signed_in(taker.user), "propose/", **{**OFFER, "window_ms": "soon"}, maker_firm_id=maker.firm.id)
    assert "invalid_message" in body
    assert LastLookAgreement.objects.count() == 0
