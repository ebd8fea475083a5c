import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from risk import services
from tests import builders
from tests.integration.risk import world

pytestmark = pytest.mark.django_db

CALL = "BTC-27MAR26-80000-C"
LIMITS = {
    "command_id": "l1", "max_order_quantity_lots": 100, "max_order_value": "1000000", "max_position_lots": 200,
    "max_position_value": "5000000", "price_collar_basis_points": 300, "coin": "BTC",
}  # fmt: skip


@pytest.fixture
def desk():
    world.play()
    builders.listed(CALL)
    return builders.trading_firm(deposits={"BTC": "10"})


@pytest.fixture
def house():
    house = builders.trading_firm(kind="house", role="admin")
    house.compliance = builders.add_user(house.firm, role="compliance")
    return house


def post(client, path, body):
    return client.post(path, body, content_type="application/json")


def preview_of(desk, **changes):
    return {
        "command_id": "p1", "account_id": desk.account.id, "quantity": "2", "side": "buy",
        "legs": [{"instrument_name": CALL, "side": "buy"}], **changes,
    }  # fmt: skip


def test_account_risk_is_its_firm_s_alone(client, desk, house):
    path = f"/api/risk/accounts/{desk.account.id}"
    assert client.get(path).status_code == 401
    for user, status in ((desk.user, 200), (builders.trading_firm().user, 404), (house.user, 200), (house.compliance, 200)):
        client.force_login(user)
        world.play()
        answer = client.get(path)
        assert answer.status_code == status, answer.content
        if status == 200:
            assert (answer.json()["equity"], answer.json()["is_stale"]) == (800_000.0, False)
        else:
            assert answer.json()["reason"] == "unknown_account"


def test_preview_through_rest(client, desk):
    client.force_login(desk.user)
    answer = post(client, "/api/risk/preview", preview_of(desk))
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["before"]["equity"] == found["after"]["equity"] == "800000.00"
    assert float(found["after"]["initial_margin"]) != float(found["before"]["initial_margin"])
    sold = post(client, "/api/risk/preview", preview_of(desk, side="sell", quantity="30")).json()
    assert float(sold["after"]["initial_margin"]) > float(found["after"]["initial_margin"])


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"account_id": 10**9}, 404, "unknown_account"),
        ({"quantity": "0"}, 422, "quantity_not_positive"),
        ({"quantity": "-1"}, 400, "invalid_message"),
        ({"quantity": "1e5"}, 400, "invalid_message"),
        ({"side": "both"}, 400, "invalid_message"),
        ({"legs": []}, 400, "invalid_message"),
        ({"legs": [{"instrument_name": "BTC-99ZZZ26-1-C", "side": "buy"}]}, 404, "unknown_instrument"),
        ({"legs": [{"instrument_name": CALL, "side": "buy", "ratio": 0}]}, 400, "invalid_message"),
        ({"legs": [{"instrument_name": "BTC-27MAR26-81000-C", "side": "buy"}]}, 404, "unknown_instrument"),
        ({"quantity": "9" * 32}, 422, "quantity_too_large"),
        ({"surprise": 1}, 400, "invalid_message"),
    ],
)
def test_a_bad_preview_is_refused_by_name(client, desk, changes, status, reason):
    client.force_login(desk.user)
    answer = post(client, "/api/risk/preview", preview_of(desk, **changes))
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)


def test_surface_through_rest(client, desk):
    client.force_login(desk.user)
    assert client.get("/api/risk/surfaces/BTC").json()["reason"] == "no_surface"
    services.fit_surface(coin="BTC", at=clock.now())
    answer = client.get("/api/risk/surfaces/BTC")
    assert [one["underlying_name"] for one in answer.json()["slices"]] == list(world.SURFACE)
    assert client.get("/api/risk/surfaces/DOGE").json()["reason"] == "unknown_coin"


def test_limits_are_set_by_the_admin_and_read_by_compliance(client, desk, house):
    body = {**LIMITS, "account_id": desk.account.id}
    for user in (desk.user, house.compliance):
        client.force_login(user)
        answer = post(client, "/api/risk/limits", body)
        assert (answer.status_code, answer.json()["reason"]) == (403, "not_authorized")
    client.force_login(house.user)
    answers = [post(client, "/api/risk/limits", body).json() for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["entity"] == "limits"
    for user in (house.compliance, desk.user):
        client.force_login(user)
        (view,) = client.get("/api/risk/limits").json()
        assert (view["max_order_value"], view["set_by_user_id"], view["in_force_at_ns"]) == ("1000000", house.user.id, None)
    client.force_login(builders.trading_firm().user)
    assert client.get("/api/risk/limits").json() == []
    assert client.get(f"/api/risk/limits?account_id={desk.account.id}").status_code == 404


def test_controls_through_rest(client, desk, house):
    client.force_login(desk.user)
    kill = {"command_id": "k1", "scope": "firm", "scope_id": desk.firm.id}
    assert post(client, "/api/risk/controls/kill", kill).json()["entity"] == "kill_switch"
    assert post(client, "/api/risk/controls/kill", {**kill, "command_id": "k2", "scope": "all"}).status_code == 403
    assert post(client, "/api/risk/controls/kill", {**kill, "scope": "planet"}).json()["reason"] == "invalid_message"
    release = {"command_id": "r1", "scope": "firm", "scope_id": desk.firm.id, "reason": "done"}
    assert post(client, "/api/risk/controls/releases", release).json()["reason"] == "not_engaged"
    assert client.get("/api/risk/controls").status_code == 403
    client.force_login(house.compliance)
    assert client.get("/api/risk/controls").json() == []
    assert client.get("/api/risk/controls/releases").json() == []
    approve = {"command_id": "a1", "release_id": 1, "reason": "done"}
    assert post(client, "/api/risk/controls/releases/approve", approve).json()["reason"] == "unknown_release"


def test_query_count_does_not_grow_with_the_rows(client, desk, house):
    client.force_login(house.compliance)
    counts = []
    for coin in ("BTC", "ETH", ""):
        client.force_login(house.user)
        post(client, "/api/risk/limits", {**LIMITS, "account_id": desk.account.id, "coin": coin, "command_id": f"l{coin}"})
        client.force_login(house.compliance)
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/risk/limits")
        counts.append(len(queries))
    assert len(set(counts)) == 1
