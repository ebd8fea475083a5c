"""The last instant before a timer and the first one after it, and what happens to the rest when one part of it goes."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import Account
from rfq import handlers, selectors
from rfq.models import LastLook
from rfq.selectors import allocations
from risk import handlers as risk_handlers
from settlement.models import Fill
from tests.integration.rfq import world as worlds
from tests.integration.rfq.protections import refused
from tests.integration.rfq.world import CALL, HIGH_CALL, commands_sent, leg, side
from wire import client, gateway
from wire.negotiation import LastLookReason
from wire.units import ControlScope, QuoteState, RfqState

TICK = dt.timedelta(microseconds=1)
"""The finest step of the desk's clock."""


def kill(world, party, scope=ControlScope.FIRM):
    ids = {ControlScope.FIRM: party.firm.id, ControlScope.USER: party.user.id}
    event = gateway.KillSwitchChanged(scope=scope, scope_id=ids[scope], is_engaged=True, orders_canceled=0)
    world.event(event, risk_handlers, handlers)


def quoted(world, **changes):
    """A request whose grace is over, with Cobalt's quote."""
    rfq_id = world.create(**changes)
    quote_id = world.quote(rfq_id)
    world.wait(5).tick()
    return rfq_id, quote_id


@pytest.mark.parametrize("with_timers", [False, True])
def test_an_accept_just_before_the_end_trades_and_one_at_the_end_is_refused_by_name(world, with_timers):
    early, late = [(rfq_id, world.quote(rfq_id)) for rfq_id in [world.create(life_seconds=20) for _ in range(2)]]
    world.wait(5).tick()
    for (rfq_id, quote_id), allowed in ((early, True), (late, False)):
        world.at = selectors.get_record(rfq_id).expires_at - (TICK if allowed else TICK * 0)
        if with_timers:
            world.tick()
        if allowed:
            world.accept(rfq_id, quote_id)
        else:
            assert refused(world.accept, rfq_id, quote_id).reason == ("rfq_not_open" if with_timers else "rfq_expired")
    world.tick()
    assert selectors.get_record(early[0]).state is RfqState.PENDING_FILL
    assert selectors.get_record(late[0]).state is RfqState.EXPIRED


def test_the_grace_and_the_life_of_a_quote_end_at_their_instant(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id, life_seconds=10)
    record = selectors.get_record(rfq_id)
    world.at = record.tradable_at - TICK
    assert refused(world.accept, rfq_id, quote_id).reason == "grace_period"
    world.at = record.find_quote(quote_id).prices.expires_at
    assert refused(world.accept, rfq_id, quote_id).reason == "quote_expired"
    world.accept(rfq_id, quote_id, at=world.at - TICK)


def test_a_last_look_is_answered_before_its_end_and_by_silence_from_then_on(world):
    world.agree_last_look(window_ms=1_000)
    early, late = quoted(world), quoted(world)
    for rfq_id, quote_id in (early, late):
        world.accept(rfq_id, quote_id)
    due_at = LastLook.objects.get(quote_id=early[1]).due_at
    world.at = due_at - TICK
    world.answer(early[1])
    world.at = due_at
    assert refused(world.answer, late[1]).reason == "last_look_over"
    world.tick()
    assert [LastLook.objects.get(quote_id=quote_id).state for _, quote_id in (early, late)] == ["confirmed", "rejected"]
    assert selectors.get_record(early[0]).state is RfqState.PENDING_FILL
    assert selectors.get_record(late[0]).reason == "last_look_timeout"


def test_who_was_stopped_takes_its_price_back_but_confirms_nothing(world):
    world.agree_last_look(window_ms=1_000)
    rfq_id, quote_id = quoted(world)
    world.accept(rfq_id, quote_id)
    kill(world, world.cobalt, ControlScope.USER)
    assert refused(world.answer, quote_id).reason == "kill_switch"
    assert commands_sent(gateway.ReserveBlock) == []
    world.answer(quote_id, LastLookReason.RISK_LIMIT)
    assert selectors.get_record(rfq_id).state is RfqState.REJECTED


def pooled(world):
    """One unit each of Cobalt and Dune."""
    rfq_id = world.create()
    for party in (world.cobalt, world.dune):
        world.quote(rfq_id, party, quantity="1")
    world.wait(5).tick()
    return rfq_id


def test_a_maker_that_is_killed_before_the_accept_leaves_the_pool_too_small(world):
    rfq_id = pooled(world)
    kill(world, world.dune)
    assert refused(world.trade, rfq_id, "9").reason == "insufficient_quantity"
    assert selectors.get_record(rfq_id).state is RfqState.OPEN


def test_a_maker_that_is_killed_after_the_accept_ends_the_pool_for_all_and_nobody_trades(world):
    rfq_id = pooled(world)
    world.trade(rfq_id, "9")
    kill(world, world.dune)
    record = selectors.get_record(rfq_id)
    dune = record.find_quote_of(world.dune.firm.id)
    assert dune.state is QuoteState.PENDING_FILL, "what was accepted stays until the gateway has spoken"
    (killed,) = record.list_trades_of(dune.quote_id)
    (other,) = [trade for trade in record.trades if trade != killed]
    world.event(gateway.BlockReserved(reservation_id=other.trade_id))
    answer = gateway.BlockRefused(
        reservation_id=killed.trade_id, account_id=killed.maker_account_id, reason="kill_switch", value=0, bound=0, leg_index=0
    )
    world.event(answer)
    record = selectors.get_record(rfq_id)
    assert record.state is RfqState.REJECTED
    assert QuoteState.FILLED not in {quote.state for quote in record.quotes}
    assert [sent.reservation_id for sent in commands_sent(gateway.VoidBlock)] == [other.trade_id]
    assert commands_sent(gateway.ConfirmBlock) == []
    assert allocations.find_allocation_difference(rfq_id) is None


def test_an_odd_size_is_shared_out_to_ten_accounts_to_the_last_lot(world):
    """Ten accounts, two makers, lots of a tenth: every account gets its share of both legs, no lot is lost or made."""
    others = [Account.objects.create(firm=world.taker.firm, desk=world.taker.user.desk, name=f"Fund {n}") for n in range(9)]
    accounts = [world.taker.account, *others]
    for account in others:
        worlds.fund(account, world.at)
    shares = [Decimal(n) / 10 for n in (1, 1, 1, 2, 3, 5, 7, 11, 13, 3)]
    rfq_id = world.create(
        quantity="4.7",
        legs=[leg(CALL), leg(HIGH_CALL, ratio=2)],
        allocations=[
            client.RfqAllocation(account_id=account.id, quantity=str(share))
            for account, share in zip(accounts, shares, strict=True)
        ],
    )
    world.quote(rfq_id, quantity="1.9", bid=None, ask=side("0.0601", "0.0301"))
    world.quote(rfq_id, world.dune, bid=None, ask=side("0.0602", "0.0301"))
    world.wait(5).tick()
    world.trade(rfq_id, "9")
    world.reserve(rfq_id)
    world.confirm(rfq_id)
    record = selectors.get_record(rfq_id)
    assert record.state is RfqState.FILLED
    for account, share in zip(accounts, shares, strict=True):
        mine = Fill.objects.filter(rfq_id=rfq_id, account_id=account.id)
        by_leg = {ratio: sum(fill.quantity for fill in mine if fill.instrument_id == leg_id) for leg_id, ratio in legs_of(record)}
        assert by_leg == {ratio: share * ratio for ratio in by_leg}
    first = sum(trade.quantity for trade in record.trades if trade.maker_account_id == world.cobalt.account.id)
    assert (first, sum(trade.quantity for trade in record.trades)) == (Decimal("1.9"), Decimal("4.7"))
    assert allocations.find_allocation_difference(rfq_id) is None


def legs_of(record):
    return [(each.instrument_id, each.ratio) for each in record.legs]
