"""Bad input on the socket of a real web process: handshakes, messages, floods."""

import contextlib
import dataclasses
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from terminal.limits import COMMANDS_BURST_MAX, COMMANDS_PER_SECOND_MAX
from tests.integration.bad_input import scene as scenes
from tests.integration.bad_input.fingerprint import differences, fingerprint
from tests.integration.bad_input.rest import ANY
from tests.integration.bad_input.scene import USED_COMMAND_ID, Id, Scene
from tests.integration.rfq.world import CALL, publish_market
from tests.integration.terminal.web import Web, receive, web_process
from wire.limits import SOCKET_MESSAGE_BYTES_MAX, SUBSCRIPTION_KEYS_MAX

BYTES_MAX, KEYS_MAX = SOCKET_MESSAGE_BYTES_MAX, SUBSCRIPTION_KEYS_MAX
COMMANDS = 2_500
MESSAGES_MAX = 20_000


@dataclasses.dataclass(frozen=True)
class Dial:
    """A handshake: refused with an HTTP status, or accepted and closed with a code."""

    name: str
    status: int = 0
    code: int = 0
    origin: str | None = "own"
    token: str = ""
    cookie: str = ""
    path: str = "/ws/"
    host: str = ""


@dataclasses.dataclass(frozen=True)
class Message:
    """What is sent, and the refusal that answers the last of it; ``code`` where the socket is closed after it."""

    name: str
    reason: str
    sent: Any
    value: Any = None
    bound: Any = None
    says: str = ""
    code: int = 0
    who: str = "trader"
    command_id: str = ""


def command(name: str, reason: str, fields: dict[str, Any], **options: Any) -> Message:
    fields = {"command_id": "bad-1", **fields}
    return Message(name, reason, fields, command_id=fields["command_id"], **options)


def order(name: str, reason: str, changes: dict[str, Any], **options: Any) -> Message:
    good = {
        "type": "order.place", "account_id": Id("account"), "instrument_name": CALL, "side": "buy",
        "order_type": "limit", "quantity": "1", "price": "0.05",
    }  # fmt: skip
    return command(name, reason, {**good, **changes}, **options)


def keys(first: int, count: int) -> list[str]:
    return [f"ticker.BTC-{number}" for number in range(first, first + count)]


DIALS = [
    Dial("foreign origin", status=403, origin="http://evil.example", token="trader"),
    Dial("origin that begins like ours", status=403, origin="http://127.0.0.1.evil.example", token="trader"),
    Dial("origin of a file", status=403, origin="null", token="trader"),
    Dial("program without a key", status=403, origin=None),
    Dial("foreign host with its own origin", status=403, origin="http://evil.example", host="evil.example"),
    Dial("another path", status=403, path="/ws/admin/", token="trader"),
    Dial("no credentials", code=4401),
    Dial("session of nobody", code=4401, cookie=f"sessionid={'a' * 32}"),
    Dial("session with a NUL", code=4401, cookie='sessionid="\\000aaaaaaaaaaaaaaaa"'),
    Dial("unknown key", code=4401, token="unknown"),
    Dial("key with another secret", code=4401, token="forged"),
    Dial("revoked key", code=4401, token="revoked"),
    Dial("key of somebody who left", code=4401, token="leaver"),
]

MESSAGES = [
    Message("nothing", "malformed_json", ""),
    Message("garbage", "malformed_json", "\u0000\u0001 hello"),
    Message("half a message", "malformed_json", '{"type":"ping"'),
    Message("bytes", "binary_frame", b"\x00\xff"),
    Message("nested too deeply", "malformed_json", '{"x":' * 10_000),
    Message("list", "invalid_message", "[]"),
    Message("unknown type", "invalid_message", {"type": "drop"}, says="drop"),
    Message("no type", "invalid_message", {"client_time_ns": 1}, says="type"),
    Message("unknown field", "invalid_message", {"type": "ping", "client_time_ns": 1, "more": 2}, says="more"),
    Message("number beyond every number", "invalid_message", '{"type":"ping","client_time_ns":1e400}'),
    Message("too large", "message_too_large", "x" * (BYTES_MAX + 1), value=BYTES_MAX + 1, bound=BYTES_MAX, code=4413),
    Message("far too large", "message_too_large", "x" * 2**20, value=2**20, bound=BYTES_MAX, code=4413),
    Message("unknown key", "unknown_subscription_key", {"type": "subscribe", "keys": ["index.BTC", "secrets.BTC"]}, value="secrets.BTC"),
    Message("too many keys at once", "invalid_message", {"type": "subscribe", "keys": ["index.BTC"] * (KEYS_MAX + 1)}, says="$.keys"),
    Message("too many keys in all", "subscription_keys_max", [{"type": "subscribe", "keys": keys(first, 2_001)} for first in (10_000, 20_000)], value=4_002, bound=KEYS_MAX),
    Message("risk of another firm", "account_not_found", lambda scene: {"type": "subscribe", "keys": [f"risk.account.{scene.ids['other_account']}"]}, value=Id("other_account")),
    Message("acknowledgement from the future", "unknown_frame", {"type": "acknowledge", "frame": 99}, value=99, bound=0),
    Message("acknowledgement from before", "unknown_frame", {"type": "acknowledge", "frame": -1}, value=-1, bound=0),
    Message("resume from before", "invalid_message", {"type": "resume", "sequence": -1}, says="$.sequence"),
    Message("twenty-one times garbage", "malformed_json", ["x"] * 21, code=4400),
]  # fmt: skip

COMMAND_CASES = [
    order("order without an id", "invalid_message", {"command_id": ""}, says="$.command_id"),
    order("order of nothing", "quantity_not_positive", {"quantity": "0"}, value="0", bound="0"),
    order("order with an exponent", "invalid_message", {"quantity": "1e3"}, says="$.quantity"),
    order("order off the tick", "price_off_grid", {"price": "0.05005"}, value="0.05005", bound="0.0001"),
    order("order for another firm", "unknown_account", {"account_id": Id("other_account")}, value=Id("other_account")),
    order("order by compliance", "not_authorized", {}, value="compliance", bound="trader, client", who="compliance"),
    order("used command id", "command_id_reused", {"command_id": USED_COMMAND_ID, "quantity": "7"}, value=USED_COMMAND_ID, bound="unique"),
    command("cancel of what ended", "order_not_working", {"type": "order.cancel", "order_id": Id("ended_order")}, value="filled", bound="working"),
    command("acceptance of an old version", "quote_version", {"type": "rfq.accept", "rfq_id": Id("live_rfq"), "quote_id": Id("live_quote"), "version": 1, "side": "buy"}, value=1, bound=2),
    command("quote by somebody who was not asked", "rfq_not_found", {"type": "rfq.quote", "rfq_id": Id("live_rfq"), "account_id": Id("dune_account"), "ask": {"leg_prices": ["0.06", "0.05"]}}, value=Id("live_rfq"), who="ember"),
    command("limits by a trader", "not_authorized", {"type": "risk.set_limits", "account_id": Id("account"), "max_order_quantity_lots": 1, "max_order_value": "1", "max_position_lots": 1, "max_position_value": "1", "price_collar_basis_points": 1}, value="trader", bound="admin"),
    command("kill switch of another firm", "unknown_scope", {"type": "control.engage_kill_switch", "scope": "firm", "scope_id": Id("other_firm")}, value=ANY),
]  # fmt: skip
FLOOD_ATTEMPTS_MAX = 5
FLOODS = ["commands", "messages"]
CASES = [*DIALS, *MESSAGES, *COMMAND_CASES, *FLOODS]
REFUSED_UNREAD = {"invalid_message", "malformed_json"}
"""What could not be read has no command id to answer with."""


@dataclasses.dataclass(frozen=True)
class Desk:
    scene: Scene
    web: Web

    def dial(self, who: str) -> ClientConnection:
        return self.web.connect(token=self.scene.tokens[who])


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Desk]:
    """The web process sees what is committed only: one scene for all cases, and one emptying after them."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                scene = scenes.build()
            with web_process("daphne") as web:
                yield Desk(scene, web)
        finally:
            call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def desk(transactional_db: Desk) -> Iterator[Desk]:
    """Nothing has changed after the test."""
    publish_market()
    before = fingerprint()
    yield transactional_db
    assert differences(before, fingerprint()) == {}


@pytest.mark.parametrize("case", DIALS, ids=lambda case: case.name)
def test_handshake(desk: Desk, case: Dial) -> None:
    headers = {"Cookie": case.cookie} if case.cookie else {}
    if case.token:
        headers["Authorization"] = f"Bearer {desk.scene.tokens[case.token]}"
    origin = desk.web.origin if case.origin == "own" else case.origin
    url = desk.web.url.replace("/ws/", case.path)
    options: dict[str, Any] = {"origin": origin, "additional_headers": headers}
    if case.host:
        options["sock"] = socket.create_connection(("127.0.0.1", desk.web.port))
        url = f"ws://{case.host}{case.path}"
    if case.status:
        with pytest.raises(InvalidStatus) as refused:
            connect(url, **options)
        assert refused.value.response.status_code == case.status
        return
    with connect(url, **options) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(timeout=10)
    assert closed.value.rcvd.code == case.code


@pytest.mark.parametrize("case", [*MESSAGES, *COMMAND_CASES], ids=lambda case: case.name)
def test_message(desk: Desk, case: Message) -> None:
    sent = case.sent(desk.scene) if callable(case.sent) else case.sent
    with desk.dial(case.who) as client:
        receive(client, "hello", 10)
        for message in sent if isinstance(sent, list) else [sent]:
            client.send(message if isinstance(message, str | bytes) else json.dumps(desk.scene.fill(message)))
        answer = receive(client, "command_refused", 10)
        _compare(desk.scene, case, answer)
        if case.code:
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    client.recv(timeout=10)
            assert closed.value.rcvd.code == case.code
        else:
            client.send(json.dumps({"type": "ping", "client_time_ns": 5}))
            assert receive(client, "pong", 10)["client_time_ns"] == 5


def test_text_that_is_none_ends_the_connection(desk: Desk) -> None:
    """daphne drops who sends text that is not UTF-8, without a word; the others do not notice."""
    with desk.dial("trader") as other, desk.dial("trader") as client:
        with pytest.raises(ConnectionClosed):
            client.send(b"\xff\xfe", text=True)
            while True:
                client.recv(timeout=10)
        assert client.close_code in (1002, 1006, 1007)
        other.send(json.dumps({"type": "ping", "client_time_ns": 5}))
        receive(other, "pong", 10)


@pytest.mark.parametrize("flood", FLOODS)
def test_flood(desk: Desk, flood: str) -> None:
    """Commands beyond the rate are refused by name and a cancel still passes; messages beyond theirs end the socket."""
    if flood == "messages":
        _check_message_flood(desk)
        return
    orders = [order("", "", {"command_id": f"flood-{number}"}).sent for number in range(COMMANDS)]
    cancel = {"type": "order.cancel", "command_id": "cancel", "order_id": desk.scene.ids["order"]}
    ping = {"type": "ping", "client_time_ns": 5}
    texts = [json.dumps(desk.scene.fill(message)) for message in [*orders, cancel, ping]]
    with desk.dial("compliance") as client:
        began_ns = receive(client, "hello", 10)["server_time_ns"]
        sender = threading.Thread(target=_send_all, args=(client, texts), daemon=True)
        sender.start()
        answers, taken_ns = _answers(client, COMMANDS + 1)
        sender.join()
    assert {answer["reason"] for answer in answers.values()} <= {"not_authorized", "message_rate", "commands_pending"}
    assert answers["cancel"]["reason"] in {"not_authorized", "commands_pending"}
    refused = [answer["bound"] for answer in answers.values() if answer["reason"] == "message_rate"]
    assert set(refused) <= {str(COMMANDS_PER_SECOND_MAX)}
    beyond_burst = COMMANDS - COMMANDS_BURST_MAX
    allowed_since = COMMANDS_PER_SECOND_MAX * (taken_ns - began_ns) / 1e9
    assert beyond_burst - allowed_since - 1 <= len(refused) <= beyond_burst


def _compare(scene: Scene, case: Message, answer: dict[str, Any]) -> None:
    assert answer["reason"] == case.reason, answer
    assert case.says in answer["message"] and "Traceback" not in answer["message"]
    assert answer["command_id"] == ("" if case.reason in REFUSED_UNREAD else case.command_id)
    for found, expected in ((answer["value"], case.value), (answer["bound"], case.bound)):
        filled = scene.fill(expected)
        assert expected is ANY or found == (None if filled is None else str(filled)), answer


def _send_all(client: ClientConnection, texts: list[str]) -> None:
    with contextlib.suppress(ConnectionClosed):
        for text in texts:
            client.send(text)


def _answers(client: ClientConnection, count: int) -> tuple[dict[str, dict[str, Any]], int]:
    """By command id, and when the server took the ping behind them; frames are acknowledged as they come."""
    found: dict[str, dict[str, Any]] = {}
    taken_ns = 0
    while len(found) < count or not taken_ns:
        message = json.loads(client.recv(timeout=30))
        if message["type"] == "command_refused":
            found[message["command_id"]] = message
        elif message["type"] == "pong":
            taken_ns = message["server_time_ns"]
        elif "frame" in message:
            client.send(json.dumps({"type": "acknowledge", "frame": message["frame"]}))
    return found, taken_ns


def _check_message_flood(desk: Desk) -> None:
    """Named 4429. What is still on its way when the server closes may reset the connection before its close frame is
    read (1006), and a server that is kept from running may take all in its time (None), so a few attempts are allowed.
    """
    for _ in range(FLOOD_ATTEMPTS_MAX):
        with desk.dial("compliance") as client:
            receive(client, "hello", 10)
            code = _drown(client)
        if code not in (1006, None):
            break
    assert code == 4429


def _drown(client: ClientConnection) -> int | None:
    """Send until the other side has enough; the code by which it ended."""

    def read() -> None:
        with contextlib.suppress(ConnectionClosed):
            for _ in client:
                pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    text = json.dumps({"type": "acknowledge", "frame": 0})
    for _ in range(MESSAGES_MAX):
        try:
            client.send(text)
        except ConnectionClosed:
            break
    reader.join(30)
    return client.close_code
