"""The socket over a real web process, under daphne and under uvicorn."""

import contextlib
import json

import msgspec
import pytest
import redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from accounts.models import Role, User
from common import db
from streams import services
from tests.integration.terminal.conftest import add_user
from tests.integration.terminal.web import Web, receive
from wire import facts, transport

pytestmark = pytest.mark.django_db(transaction=True)


def publish(firm_id: int, first: int, count: int) -> None:
    for number in range(first, first + count):
        with db.unit_of_work():
            fact = facts.CancelAllDone(scope="user", scope_id=number, orders_canceled=0)
            services.publish_fact(firm_id=firm_id, fact=fact)


def publish_market(valkey: redis.Redis, frames: dict[str, str]) -> None:
    batch = [(key, json.dumps({"type": "index", "key": key, "value": value}).encode()) for key, value in frames.items()]
    valkey.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode(batch))


def hear_the_market(client: ClientConnection, valkey: redis.Redis) -> None:
    """Until the hub listens and the client has the key: what is published before that is lost."""
    for _ in range(300):
        publish_market(valkey, {"index.BTC": "first"})
        with contextlib.suppress(TimeoutError):
            receive(client, "market", seconds=0.2)
            return
    raise TimeoutError("nothing of the market came")


def test_hello_then_ping(web: Web, trader: User) -> None:
    with web.connect(trader) as client:
        hello = receive(client, "hello")
        assert (hello["user_id"], hello["firm_id"], hello["role"], hello["sequence"]) == (
            trader.pk, trader.firm_id, "trader", 0,
        )  # fmt: skip
        client.send(json.dumps({"type": "ping", "client_time_ns": 5}))
        assert receive(client, "pong")["client_time_ns"] == 5


def test_facts_arrive_in_order_after_resume(web: Web, trader: User) -> None:
    publish(trader.firm_id, 1, 3)
    with web.connect(trader) as client:
        assert receive(client, "hello")["sequence"] == 3
        client.send(json.dumps({"type": "resume", "sequence": 1}))
        got = [receive(client, "fact") for _ in range(2)]
        publish(trader.firm_id, 4, 20)
        got += [receive(client, "fact") for _ in range(20)]
    assert [fact["sequence"] for fact in got] == list(range(2, 24))
    assert [fact["fact"]["scope_id"] for fact in got] == list(range(2, 24))
    assert [fact["frame"] for fact in got] == list(range(1, 23))


def test_resume_from_nothing_gives_a_snapshot_then_facts(web: Web, trader: User) -> None:
    publish(trader.firm_id, 1, 5)
    with web.connect(trader) as client:
        client.send(json.dumps({"type": "resume", "sequence": 0}))
        snapshot = receive(client, "snapshot")
        publish(trader.firm_id, 6, 1)
        fact = receive(client, "fact")
    assert (snapshot["sequence"], fact["sequence"]) == (5, 6)


def test_other_firms_facts_are_not_seen(web: Web, trader: User) -> None:
    other = add_user("other", firm="Borealis Fund")
    with web.connect(trader) as client:
        client.send(json.dumps({"type": "resume", "sequence": 0}))
        receive(client, "snapshot")
        publish(other.firm_id, 1, 3)
        publish(trader.firm_id, 1, 1)
        fact = receive(client, "fact")
    assert (fact["sequence"], fact["fact"]["scope_id"]) == (1, 1)


def test_market_values_are_conflated_to_the_latest(fresh_web: Web, trader: User, valkey: redis.Redis) -> None:
    with fresh_web.connect(trader) as client:
        client.send(json.dumps({"type": "subscribe", "keys": ["index.BTC", "chain.ETH"]}))
        receive(client, "hello")
        hear_the_market(client, valkey)
        for value in range(50):
            publish_market(valkey, {"index.BTC": str(value), "ticker.ETH-PERPETUAL": str(value), "index.ETH": "no"})
        seen: dict[str, list[str]] = {"index.BTC": [], "ticker.ETH-PERPETUAL": []}
        while "49" not in seen["index.BTC"] or "49" not in seen["ticker.ETH-PERPETUAL"]:
            for frame in receive(client, "market")["frames"]:
                seen[frame["key"]] += [frame["value"]] * (frame["value"] != "first")
    assert all(len(values) < 50 for values in seen.values())


def test_late_subscriber_gets_the_latest_values(fresh_web: Web, trader: User, valkey: redis.Redis) -> None:
    valkey.hset(transport.MARKET_LATEST, "index.BTC", b'{"type":"index","value":"1"}')
    with fresh_web.connect(trader) as first:
        first.send(json.dumps({"type": "subscribe", "keys": ["index.BTC"]}))
        assert receive(first, "market")["frames"] == [{"type": "index", "value": "1"}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "malformed_json"),
        ("x", "malformed_json"),
        ("{", "malformed_json"),
        ("[" * 60_000, "invalid_message"),
        ('{"x":' * 10_000, "malformed_json"),
        ("null", "invalid_message"),
        ('{"type":"nothing"}', "invalid_message"),
        ('{"type":"ping"}', "invalid_message"),
        ('{"type":"ping","client_time_ns":1,"more":2}', "invalid_message"),
        ('{"type":"ping","client_time_ns":1e400}', "invalid_message"),
        ('{"type":"subscribe","keys":["nothing.BTC"]}', "unknown_subscription_key"),
        ('{"type":"subscribe","keys":["index.BTC\\u0000"]}', "invalid_message"),
        ('{"type":"acknowledge","frame":99}', "unknown_frame"),
        ('{"type":"acknowledge","frame":-1}', "unknown_frame"),
    ],
)
def test_bad_messages_are_refused_by_name(daphne: Web, daphne_trader: User, text: str, reason: str) -> None:
    with daphne.connect(daphne_trader) as client:
        receive(client, "hello")
        client.send(text)
        assert receive(client, "command_refused")["reason"] == reason
        client.send(json.dumps({"type": "ping", "client_time_ns": 5}))
        receive(client, "pong")


def test_binary_and_fragmented_messages(web: Web, trader: User) -> None:
    with web.connect(trader) as client:
        receive(client, "hello")
        client.send(b"\x00\xff")
        assert receive(client, "command_refused")["reason"] == "binary_frame"
        client.send(iter('{"type":"ping","client_time_ns":7}'))
        assert receive(client, "pong")["client_time_ns"] == 7


def test_oversize_message_closes_by_name(web: Web, trader: User) -> None:
    with web.connect(trader) as client:
        receive(client, "hello")
        client.send(json.dumps({"type": "subscribe", "keys": ["x" * 70_000]}))
        assert receive(client, "command_refused")["reason"] == "message_too_large"
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=60)
    assert closed.value.rcvd.code == 4413


def test_too_many_malformed_messages_close(web: Web, trader: User) -> None:
    with web.connect(trader) as client, pytest.raises(ConnectionClosed) as closed:
        for _ in range(30):
            client.send("x")
        while True:
            client.recv(timeout=60)
    assert closed.value.rcvd.code == 4400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", None])
def test_foreign_origin_is_refused(web: Web, trader: User, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        web.connect(trader, origin=origin)
    assert refused.value.response.status_code == 403


def test_unknown_session_is_closed_by_name(web: Web) -> None:
    with web.connect() as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=60)
    assert closed.value.rcvd.code == 4401


def assert_is_signed_out(client: object) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.recv(timeout=60)
    assert closed.value.rcvd.code == 4401


def test_logged_out_session_is_closed(web: Web, trader: User) -> None:
    from django.contrib.sessions.models import Session

    with web.connect(trader) as client, web.connect(trader) as other:
        receive(client, "hello")
        receive(other, "hello")
        Session.objects.all().delete()
        assert_is_signed_out(client)
        assert_is_signed_out(other)


def test_role_change_and_deactivation_close(web: Web, trader: User) -> None:
    for change in ({"role": Role.COMPLIANCE}, {"is_active": False}):
        with web.connect(trader) as client:
            receive(client, "hello")
            User.objects.filter(pk=trader.pk).update(**change)
            assert_is_signed_out(client)
        trader.refresh_from_db()


def test_api_key_is_admitted_and_its_revocation_closes(web: Web, trader: User) -> None:
    from accounts import services as accounts_services
    from common import clock
    from common.actor import SYSTEM

    key_id, secret = accounts_services.create_api_key(user=trader, actor=SYSTEM, at=clock.now())
    with web.connect(token=f"{key_id}.{secret}") as client:
        assert receive(client, "hello")["user_id"] == trader.pk
        accounts_services.revoke_api_key(user=trader, key_id=key_id, actor=SYSTEM, at=clock.now())
        assert_is_signed_out(client)


def test_risk_of_another_firm_is_not_found(web: Web, trader: User) -> None:
    from accounts.models import Account

    other = add_user("other", firm="Borealis Fund")
    theirs = Account.objects.get(firm_id=other.firm_id)
    admin = add_user("admin", firm="Parley House", role=Role.ADMIN)
    asked = json.dumps({"type": "subscribe", "keys": [f"risk.account.{theirs.pk}"]})
    with web.connect(trader) as client, web.connect(admin) as house:
        client.send(asked)
        assert receive(client, "command_refused")["reason"] == "account_not_found"
        house.send(asked)
        house.send(json.dumps({"type": "ping", "client_time_ns": 5}))
        receive(house, "hello")
        assert json.loads(house.recv(timeout=60))["type"] == "pong"
