"""History, documents, tape and scores as pages: who may open them, and that they show what was stored."""

import dataclasses
import hashlib
import json

import pytest
from django.test import Client

from accounts.models import User
from rfq.models import TradeCorrection
from tests.integration.rfq import world as worlds
from tests.integration.rfq.lives import expired, reservation_of, traded


@pytest.fixture
def world(db):
    with worlds.patient_marks():
        yield worlds.build()


def enter(client: Client, party) -> Client:
    client.force_login(party.user)
    return client


@pytest.mark.parametrize("path", ["/history/", "/history/1/", "/tape/", "/scores/"])
def test_strangers_are_sent_to_sign_in(client, world, path):
    assert client.get(path).status_code == 302


@pytest.mark.parametrize("name", ["taker", "cobalt", "house"])
def test_every_role_reads_its_pages(client, world, name):
    rfq_id = traded(world)
    enter(client, getattr(world, name))
    for path, shown in (
        ("/history/", f"#{rfq_id}"), (f"/history/{rfq_id}/", "As it stood"), ("/tape/", "0.1102"), ("/scores/", "half spread"),
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        assert shown in answer.content.decode()


def test_history_is_filtered_by_the_form(client, world):
    done, gone = traded(world), expired(world)
    body = enter(client, world.taker).get("/history/", {"state": "filled"}).content.decode()
    assert f"/history/{done}/" in body
    assert f"/history/{gone}/" not in body
    assert "is not a state" in client.get("/history/", {"state": "gone"}).content.decode()
    assert "is not" in client.get("/history/", {"after": "tomorrow"}).content.decode()


def test_losing_maker_reads_neither_rival_nor_price(client, world):
    rfq_id = traded(world)
    body = enter(client, world.dune).get(f"/history/{rfq_id}/").content.decode()
    assert world.cobalt.firm.name not in body
    assert "0.1102" not in body
    assert enter(client, world.ember).get(f"/history/{rfq_id}/").status_code == 404


@pytest.mark.parametrize("form", ["json", "html"])
def test_documents_are_what_their_hash_says(client, world, form):
    rfq_id = traded(world)
    enter(client, world.taker)
    for path in (f"/history/{rfq_id}/pack/{form}/", f"/confirmations/{reservation_of(rfq_id)}/{form}/"):
        answer = client.post(path)
        assert answer.status_code == 200
        assert "attachment" in answer["Content-Disposition"]
        assert hashlib.sha256(answer.content).hexdigest() == answer["X-Content-SHA256"]
        assert client.get(path).status_code == 405
    assert client.post(f"/history/{rfq_id}/pack/pdf/").status_code == 404


def test_maker_gets_no_pack_but_its_confirmation(client, world):
    rfq_id = traded(world)
    enter(client, world.cobalt)
    assert client.post(f"/history/{rfq_id}/pack/json/").status_code == 404
    told = json.loads(client.post(f"/confirmations/{reservation_of(rfq_id)}/json/").content)
    assert told["parties"]["maker_side"] == "sell"


def test_overseer_sees_that_the_steps_replay(client, world):
    rfq_id = traded(world)
    assert "steps replay byte for byte" in enter(client, world.house).get(f"/history/{rfq_id}/").content.decode()
    assert "replay byte" not in enter(client, world.taker).get(f"/history/{rfq_id}/").content.decode()


def test_the_record_says_what_corrections_made_of_a_trade(client, world):
    """Who asked cannot decide, an open correction and a bust end further ones, prices keep the decimals of their tick."""
    rfq_id = traded(world)
    correct = f"/history/{rfq_id}/trades/{reservation_of(rfq_id)}/correct/"
    enter(client, world.house)
    client.post(correct, {"command_id": "page-1", "reason": "typed wrongly", "leg_prices": "0.0600 0.0500"})
    row = TradeCorrection.objects.get()
    page = client.get(f"/history/{rfq_id}/").content.decode()
    assert "0.0600, 0.0500" in page
    assert "waits for another person of the house" in page
    assert "Decide on correction" not in page
    assert correct not in page
    other = dataclasses.replace(world.house, user=User.objects.create(username="other", role="compliance", firm=world.house.firm))
    assert f"Decide on correction {row.pk}" in enter(client, other).get(f"/history/{rfq_id}/").content.decode()
    TradeCorrection.objects.update(state="done", kind="bust", leg_prices=None)
    page = client.get(f"/history/{rfq_id}/").content.decode()
    assert f"trade #{row.trade_id} busted" in page
    assert correct not in page
