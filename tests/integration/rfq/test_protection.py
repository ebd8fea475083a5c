"""Protections against the real database: hits, freezes, sessions, bounds, kill switches, legal entities."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import LegalEntity
from audit.models import AuditRecord
from common.errors import Refusal
from rfq import handlers, selectors
from rfq.models import DeskLimits, MakerProtection, ProtectedFill, Quote
from rfq.services import changes, kills, protection, sightings
from tests.integration.rfq import world as worlds
from tests.integration.rfq.protections import ASK, ONE, ask, fill, quote_state, refuse, refused
from tests.integration.rfq.world import ETH_CALL, command_id, facts_of, leg, side
from wire import client_protection as client
from wire import facts, gateway
from wire.units import Audience, ControlScope


@pytest.fixture(autouse=True)
def _usual_bounds(request):
    if "world" in request.fixturenames:
        request.getfixturevalue("world")
        DeskLimits.objects.all().delete()


def set_protection(world, party=None, **changes):
    party = party or world.cobalt
    fields = {"command_id": command_id(), "coin": "BTC", "interval_ms": 60_000, "frozen_ms": 30_000}
    message = client.SetProtection(**{**fields, **changes})
    return protection.set_protection(user=party.user, actor=party.actor, message=message, at=world.at)


def reset(world, coin="BTC"):
    message = client.ResetProtection(command_id=command_id(), coin=coin)
    return protection.reset_protection(user=world.cobalt.user, actor=world.cobalt.actor, message=message, at=world.at)


def protections_of(party):
    return [fact.protection for fact in facts_of(party) if isinstance(fact, facts.ProtectionChanged)]


def test_the_fill_that_reaches_the_limit_withdraws_and_freezes_in_its_transaction(world):
    set_protection(world, quantity_max="3")
    first, first_quote = ask(world, "2")
    second, second_quote = ask(world, "1")
    _, standing = ask(world)
    _, dune_quote = ask(world)
    dune_rfq = Quote.objects.get(id=dune_quote).rfq_id
    other = world.quote(dune_rfq, world.dune, **ASK)
    eth = world.create(legs=[leg(ETH_CALL)])
    eth_quote = world.quote(eth, bid=None, ask=side("0.0611"))
    world.wait(6)
    world.accept(first, first_quote)
    fill(world, first)
    assert quote_state(standing) == ("active", "")
    world.accept(second, second_quote)
    assert quote_state(standing) == ("active", "")
    fill(world, second)
    assert quote_state(standing) == ("canceled", "mmp")
    assert quote_state(other) == ("active", "")
    assert quote_state(eth_quote) == ("active", "")
    view = protections_of(world.cobalt)[-1]
    assert (view.hit, view.frozen_until_ns - view.frozen_at_ns) == ("quantity", 30_000_000_000)
    assert [Decimal(one.quantity) for one in view.fills] == [2, 1]
    assert AuditRecord.objects.filter(action="protection.hit").count() == 1
    assert selectors.snapshot(world.cobalt.firm.id, "client")["protections"] == [view]


def test_quoting_while_frozen_is_refused_with_the_time_left_and_passes_at_its_end(world):
    set_protection(world, trade_count_max=1)
    rfq_id, quote_id = ask(world)
    later = world.create(legs=ONE)
    world.wait(6).accept(rfq_id, quote_id)
    fill(world, rfq_id)
    world.wait(29.5)
    why = refused(world.quote, later, **ASK)
    assert (why.reason, why.value) == ("protection_frozen", "0.5 s left")
    world.quote(world.create(legs=[leg(ETH_CALL)]), bid=None, ask=side("0.0611"))
    world.wait(0.5)
    world.quote(later, **ASK)
    assert protection.keep_protections(world.at) == 1
    assert protections_of(world.cobalt)[-1].frozen_at_ns is None


def test_without_a_frozen_time_only_a_reset_thaws(world):
    set_protection(world, trade_count_max=1, frozen_ms=0)
    rfq_id, quote_id = ask(world)
    later = world.create(legs=ONE)
    world.wait(6).accept(rfq_id, quote_id)
    fill(world, rfq_id)
    world.wait(200)
    protection.keep_protections(world.at)
    assert refused(world.quote, later, **ASK).value == "until reset"
    reset(world)
    world.quote(later, **ASK)
    assert ProtectedFill.objects.count() == 0
    assert [row.action for row in AuditRecord.objects.filter(entity__startswith="protection:").order_by("id")] == [
        "protection.set", "protection.hit", "protection.reset",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "bound", "state"),
    [
        ("delta_max", "0.6", "active"),
        ("delta_max", "0.4", "canceled"),
        ("vega_max", "300", "active"),
        ("vega_max", "50", "canceled"),
    ],
)
def test_delta_and_vega_come_from_the_model(world, limit, bound, state):
    """One call at the money: about half a coin of delta, some hundred dollars of vega."""
    set_protection(world, **{limit: bound})
    rfq_id, quote_id = ask(world)
    _, standing = ask(world)
    world.wait(6).accept(rfq_id, quote_id)
    fill(world, rfq_id)
    assert quote_state(standing)[0] == state


def test_pending_fills_count_and_one_that_is_refused_never_was(world):
    set_protection(world, trade_count_max=2)
    pairs = [ask(world) for _ in range(3)]
    world.wait(6)
    world.accept(*pairs[0])
    world.accept(*pairs[1])
    assert refused(world.accept, *pairs[2]).reason == "maker_protected"
    refuse(world, pairs[0][0])
    assert [one.is_pending for one in protections_of(world.cobalt)[-1].fills] == [True]
    world.accept(*pairs[2])
    fill(world, pairs[1][0])
    assert MakerProtection.objects.get().frozen_at is None
    fill(world, pairs[2][0])
    assert MakerProtection.objects.get().hit == "trade_count"


def test_what_was_pending_at_the_hit_is_filled_and_hits_nothing_twice(world):
    set_protection(world, quantity_max="2")
    big, small = ask(world, "1"), ask(world, "5")
    world.wait(6)
    world.accept(*big)
    world.accept(*small)
    fill(world, small[0])
    assert MakerProtection.objects.get().hit == "quantity"
    fill(world, big[0])
    assert quote_state(big[1])[0] == "filled"
    assert AuditRecord.objects.filter(action="protection.hit").count() == 1


def test_a_quote_that_stands_while_its_maker_is_frozen_cannot_be_accepted_and_goes(world):
    """As where somebody held its RFQ when the limit was hit."""
    set_protection(world, trade_count_max=1)
    rfq_id, quote_id = ask(world)
    world.wait(6)
    MakerProtection.objects.update(frozen_at=world.at, hit="vega")
    assert refused(world.accept, rfq_id, quote_id).reason == "maker_protected"
    assert protection.keep_protections(world.at) == 1
    assert quote_state(quote_id) == ("canceled", "mmp")


@pytest.mark.parametrize("frozen_seconds", [None, 30])
def test_a_quote_that_slipped_in_while_the_hit_waited_for_it_goes_too(world, frozen_seconds):
    """It came after the event of the fill, and had its lock before that."""
    set_protection(world, trade_count_max=1)
    rfq_id = world.create(legs=ONE)
    frozen_at = world.at
    quote_id = world.wait(0.01).quote(rfq_id, **ASK)
    until = None if frozen_seconds is None else frozen_at + dt.timedelta(seconds=frozen_seconds)
    MakerProtection.objects.update(frozen_at=frozen_at, frozen_until=until, hit="vega")
    assert protection.keep_protections(world.at) == 1
    assert quote_state(quote_id) == ("canceled", "mmp")


def test_protection_is_refused_without_limits_and_to_takers(world):
    assert refused(set_protection, world).reason == "protection_without_limits"
    assert refused(set_protection, world, quantity_max="0").reason == "limit_not_positive"
    assert refused(set_protection, world, coin="DOGE", quantity_max="1").reason == "unknown_coin"
    assert refused(set_protection, world, world.taker, quantity_max="1").reason == "role"
    assert refused(reset, world).reason == "protection_not_found"


def test_fat_fingers_of_maker_and_taker_are_refused_and_confirmed(world):
    rfq_id = world.create(legs=ONE)
    why = refused(world.quote, rfq_id, bid=side("0.0900"), ask=None)
    assert (why.reason, why.value, why.bound) == ("fat_finger_band", "0.09", "0.0625")
    assert refused(world.quote, rfq_id, bid=None, ask=side("0.0300")).bound == "0.0375"
    world.quote(rfq_id, bid=side("0.0900"), ask=None, confirmed_band="0.0625")
    dear = world.quote(rfq_id, world.dune, bid=None, ask=side("0.0700"))
    world.wait(6)
    assert refused(world.accept, rfq_id, dear).reason == "fat_finger_band"
    DeskLimits.objects.create(firm_id=world.taker.firm.id, is_band_confirmable=False)
    assert refused(world.accept, rfq_id, dear, confirmed_band="0.0625").reason == "fat_finger_band"
    DeskLimits.objects.update(is_band_confirmable=True)
    world.accept(rfq_id, dear, confirmed_band="0.0625")


def test_a_price_that_came_before_the_lock_is_held_against_the_takers_band(world, monkeypatch):
    """The pool was within the band as the taker asked, and is another one under the lock."""
    rfq_id = world.create(legs=ONE)
    world.quote(rfq_id, bid=None, ask=side("0.0511"))
    world.wait(6)
    lock = changes.get_locked

    def lose_the_race(locked_id):
        monkeypatch.setattr(changes, "get_locked", lock)
        world.quote(locked_id, bid=None, ask=side("0.0700"))
        return lock(locked_id)

    monkeypatch.setattr(changes, "get_locked", lose_the_race)
    assert refused(world.trade, rfq_id, "0.0800").reason == "fat_finger_band"
    world.trade(rfq_id, "0.0800", confirmed_band="0.0625")


@pytest.mark.parametrize(("age_max_ms", "reason"), [(60_000, ""), (-1, "fat_finger_band")])
def test_after_a_long_wait_for_the_lock_the_market_is_looked_at_again(world, monkeypatch, age_max_ms, reason):
    monkeypatch.setattr(sightings, "LOOK_AGE_MAX_MS", age_max_ms)
    rfq_id = world.create(legs=ONE)
    lock = changes._lock

    def wait_while_the_market_moves(*asked):
        (name,) = [one.instrument_name for one in ONE]
        worlds.publish_market(moved={name: 0.04})
        return lock(*asked)

    monkeypatch.setattr(changes, "_lock", wait_while_the_market_moves)
    quote = {"bid": side("0.0600"), "ask": None}
    assert (refused(world.quote, rfq_id, **quote).reason if reason else world.quote(rfq_id, **quote) and "") == reason


def test_rates_and_counts_are_refused_with_value_bound_and_when(world):
    firm = world.taker.firm
    DeskLimits.objects.create(firm_id=firm.id, create_per_minute_max=4, open_rfqs_max=3, execute_per_minute_max=1)
    pairs = [ask(world), ask(world)]
    world.create(legs=ONE)
    why = refused(world.create, legs=ONE)
    assert (why.reason, why.value, why.bound) == ("rfq_open_count", "4", "3")
    world.wait(6).accept(*pairs[0])
    why = refused(world.accept, *pairs[1])
    assert (why.reason, why.value, why.bound) == ("execute_rate", "2", "1")
    assert "again in 60.0 s" in why.message
    fill(world, pairs[0][0])
    world.create(legs=ONE)
    assert "again in 54.0 s" in refused(world.create, legs=ONE).message
    world.wait(60).accept(*pairs[1])


def test_live_quotes_are_counted_and_a_replacement_is_none(world):
    DeskLimits.objects.create(firm_id=world.cobalt.firm.id, live_quotes_max=1)
    rfq_id, _ = ask(world)
    other = world.create(legs=ONE)
    assert refused(world.quote, other, **ASK).reason == "live_quotes"
    world.quote(rfq_id, **ASK)
    world.quote(other, world.dune, **ASK)


def test_firms_of_one_legal_entity_do_not_trade(world):
    entity = LegalEntity.objects.create(name="Aurora Group")
    world.taker.firm.legal_entity = world.cobalt.firm.legal_entity = entity
    rfq_id, quote_id = ask(world)
    world.taker.firm.save()
    world.cobalt.firm.save()
    assert refused(world.create, legs=ONE).reason == "same_legal_entity"
    everyone = world.create(legs=ONE, maker_firm_ids=[], audience=Audience.ALL)
    assert selectors.get_record(everyone).maker_firm_ids == (world.dune.firm.id, world.ember.firm.id)
    world.wait(6)
    assert refused(world.accept, rfq_id, quote_id).reason == "same_legal_entity"


@pytest.mark.parametrize("scope", [ControlScope.FIRM, ControlScope.DESK, ControlScope.USER, ControlScope.ACCOUNT])
def test_a_kill_switch_withdraws_what_it_covers_refuses_new_quotes_and_leaves_what_is_pending(world, scope):
    from risk import handlers as risk_handlers  # noqa: PLC0415 - the dispatcher calls both for one event

    ids = {
        ControlScope.FIRM: world.cobalt.firm.id,
        ControlScope.DESK: world.cobalt.account.desk_id,
        ControlScope.USER: world.cobalt.user.id,
        ControlScope.ACCOUNT: world.cobalt.account.id,
    }
    pending, pending_quote = ask(world)
    rfq_id, quote_id = ask(world)
    other = world.quote(rfq_id, world.dune, **ASK)
    world.wait(6).accept(pending, pending_quote)
    event = gateway.KillSwitchChanged(scope=scope, scope_id=ids[scope], is_engaged=True, orders_canceled=0)
    world.event(event, risk_handlers, handlers)
    assert quote_state(quote_id) == ("canceled", "kill")
    assert quote_state(other)[0] == "active"
    assert quote_state(pending_quote)[0] == "pending_fill"
    assert refused(world.quote, rfq_id, **ASK).reason == "kill_switch"
    refuse(world, pending)
    assert quote_state(pending_quote)[0] == "rejected"
    assert kills.keep_kills(world.at) == 0


@pytest.mark.django_db(transaction=True)
def test_accepts_at_once_cannot_both_slip_past_the_limit(transactional_db, world):
    """Eight accepts on eight RFQs of one maker, a limit of two fills: two are accepted."""
    world.plays = False
    set_protection(world, trade_count_max=2)
    pairs = [ask(world) for _ in range(8)]
    world.wait(6)
    barrier = threading.Barrier(len(pairs))

    def accept(pair):
        barrier.wait()
        try:
            return "accepted" if world.accept(*pair) else ""
        except Refusal as refusal:
            return refusal.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(len(pairs)) as pool:
        outcomes = sorted(pool.map(accept, pairs))
    assert outcomes == ["accepted"] * 2 + ["maker_protected"] * 6
    for rfq_id, quote_id in pairs:
        if quote_state(quote_id)[0] == "pending_fill":
            fill(world, rfq_id)
    assert sorted(quote_state(quote_id) for _, quote_id in pairs) == [("canceled", "mmp")] * 6 + [("filled", "")] * 2
