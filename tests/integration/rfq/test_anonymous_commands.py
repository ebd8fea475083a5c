"""What an anonymous request answers to commands: every POST, PUT and DELETE of the API, by every party, done or refused.

Bodies are built from the schema that the API publishes, so that a route which is added is walked without being named
here. Each command is undone after its answer: every one meets the same request.
"""

import functools
import json
import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts import services as accounts
from accounts.models import LegalEntity
from common import clock
from common.actor import SYSTEM
from rfq.models import BlockTrade, DeskLimits
from terminal.api import api
from tests.integration.rfq import world as worlds
from tests.integration.rfq.test_anonymity import PRICES, Scene, ask, found_in, quiet, scene, text_of, trade
from tests.integration.rfq.test_protection import set_protection
from tests.integration.rfq.world import Party, command_id, side

__all__ = ["quiet", "scene"]

pytestmark = pytest.mark.timeout(900)

ABSENT = 77_777_777
OWN_BID, OWN_ASK = {"leg_prices": ["0.0507", "0.0407"]}, {"leg_prices": ["0.0657", "0.0557"]}
"""What parties send themselves; none of it is in anybody else's quote."""
WORDS: dict[str, Any] = {
    "version": 1, "side": "buy", "limit_price": "0.2", "reason": "because", "bid": OWN_BID, "ask": OWN_ASK, "name": "mine",
    "quantity": "1", "is_confirmed": True, "is_approved": True, "label": "mine", "price": "0.05", "is_on": False, "seconds": 0,
    "legs": [{"instrument_name": worlds.CALL, "side": "buy", "ratio": 1}], "instrument_name": worlds.CALL, "coin": "BTC",
}  # fmt: skip
DONE = {
    "taker": {"POST /api/rfqs/{rfq_id}/accept", "POST /api/rfqs/{rfq_id}/trade", "POST /api/rfqs/{rfq_id}/triggers",
              "DELETE /api/rfqs/{rfq_id}", "POST /api/rfq-previews"},
    "dune": {"POST /api/rfqs/{rfq_id}/quotes", "POST /api/quotes", "DELETE /api/quotes", "DELETE /api/quotes/{quote_id}"},
    "fjord": {"POST /api/rfqs/{rfq_id}/pass"},
}  # fmt: skip
"""What must have been done, and not only refused, while the request can be traded."""


@pytest.fixture(autouse=True)
def _a_clock_that_stands(scene, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: scene.world.at)
    DeskLimits.objects.update(create_per_minute_max=1_000, execute_per_minute_max=1_000)


@functools.cache
def published() -> dict[str, Any]:
    return dict(api.get_openapi_schema())


def operations() -> list[tuple[str, str, dict[str, Any] | None]]:
    """Method, path and the body's schema of everything that is not read."""
    found = []
    for path, methods in published()["paths"].items():
        for method, operation in methods.items():
            if method == "get":
                continue
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            found += [(method.upper(), path, one) for one in (body or {}).get("anyOf", [body])]
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return published()["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def body_of(schema: dict[str, Any], ids: dict[str, int], party: Party) -> dict[str, Any]:
    """Every field that is required or known by name; what nobody knows gets something of its type."""
    whole = resolved(schema)
    known = {**WORDS, **ids, "command_id": command_id(), "account_id": party.account.id}
    known["quotes"] = [{"rfq_id": rfq_id, "bid": OWN_BID, "ask": OWN_ASK} for rfq_id in (ids["rfq_id"], ABSENT)]
    if "quotes" in whole["properties"] and "limit_price" in whole["properties"]:
        known["quotes"] = [{"quote_id": ids["quote_id"], "version": 1}]
    wanted = {*whole.get("required", ()), *("bid", "ask", "legs", "account_id", "rfq_id", "quote_id")} & set(whole["properties"])
    return {name: known[name] if name in known else something(whole["properties"][name]) for name in wanted}


def something(schema: dict[str, Any]) -> Any:
    schema = resolved(schema)
    first = next(iter(schema.get("enum", ())), None)
    if first is not None:
        return first
    kinds = {"integer": max(1, schema.get("minimum", 1)), "boolean": False, "array": [], "object": {}, "number": 1}
    return kinds.get(schema.get("type", "string"), "1")


def commands_of(scene: Scene, party: Party, own: str):
    """Method, route, path and body: of a rival's quote, of its own and of one that there is not, where it names one."""
    trade_id = BlockTrade.objects.values_list("id", flat=True).first() or ABSENT
    rival, mine = ("dune" if own == "cobalt" else "cobalt"), own if own in scene.quotes else "dune"
    rows = [(scene.rfq_id, scene.quotes[name], trade_id) for name in (rival, mine)] + [(ABSENT, ABSENT, ABSENT)]
    for method, route, schema in operations():
        named = set(re.findall(r"{(\w+)}", route)) | set(resolved(schema)["properties"] if schema else ())
        for rfq_id, quote_id, traded in rows if named & {"rfq_id", "quote_id", "trade_id", "quotes"} else rows[:1]:
            ids = {"rfq_id": rfq_id, "quote_id": quote_id, "trade_id": traded, "correction_id": 1, "order_id": 1}
            path = re.sub(r"{(\w+)}", lambda found, ids=ids: str({**ids, "key_id": "x", "side": "buy"}.get(found[1], 1)), route)
            query = f"?command_id={command_id()}" if method == "DELETE" else ""
            yield method, route, path + query, body_of(schema, ids, party) if schema else {}


def answers_to(scene: Scene, own: str) -> tuple[dict[str, str], set[str]]:
    """The text of every answer by what was sent, and the routes on which something was done."""
    party = scene.parties[own]
    worlds.publish_market()
    key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key_id}.{secret}"})
    said, done = {}, set()
    for method, route, path, body in commands_of(scene, party, own):
        sent = json.dumps(body)
        with transaction.atomic():
            answer = getattr(program, method.lower())(path, data=sent, content_type="application/json")
            transaction.set_rollback(True)
        said[f"{method} {path} {sent}"] = text_of(answer)
        if answer.status_code < 300:
            done.add(f"{method} {route}")
        assert answer.status_code < 500, (path, sent, text_of(answer))
    return said, done


def leaks(said: dict[str, str], secrets: set[str]) -> dict[str, set[str]]:
    """What the party sent itself tells it nothing."""
    found = {sent: found_in(text, secrets - found_in(sent, secrets)) for sent, text in said.items()}
    return {sent: told for sent, told in found.items() if told}


def test_no_answer_to_a_command_tells_a_party_what_is_not_its_to_know(scene):
    ask(scene)
    said, _ = answers_to(scene, "taker")
    quoted = set().union(*(scene.prices(name, traded=False) for name in PRICES))
    assert len(said) > 60
    assert leaks(said, quoted | scene.secrets_for("taker")) == {}, "in the grace"
    scene.world.wait(5).tick()
    for reader in ("taker", "cobalt", "dune", "fjord", "other_taker", "hollow"):
        said, done = answers_to(scene, reader)
        assert leaks(said, scene.secrets_for(reader)) == {}, reader
        assert DONE.get(reader, set()) <= done, reader
    trade(scene)
    for reader in ("taker", "dune", "hollow"):
        said, _ = answers_to(scene, reader)
        assert leaks(said, scene.secrets_for(reader, winner="cobalt")) == {}, reader


def test_of_many_quotes_each_answer_is_about_the_makers_own(scene):
    """Of requests that it was not asked it learns as much as of one that does not exist."""
    ask(scene)
    theirs = scene.rfq_id
    others = [scene.makers[name].firm.id for name in ("cobalt", "dune")]
    foreign = scene.world.create(maker_firm_ids=others, party=scene.world.other_taker)
    scene.world.quote(foreign, scene.makers["cobalt"], **PRICES["cobalt"])
    maker = scene.makers["ember"]
    key_id, secret = accounts.create_api_key(user=maker.user, actor=SYSTEM, at=clock.now())
    program = Client(headers={"Authorization": f"Bearer {key_id}.{secret}"})
    quotes = [{"rfq_id": rfq_id, "bid": OWN_BID, "ask": OWN_ASK} for rfq_id in (theirs, foreign, ABSENT)]
    body = {"command_id": command_id(), "account_id": maker.account.id, "quotes": quotes}
    answer = program.post("/api/quotes", body, content_type="application/json")
    own, hidden, absent = answer.json()["result"]
    assert own["quote_id"] == scene.quotes["ember"]
    assert {**hidden, "rfq_id": ABSENT, "value": str(ABSENT)} == {**absent, "value": str(ABSENT)}
    assert leaks({json.dumps(body): text_of(answer)}, scene.secrets_for("ember")) == {}


def ask_for_too_much(scene: Scene) -> None:
    """More than the maker's account can carry."""
    everyone = [maker.firm.id for maker in scene.makers.values()]
    legs = [worlds.leg(worlds.CALL)]
    scene.rfq_id = scene.world.create(
        maker_firm_ids=everyone, is_taker_anonymous=True, are_makers_anonymous=True, quantity="20000", legs=legs
    )
    scene.quotes["cobalt"] = scene.world.quote(scene.rfq_id, scene.makers["cobalt"], bid=None, ask=side("0.0001"))
    scene.world.wait(5).tick()


def join_the_takers_entity(scene: Scene) -> None:
    entity = LegalEntity.objects.create(name="One Group")
    for firm in (scene.world.taker.firm, scene.makers["cobalt"].firm):
        firm.legal_entity = entity
        firm.save()


def reach_its_limit(scene: Scene) -> None:
    """One fill is pending, and one is what the maker's protection lets through."""
    set_protection(scene.world, scene.makers["cobalt"], trade_count_max=1)
    other = scene.world.create(maker_firm_ids=[scene.makers["cobalt"].firm.id], party=scene.world.other_taker)
    quote_id = scene.world.quote(other, scene.makers["cobalt"], **PRICES["cobalt"])
    scene.world.wait(5).tick()
    scene.world.accept(other, quote_id, party=scene.world.other_taker)


@pytest.mark.parametrize("obstacle", [ask_for_too_much, join_the_takers_entity, reach_its_limit])
def test_why_a_maker_cannot_trade_says_nothing_of_who_it_is(scene, obstacle):
    """The taker learns that this quote cannot be traded, by a name and without a figure of the maker's."""
    ask(scene)
    scene.world.wait(5).tick()
    obstacle(scene)
    worlds.publish_market()
    key_id, secret = accounts.create_api_key(user=scene.world.taker.user, actor=SYSTEM, at=clock.now())
    program = Client(headers={"Authorization": f"Bearer {key_id}.{secret}"})
    body = {
        "command_id": command_id(), "rfq_id": scene.rfq_id, "quote_id": scene.quotes["cobalt"], "version": 1, "side": "buy",
    }  # fmt: skip
    answer = program.post(f"/api/rfqs/{scene.rfq_id}/accept", body, content_type="application/json")
    said = answer.json()
    assert answer.status_code == 409, said
    assert said["reason"].startswith("maker_"), said
    assert (said.get("value"), said.get("bound")) == (None, None)
    assert leaks({"": text_of(answer)}, scene.secrets_for("taker")) == {}
