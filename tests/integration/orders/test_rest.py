import json

import msgspec
import pytest

from common import clock
from orders import services
from orders.models import Order
from settlement import services as settlement
from tests import builders
from wire.client import PlaceOrder

pytestmark = pytest.mark.django_db

NAME = "BTC-27MAR26-80000-C"


@pytest.fixture
def desk():
    return builders.trading_firm(deposits={"BTC": "5"})


@pytest.fixture
def instrument():
    row = builders.listed(NAME)
    builders.play_market(row, at_ns=clock.now_ns() + 1_500_000_000)
    return row


@pytest.fixture
def signed_in(client, desk):
    client.force_login(desk.user)
    return client


def body(instrument, account, **changes):
    return {**json.loads(msgspec.json.encode(builders.limit_order(instrument, account))), **changes}


def post(client, path, content):
    raw = content if isinstance(content, bytes) else json.dumps(content)
    return client.post(path, raw, content_type="application/json")


def test_order_travels_through_rest(signed_in, desk, instrument):
    message = body(instrument, desk.account, command_id="c1")
    answers = [post(signed_in, "/api/orders", message) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    order_id = answers[0].json()["entity_id"]
    assert answers[0].json() == {
        "type": "command_accepted", "command_id": "c1", "entity": "order", "entity_id": order_id, "result": None,
    }
    assert signed_in.get(f"/api/orders/{order_id}").json()["state"] == "pending_new"
    journal = builders.Journal()
    order = Order.objects.get()
    builders.project(journal.envelope(builders.execution(order, execution_id=1, lots=4, cumulative=4)))
    assert signed_in.get("/api/fills").json()[0]["quantity"] == "0.4"
    answer = signed_in.delete(f"/api/orders/{order_id}?command_id=x1")
    assert (answer.status_code, answer.json()["entity_id"]) == (202, order_id)
    assert signed_in.get("/api/orders?working=true").json()[0]["state"] == "pending_cancel"
    assert [row["kind"] for row in signed_in.get(f"/api/orders/{order_id}/events").json()] == ["executed"]
    answer = post(signed_in, "/api/orders/cancel_all", {"command_id": "x2"})
    assert (answer.status_code, answer.json()["entity"]) == (202, "firm")
    settlement.run_netting_cycle(at=clock.now())
    paths = {"positions": 1, "balances": 1, "transfers": 7}
    assert {path: len(signed_in.get(f"/api/settlement/{path}").json()) for path in paths} == paths
    assert signed_in.get("/api/settlement/positions").json()[0]["quantity"] == "0.4"


PLACE_CASES = [
    (b"{", 400, "malformed_json"),
    (b"\xff", 400, "malformed_json"),
    (b"[]", 400, "invalid_message"),
    (b"{}", 400, "invalid_message"),
    ({"quantity": "1e5"}, 400, "invalid_message"),
    ({"quantity": "-1"}, 400, "invalid_message"),
    ({"quantity": "NaN"}, 400, "invalid_message"),
    ({"quantity": 1}, 400, "invalid_message"),
    ({"quantity": "9" * 33}, 400, "invalid_message"),
    ({"price": ""}, 400, "invalid_message"),
    ({"side": "hold"}, 400, "invalid_message"),
    ({"order_type": "hope"}, 400, "invalid_message"),
    ({"time_in_force": "ever"}, 400, "invalid_message"),
    ({"order_type": "stop"}, 422, "price_forbidden"),
    ({"order_type": "stop_limit"}, 422, "stop_price_required"),
    ({"time_in_force": "gtd"}, 422, "expiry_required"),
    ({"command_id": ""}, 400, "invalid_message"),
    ({"command_id": "x" * 65}, 400, "invalid_message"),
    ({"command_id": "a b"}, 400, "invalid_message"),
    ({"account_id": "1"}, 400, "invalid_message"),
    ({"unknown": 1}, 400, "invalid_message"),
    ({"account_id": -1}, 400, "invalid_message"),
    ({"account_id": 10**18}, 404, "unknown_account"),
    ({"instrument_name": "x"}, 404, "unknown_instrument"),
    ({"instrument_name": "\u0000"}, 400, "invalid_message"),
    ({"instrument_name": "B\u0131TC"}, 404, "unknown_instrument"),
    ({"quantity": "0.05"}, 422, "quantity_off_grid"),
    ({"price": "0.00001"}, 422, "price_off_grid"),
    ({"price": "-1"}, 422, "price_not_positive"),
    ({"is_post_only": True, "time_in_force": "ioc"}, 422, "post_only_ioc"),
]


@pytest.mark.parametrize(("changes", "status", "reason"), PLACE_CASES)
def test_bad_orders_get_a_named_answer(signed_in, desk, instrument, changes, status, reason):
    content = changes if isinstance(changes, bytes) else body(instrument, desk.account, **changes)
    answer = post(signed_in, "/api/orders", content)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("get", "/api/orders/0", 404, "unknown_order"),
        ("get", "/api/orders/99999999999999999999", 404, "unknown_order"),
        ("delete", "/api/orders/1?command_id=x", 404, "unknown_order"),
        ("delete", "/api/orders/1", 400, "invalid_parameter"),
        ("delete", "/api/orders/1?command_id=%20", 400, "invalid_message"),
        ("get", "/api/orders?before=x", 400, "invalid_parameter"),
        ("get", "/api/settlement/positions?account_id=0", 404, "unknown_account"),
        ("get", "/api/settlement/cycles", 403, "not_authorized"),
    ],
)
def test_other_requests_get_a_named_answer(signed_in, instrument, method, path, status, reason):
    answer = getattr(signed_in, method)(path)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


@pytest.mark.parametrize("path", ["orders", "fills", "settlement/positions", "settlement/balances", "settlement/transfers"])
def test_strangers_see_nothing(client, path):
    assert client.get(f"/api/{path}").status_code == 401


def test_other_firms_see_nothing_of_ours(client, desk, instrument):
    message = builders.limit_order(instrument, desk.account)
    order = services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    builders.project(builders.Journal().envelope(builders.execution(order, execution_id=1, lots=4, cumulative=4)))
    client.force_login(builders.trading_firm().user)
    for path in ("orders", "fills", "settlement/positions", "settlement/balances", "settlement/transfers"):
        assert client.get(f"/api/{path}").json() == []
    assert client.get(f"/api/orders/{order.id}").status_code == 404
    for path in ("positions", "balances", "transfers"):
        assert client.get(f"/api/settlement/{path}?account_id={desk.account.id}").status_code == 404


def test_compliance_sees_every_firm(client, desk, instrument):
    message = builders.limit_order(instrument, desk.account)
    order = services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    builders.project(builders.Journal().envelope(builders.execution(order, execution_id=1, lots=4, cumulative=4)))
    settlement.run_netting_cycle(at=clock.now())
    client.force_login(builders.trading_firm(kind="house", role="compliance").user)
    assert len(client.get("/api/orders").json()) == len(client.get("/api/fills").json()) == 1
    assert len(client.get(f"/api/settlement/positions?account_id={desk.account.id}").json()) == 1
    (cycle,) = client.get("/api/settlement/cycles").json()
    assert {row["owner"] for row in cycle["obligations"]} == {"fees", "paper_venue", f"account:{desk.account.id}"}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("path", "queries"),
    [("orders", 3), ("fills", 3), ("settlement/positions", 4), ("settlement/balances", 4), ("settlement/transfers", 4)],
)
def test_list_views_ask_the_same_number_of_queries(signed_in, desk, django_assert_num_queries, rows, path, queries):
    journal = builders.Journal()
    for number, name in enumerate([NAME, "BTC-PERPETUAL", "ETH-27MAR26-2000-P"][:rows], start=1):
        instrument = builders.listed(name)
        builders.play_market(instrument)
        message = builders.limit_order(instrument, desk.account)
        order = services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
        builders.project(journal.envelope(builders.execution(order, execution_id=number, lots=10, cumulative=10)))
    with django_assert_num_queries(queries):
        assert signed_in.get(f"/api/{path}").json()


def test_message_types_of_rest_and_socket_are_the_same(signed_in):
    schema = signed_in.get("/api/openapi.json").json()
    place = schema["paths"]["/api/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert place["$ref"].endswith(PlaceOrder.__name__)
