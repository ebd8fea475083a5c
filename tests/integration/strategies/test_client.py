"""The outside client against a real web process: snapshot, gapless facts, commands, reconnection."""

import asyncio
import contextlib

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from strategies import client as clients
from strategies.client import ParleyClient
from tests.integration.rfq.world import CALL, command_id, leg, side
from tests.integration.terminal.web import web_process
from wire import client as messages
from wire.facts import RfqChanged, RfqView
from wire.units import RfqState

SECONDS_MAX = 60


def in_thread(call):
    """``call`` for the event loop, with a database connection that ends with it."""

    def run(*arguments, **options):
        try:
            return call(*arguments, **options)
        finally:
            connection.close()

    return sync_to_async(run)


class Listener:
    """Collects everything that happens to a client."""

    def __init__(self, client):
        self.client, self.seen = client, []
        self._task = asyncio.create_task(self._listen())
        self._news = asyncio.Condition()

    async def _listen(self):
        async with contextlib.aclosing(self.client.happenings()) as happenings:
            async for happening in happenings:
                async with self._news:
                    self.seen.append(happening)
                    self._news.notify_all()

    async def until(self, is_it, after=0):
        async def wait():
            async with self._news:
                while True:
                    for happening in self.seen[after:]:
                        if is_it(happening):
                            return happening
                    if self._task.done():
                        self._task.result()
                    await self._news.wait()

        return await asyncio.wait_for(wait(), SECONDS_MAX)

    async def close(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()


@contextlib.asynccontextmanager
async def listening(web, token):
    listener = Listener(ParleyClient(web.origin, token))
    try:
        yield listener
    finally:
        await listener.close()


def is_a(kind):
    return lambda happening: isinstance(happening, kind)


def is_rfq(state):
    return lambda each: isinstance(each, clients.FactArrived) and isinstance(each.fact, RfqChanged) and each.fact.rfq.state is state


def create_message(world, **changes):
    fields = {
        "command_id": command_id(),
        "account_id": world.taker.account.id,
        "legs": [leg(CALL)],
        "quantity": "1",
        "maker_firm_ids": [world.cobalt.firm.id],
    }
    return messages.CreateRfq(**{**fields, **changes})


async def test_snapshot_facts_and_commands(world, web, key_of):
    token = await in_thread(key_of)(world.taker)
    async with listening(web, token) as taker:
        await taker.until(is_a(clients.SnapshotTaken))
        created = await taker.client.send(create_message(world))
        fact = await taker.until(is_rfq(RfqState.OPEN))
        assert (created.entity, fact.fact.rfq.rfq_id) == ("rfq", created.entity_id)
        views = await taker.client.get("/rfqs", list[RfqView])
        assert views == [fact.fact.rfq]
        posted = await taker.client.post("/rfqs", create_message(world))
        assert posted.entity_id == created.entity_id + 1
        with pytest.raises(clients.Refused) as refusal:
            await taker.client.send(create_message(world, quantity="0.01"))
        assert refusal.value.reason == "quantity_off_lot"
        with pytest.raises(clients.Refused) as refusal:
            await taker.client.get("/rfqs/999999", RfqView)
        assert refusal.value.reason == "rfq_not_found"


async def test_market_data_of_what_is_watched(world, web, key_of):
    from strategies.market_store import MarketStore

    token = await in_thread(key_of)(world.cobalt)
    async with listening(web, token) as maker:
        await maker.until(is_a(clients.Connected))
        await maker.client.watch({"index.BTC", f"ticker.{CALL}", "surface.BTC"})
        store = MarketStore()
        market = store.view(0)
        seen = 0
        while not (CALL in market.tickers and "BTC" in market.surface_at_ns):
            frames = await maker.until(is_a(clients.FramesArrived), seen)
            seen = maker.seen.index(frames) + 1
            store.take(frames.frames)
            market = store.view(maker.client.server_time_ns())
        assert market.slices["BTC-27MAR26"].forward_price == 80_000.0
        assert abs(market.now_ns - market.alive_at_ns["BTC"]) < 5 * 10**9


async def test_facts_missed_while_away_are_resumed_without_a_gap(world, market, key_of):
    token = await in_thread(key_of)(world.cobalt)
    with web_process("uvicorn") as first:
        port = first.port
        listener = Listener(ParleyClient(first.origin, token))
        await listener.until(is_a(clients.SnapshotTaken))
        rfq_id = await in_thread(world.create)(legs=[leg(CALL)])
        await listener.until(is_rfq(RfqState.OPEN))
    await listener.until(is_a(clients.Disconnected))
    with pytest.raises(clients.OutcomeUnknown):
        await listener.client.send(messages.CancelQuote(command_id=command_id(), quote_id=1))
    for _ in range(3):
        await in_thread(world.quote)(rfq_id, bid=side("0.05"), ask=side("0.06"))
    await in_thread(world.cancel_rfq)(rfq_id)
    with web_process_on(port):
        await listener.until(is_rfq(RfqState.CANCELED))
        sequences = [each.sequence for each in listener.seen if isinstance(each, clients.FactArrived)]
        assert sequences == list(range(sequences[0], sequences[0] + 5))
        assert len([each for each in listener.seen if isinstance(each, clients.SnapshotTaken)]) == 1
        await listener.close()


def test_a_gap_makes_the_client_resume_once_and_drop_what_does_not_follow():
    """No server makes gaps on purpose, so the messages are fed by hand."""
    import msgspec

    from wire.facts import CancelAllDone

    raw = msgspec.Raw(msgspec.json.encode(CancelAllDone(scope="all", scope_id=0, orders_canceled=0)))
    fact = lambda number: messages.FactMessage(frame=number, sequence=number, at_ns=0, fact=raw)

    async def play():
        client = ParleyClient("http://127.0.0.1:1", "a.b")
        written = []

        async def write(message):
            written.append(message)

        client._write = write
        client.sequence = 4
        taken = []
        for number in (5, 7, 8, 4, 6, 7):
            taken += [each.sequence for each in await client._take(fact(number))]
        await client.close()
        return taken, [each for each in map(msgspec.to_builtins, written) if each["type"] == "resume"]

    taken, resumes = asyncio.run(play())
    assert taken == [5, 6, 7]
    assert resumes == [{"type": "resume", "sequence": 5}]


async def test_a_key_that_is_unknown_ends_the_client(web):
    client = ParleyClient(web.origin, "nobody.nothing")
    with pytest.raises(clients.Unauthorized):
        async for _ in client.happenings():
            pass
    await client.close()


@contextlib.contextmanager
def web_process_on(port):
    """The same address again, as after a restart."""
    from tests.integration.terminal import web

    real, web.free_port = web.free_port, lambda: port
    try:
        with web_process("uvicorn") as process:
            yield process
    finally:
        web.free_port = real
