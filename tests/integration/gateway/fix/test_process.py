"""FIX sessions of the real gateway process: registered by commands, killed, revoked; seen by an independent client."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import simplefix

from terminal import embedded
from tests.integration.gateway import rig
from tests.integration.gateway.fix.client import Client, Disconnected, value
from tests.integration.gateway.fix.desk import SECRET, VERSIONS
from tests.integration.gateway.fix.desk import session as session_of
from wire.gateway_fix import FixCommand, ResetFixSequence, SetFixSession

pytestmark = pytest.mark.processes


def session(number: int, begin_string: str = "FIX.4.4", **changes: object) -> SetFixSession:
    owner = {"firm_id": rig.FIRM, "user_id": rig.USER, "desk_id": rig.DESK, "account_id": rig.ACCOUNT}
    return session_of(number, begin_string, **(owner | {"account_ids": [rig.ACCOUNT]} | changes))


class Desk:
    """A gateway with a FIX port, and what feeds it with commands."""

    def __init__(self, folder: Path, valkey: rig.Valkey) -> None:
        self.port = embedded.free_port()
        self.dispatcher = rig.Dispatcher(valkey.url)
        self.gateway = rig.Gateway(folder / "state", valkey.url, "--simulated", "--fix-port", str(self.port))

    def give(self, command: FixCommand) -> None:
        self.dispatcher.send(command)
        number = len(self.dispatcher.outbox)
        rig.wait_for(lambda: self.dispatcher.taken() >= number, "the command")

    def client(self, number: int, begin_string: str = "FIX.4.4") -> Client:
        return Client(self.port, begin_string=begin_string, sender=f"CLIENT{number}", secret=SECRET)

    def restart(self) -> None:
        self.gateway.kill()
        self.gateway.start()

    def stop(self) -> None:
        self.dispatcher.stop()
        self.gateway.stop()


@contextlib.contextmanager
def running_desk(folder: Path) -> Iterator[Desk]:
    """Stopped at the end whatever happened."""
    valkey = rig.Valkey(folder)
    try:
        desk = Desk(folder, valkey)
        try:
            yield desk
        finally:
            desk.stop()
    finally:
        valkey.kill()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_desk(tmp_path) as desk:
        yield desk


def _try(client: Client, *body: tuple[int, object]) -> simplefix.FixMessage:
    """What answers a logon; an empty message where nothing does."""
    number = client.next_sent
    try:
        return client.log_on(*body)
    except (Disconnected, ConnectionError):
        client.next_sent = number
        return simplefix.FixMessage()


def log_on(client: Client, *body: tuple[int, object]) -> None:
    rig.wait_for(lambda: value(_try(client, *body), 35) == "A", "the logon")


def test_numbers_go_on_after_a_kill_and_what_was_sent_is_resent(desk: Desk) -> None:
    for number, begin_string in enumerate(VERSIONS, 1):
        desk.give(session(number, begin_string))
    for number, begin_string in enumerate(VERSIONS, 1):
        with desk.client(number, begin_string) as client:
            log_on(client)
            client.test("before")
            client.send("B", (148, "news"), (33, 1), (58, "text"))
            refusal = client.receive("j")
            assert value(refusal, 380) == "3"
            assert value(refusal, 45) == "3"
            expected = client.next_expected
            desk.restart()
            client.next_sent = 4
            log_on(client)
            assert value(client.received[-1], 34) == str(expected)
            client.send("2", (7, int(value(refusal, 34))), (16, 0))
            again = client.receive("j")
            assert (value(again, 43), value(again, 122)) == ("Y", value(refusal, 52))
            assert value(again, 58) == value(refusal, 58)
            client.receive("4")
            client.test("after")
            client.log_out()


def test_a_revoked_session_ends_and_stays_out(desk: Desk) -> None:
    desk.give(session(1))
    with desk.client(1) as client:
        log_on(client)
        desk.dispatcher.send(session(1, is_enabled=False))
        goodbye = client.receive("5")
        assert value(goodbye, 58) == "revoked: This session was revoked."
        with pytest.raises(Disconnected):
            client.receive()
        client.next_sent = 2
        refused = client.log_on()
        assert (value(refused, 35), value(refused, 58)) == ("5", "not_enabled: This session is not enabled.")
        desk.restart()
        rig.wait_for(lambda: desk.dispatcher.taken() == 2, "the gateway")
        client.next_sent = 2
        rig.wait_for(lambda: value(_try(client), 58).startswith("not_enabled"), "the refusal")


def test_an_operator_sets_the_numbers(desk: Desk) -> None:
    desk.give(session(1))
    with desk.client(1) as client:
        log_on(client)
        desk.give(ResetFixSequence(command_id="reset:1", session_id=1, next_sender=70, next_target=90))
        assert value(client.receive("5"), 58).startswith("sequence_reset")
        client.next_sent = 90
        log_on(client)
        assert value(client.received[-1], 34) == "70"
