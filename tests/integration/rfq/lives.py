"""Whole lives of an RFQ, as several tests need them."""

import itertools

from rfq.models import BlockTrade
from tests.integration.rfq.world import side
from wire import gateway
from wire.units import Side

_executions = itertools.count(100_000, 100)


def traded(world, *, taker_side=Side.BUY, confirmed=True, **changes):
    """Two makers, a replacement, a trade that the gateway confirms; the RFQ's id."""
    rfq_id = world.create(**changes)
    first = world.quote(rfq_id)
    world.quote(rfq_id, world.dune, ask=side("0.0621", "0.0511"))
    world.wait(1).quote(rfq_id, ask=side("0.0601", "0.0501"))
    world.wait(5).tick()
    world.accept(rfq_id, first, version=2, taker_side=taker_side)
    world.wait(0.2).event(gateway.BlockReserved(reservation_id=reservation_of(rfq_id)))
    if confirmed:
        confirm(world, rfq_id)
    return rfq_id


def confirm(world, rfq_id):
    confirmed = gateway.BlockConfirmed(reservation_id=reservation_of(rfq_id), first_execution_id=next(_executions))
    world.event(confirmed)


def reservation_of(rfq_id):
    return BlockTrade.objects.get(rfq_id=rfq_id).id


def rejected(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).tick()
    world.accept(rfq_id, quote_id, taker_side=Side.SELL)
    world.wait(3).tick()
    return rfq_id


def expired(world):
    rfq_id = world.create(life_seconds=20)
    world.quote(rfq_id, life_seconds=10)
    world.wait(12).tick()
    world.wait(12).tick()
    return rfq_id
