"""An auto-quoting maker: its own process, talking to Parley like any client.

python -m strategies.maker --url http://127.0.0.1:8000 --key-file state/demo/cobalt.json --spread-vega 0.6
"""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from strategies import client as clients
from strategies.client import ParleyClient
from strategies.decisions import Nothing, Submit, Submitted, Withdraw, decide, find_active, life_seconds
from strategies.market_store import MarketStore
from strategies.parameters import QuotingParameters
from wire import client as messages
from wire.facts import PositionChanged, PositionView, RfqChanged, RfqView
from wire.units import NANOSECONDS_PER_SECOND, RfqState

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
COMMANDS_MAX = 8
"""Commands on their way at once; an RFQ has at most one."""
REFUSED_PAUSE_NS = 2 * NANOSECONDS_PER_SECOND
RFQS_MAX = 10_000
FAREWELL_SECONDS_MAX = 3.0


class Maker:
    """Reads everything, and looks at each live RFQ ten times a second."""

    def __init__(self, client: ParleyClient, *, account_id: int, parameters: QuotingParameters) -> None:
        self._client, self._account_id, self.parameters = client, account_id, parameters
        self._market = MarketStore()
        self._rfqs: dict[int, RfqView] = {}
        self._positions: dict[str, Decimal] = {}
        self._submitted: dict[int, Submitted] = {}
        self._quote_ids: dict[int, int] = {}
        """What an RFQ's newest submission was accepted as, also before its fact arrives."""
        self._paused_until_ns: dict[int, int] = {}
        self._said: dict[int, str] = {}
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_live = False

    async def run(self) -> None:
        """Until canceled. Raises clients.Unauthorized."""
        reading = asyncio.create_task(self._read())
        looking = asyncio.create_task(self._look_again_and_again())
        try:
            done, _ = await asyncio.wait([reading, looking], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            looking.cancel()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._say_farewell(), FAREWELL_SECONDS_MAX)
            raise
        finally:
            for task in (reading, looking, *self._tasks):
                task.cancel()
            await asyncio.gather(reading, looking, *self._tasks, return_exceptions=True)

    async def _read(self) -> None:
        async with contextlib.aclosing(self._client.happenings()) as happenings:
            async for happening in happenings:
                await self.take(happening)

    async def take(self, happening: clients.Happening) -> None:
        if isinstance(happening, clients.FramesArrived):
            self._market.take(happening.frames)
        elif isinstance(happening, clients.FactArrived):
            await self._take_fact(happening.fact)
        elif isinstance(happening, clients.SnapshotTaken):
            await self._start_over(happening.state)
        elif isinstance(happening, clients.Connected):
            self._is_live = True
            log.info("connected as user %d of firm %d", happening.hello.user_id, happening.hello.firm_id)
        else:
            self._is_live = False
            log.warning("disconnected: %s", happening.reason)

    async def _start_over(self, state: clients.State) -> None:
        self._rfqs = {rfq.rfq_id: rfq for rfq in state.rfqs if _is_ours(rfq)}
        self._positions = {}
        for position in state.positions:
            self._take_position(position)
        for rfq_id in self._submitted.keys() - self._rfqs.keys():
            self._forget(rfq_id)
        await self._follow()

    async def _take_fact(self, fact: object) -> None:
        if isinstance(fact, RfqChanged):
            await self._take_rfq(fact.rfq)
        elif isinstance(fact, PositionChanged):
            self._take_position(fact.position)
            await self._follow()

    async def _take_rfq(self, rfq: RfqView) -> None:
        is_new = rfq.rfq_id not in self._rfqs
        if _is_ours(rfq) and len(self._rfqs) < RFQS_MAX:
            self._rfqs[rfq.rfq_id] = rfq
            if is_new:
                log.info("rfq %d: %s x %s of %s", rfq.rfq_id, rfq.structure, rfq.quantity, rfq.taker_name)
                await self._follow()
        elif not is_new:
            log.info("rfq %d: %s %s", rfq.rfq_id, rfq.state, rfq.traded_price or "")
            del self._rfqs[rfq.rfq_id]
            self._forget(rfq.rfq_id)
            await self._follow()

    def _take_position(self, position: PositionView) -> None:
        if position.account_id == self._account_id:
            self._positions[position.instrument_name] = Decimal(position.quantity)
            if not self._positions[position.instrument_name]:
                del self._positions[position.instrument_name]

    async def _follow(self) -> None:
        """Tickers of what is asked for and of what is held; index and surface of the coins."""
        names = {leg.instrument_name for rfq in self._rfqs.values() for leg in rfq.legs} | self._positions.keys()
        coins = {name.partition("-")[0].partition("_")[0] for name in names}
        keys = {f"{kind}.{coin}" for coin in coins for kind in ("index", "surface")}
        await self._client.watch(keys | {f"ticker.{name}" for name in names})

    def _forget(self, rfq_id: int) -> None:
        for known in (self._submitted, self._quote_ids, self._paused_until_ns, self._said):
            known.pop(rfq_id, None)

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._is_live:
                self.look()

    def look(self) -> None:
        """Decide for every live RFQ that has no command on its way."""
        market = self._market.view(self._client.server_time_ns())
        for rfq in list(self._rfqs.values()):
            if len(self._busy) >= COMMANDS_MAX:
                return
            if rfq.rfq_id in self._busy or market.now_ns < self._paused_until_ns.get(rfq.rfq_id, 0):
                continue
            decision = decide(
                rfq,
                submitted=self._submitted.get(rfq.rfq_id),
                market=market,
                positions=self._positions,
                parameters=self.parameters,
            )
            if isinstance(decision, Nothing):
                self._say(rfq.rfq_id, decision.reason)
            else:
                self._start(rfq, decision, market.now_ns)

    def _say(self, rfq_id: int, reason: str) -> None:
        """Why an RFQ is not quoted, once."""
        if reason and self._said.get(rfq_id) != reason:
            self._said[rfq_id] = reason
            log.info("rfq %d: no quote, %s", rfq_id, reason)

    def _start(self, rfq: RfqView, decision: Submit | Withdraw, now_ns: int) -> None:
        self._busy.add(rfq.rfq_id)
        task = asyncio.create_task(self._perform(rfq, decision, now_ns))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, rfq: RfqView, decision: Submit | Withdraw, now_ns: int) -> None:
        try:
            if isinstance(decision, Withdraw):
                log.info("rfq %d: quote withdrawn, %s", rfq.rfq_id, decision.reason)
                await self._client.send(messages.CancelQuote(command_id=_command_id(), quote_id=decision.quote_id))
                self._submitted.pop(rfq.rfq_id, None)
                self._quote_ids.pop(rfq.rfq_id, None)
                self._paused_until_ns[rfq.rfq_id] = now_ns + NANOSECONDS_PER_SECOND
            else:
                accepted = await self._client.send(self._quote(rfq, decision))
                self._quote_ids[rfq.rfq_id] = accepted.entity_id
                self._submitted[rfq.rfq_id] = Submitted(prices=decision.prices, at_ns=now_ns)
        except clients.Refused as refused:
            log.info("rfq %d: %s", rfq.rfq_id, refused)
            self._paused_until_ns[rfq.rfq_id] = now_ns + REFUSED_PAUSE_NS
        except clients.OutcomeUnknown as unknown:
            log.warning("rfq %d: no answer to %s", rfq.rfq_id, unknown)
            self._submitted.pop(rfq.rfq_id, None)
        finally:
            self._busy.discard(rfq.rfq_id)

    def _quote(self, rfq: RfqView, decision: Submit) -> messages.SubmitQuote:
        return messages.SubmitQuote(
            command_id=_command_id(),
            rfq_id=rfq.rfq_id,
            account_id=self._account_id,
            bid=_side(rfq, decision.prices.bid),
            ask=_side(rfq, decision.prices.ask),
            life_seconds=life_seconds(rfq, self.parameters),
        )

    async def _say_farewell(self) -> None:
        """A maker that goes leaves no quote behind, nor one that is on its way; one that is killed leaves quotes with a
        short life.
        """
        await asyncio.gather(*self._tasks, return_exceptions=True)
        seen = {quote.quote_id for rfq in self._rfqs.values() if (quote := find_active(rfq)) is not None}
        cancels = [
            messages.CancelQuote(command_id=_command_id(), quote_id=quote_id)
            for quote_id in seen | set(self._quote_ids.values())
        ]
        await asyncio.gather(*(self._client.send(cancel) for cancel in cancels), return_exceptions=True)


def _is_ours(rfq: RfqView) -> bool:
    return rfq.role == "maker" and rfq.state in {RfqState.OPEN, RfqState.PENDING_FILL}


def _side(rfq: RfqView, prices: Sequence[Decimal] | None) -> messages.QuoteSide | None:
    """The hedge leg trades at the taker's price: no maker names another."""
    if prices is None:
        return None
    legs = zip(rfq.legs, prices, strict=True)
    return messages.QuoteSide(leg_prices=[None if leg.is_hedge else format(price, "f") for leg, price in legs])


def _command_id() -> str:
    return uuid.uuid4().hex


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """``token``: ``<key id>.<secret>``; ``account_id``: what the maker trades on."""

    token: str
    account_id: int


def read_key(path: Path) -> Key:
    """Raises SystemExit with one sentence where the file is not a key."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Key)
    except OSError as error:
        raise SystemExit(f"The key file {path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise SystemExit(f"The key file {path} is not a key: {error}.") from error


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """``--url``, ``--key-file`` and every field of QuotingParameters."""
    parser = argparse.ArgumentParser(prog="python -m strategies.maker", description="Answer RFQs with firm quotes.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key-file", "--key", type=Path, required=True)
    for field in msgspec.structs.fields(QuotingParameters):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    return parser.parse_args(arguments)


async def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    parameters = QuotingParameters(**{name: getattr(options, name) for name in QuotingParameters.__struct_fields__})
    key = read_key(options.key_file)
    log.info("parameters %s", json.dumps(msgspec.to_builtins(parameters)))
    client = ParleyClient(options.url, key.token)
    task = asyncio.current_task()
    assert task is not None, "main runs as a task"
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await Maker(client, account_id=key.account_id, parameters=parameters).run()
    except clients.Unauthorized as error:
        log.error("the key in %s is not accepted: %s", options.key_file, error)  # noqa: TRY400  no traceback wanted
        return 1
    except asyncio.CancelledError:
        log.info("stopped")
    finally:
        await client.close()
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(asyncio.run(main(sys.argv[1:])))
