"""What the hub does in which order, without servers."""

import asyncio
import datetime as dt
import threading
from types import SimpleNamespace

from common import clock
from streams.selectors import StoredFact
from terminal import presence
from terminal.consumers import Socket
from terminal.hub import Hub

FIRM = 1


class Reader:
    """As much of a socket as the hub needs."""

    def __init__(self, session: str = "", sequence: int | None = None) -> None:
        self.principal = SimpleNamespace(actor=SimpleNamespace(session=session), firm_id=FIRM, role="trader")
        self.sequence = sequence

    def wake(self) -> None:
        pass


def facts(first: int, last: int) -> list[StoredFact]:
    return [StoredFact(number, 0, "{}") for number in range(first, last + 1)]


async def send_nothing(message: object) -> None:
    raise AssertionError(f"nothing was to be sent: {message}")


def test_who_resumes_ahead_of_a_feed_that_is_read_late_gets_the_facts_after_it_and_no_snapshot():
    async def run() -> None:
        hub = Hub()
        feed = hub.follow(FIRM, Reader(), 5)
        feed.take(facts(6, 6))
        socket = Socket(hub, Reader().principal, 8, send_nothing)
        socket._feed = hub.follow(FIRM, socket, 8)  # noqa: SLF001 - as run does
        assert (feed.readers >= {socket}, feed.is_behind, feed.announced) == (True, True, 8)
        socket._resume = 8  # noqa: SLF001 - as a message says it
        await socket._start_over()  # noqa: SLF001 - one part of run
        assert (socket.sequence, feed.after(8, 10)) == (8, [])
        feed.take(facts(7, 9))
        assert [sequence for sequence, _ in feed.after(8, 10)] == [9]

    asyncio.run(run())


def test_a_session_that_leaves_while_it_is_said_to_be_here_has_left(monkeypatch):
    begun, may_end, order, times = threading.Event(), threading.Event(), [], []

    def say(names: list[str], process: str) -> None:
        begun.set()
        may_end.wait(30)
        order.append(names)
        times.append(clock.now())

    def leave(name: str, process: str, at: dt.datetime) -> None:
        order.append(name)
        times.append(at)

    monkeypatch.setattr(presence, "say", say)
    monkeypatch.setattr(presence, "leave", leave)

    async def run() -> None:
        hub, reader = Hub(), Reader("tab")
        hub.join(reader)
        telling = asyncio.create_task(hub._tell_presence())  # noqa: SLF001 - one part of start
        await asyncio.to_thread(begun.wait, 30)
        hub.leave(reader)
        [leaving] = hub._leaving  # noqa: SLF001 - what the test waits for
        await asyncio.wait([leaving], timeout=0.2)
        may_end.set()
        await leaving
        telling.cancel()

    asyncio.run(run())
    assert order == [["tab"], "tab"]
    assert times[1] < times[0], "it left when its last socket went, not when that could be told"
