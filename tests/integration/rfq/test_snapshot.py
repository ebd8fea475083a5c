"""Snapshot + facts = a fresh snapshot, at every point of a negotiation and for every party."""

import itertools

from rfq import selectors
from rfq.models import BlockTrade
from tests.integration.rfq.world import facts_of, side
from wire import gateway
from wire.facts import RfqChanged


def snapshot_of(party):
    return {view.rfq_id: view for view in selectors.snapshot(party.firm.id, party.user.role)["rfqs"]}


def steps(world):
    rfq_id, second = world.create(), world.create(maker_firm_ids=[world.dune.firm.id], life_seconds=30)
    yield
    cobalt = world.quote(rfq_id)
    yield
    dune = world.quote(rfq_id, world.dune, life_seconds=10)
    world.quote(second, world.dune)
    yield
    world.wait(5).tick()
    yield
    world.quote(rfq_id, ask=side("0.0600", "0.0500"))
    yield
    world.wait(6).tick()
    yield
    world.quote(rfq_id, world.dune)
    yield
    world.cancel_quote(dune, world.dune)
    yield
    world.wait(19).tick()
    yield
    world.accept(rfq_id, cobalt, 2)
    yield
    trade = BlockTrade.objects.get()
    world.event(gateway.BlockReserved(reservation_id=trade.id))
    yield
    world.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=1))
    yield


def test_snapshot_plus_facts_is_a_fresh_snapshot(world):
    parties = (world.taker, world.cobalt, world.dune, world.ember, world.other_taker)
    taken = [[(party, len(facts_of(party)), snapshot_of(party)) for party in parties] for _ in steps(world)]
    for party, sequence, state in itertools.chain(*taken):
        for fact in facts_of(party)[sequence:]:
            if isinstance(fact, RfqChanged):
                state = {**state, fact.rfq.rfq_id: fact.rfq}
        assert state == snapshot_of(party)


def test_snapshot_keeps_what_lives_and_the_newest_of_what_ended(world, monkeypatch):
    monkeypatch.setattr(selectors, "SNAPSHOT_ENDED_RFQS_MAX", 2)
    ids = [world.create() for _ in range(4)]
    live = world.create()
    for rfq_id in ids:
        world.cancel_rfq(rfq_id)
    assert list(snapshot_of(world.taker)) == [*ids[2:], live]


def test_lists_ask_the_database_the_same_number_of_questions(world, django_assert_num_queries):
    for expected in (1, 3):
        while len(snapshot_of(world.taker)) < expected:
            rfq_id = world.create()
            world.quote(rfq_id)
            world.quote(rfq_id, world.dune)
        with django_assert_num_queries(2):
            assert len(selectors.list_views(world.taker.user)) == expected
        with django_assert_num_queries(11):
            assert len(snapshot_of(world.cobalt)) == expected
