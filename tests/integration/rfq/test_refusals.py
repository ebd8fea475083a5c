"""Bad input at every service: a named reason, and nothing changed."""

import datetime as dt
from decimal import Decimal

import pytest

from audit.models import AuditRecord
from common import clock, valkey
from common.errors import Refusal
from market import services as market
from market.models import Instrument
from rfq.domain import limits
from rfq.models import BlockTrade, DeskLimits, Quote, QuoteVersion, Rfq, RfqCommand
from risk.models import ControlState
from risk.selectors import sightings
from streams.models import Fact, OutboxCommand
from terminal.embedded import free_port
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import (
    CALL,
    ETH_CALL,
    EXPIRED,
    LINEAR,
    PERPETUAL,
    beat_heart,
    command_id,
    leg,
    publish_market,
    side,
)
from wire import transport
from wire.units import Side

BUY, SELL = Side.BUY, Side.SELL
TABLES = (Rfq, Quote, QuoteVersion, BlockTrade, RfqCommand, Fact, OutboxCommand, AuditRecord)


def contents():
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


def refused(call) -> Refusal:
    before = contents()
    with pytest.raises(Refusal) as refusal:
        call()
    assert contents() == before, "a refusal changes nothing"
    return refusal.value


CREATE = {
    "leg_count": dict(legs=[]),
    "leg_count twenty-one": dict(legs=[leg(CALL)] * 21),
    "duplicate_leg": dict(legs=[leg(CALL), leg(CALL, SELL)]),
    "unknown_instrument": dict(legs=[leg("BTC-27MAR26-81000-C")]),
    "instrument_not_trading": dict(legs=[leg(EXPIRED)]),
    "quote_currency_mixed": dict(legs=[leg(CALL), leg(ETH_CALL)]),
    "quote_currency_mixed linear": dict(legs=[leg(CALL), leg(LINEAR)]),
    "ratio": dict(legs=[leg(CALL, ratio=0)]),
    "ratio high": dict(legs=[leg(CALL, ratio=100_001)]),
    "quantity_off_lot": dict(quantity="0.05"),
    "quantity_digits": dict(legs=[leg(CALL, ratio=65_536)], quantity="0.0000152587890625"),
    "quantity_not_positive": dict(quantity="0"),
    "quantity_not_positive negative": dict(quantity="-1"),
    "quantity_too_large": dict(quantity="1000000000000"),
    "not_a_number": dict(quantity="ten"),
    "not_a_number nan": dict(quantity="NaN"),
    "rfq_life": dict(life_seconds=9),
    "rfq_life long": dict(life_seconds=601),
    "maker_count": dict(maker_firm_ids=[]),
    "unknown_maker": dict(maker_firm_ids=[999_999]),
    "label": dict(label="two\nlines"),
    "label long": dict(label="x" * 65),
    "unknown_account": dict(account_id=999_999),
}


@pytest.mark.parametrize("case", CREATE)
def test_create_refused(world, case):
    assert refused(lambda: world.create(**CREATE[case])).reason == case.split()[0]


def test_create_refused_for_makers_that_are_not(world):
    taker, other = world.taker.firm.id, world.other_taker.firm.id
    assert refused(lambda: world.create(maker_firm_ids=[taker])).reason == "own_firm"
    assert refused(lambda: world.create(maker_firm_ids=[other])).reason == "unknown_maker"
    twice = [world.cobalt.firm.id] * 2
    assert refused(lambda: world.create(maker_firm_ids=twice)).reason == "duplicate_maker"
    assert refused(lambda: world.create(account_id=world.cobalt.account.id)).reason == "unknown_account"
    assert refused(lambda: world.create(party=world.house)).reason == "role"
    assert refused(lambda: world.create(party=world.cobalt)).reason == "role"


def test_create_refused_for_a_delivered_instrument(world):
    instrument = Instrument.objects.get(name=CALL)
    market.deliver_instrument(instrument_id=instrument.id, delivery_price=Decimal(1), at=world.at + dt.timedelta(days=1))
    assert refused(world.create).reason == "instrument_not_trading"


def test_create_rate_and_open_count_are_capped_by_name(world):
    mine = DeskLimits.objects.filter(firm_id=world.taker.firm.id)
    mine.update(create_per_minute_max=3)
    for _ in range(3):
        world.create()
    refusal = refused(world.create)
    assert (refusal.reason, refusal.value, refusal.bound) == ("rfq_rate", "4", "3")
    world.create(party=world.other_taker)
    world.wait(60)
    mine.update(open_rfqs_max=3)
    refusal = refused(world.create)
    assert (refusal.reason, refusal.value, refusal.bound) == ("rfq_open_count", "4", "3")


QUOTE = {
    "leg_count": dict(bid=side("0.05")),
    "price_off_tick": dict(bid=side("0.05005", "0.04")),
    "price_not_positive": dict(bid=side("0", "0.04")),
    "price_not_positive negative": dict(ask=side("-0.05", "0.04")),
    "price_too_large": dict(ask=side("100000001", "0.04")),
    "not_a_number": dict(bid=side("x", "0.04")),
    "no_price": dict(bid=None, ask=None),
    "crossed_quote": dict(bid=side("0.0611", "0.0511")),
    "quote_life": dict(life_seconds=9),
    "quote_life long": dict(life_seconds=301),
    "unknown_account": dict(account_id=999_999),
}


@pytest.mark.parametrize("case", QUOTE)
def test_quote_refused(world, case):
    rfq_id = world.create()
    assert refused(lambda: world.quote(rfq_id, **QUOTE[case])).reason == case.split()[0]


def test_quote_refused_by_party_and_state(world):
    rfq_id = world.create(side=BUY)
    assert refused(lambda: world.quote(999_999)).reason == "rfq_not_found"
    assert refused(lambda: world.quote(rfq_id, world.ember)).reason == "rfq_not_found"
    assert refused(lambda: world.quote(rfq_id, world.other_taker)).reason == "rfq_not_found"
    assert refused(lambda: world.quote(rfq_id, world.house)).reason == "rfq_not_found"
    assert refused(lambda: world.quote(rfq_id, world.taker)).reason == "not_invited"
    assert refused(lambda: world.quote(rfq_id, account_id=world.dune.account.id)).reason == "unknown_account"
    assert refused(lambda: world.quote(rfq_id)).reason == "side_not_asked"
    world.quote(rfq_id, bid=None)
    world.wait(300)
    assert refused(lambda: world.quote(rfq_id, bid=None)).reason == "rfq_expired"
    world.tick()
    assert refused(lambda: world.quote(rfq_id, bid=None)).reason == "rfq_not_open"


def test_quote_rate_is_capped_by_name_and_cancels_pass(world, monkeypatch):
    monkeypatch.setattr(limits, "QUOTE_VERSIONS_PER_SECOND_MAX", 2)
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.quote(rfq_id)
    assert refused(lambda: world.quote(rfq_id)).reason == "quote_rate"
    world.cancel_quote(quote_id)
    world.wait(1)
    world.quote(rfq_id)


def test_hedge_price_is_held_to_its_mark(world):
    far = dict(legs=[leg(CALL)], hedge=worlds.hedge(PERPETUAL, SELL, 100, "77609.5"))
    refusal = refused(lambda: world.create(**far))
    assert (refusal.reason, refusal.value, refusal.bound) == ("hedge_price_band", "77609.5", "77610.0 to 78390.0")
    publish_market(names=(CALL,))
    assert refused(lambda: world.create(**far)).reason == "stale_mark"


def test_makers_do_not_price_the_hedge_leg(world):
    rfq_id = world.create(legs=[leg(CALL)], hedge=worlds.hedge(PERPETUAL, SELL, 100, "78000"))
    refusal = refused(lambda: world.quote(rfq_id, bid=side("0.05", "78000.5"), ask=None))
    assert (refusal.reason, refusal.value, refusal.bound) == ("hedge_price", "78000.5", "78000")
    world.quote(rfq_id, bid=side("0.05", "78000"), ask=None)
    world.quote(rfq_id, bid=side("0.05"), ask=None)


ACCEPT = {
    "grace_period": dict(wait=4.999),
    "rfq_expired": dict(wait=300),
    "quote_not_found": dict(quote_id=999_999),
    "quote_version": dict(version=2),
    "side_not_quoted": dict(quote=dict(ask=None)),
    "quote_expired": dict(quote=dict(life_seconds=10), wait=10),
}


@pytest.mark.parametrize("case", ACCEPT)
def test_accept_refused(world, case):
    changes = dict(ACCEPT[case])
    rfq_id = world.create()
    quote_id = world.quote(rfq_id, **changes.pop("quote", {}))
    world.wait(changes.pop("wait", 6))
    refusal = refused(lambda: world.accept(rfq_id, changes.pop("quote_id", quote_id), **changes))
    assert refusal.reason == case
    if case == "grace_period":
        assert (refusal.value, refusal.bound) == ("1 ms left", "0 ms left")


def stop(scope, scope_id, **changes):
    ControlState.objects.create(scope=scope, scope_id=scope_id, updated_at=clock.now(), **changes)


@pytest.mark.parametrize("scope", ["user", "desk"])
def test_stopped_persons_agree_no_block(world, scope):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6)
    taker, maker = world.taker.user, world.cobalt.user
    stop(scope, taker.id if scope == "user" else taker.desk_id, is_killed=True)
    assert refused(lambda: world.accept(rfq_id, quote_id)).reason == "kill_switch"
    ControlState.objects.all().delete()
    stop(scope, maker.id if scope == "user" else maker.desk_id, trading_state="halted")
    assert refused(lambda: world.quote(rfq_id)).reason == "trading_state"
    refusal = refused(lambda: world.accept(rfq_id, quote_id))
    assert (refusal.reason, refusal.value, refusal.bound) == ("maker_stopped", None, None)
    world.cancel_quote(quote_id)


def test_old_version_is_refused_after_a_replacement(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6)
    world.quote(rfq_id, ask=side("0.07", "0.06"))
    refusal = refused(lambda: world.accept(rfq_id, quote_id, 1))
    assert (refusal.reason, refusal.value, refusal.bound) == ("quote_version", "1", "2")
    world.accept(rfq_id, quote_id, 2)


def test_accept_refused_by_party(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6)
    assert refused(lambda: world.accept(rfq_id, quote_id, party=world.other_taker)).reason == "rfq_not_found"
    assert refused(lambda: world.accept(rfq_id, quote_id, party=world.ember)).reason == "rfq_not_found"
    assert refused(lambda: world.accept(rfq_id, quote_id, party=world.dune)).reason == "not_the_taker"
    assert refused(lambda: world.accept(rfq_id, quote_id, party=world.house)).reason == "rfq_not_found"


@pytest.mark.parametrize("state", ["halted: journal", "starting", None])
def test_accept_fails_closed_without_a_running_gateway(world, state):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).plays = False
    if state is None:
        valkey.client().delete(transport.GATEWAY_HEARTBEAT)
    else:
        beat_heart(state)
    assert refused(lambda: world.accept(rfq_id, quote_id)).reason == "gateway_unavailable"


@pytest.mark.parametrize("marks", ["old", "absent", "future"])
def test_accept_fails_closed_on_stale_marks(world, marks):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).plays = False
    if marks == "absent":
        publish_market(names=(CALL,))
    else:
        publish_market(at_ns=worlds.stale_ns(-1 if marks == "old" else 1))
    assert refused(lambda: world.accept(rfq_id, quote_id)).reason == "stale_mark"


def test_accept_fails_closed_when_valkey_is_away(world, settings, monkeypatch):
    monkeypatch.setattr(sightings, "_silence", sightings._Silence())  # noqa: SLF001 - others are not silent after it
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).plays = False
    settings.VALKEY_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert refused(lambda: world.accept(rfq_id, quote_id)).reason == "gateway_unavailable"
    assert refused(world.create).reason == "market_unavailable"
    world.cancel_quote(quote_id)


def test_accept_beyond_the_takers_margin_says_value_and_bound(world):
    rfq_id = world.create(legs=[leg(CALL)], quantity="3000")
    quote_id = world.quote(rfq_id, bid=side("0.0511"), ask=side("0.9"))
    world.wait(6)
    refusal = refused(lambda: world.accept(rfq_id, quote_id))
    assert refusal.reason == "margin_headroom"
    assert float(refusal.value) > float(refusal.bound)


def test_accept_beyond_the_makers_margin_says_no_figures(world):
    rfq_id = world.create(legs=[leg(CALL)], quantity="20000")
    quote_id = world.quote(rfq_id, bid=None, ask=side("0.0001"))
    world.wait(6)
    refusal = refused(lambda: world.accept(rfq_id, quote_id))
    assert (refusal.reason, refusal.value, refusal.bound) == ("maker_margin_headroom", None, None)


def test_cancels_refused(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    assert refused(lambda: world.cancel_quote(quote_id, world.dune)).reason == "quote_not_found"
    assert refused(lambda: world.cancel_quote(quote_id, world.taker)).reason == "quote_not_found"
    assert refused(lambda: world.cancel_quote(999_999)).reason == "quote_not_found"
    assert refused(lambda: world.cancel_rfq(rfq_id, world.cobalt)).reason == "not_the_taker"
    assert refused(lambda: world.cancel_rfq(rfq_id, world.other_taker)).reason == "rfq_not_found"
    assert refused(lambda: world.cancel_rfq(999_999)).reason == "rfq_not_found"
    world.cancel_quote(quote_id)
    assert refused(lambda: world.cancel_quote(quote_id)).reason == "quote_not_active"
    world.cancel_rfq(rfq_id)
    assert refused(lambda: world.cancel_rfq(rfq_id)).reason == "rfq_not_open"


def test_a_repeated_command_gets_the_first_answer_and_changes_nothing(world):
    first, second, third = command_id(), command_id(), command_id()
    rfq_id = world.create(command_id=first)
    quote_id = world.quote(rfq_id, command_id=second)
    world.wait(6).accept(rfq_id, quote_id, command_id=third)
    before = contents()
    assert world.create(command_id=first) == rfq_id
    assert world.quote(rfq_id, command_id=second) == quote_id
    assert world.accept(rfq_id, quote_id, command_id=third) == rfq_id
    assert contents() == before
    assert refused(lambda: world.create(command_id=first, quantity="3")).reason == "command_id_reused"
    assert refused(lambda: world.cancel_rfq(rfq_id, command_id=third)).reason == "command_id_reused"


def test_command_ids_are_each_users_own(world):
    shared = command_id()
    first = world.create(command_id=shared)
    assert world.create(command_id=shared, party=world.other_taker) != first
