"""FIX sessions before a real engine, on a loop in a thread of its own, and a trader that believes its reports alone."""

import asyncio
import contextlib
import itertools
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Self

import simplefix

from gateway.fix.service import FixService
from tests.integration.gateway.fix.client import WAIT_SECONDS, Pairs, timestamp, value
from tests.integration.gateway.fix.counterparty import Counterparty
from tests.integration.gateway.fix.desk import SECRET, session
from tests.unit.gateway.fix.order_desk import ACCOUNT, FIRM, MID, NAME, FixDesk, price
from wire.units import Side

QUOTE_SECONDS = 0.25
DEPTH_LOTS = 500_000
BUY_TICKS, SELL_TICKS, REST_TICKS = MID + 5, MID - 5, MID - 40
"""Where somebody else sells and buys, and where nobody does."""
KINDS = ("rest", "buy", "replace", "sell", "cancel", "status")
ANSWERS = {"rest": 1, "buy": 2, "replace": 1, "sell": 2, "cancel": 1, "status": 1}
"""Execution reports of each; an order that trades is new first."""


ALL_TYPES = ("0", "1", "2", "3", "4", "5", "8", "9", "j")
_TRADERS = itertools.count(1)
"""A ClOrdID is used once in the life of a session, whatever its numbers do."""


class EngineDesk:
    """``with EngineDesk(folder) as desk``: listening at ``desk.port``; somebody sells and buys beside the middle."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self.fix = FixDesk.opened(self._folder)
        self.fix.trade_with(Side.SELL, DEPTH_LOTS, BUY_TICKS)
        self.fix.trade_with(Side.BUY, DEPTH_LOTS, SELL_TICKS)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self.fix.engine.stop()
        self.fix.desk.close()

    async def _run(self) -> None:
        self._loop, engine = asyncio.get_running_loop(), self.fix.engine
        self.service = FixService(self._folder / "sessions", self.fix.desk, engine.flush)
        owner = {"firm_id": FIRM, "user_id": 5, "desk_id": 4, "account_id": ACCOUNT, "account_ids": [ACCOUNT]}
        self.service.apply(1, session(1, cancels_on_disconnect=False, **owner))
        self._loop.add_reader(engine.event_fd, self._drain)
        self._task = asyncio.gather(self.service.run("127.0.0.1", 0), self._quote(), return_exceptions=True)
        await self.service.listening.wait()
        self.port = self.service.port
        self._ready.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._loop.remove_reader(engine.event_fd)

    def _drain(self) -> None:
        while page := self.fix.engine.drain():
            for raw in page:
                self.fix.desk.on_event(raw)

    async def _quote(self) -> None:
        while True:
            self.fix.quote()
            await asyncio.sleep(QUOTE_SECONDS)

    def position(self) -> int:
        """Lots of the trader's account, as the engine has them."""
        return sum(row[2] for row in self.fix.engine.positions() if row[0] == ACCOUNT)

    def trader(self) -> "Trader":
        return Trader(self.port, sender="CLIENT1", secret=SECRET)


class Trader(Counterparty):
    """``reports``: by MsgSeqNum as it came first. ``working``: ClOrdID of what rests by these reports."""

    def __init__(self, port: int, **given: str) -> None:
        super().__init__(port, **given)
        self.reports: dict[int, simplefix.FixMessage] = {}
        self.repeats: Counter[int] = Counter()
        self.status: dict[str, str] = {}
        self.resting: list[str] = []
        self._word = f"{next(_TRADERS):03d}"
        self._numbers, self._steps = itertools.count(1), itertools.count()

    def settle(self) -> None:
        """Nothing is missing on either side when it returns: what one of the two asked for has come."""
        word = f"settle{next(self._numbers)}"
        self.send("1", (112, word))
        while True:
            message = self.receive(*ALL_TYPES)
            self.react(message)
            if value(message, 112) == word:
                return

    def prepare(self) -> int:
        """How many reports have come, once all is quiet and something rests that may be replaced or canceled."""
        self.settle()
        if not self.resting:
            self.send_bytes(self.message("rest"))
            self.pump_reports(len(self.reports) + 1)
        return len(self.reports)

    def message(self, kind: str) -> bytes:
        """The next of that kind, remembered before it is sent."""
        name = f"{kind}{self._word}{next(self._numbers):07d}"
        type_, body = self._body(kind, name, ((55, NAME), (60, timestamp())))
        self.sent[self.next_sent] = (type_, body)
        data = bytes(self.build(type_, *body, sequence=self.next_sent).encode())
        self.next_sent += 1
        return data

    def _body(self, kind: str, name: str, at: Pairs) -> tuple[str, Pairs]:
        if kind == "rest":
            self.resting.append(name)
            return "D", ((11, name), (54, 1), (38, 3), (40, 2), (44, price(REST_TICKS)), (59, 1), *at)
        if kind in ("buy", "sell"):
            side, ticks = (1, BUY_TICKS) if kind == "buy" else (2, SELL_TICKS)
            return "D", ((11, name), (54, side), (38, 1), (40, 2), (44, price(ticks)), (59, 1), *at)
        if kind == "replace":
            old, self.resting[-1] = self.resting[-1], name
            return "G", (
                (11, name),
                (41, old),
                (54, 1),
                (38, 2),
                (40, 2),
                (44, price(REST_TICKS - 1 - next(self._steps) % 500)),
                *at,
            )
        if kind == "cancel":
            return "F", ((11, name), (41, self.resting.pop()), (54, 1), (38, 2), *at)
        return "H", ((11, self.resting[-1]), (54, 1), (55, NAME))

    def react(self, message: simplefix.FixMessage) -> None:
        sequence = int(value(message, 34))
        assert value(message, 35) not in ("3", "j", "9"), message
        if value(message, 35) == "8" and sequence < self.next_expected:
            first = self.reports.setdefault(sequence, message)
            assert (value(first, 17), value(first, 37)) == (value(message, 17), value(message, 37)), (
                "one number, one report"
            )
            self.repeats[sequence] += first is not message
            self.status[value(message, 37)] = value(first, 39)
        super().react(message)

    def pump_reports(self, count: int) -> None:
        """Live the session until so many different reports have come. Raises Disconnected, TimeoutError."""
        while len(self.reports) < count:
            self.react(self.receive(*ALL_TYPES))

    def read_exactly(self, count: int) -> bytes:
        """Take so many bytes off the wire; whoever forgets them has lost them. Raises TimeoutError with what came."""
        assert self._socket is not None, "connected before"
        self._socket.settimeout(WAIT_SECONDS)
        data = b""
        while len(data) < count:
            try:
                data += self._socket.recv(count - len(data))
            except TimeoutError as error:
                raise TimeoutError(f"{len(data)} of {count} bytes came: {data!r}") from error
        return data

    def fills(self) -> dict[str, tuple[str, str]]:
        """(side, quantity) by ExecID. An ExecID comes under one number alone."""
        found = [each for each in self.reports.values() if value(each, 150) == "F"]
        names = {value(each, 17): (value(each, 54), value(each, 32)) for each in found}
        assert len(names) == len(found), "each execution once"
        return names

    def position(self) -> int:
        return sum(int(lots) * (1 if side == "1" else -1) for side, lots in self.fills().values())

    def ask(self, kind: str, *body: tuple[int, object], answer: str, last: tuple[int, str]) -> list[Any]:
        """The answers to a request, to the one that says that it is the last."""
        self.sent[self.next_sent] = (kind, body)
        self.send(kind, *body)
        found = []
        while not found or value(found[-1], last[0]) != last[1]:
            message = self.receive(answer, "1")
            if value(message, 35) == "1":
                self.send("0", (112, value(message, 112)))
            else:
                found.append(message)
        return found
