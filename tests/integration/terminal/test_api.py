"""REST: who may come in, and how bad requests are answered."""

import json

import pytest
from django.test import Client

from accounts import services as accounts_services
from accounts.models import User
from common import clock
from common.actor import SYSTEM
from tests.integration.terminal.conftest import add_user

pytestmark = pytest.mark.django_db

ORDER = {"command_id": "c1", "account_id": 1, "instrument_name": "BTC-PERPETUAL", "side": "buy", "order_type": "market",
         "quantity": "1"}  # fmt: skip


@pytest.fixture
def user() -> User:
    return add_user("trader")


@pytest.fixture
def token(user: User) -> str:
    return "{}.{}".format(*accounts_services.create_api_key(user=user, actor=SYSTEM, at=clock.now()))


def post(body: str | bytes, *, token: str = "", content_type: str = "application/json", **headers: str) -> tuple[int, str]:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    response = Client(enforce_csrf_checks=True).post("/api/orders", body, content_type=content_type, headers=headers)
    return response.status_code, response.json()["reason"]


def test_nobody_is_refused() -> None:
    assert post(json.dumps(ORDER)) == (403, "csrf")
    response = Client().get("/api/orders")
    assert (response.status_code, response.json()["reason"]) == (401, "not_authenticated")


def test_session_needs_the_csrf_token(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post("/api/orders", json.dumps(ORDER), content_type="application/json")
    assert (response.status_code, response.json()["reason"]) == (403, "csrf")
    assert client.get("/api/orders").status_code == 200


def test_wrong_key_does_not_fall_back_to_the_session(user: User) -> None:
    client = Client()
    client.force_login(user)
    response = client.get("/api/orders", headers={"Authorization": "Bearer nobody.nothing"})
    assert (response.status_code, response.json()["reason"]) == (401, "api_key")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (" ", "application/json", 400, "malformed_json"),
        ("{", "application/json", 400, "malformed_json"),
        ("[]", "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"more": 1}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"quantity": 1.5}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"quantity": "NaN"}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"quantity": "1\n"}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"account_id": 2**63}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"command_id": ""}), "application/json", 400, "invalid_message"),
        (json.dumps(ORDER | {"type": "order.cancel"}), "application/json", 400, "invalid_message"),
        (b"\xff\xfe", "application/json", 400, "malformed_json"),
        (json.dumps(ORDER), "text/plain", 400, "content_type"),
        (json.dumps(ORDER | {"instrument_name": "x" * 70_000}), "application/json", 413, "message_too_large"),
    ],
)
def test_bad_bodies_are_refused_by_name(token: str, body: str, content_type: str, status: int, reason: str) -> None:
    assert post(body, token=token, content_type=content_type) == (status, reason)


def test_bad_parameter_is_refused_by_name(token: str) -> None:
    response = Client().get("/api/orders?limit=many", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["reason"]) == (400, "invalid_parameter")


def test_unknown_route_is_answered_in_json() -> None:
    response = Client().get("/api/nothing")
    assert (response.status_code, response.json()["reason"]) == (404, "no_such_route")


def test_openapi_names_the_messages() -> None:
    schema = Client().get("/api/openapi.json").json()
    body = schema["paths"]["/api/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/PlaceOrder"}
    assert {"PlaceOrder", "OrderView", "RefusalBody"} <= schema["components"]["schemas"].keys()


def test_health_names_its_parts() -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert {"database": "ok", "valkey": "ok", "status": "ok"}.items() <= response.json().items()
