"""The real engine beside the real database: the outbox into the one, its events into the other."""

import asyncio

import msgspec
import parley_core

from common import clock
from gateway.commands import CommandSubmitter
from gateway.engine import list_contract
from gateway.events import decode_event
from gateway.registry import Contract
from streams.models import OutboxCommand
from tests import builders
from wire import gateway

NAMES = ["BTC-PERPETUAL", "BTC-27MAR26-80000-C", "BTC_USDC-PERPETUAL"]
MID_TICKS = {"BTC-PERPETUAL": 140_000, "BTC-27MAR26-80000-C": 500, "BTC_USDC-PERPETUAL": 140_000}
BTC = 0


class Venue:
    """Relays the outbox into an engine and projects what it says, as dispatcher and gateway do."""

    def __init__(self, folder):
        self.engine = parley_core.Engine(str(folder))
        self.engine.start()
        self.submitter, self.sequence, self.relayed = CommandSubmitter(self.engine), 0, 0

    def list(self, instruments):
        self.engine.set_index(clock.now_ns(), BTC, 70_000_000_000)
        for row in instruments:
            contract = Contract(row.id, row.terms, float(row.tick_size), float(row.lot_size), 1, 1)
            asyncio.run(list_contract(self.engine, contract, msgspec.json.encode(row.terms), 4))

    def quote(self, row, rng):
        mid = MID_TICKS[row.name] + rng.randint(-3, 3)
        self.engine.set_quotes(
            clock.now_ns(),
            builders.FEBRUARY,
            row.id,
            mid,
            [(mid - 2, 20), (mid - 4, 50)],
            [(mid + 2, 20), (mid + 4, 50)],
        )

    def limit(self, desk):
        command = gateway.SetLimits(
            command_id=f"limits-{desk.account.id}",
            account_id=desk.account.id,
            firm_id=desk.firm.id,
            desk_id=desk.desk.id,
            max_order_quantity_lots=10**6,
            max_order_value_micros=10**16,
            max_position_lots=10**7,
            max_position_value_micros=10**17,
            price_collar_basis_points=5_000,
        )
        self.take(command)

    def take(self, command):
        self.sequence += 1
        asyncio.run(self.submitter.submit(self.sequence, command))

    def relay(self, hear=None):
        """``hear``: told of each command before the engine gets it. The feed lives: no mark ages on the way there."""
        self.engine.feed_heartbeat(clock.now_ns(), builders.FEBRUARY)
        for row in OutboxCommand.objects.filter(id__gt=self.relayed).order_by("id"):
            command = msgspec.json.decode(row.payload, type=gateway.AnyGatewayCommand)
            if hear is not None:
                hear(command)
            self.take(command)
            OutboxCommand.objects.filter(id=row.id).update(command_sequence=self.sequence)
            self.relayed = row.id

    def project(self, *apps, on_event=None):
        assert self.engine.flush(20), self.engine.state
        while page := self.engine.drain():
            for raw in page:
                builders.project(decode_event(raw), *apps)
                if on_event is not None:
                    on_event(raw)
