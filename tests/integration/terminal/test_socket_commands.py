"""Commands over the socket: idempotent, in order, refused by name, and never left without an answer."""

import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import redis
from django.conf import settings
from django.db import connection

from audit.models import AuditRecord
from common import clock
from market.models import Instrument
from orders.models import Order
from streams.models import OutboxCommand
from tests import builders
from tests.integration.terminal.web import Web, receive
from wire import transport
from wire.market import Ticker

pytestmark = pytest.mark.django_db(transaction=True)

NAME = "BTC-27MAR26-80000-C"


@pytest.fixture
def desk(transactional_db: None) -> SimpleNamespace:
    return builders.trading_firm(deposits={"BTC": "5"})


@pytest.fixture(autouse=True)
def instrument(transactional_db: None) -> Iterator[Instrument]:
    """Listed, with a ticker that stays fresh however slow the machine is."""
    row = builders.listed(NAME)
    builders.play_market(row)
    done = threading.Event()

    def keep_playing() -> None:
        while not done.wait(0.3):
            refresh(row)

    market = threading.Thread(target=keep_playing, daemon=True)
    market.start()
    yield row
    done.set()
    market.join()
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.flushall()


def refresh(row: Instrument) -> None:
    """The ticker and the heartbeat as of now, replaced in one step."""
    ticker = Ticker(
        at_ns=clock.now_ns(), market_time_ns=builders.FEBRUARY, instrument_name=NAME, instrument_id=row.pk, mark_price=1.0
    )
    beat = {"at_ns": clock.now_ns(), "state": "running"}
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.hset(transport.MARKET_LATEST, f"ticker.{NAME}", msgspec.json.encode(ticker))
        client.set(transport.GATEWAY_HEARTBEAT, json.dumps(beat), px=builders.HEARTBEAT_KEPT_MS)


def order(desk: SimpleNamespace, command_id: str, **changes: Any) -> str:
    message = {
        "type": "order.place",
        "command_id": command_id,
        "account_id": desk.account.id,
        "instrument_name": NAME,
        "side": "buy",
        "order_type": "limit",
        "quantity": "1.0",
        "price": "0.1",
    }
    return json.dumps(message | changes)


def counts() -> tuple[int, int, int]:
    return Order.objects.count(), OutboxCommand.objects.count(), AuditRecord.objects.count()


def test_repeated_command_gets_the_first_answer_and_changes_nothing(web: Web, desk: SimpleNamespace) -> None:
    with web.connect(desk.user) as client:
        client.send(order(desk, "c1"))
        first = receive(client, "command_accepted")
        before = counts()
        client.send(order(desk, "c1"))
        assert receive(client, "command_accepted") == first
        client.send(order(desk, "c1", quantity="2.0"))
        assert receive(client, "command_refused")["reason"] == "command_id_reused"
    assert counts() == before
    assert before[0] == 1


def test_answer_is_durable_and_the_fact_follows(web: Web, desk: SimpleNamespace) -> None:
    with web.connect(desk.user) as client:
        client.send(json.dumps({"type": "resume", "sequence": receive(client, "hello")["sequence"]}))
        client.send(order(desk, "c1"))
        messages = [json.loads(client.recv(timeout=60)) for _ in range(2)]
        accepted = next(message for message in messages if message["type"] == "command_accepted")
        fact = next(message["fact"] for message in messages if message["type"] == "fact")
    assert fact["order"]["order_id"] == accepted["entity_id"]
    assert (fact["type"], fact["order"]["state"]) == ("order.changed", "pending_new")
    assert Order.objects.get().pk == accepted["entity_id"]


def test_commands_of_one_socket_keep_their_order(web: Web, desk: SimpleNamespace) -> None:
    with web.connect(desk.user) as client:
        for number in range(30):
            client.send(order(desk, f"c{number}"))
        answers = [receive(client, "command_accepted") for _ in range(30)]
    assert [answer["command_id"] for answer in answers] == [f"c{number}" for number in range(30)]
    ids = [answer["entity_id"] for answer in answers]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account_id": 2**63 - 1}, "unknown_account"),
        ({"instrument_name": "BTC-27MAR26-1-C"}, "unknown_instrument"),
        ({"instrument_name": "' OR 1=1 --"}, "unknown_instrument"),
        ({"quantity": "0"}, None),
        ({"quantity": "0.05"}, None),
        ({"price": "0.00001"}, None),
        ({"price": None}, None),
        ({"order_type": "market"}, None),
        ({"quantity": "9" * 32}, None),
    ],
)
def test_bad_orders_are_refused_with_reason_and_nothing_is_done(
    web: Web, desk: SimpleNamespace, changes: dict[str, Any], reason: str | None
) -> None:
    before = counts()
    with web.connect(desk.user) as client:
        client.send(order(desk, "c1", **changes))
        refused = receive(client, "command_refused")
    assert refused["command_id"] == "c1"
    assert refused["reason"] not in {"internal_error", "not_supported"}
    assert reason is None or refused["reason"] == reason
    assert counts() == before


def test_accounts_of_others_do_not_exist(web: Web, desk: SimpleNamespace) -> None:
    other = builders.trading_firm(deposits={"BTC": "5"})
    with web.connect(other.user) as client:
        client.send(order(desk, "c1"))
        assert receive(client, "command_refused")["reason"] == "unknown_account"
    assert not Order.objects.exists()


def test_facts_come_back_after_lost_connections(web: Web, desk: SimpleNamespace) -> None:
    """The web process loses every connection to PostgreSQL and its subscription to Valkey, and skips nothing."""
    with web.connect(desk.user) as client:
        client.send(json.dumps({"type": "resume", "sequence": receive(client, "hello")["sequence"]}))
        client.send(order(desk, "c1"))
        messages = [json.loads(client.recv(timeout=60)) for _ in range(2)]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'web'"
            )
            assert cursor.fetchone()[0] > 1
        with redis.Redis.from_url(settings.VALKEY_URL) as valkey:
            valkey.client_kill_filter(_type="pubsub")
        for number in range(2, 6):
            client.send(order(desk, f"c{number}"))
        messages += [json.loads(client.recv(timeout=60)) for _ in range(8)]
    answers = [message["command_id"] for message in messages if message["type"] == "command_accepted"]
    sequences = [message["sequence"] for message in messages if message["type"] == "fact"]
    assert answers == ["c1", "c2", "c3", "c4", "c5"]
    assert sequences == list(range(sequences[0], sequences[0] + 5))
    assert Order.objects.count() == 5
