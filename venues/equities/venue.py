"""The venue as a whole: a market that moves, its feed, its order sessions, and its days."""

import asyncio
import contextlib
import json
import logging
import time
from typing import Any

from venues.control_port import serve_lines
from venues.equities.accounts import Account
from venues.equities.clock import DAY_NS_MAX, MarketClock
from venues.equities.control import Control
from venues.equities.exchange import Exchange
from venues.equities.faults import AnyAction, Bust, EndSession, Faults, Halt, NewSession, Resume
from venues.equities.feed import Feed, GapServer
from venues.equities.market import Market
from venues.equities.order_desk import OrderDesk
from venues.equities.order_server import OrderServer
from venues.equities.prices import Prices
from venues.equities.reasons import BreakReason
from venues.equities.settings import Settings
from venues.equities.symbols import list_symbols

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.2
DAYS_MAX = 9_999
"""Sessions that the venue has names for."""


class Venue:
    """``open``, then ``parts`` run until they are canceled, then ``close``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.clock = MarketClock()
        self.faults = Faults()
        self.accounts = {user: Account(user, password) for user, password in settings.passwords.items()}
        symbols = list_symbols(settings.symbols, settings.seed)
        self.feed = Feed(settings.destinations, self.faults, settings.seed, settings.messages_max)
        self.desk = OrderDesk(self.faults)
        self.exchange = Exchange(symbols, self.feed.publish, self.desk)
        self.desk.attach(self.exchange)
        prices = Prices(symbols, settings.motion, settings.seed)
        self._market = Market(symbols, self.exchange, prices, settings.seed)
        self._gap_server = GapServer(self.feed, settings.gap_datagrams)
        self.order_server = OrderServer(
            self.accounts, self.desk, self.faults, self.clock,
            cancels_on_disconnect=settings.cancels_on_disconnect, settle=self.settle,
        )  # fmt: skip
        self.faults.at_once.append(self._carry_out)
        self._control: asyncio.Server | None = None
        self._ports: dict[str, int] = {}
        self._day = 0

    async def open(self) -> None:
        """Everything listens, and the first session has begun. Raises OSError."""
        settings = self._settings
        self._ports = {
            "feed": settings.destinations[0][1],
            "gap": await self._gap_server.open(settings.gap_port),
            "order": await self.order_server.open(settings.order_port),
        }
        if settings.control_port is not None:
            self._control = await serve_lines(Control(self, self.faults).answer, settings.control_port)
            self._ports["control"] = int(self._control.sockets[0].getsockname()[1])
        self.begin_session()
        log.info("equities: %d symbols, ports %s", settings.symbols, self._ports)
        if settings.ports_file is not None:
            draft = settings.ports_file.with_suffix(".part")
            draft.write_text(json.dumps(self._ports))
            draft.replace(settings.ports_file)

    async def move(self) -> None:
        """The market, at its step."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._settings.step_seconds, loop.time())
            await asyncio.sleep(due - loop.time())
            for part in self._market.parts():
                if self.feed.is_running:
                    self._market.move(part, self.clock.now_ns())
                    self.settle()
                await asyncio.sleep(0)

    async def beat(self) -> None:
        """Heartbeats of both wires."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.feed.beat(time.monotonic_ns())
            self.order_server.beat()

    async def close(self) -> None:
        """The session ends in order."""
        self.end_session()
        await self.order_server.close()
        self._gap_server.close()
        if self._control is not None:
            self._control.close()
        self.feed.close()
        if self._settings.ports_file is not None:
            with contextlib.suppress(FileNotFoundError):
                self._settings.ports_file.unlink()

    def settle(self) -> None:
        """What happened to the books is sent. A session that is as long as it may be ends."""
        self.feed.flush()
        if self.feed.is_running and (self.feed.is_full or self.clock.now_ns() > DAY_NS_MAX):
            log.warning(
                "equities: session %s is as long as it may be: %d messages", self.feed.session, self.feed.messages
            )
            self.end_session()
            if self._settings.begins_anew:
                self.begin_session()

    def begin_session(self) -> None:
        """A new day; one that still runs ends before."""
        self.end_session()
        self.clock.begin()
        self._day = self._day % DAYS_MAX + 1
        name = f"{self.clock.date:%y%m%d}{self._day:04d}"
        self.feed.begin(name)
        self.exchange.forget()
        self._market.forget()
        self.exchange.open(self.clock.now_ns())
        self.feed.flush()
        self.order_server.begin(name)
        self._market.step(self.clock.now_ns())
        self.feed.flush()
        log.info("equities: session %s", name)

    def end_session(self) -> None:
        if not self.feed.is_running:
            return
        self.order_server.end()
        self.exchange.end(self.clock.now_ns())
        self.feed.end()
        log.info("equities: session %s ended with %d messages", self.feed.session, self.feed.messages)

    def describe_session(self) -> dict[str, Any]:
        """For the control port."""
        return {
            "session": self.feed.session,
            "is_running": self.feed.is_running,
            "messages": self.feed.messages,
            "datagrams": self.feed.datagrams,
            "gap_requests": self._gap_server.requests,
            "resting_orders": len(self.exchange.orders),
            "malformed_requests": self.desk.malformed,
            "ports": self._ports,
            "fired": self.faults.fired,
        }

    def _carry_out(self, action: AnyAction) -> None:
        match action:
            case Halt() | Resume():
                self._halt_or_resume(action)
            case Bust():
                self._bust(action.match_number)
            case EndSession():
                self.end_session()
            case NewSession():
                self.begin_session()
            case _:
                pass

    def _halt_or_resume(self, action: Halt | Resume) -> None:
        symbol = self.exchange.symbols.get(action.symbol)
        if symbol is None:
            raise ValueError(f"no symbol {action.symbol!r}")
        if not self.feed.is_running:
            raise ValueError("no session runs")
        act = self.exchange.halt if isinstance(action, Halt) else self.exchange.resume
        act(symbol.locate, self.clock.now_ns())
        self.settle()

    def _bust(self, match_number: int) -> None:
        if not self.feed.is_running:
            raise ValueError("no session runs")
        self.desk.break_trade(self.accounts.values(), match_number, BreakReason.ERRONEOUS, self.clock.now_ns())
        self.settle()
