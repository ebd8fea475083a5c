"""Threads against a real PostgreSQL: whatever races, an RFQ is decided once."""

import datetime as dt
import functools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from audit.models import AuditRecord
from common.errors import Refusal
from rfq import selectors, services
from rfq.domain.transitions import TERMINAL_STATES
from rfq.models import BlockTrade, DeskLimits, DeskLimitsProposal, Quote, QuoteVersion, Rfq, RfqCommand
from rfq.selectors import allocations
from streams.models import Fact
from tests.integration.rfq import world as worlds
from tests.integration.rfq.test_desk_proposals import decide, propose
from tests.integration.rfq.world import command_id, commands_sent, facts_of, rfq_facts_of, side
from wire import gateway
from wire.units import RfqState, Side

pytestmark = pytest.mark.django_db(transaction=True)

ACCEPTS = 200
THREADS = 10
"""As many as a process has connections: nobody waits for one while another has all of its turns."""


@pytest.fixture
def world(transactional_db):
    with worlds.patient_marks():
        world = worlds.build()
        world.plays = False
        yield world


def at_once(calls, threads=THREADS):
    """What each call returned, or the reason why it was refused. The caller's own connection is lent to the threads."""
    connection.close()
    barrier = threading.Barrier(threads)

    def run(share):
        barrier.wait()
        try:
            return [_outcome(call) for call in share]
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        shares = [calls[index::threads] for index in range(threads)]
        return [result for results in pool.map(run, shares) for result in results]


def _outcome(call):
    try:
        return call()
    except Refusal as refusal:
        return refusal.reason


def test_200_accepts_of_one_quote_make_one_trade(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6)
    outcomes = Counter(at_once([lambda: world.accept(rfq_id, quote_id)] * ACCEPTS))
    assert outcomes == {rfq_id: 1, "rfq_not_open": ACCEPTS - 1}
    assert BlockTrade.objects.count() == 1
    assert len(commands_sent(gateway.ReserveBlock)) == 1
    assert [view.state for view in rfq_facts_of(world.taker)].count(RfqState.PENDING_FILL) == 1


def test_one_accept_sent_200_times_is_answered_200_times_and_done_once(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6)
    once = command_id()
    outcomes = Counter(at_once([lambda: world.accept(rfq_id, quote_id, command_id=once)] * ACCEPTS))
    assert outcomes == {rfq_id: ACCEPTS}
    assert len(commands_sent(gateway.ReserveBlock)) == 1
    assert RfqCommand.objects.filter(command_id=once).count() == 1


def test_accepts_of_both_makers_and_both_sides_make_one_trade(world):
    rfq_id = world.create()
    quotes = [world.quote(rfq_id), world.quote(rfq_id, world.dune)]
    world.wait(6)
    calls = [
        lambda quote_id=quote_id, taker_side=taker_side: world.accept(rfq_id, quote_id, taker_side=taker_side)
        for quote_id in quotes
        for taker_side in Side
    ] * 8
    outcomes = Counter(at_once(calls))
    assert outcomes == {rfq_id: 1, "rfq_not_open": len(calls) - 1}
    assert Quote.objects.filter(state="pending_fill").count() == 1
    assert Quote.objects.filter(state="active").count() == 1


def test_one_create_sent_by_many_threads_is_one_rfq(world):
    once = command_id()
    outcomes = at_once([lambda: world.create(command_id=once)] * 48)
    assert len(set(outcomes)) == 1
    assert Rfq.objects.count() == 1


def test_create_caps_hold_under_a_crowd(world):
    DeskLimits.objects.filter(firm_id=world.taker.firm.id).update(create_per_minute_max=10)
    outcomes = Counter(at_once([world.create] * 48))
    assert outcomes["rfq_rate"] == 38
    assert Rfq.objects.count() == 10


def test_replacements_from_many_threads_are_versions_without_a_gap(world):
    rfq_id = world.create()
    outcomes = at_once([lambda: world.quote(rfq_id)] * 48)
    assert len(set(outcomes)) == 1
    versions = QuoteVersion.objects.order_by("version").values_list("version", "end_reason")
    assert list(versions) == [(number, "replaced") for number in range(1, 48)] + [(48, "")]


@pytest.mark.parametrize("round_number", range(3))
def test_accepts_and_expiry_at_the_boundary_decide_each_rfq_once(world, round_number):
    """Accepts with a clock just before the end race the timer with a clock just after it."""
    rfq_ids = [world.create(life_seconds=60) for _ in range(8)]
    quotes = {rfq_id: world.quote(rfq_id) for rfq_id in rfq_ids}
    world.wait(59.999999)
    last_instant = world.at
    after = world.wait(0.000001).at
    calls = [lambda each=rfq_id: world.accept(each, quotes[each], at=last_instant) for rfq_id in rfq_ids]
    calls += [lambda: services.expire_due(after)] * 4 + [lambda each=rfq_id: world.accept(each, quotes[each], at=after) for rfq_id in rfq_ids]
    at_once(calls)
    services.expire_due(after)
    for rfq_id in rfq_ids:
        record = selectors.get_record(rfq_id)
        assert record.state in {RfqState.PENDING_FILL, RfqState.EXPIRED}
        assert bool(record.trades) is (record.state is RfqState.PENDING_FILL)
        told = [view.state for view in rfq_facts_of(world.taker) if view.rfq_id == rfq_id]
        assert told[-1] is record.state
    assert len(commands_sent(gateway.ReserveBlock)) == BlockTrade.objects.count()


def test_reservation_and_timeout_race_to_one_outcome(world):
    """The gateway's answer arrives as the timer fires: filled and confirmed, or rejected and voided, never both."""
    rfq_ids = [world.create() for _ in range(8)]
    quotes = {rfq_id: world.quote(rfq_id) for rfq_id in rfq_ids}
    world.wait(6)
    for rfq_id in rfq_ids:
        world.accept(rfq_id, quotes[rfq_id])
    trades = dict(BlockTrade.objects.values_list("rfq_id", "id"))
    world.wait(2)
    calls = [lambda each=rfq_id: world.event(gateway.BlockReserved(reservation_id=trades[each])) for rfq_id in rfq_ids]
    at_once(calls + [world.tick] * 8, threads=8)
    world.tick()
    confirmed = {command.reservation_id for command in commands_sent(gateway.ConfirmBlock)}
    voided = {command.reservation_id for command in commands_sent(gateway.VoidBlock)}
    assert confirmed | voided == set(trades.values())
    assert not confirmed & voided
    for rfq_id in rfq_ids:
        record = selectors.get_record(rfq_id)
        assert record.state in TERMINAL_STATES
        assert (record.state is RfqState.FILLED) is (trades[rfq_id] in confirmed)
        ends = [view.state for view in rfq_facts_of(world.taker) if view.rfq_id == rfq_id and view.state in TERMINAL_STATES]
        assert len(ends) == 1


def test_facts_of_a_crowd_are_gapless(world):
    rfq_id = world.create()
    at_once([lambda: world.quote(rfq_id)] * 24 + [lambda: world.quote(rfq_id, world.dune, ask=side("0.07", "0.06"))] * 24)
    for party in (world.cobalt, world.dune):
        sequences = list(Fact.objects.filter(firm_id=party.firm.id).order_by("sequence").values_list("sequence", flat=True))
        assert sequences == list(range(1, len(sequences) + 1))
        versions = [view.quotes[0].version for view in rfq_facts_of(party) if view.quotes]
        assert versions == list(range(1, 25))
    assert facts_of(world.taker)


def test_accept_pool_cancel_and_expiry_at_the_boundary_decide_each_rfq_once(world):
    """One quote, the pool, the taker's and the makers' withdrawals and the timer race at the last instant."""
    rfq_ids = [world.create(life_seconds=60) for _ in range(6)]
    quotes = {rfq_id: world.quote(rfq_id, quantity="1") for rfq_id in rfq_ids}
    whole = {rfq_id: world.quote(rfq_id, world.dune) for rfq_id in rfq_ids}
    world.wait(59.999999)
    last_instant = world.at
    after = last_instant + dt.timedelta(microseconds=1)
    calls = []
    for rfq_id in rfq_ids:
        calls += [
            lambda each=rfq_id: world.trade(each, "0.2", at=last_instant),
            lambda each=rfq_id: world.accept(each, whole[each], at=last_instant),
            lambda each=rfq_id: world.cancel_quote(quotes[each]),
            lambda each=rfq_id: world.cancel_rfq(each),
            lambda: services.expire_due(after),
        ]
    at_once(calls)
    services.expire_due(after)
    for rfq_id in rfq_ids:
        record = selectors.get_record(rfq_id)
        assert record.state in {RfqState.PENDING_FILL, RfqState.EXPIRED, RfqState.CANCELED}
        assert bool(record.trades) is (record.state is RfqState.PENDING_FILL)
        assert not record.trades or sum(trade.quantity for trade in record.trades) == record.quantity
        assert allocations.find_allocation_difference(rfq_id) is None
    assert len(commands_sent(gateway.ReserveBlock)) == BlockTrade.objects.count()


def test_bounds_are_proposed_once_and_decided_once_whoever_comes_at_once(world):
    """Three propose; then two approve while the proposer withdraws: one of each did it, and the bounds say which."""
    first, second = (worlds.new_party(name, "house", "admin") for name in ("Office", "Annex"))
    for count in range(1, 9):
        outcomes = at_once([functools.partial(propose, world, first, open_rfqs_max=count)] * 3, threads=3)
        assert outcomes.count("proposal_waits") == 2
        (proposal_id,) = (found for found in outcomes if found != "proposal_waits")
        approvals = [functools.partial(decide, world, party, proposal_id) for party in (second, world.house)]
        withdrawal = functools.partial(decide, world, first, proposal_id, is_approved=False)
        assert Counter(at_once([*approvals, withdrawal], threads=3)) == {proposal_id: 1, "already_decided": 2}
        row = DeskLimitsProposal.objects.get(pk=proposal_id)
        assert row.state == ("withdrawn" if row.decided_by == first.user else "approved")
        in_force = DeskLimits.objects.get(firm=world.taker.firm).open_rfqs_max
        assert (in_force == count) is (row.state == "approved")
    trail = AuditRecord.objects.filter(entity=f"firm:{world.taker.firm.id}", action__startswith="desk_limits.")
    assert trail.count() == 16


def test_a_limit_that_fires_while_it_and_its_request_are_withdrawn_does_one_of_the_three(world):
    rfq_ids = [world.create(life_seconds=60) for _ in range(8)]
    for rfq_id in rfq_ids:
        world.quote(rfq_id)
    world.wait(5).tick()
    for rfq_id in rfq_ids:
        world.set_trigger(rfq_id, "9")
    withdrawals = [functools.partial(world.cancel_trigger, rfq_id) for rfq_id in rfq_ids[:6]]
    cancels = [functools.partial(world.cancel_rfq, rfq_id) for rfq_id in rfq_ids[2:]]
    outcomes = at_once([world.fire, *withdrawals, *cancels, world.fire, *[world.fire] * 2])
    assert {each for each in outcomes if isinstance(each, str)} <= {"rfq_not_open", "no_trigger"}
    traded = set()
    for rfq_id in rfq_ids:
        record = selectors.get_record(rfq_id)
        (trigger,) = record.triggers
        if record.state is RfqState.PENDING_FILL:
            assert trigger.state == "triggered"
            traded |= {trade.trade_id for trade in record.trades}
        else:
            assert trigger.state == ("untriggered" if record.find_trigger(Side.BUY) else "canceled")
            assert record.trades == ()
    reserved = [sent.reservation_id for sent in commands_sent(gateway.ReserveBlock)]
    assert sorted(reserved) == sorted(traded)


def test_a_replacement_that_races_an_accept_comes_before_it_or_is_refused(world):
    """The version that was accepted is the one that trades; a newer one is never taken in its stead."""
    pairs = [(rfq_id, world.quote(rfq_id)) for rfq_id in [world.create() for _ in range(8)]]
    world.wait(5).tick()
    replaced = side("0.0601", "0.0501")
    calls = []
    for rfq_id, quote_id in pairs:
        calls += [functools.partial(world.accept, rfq_id, quote_id), functools.partial(world.quote, rfq_id, ask=replaced)]
    outcomes = at_once(calls)
    assert {each for each in outcomes if isinstance(each, str)} <= {"rfq_not_open", "quote_version"}
    for rfq_id, quote_id in pairs:
        record = selectors.get_record(rfq_id)
        quote = record.find_quote(quote_id)
        if record.state is RfqState.PENDING_FILL:
            assert (quote.version, [trade.version for trade in record.trades]) == (1, [1])
        else:
            assert (record.state, quote.version, quote.state) == (RfqState.OPEN, 2, "active")
