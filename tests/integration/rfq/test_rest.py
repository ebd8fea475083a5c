"""The desk over REST, with API keys, through every route."""

import datetime as dt

import pytest
from django.test import Client

from accounts import services as accounts
from common import clock
from common.actor import SYSTEM
from rfq.models import BlockTrade, Rfq
from tests.integration.rfq.world import CALL, PUT, command_id, publish_market
from wire.units import RfqState


@pytest.fixture
def clients(world):
    found = {}
    for name in ("taker", "other_taker", "cobalt", "dune", "ember", "house"):
        party = getattr(world, name)
        key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
        found[name] = Client(headers={"Authorization": f"Bearer {key_id}.{secret}"})
    return found


def post(client, path, **body):
    return client.post(f"/api{path}", body, content_type="application/json")


def ask(world, clients, **changes):
    body = {
        "command_id": command_id(),
        "account_id": world.taker.account.id,
        "legs": [{"instrument_name": CALL, "side": "buy"}, {"instrument_name": PUT, "side": "buy"}],
        "quantity": "1",
        "maker_firm_ids": [world.cobalt.firm.id, world.dune.firm.id],
    }
    return post(clients["taker"], "/rfqs", **{**body, **changes})


def quote(world, clients, rfq_id, **changes):
    body = {
        "command_id": command_id(),
        "rfq_id": rfq_id,
        "account_id": world.cobalt.account.id,
        "bid": {"leg_prices": ["0.0500", "0.0400"]},
        "ask": {"leg_prices": ["0.0600", "0.0500"]},
    }
    return post(clients["cobalt"], f"/rfqs/{rfq_id}/quotes", **{**body, **changes})


def age(rfq_id, seconds):
    """REST runs on the server's own clock: the RFQ is made older instead."""
    earlier = dt.timedelta(seconds=seconds)
    row = Rfq.objects.get(id=rfq_id)
    Rfq.objects.filter(id=rfq_id).update(
        created_at=row.created_at - earlier, tradable_at=row.tradable_at - earlier, expires_at=row.expires_at - earlier
    )


def test_request_quote_and_accept(world, clients):
    created = ask(world, clients)
    assert (created.status_code, created.json()["entity"]) == (201, "rfq")
    rfq_id = created.json()["entity_id"]
    quoted = quote(world, clients, rfq_id)
    assert (quoted.status_code, quoted.json()["entity"]) == (201, "quote")
    assert clients["taker"].get(f"/api/rfqs/{rfq_id}").json()["quotes"] == []
    age(rfq_id, 6)
    publish_market()
    body = {"command_id": command_id(), "rfq_id": rfq_id, "quote_id": quoted.json()["entity_id"], "version": 1, "side": "buy"}
    accepted = post(clients["taker"], f"/rfqs/{rfq_id}/accept", **body)
    assert accepted.status_code == 200, accepted.content
    again = post(clients["taker"], f"/rfqs/{rfq_id}/accept", **body)
    assert (again.status_code, again.json()) == (200, accepted.json())
    assert BlockTrade.objects.count() == 1
    view = clients["taker"].get(f"/api/rfqs/{rfq_id}").json()
    assert (view["state"], view["quotes"][0]["ask"]) == ("pending_fill", "0.1100")
    assert [each["rfq_id"] for each in clients["taker"].get("/api/rfqs?state=pending_fill").json()] == [rfq_id]
    assert clients["taker"].get("/api/rfqs?state=open").json() == []
    assert clients["taker"].get(f"/api/rfqs?before_id={rfq_id}").json() == []


def test_withdraw(world, clients):
    rfq_id = ask(world, clients).json()["entity_id"]
    quote_id = quote(world, clients, rfq_id).json()["entity_id"]
    canceled = clients["cobalt"].delete(f"/api/quotes/{quote_id}?command_id={command_id()}")
    assert (canceled.status_code, canceled.json()["entity_id"]) == (200, quote_id)
    canceled = clients["taker"].delete(f"/api/rfqs/{rfq_id}?command_id={command_id()}")
    assert (canceled.status_code, canceled.json()["entity_id"]) == (200, rfq_id)
    assert Rfq.objects.get().state == RfqState.CANCELED.value


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"legs": []}, 400, "invalid_message"),
        ({"legs": [{"instrument_name": CALL, "side": "up"}]}, 400, "invalid_message"),
        ({"legs": [{"instrument_name": CALL, "side": "buy", "weight": 1}]}, 400, "invalid_message"),
        ({"quantity": 1}, 400, "invalid_message"),
        ({"quantity": "-1"}, 400, "invalid_message"),
        ({"quantity": "1e3"}, 400, "invalid_message"),
        ({"command_id": ""}, 400, "invalid_message"),
        ({"command_id": "with space"}, 400, "invalid_message"),
        ({"unknown": True}, 400, "invalid_message"),
        ({"type": "rfq.accept"}, 400, "invalid_message"),
        ({"maker_firm_ids": list(range(1, 30))}, 400, "invalid_message"),
        ({"quantity": "0.05"}, 422, "quantity_off_lot"),
        ({"life_seconds": 5}, 422, "rfq_life"),
        ({"legs": [{"instrument_name": "NOPE", "side": "buy"}]}, 404, "unknown_instrument"),
        ({"maker_firm_ids": [999_999]}, 404, "unknown_maker"),
        ({"account_id": 999_999}, 404, "unknown_account"),
    ],
)
def test_bad_requests_by_name(world, clients, changes, status, reason):
    answer = ask(world, clients, **changes)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert Rfq.objects.count() == 0


def test_refusals_over_rest(world, clients):
    rfq_id = ask(world, clients).json()["entity_id"]
    quote_id = quote(world, clients, rfq_id).json()["entity_id"]
    accept = {"command_id": command_id(), "rfq_id": rfq_id, "quote_id": quote_id, "version": 1, "side": "buy"}

    def reason(answer):
        return answer.status_code, answer.json()["reason"]

    assert reason(post(clients["taker"], f"/rfqs/{rfq_id}/accept", **accept)) == (409, "grace_period")
    assert reason(post(clients["taker"], f"/rfqs/{rfq_id + 1}/accept", **accept)) == (422, "id_mismatch")
    assert reason(post(clients["dune"], f"/rfqs/{rfq_id}/accept", **accept)) == (403, "not_the_taker")
    assert reason(post(clients["ember"], f"/rfqs/{rfq_id}/accept", **accept)) == (404, "rfq_not_found")
    assert reason(clients["dune"].delete(f"/api/quotes/{quote_id}?command_id={command_id()}")) == (404, "quote_not_found")
    assert reason(clients["cobalt"].delete(f"/api/quotes/{quote_id}?command_id=a%20b")) == (400, "invalid_message")
    assert reason(clients["cobalt"].delete(f"/api/quotes/{quote_id}")) == (400, "invalid_parameter")
    assert reason(clients["taker"].get("/api/rfqs?state=asleep")) == (422, "unknown_state")
    assert reason(clients["taker"].get("/api/rfqs/999999")) == (404, "rfq_not_found")
    assert Client().get("/api/rfqs").status_code == 401
    assert reason(Client(headers={"Authorization": "Bearer a.b"}).get("/api/rfqs")) == (401, "api_key")


def test_the_schema_describes_every_route(clients):
    paths = clients["taker"].get("/api/openapi.json").json()["paths"]
    wanted = ["/api/rfqs", "/api/rfqs/{rfq_id}", "/api/rfqs/{rfq_id}/quotes", "/api/rfqs/{rfq_id}/accept", "/api/quotes/{quote_id}"]
    assert [path for path in wanted if path not in paths] == []
