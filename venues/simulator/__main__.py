"""``python -m venues.simulator``: see ``venues.simulator.settings`` for its arguments.

Exit codes: 0 stopped in order, 1 a part failed, 2 bad arguments, 3 the port cannot be used.
"""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Coroutine
from typing import Any

import quickfix
from redis.asyncio import Redis
from websockets.asyncio.server import Server

from venues.misbehavior import play_script
from venues.process import EXIT_PORT, run_until_stopped, stop_on_signals
from venues.simulator.block_rfqs import BlockDesk
from venues.simulator.control import serve_control
from venues.simulator.exchange import Exchange
from venues.simulator.faults import AnyAction, Bust, Faults
from venues.simulator.fix.front import FixFront
from venues.simulator.json_rpc.server import JsonRpcFront
from venues.simulator.liquidity import STEP_SECONDS, Liquidity
from venues.simulator.paths import FollowedPath, Path, SeededPath, is_expired
from venues.simulator.settings import Settings, parse_arguments

log = logging.getLogger(__name__)

LISTING_SECONDS = 15.0
"""Between two looks at what should be listed."""
WAIT_FOR_MARKET_SECONDS = 0.25
CLOSE_SECONDS_MAX = 2.0


class Venue:
    """A market that moves, and its fronts. ``run`` until asked to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._exchange = Exchange(settings.profile, settings.secrets, time.time_ns())
        self._faults = Faults()
        self._faults.at_once.append(self._bust)
        client = Redis.from_url(settings.valkey_url, socket_timeout=3.0) if settings.valkey_url else None
        self._path: Path = FollowedPath(client) if client else SeededPath(settings.seed)
        self._liquidity = Liquidity(self._exchange, self._path, settings.seed)
        self._block_desk = BlockDesk(self._exchange, settings.seed, settings.block_grace_ns)
        self._server: Server | None = None
        self._fix: FixFront | None = None

    async def run(self) -> int:
        stop = stop_on_signals()
        try:
            parts = [self._move(), *await self._open(), play_script(self._settings.script, self._faults)]
            if self._settings.control_port is not None:
                await serve_control(self._faults, self._settings.control_port)
        except (OSError, quickfix.ConfigError, quickfix.RuntimeError) as error:
            sys.stderr.write(f"venue: a port cannot be used: {error}.\n")
            return EXIT_PORT
        tasks = [asyncio.create_task(part) for part in parts]
        code = await run_until_stopped(tasks, stop)
        await self._close()
        self._exchange.close()
        return code

    async def _open(self) -> list[Coroutine[Any, Any, None]]:
        """What each front does from now on. Raises OSError, quickfix.ConfigError, quickfix.RuntimeError."""
        settings, title = self._settings, self._settings.profile.title
        parts: list[Coroutine[Any, Any, None]] = []
        if settings.port is not None:
            front = JsonRpcFront(self._exchange, self._faults, settings.secrets, self._block_desk)
            self._server = await front.open(settings.port)
            log.info("%s: WebSocket on port %d", title, self._server.sockets[0].getsockname()[1])
            parts.append(front.publish())
        if settings.fix_port is not None:
            store = settings.fix_store
            self._fix = FixFront(self._exchange, self._faults, settings.secrets, settings.fix_port, store)
            log.info("%s: FIX on port %d", title, settings.fix_port)
            parts.append(self._fix.run())
        return parts

    async def _close(self) -> None:
        if self._fix is not None:
            self._fix.close()
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), CLOSE_SECONDS_MAX)

    def _bust(self, action: AnyAction) -> None:
        if isinstance(action, Bust):
            self._exchange.bust_last(action.trade_id, time.time_ns())

    async def _move(self) -> None:
        """Lists, then quotes ten times a second."""
        while not await self._list():  # noqa: ASYNC110 - another process shows its market when it is there
            await asyncio.sleep(WAIT_FOR_MARKET_SECONDS)
        self._liquidity.step(time.time_ns(), is_first=True)
        log.info("%s: %d contracts", self._settings.profile.title, len(self._exchange.contracts))
        loop = asyncio.get_running_loop()
        due = listed_at = loop.time()
        while True:
            due = max(due + STEP_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())
            now_ns = time.time_ns()
            await self._path.advance(now_ns)
            self._deliver_expired(now_ns)
            if loop.time() - listed_at > LISTING_SECONDS:
                listed_at = loop.time()
                await self._list()
            self._liquidity.step(now_ns)
            self._block_desk.step(now_ns)

    async def _list(self) -> int:
        """How many contracts the path names."""
        now_ns = time.time_ns()
        names = await self._path.open(self._settings.profile, now_ns)
        for name in names:
            self._exchange.list_contract(name, now_ns)
        return len(names)

    def _deliver_expired(self, at_ns: int) -> None:
        for contract in list(self._exchange.contracts.values()):
            if is_expired(contract.terms, at_ns):
                self._exchange.deliver(contract, self._exchange.indices[contract.terms.base_currency], at_ns)


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_live(settings))
    return 0


async def _live(settings: Settings) -> int:
    return await Venue(settings).run()


if __name__ == "__main__":
    sys.exit(main())
