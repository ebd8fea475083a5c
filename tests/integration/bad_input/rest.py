"""A bad request as a row of a table, and what must be true of its answer."""

import dataclasses
import json
from typing import Any

from django.test import Client

from tests.integration.bad_input.fingerprint import differences, fingerprint
from tests.integration.bad_input.scene import Id, Scene
from tests.integration.rfq.world import CALL, PUT, beat_heart, publish_market

ANY = object()
"""A value that depends on the moment, such as an age."""
SESSION = "session of "
HALTED, OLD = "halted: journal", "old prices"


@dataclasses.dataclass(frozen=True)
class Case:
    """``body``: bytes as they are, anything else as JSON. ``value`` and ``bound`` are compared too, None with None.

    ``says``: what the message holds besides, such as the path of the field that is wrong.
    """

    name: str
    status: int
    reason: str
    value: Any = None
    bound: Any = None
    says: str = ""
    who: str = "trader"
    method: str = "post"
    path: str = "/api/orders"
    body: Any = None
    content_type: str = "application/json"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    market: str = ""


def order(name: str, status: int, reason: str, changes: dict[str, Any], **fields: Any) -> Case:
    """A limit order that is good but for ``changes``; a change to None leaves the field out."""
    good = {
        "command_id": "bad-1", "account_id": Id("account"), "instrument_name": CALL, "side": "buy",
        "order_type": "limit", "quantity": "1", "price": "0.05",
    }  # fmt: skip
    return Case(name, status, reason, body=_changed(good, changes), **fields)


def rfq(name: str, status: int, reason: str, changes: dict[str, Any], **fields: Any) -> Case:
    good = {
        "command_id": "bad-1", "account_id": Id("account"), "legs": [leg(CALL), leg(PUT)], "quantity": "2",
        "maker_firm_ids": [Id("cobalt"), Id("dune")], "life_seconds": 60,
    }  # fmt: skip
    return Case(name, status, reason, path="/api/rfqs", body=_changed(good, changes), **fields)


def quote(name: str, status: int, reason: str, changes: dict[str, Any], on: str = "live_rfq", **fields: Any) -> Case:
    good = {
        "command_id": "bad-1", "rfq_id": Id(on), "account_id": Id("cobalt_account"),
        "bid": {"leg_prices": ["0.0511", "0.0411"]}, "ask": {"leg_prices": ["0.0611", "0.0511"]},
    }  # fmt: skip
    options = {"who": "cobalt", "path": f"/api/rfqs/{{{on}}}/quotes", **fields}
    return Case(name, status, reason, body=_changed(good, changes), **options)


def accept(name: str, status: int, reason: str, changes: dict[str, Any], on: str = "live", **fields: Any) -> Case:
    good = {
        "command_id": "bad-1", "rfq_id": Id(f"{on}_rfq"), "quote_id": Id(f"{on}_quote"), "version": 1, "side": "buy",
    }  # fmt: skip
    options = {"path": f"/api/rfqs/{{{on}_rfq}}/accept", **fields}
    return Case(name, status, reason, body=_changed(good, changes), **options)


def leg(name: str, side: str = "buy", ratio: int = 1) -> dict[str, Any]:
    return {"instrument_name": name, "side": side, "ratio": ratio}


def check(case: Case, scene: Scene) -> None:
    """The named refusal, with its status, value and bound; no trace of our code; and nothing has changed."""
    client = _client(case, scene)
    before = fingerprint()
    _play(case.market)
    response = _send(client, case, scene)
    assert differences(before, fingerprint()) == {}, f"{case.name} changed something"
    assert b"Traceback" not in response.content and response["Content-Type"] == "application/json"
    answer = response.json()
    assert answer.keys() == {"reason", "message", "value", "bound"}
    assert (response.status_code, answer["reason"]) == (case.status, case.reason), answer
    assert case.says in answer["message"]
    for found, expected in ((answer["value"], case.value), (answer["bound"], case.bound)):
        filled = scene.fill(expected)
        assert expected is ANY or found == (None if filled is None else str(filled)), answer


def _client(case: Case, scene: Scene) -> Client:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if case.who.startswith(SESSION):
        client.force_login(scene.users[case.who.removeprefix(SESSION)])
    return client


def _send(client: Client, case: Case, scene: Scene) -> Any:
    headers = dict(case.headers)
    if scene.tokens.get(case.who):
        headers["Authorization"] = f"Bearer {scene.tokens[case.who]}"
    body = case.body if isinstance(case.body, bytes) else json.dumps(scene.fill(case.body))
    path = scene.fill(case.path)
    if case.method in ("get", "delete"):
        return getattr(client, case.method)(path, headers=headers)
    return getattr(client, case.method)(path, body, content_type=case.content_type, headers=headers)


def _play(market: str) -> None:
    publish_market(at_ns=1 if market == OLD else None)
    if market == HALTED:
        beat_heart(HALTED)


def _changed(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**good, **changes}.items() if value is not None}
