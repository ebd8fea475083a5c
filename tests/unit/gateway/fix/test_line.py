import asyncio
import hashlib
from pathlib import Path

from gateway import clock
from gateway.fix.committer import Committer
from gateway.fix.dictionary import dictionary_of
from gateway.fix.encoding import encode, format_time
from gateway.fix.handler import Link, Session
from gateway.fix.line import Line, Shared
from gateway.fix.message import Field, Message
from gateway.fix.rules import Failures
from wire.gateway_fix import SetFixSession

VERSION = "FIX.4.4"
SECRET = "secret"
LOGON: list[Field] = [(98, "0"), (108, "30"), (553, "CLIENT"), (554, SECRET)]


class Peer:
    address = "127.0.0.1"

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def transmit(self, data: bytes) -> None:
        self.got.append(data)

    def finish(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def abort(self) -> None: ...


class Slow:
    """A handler that is done with one message each time that ``may_go_on`` says so."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[str] = asyncio.Queue()
        self.may_go_on = asyncio.Event()

    def attach(self, link: Link) -> None: ...

    async def on_logon(self, session: Session) -> None: ...

    async def on_logout(self, session: Session) -> None: ...

    async def on_message(self, session: Session, message: Message) -> None:
        self.seen.put_nowait(message.get(11))
        await self.may_go_on.wait()
        self.may_go_on.clear()


def spec() -> SetFixSession:
    return SetFixSession(
        command_id="fix", session_id=1, name="CLIENT", begin_string=VERSION, application_version="6", sender="CLIENT",
        target="PARLEY", secret_sha256=hashlib.sha256(SECRET.encode()).hexdigest(), firm_id=1, user_id=1, desk_id=1,
        account_id=1, account_ids=[1], grants=["orders"], cancels_on_disconnect=False, messages_per_second=100,
        message_burst=100, is_enabled=True,
    )  # fmt: skip


def line_of(folder: Path, handler: Slow) -> Line:
    def fail(error: OSError) -> None:
        raise error

    shared = Shared(handler, Committer(fail), Failures(), lambda *_: None)
    return Line(spec(), folder, dictionary_of(VERSION, "6"), shared)


def raw(kind: str, sequence: int, body: list[Field]) -> bytes:
    header = {34: str(sequence), 49: "CLIENT", 52: format_time(clock.now_ns(), VERSION), 56: "PARLEY"}
    return encode(VERSION, kind, header, body).encode()


def order(sequence: int, client_order_id: str) -> bytes:
    at = format_time(clock.now_ns(), VERSION)
    return raw("D", sequence, [(11, client_order_id), (55, "X"), (54, "1"), (60, at), (38, "1"), (40, "1")])


def test_bytes_of_a_connection_that_was_refused_are_not_of_the_session_that_came_after(tmp_path: Path) -> None:
    line, stranger, client = line_of(tmp_path, Slow()), Peer(), Peer()
    line.connected(stranger)
    line.receive(raw("A", 1, [*LOGON[:-1], (554, "wrong")]), stranger)
    line.connected(client)
    line.receive(raw("A", 1, LOGON), client)
    assert line.machine.is_logged_on
    line.receive(order(2, "of the stranger"), stranger)
    assert line.store.next_target == 2
    line.receive(order(2, "of the client"), client)
    assert line.store.next_target == 3
    assert len(line.store.unhandled()) == 1


async def test_what_was_handled_before_a_reset_says_nothing_of_the_numbers_after_it(tmp_path: Path) -> None:
    handler, client = Slow(), Peer()
    line = line_of(tmp_path, handler)
    passing = asyncio.create_task(line.pass_on())
    await asyncio.sleep(0)
    line.connected(client)
    line.receive(raw("A", 1, LOGON), client)
    line.receive(order(2, "before"), client)
    assert await handler.seen.get() == "before"
    line.receive(raw("A", 1, [*LOGON, (141, "Y")]), client)
    line.receive(order(2, "after"), client)
    handler.may_go_on.set()
    assert await handler.seen.get() == "after"
    handed = line.handed_over()
    passing.cancel()
    assert handed is not None
    line.note_handled(handed)
    assert [received.sequence for received in line.store.unhandled()] == [2]
    assert "11=after" in line.store.unhandled()[0].raw


def test_a_number_that_no_session_reaches_is_rejected(tmp_path: Path) -> None:
    line, client = line_of(tmp_path, Slow()), Peer()
    line.connected(client)
    line.receive(raw("A", 1, LOGON), client)
    for number in (2**31, 2**63, 10**25):
        line.receive(raw("4", 2, [(36, str(number))]), client)
        assert (line.store.next_target, line.machine.is_logged_on) == (2, True)
    assert line.counts.rejects_sent == 3
    line.receive(raw("4", 2, [(36, str(2**31 - 1))]), client)
    assert line.store.next_target == 2**31 - 1
