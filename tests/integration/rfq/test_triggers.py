"""Resting limits of the taker: hidden, one per side, fired by the quotes that reach them."""

import msgspec
import pytest

from common.errors import Refusal
from rfq import selectors, services
from rfq.domain import triggers as rules
from rfq.models import Acceptance, Rfq, Trigger
from rfq.selectors import allocations, replays
from streams.models import Fact
from tests.integration.rfq import world as worlds
from tests.integration.rfq.test_redaction import everything_seen_by
from tests.integration.rfq.world import commands_sent, rfq_facts_of, side
from wire import gateway
from wire.units import RfqState, Side

CHEAP = side("0.0600", "0.0500")
"""Net 0.11; the other quotes ask 0.1122."""
SECRET = "0.1107"


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def triggers():
    return list(Trigger.objects.order_by("id").values_list("side", "state", "reason"))


def state_of(rfq_id):
    return selectors.get_record(rfq_id).state


@pytest.fixture
def quoted(world):
    rfq_id = world.create()
    world.quote(rfq_id)
    world.wait(5).tick()
    return rfq_id


def test_a_limit_fires_when_a_quote_reaches_it(world, quoted):
    world.set_trigger(quoted, SECRET)
    assert world.fire() == 0
    assert Rfq.objects.get().trigger_due_at is None
    world.quote(quoted, world.dune, ask=CHEAP)
    assert world.fire() == 1
    assert state_of(quoted) is RfqState.PENDING_FILL
    assert triggers() == [("buy", "triggered", "")]
    assert len(commands_sent(gateway.ReserveBlock)) == 1
    assert Acceptance.objects.get().kind == "trigger"
    world.reserve(quoted)
    world.confirm(quoted)
    assert state_of(quoted) is RfqState.FILLED
    assert allocations.find_allocation_difference(quoted) is None
    assert replays.replay_rfq(quoted).difference is None


def test_a_limit_that_fails_holds_up_no_other(world, quoted, monkeypatch):
    other = world.create()
    world.quote(other)
    world.wait(5).tick()
    for rfq_id in (quoted, other):
        world.set_trigger(rfq_id, SECRET)
        world.quote(rfq_id, world.dune, ask=CHEAP)
    list_crossed = rules.list_crossed

    def fails_for_the_first(rfq, *, at):
        if rfq.rfq_id == quoted:
            raise ZeroDivisionError
        return list_crossed(rfq, at=at)

    monkeypatch.setattr(rules, "list_crossed", fails_for_the_first)
    with pytest.raises(ZeroDivisionError):
        world.fire()
    assert state_of(quoted) is RfqState.OPEN
    assert state_of(other) is RfqState.PENDING_FILL


def test_a_limit_that_is_reached_already_fires_at_once(world, quoted):
    world.set_trigger(quoted, "0.1122")
    assert world.fire() == 1
    assert state_of(quoted) is RfqState.PENDING_FILL


def test_a_limit_set_in_the_grace_fires_at_its_end_and_not_before(world):
    rfq_id = world.create()
    world.quote(rfq_id, ask=CHEAP)
    world.set_trigger(rfq_id, SECRET)
    assert world.fire() == 0
    world.wait(4.999).tick()
    assert world.fire() == 0
    assert state_of(rfq_id) is RfqState.OPEN
    world.wait(0.001).tick()
    assert world.fire() == 1
    assert state_of(rfq_id) is RfqState.PENDING_FILL


def test_a_limit_trades_the_full_size_or_waits(world, quoted):
    world.set_trigger(quoted, SECRET)
    world.quote(quoted, world.dune, ask=CHEAP, quantity="1")
    assert world.fire() == 0
    world.quote(quoted, ask=CHEAP, quantity="1")
    assert world.fire() == 1
    assert Acceptance.objects.get().pool == sorted([quote.quote_id, quote.version] for quote in selectors.get_record(quoted).quotes)


def test_a_new_limit_replaces_the_one_of_its_side_and_only_that(world, quoted):
    world.set_trigger(quoted, "0.10")
    world.set_trigger(quoted, "0.10", Side.SELL)
    world.set_trigger(quoted, SECRET)
    assert triggers() == [("buy", "canceled", "replaced"), ("sell", "untriggered", ""), ("buy", "untriggered", "")]
    views = selectors.get_view(world.taker.user, quoted).triggers
    assert [(view.side, view.limit_price) for view in views] == [(Side.SELL, "0.1000"), (Side.BUY, SECRET)]
    world.cancel_trigger(quoted)
    assert reason_of(lambda: world.cancel_trigger(quoted)) == "no_trigger"
    world.quote(quoted, world.dune, ask=CHEAP)
    assert world.fire() == 0
    assert replays.replay_rfq(quoted).difference is None


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda world, rfq_id: world.cancel_rfq(rfq_id), "rfq_canceled"),
        (lambda world, rfq_id: world.wait(300).tick(), "rfq_expired"),
        (lambda world, rfq_id: world.trade(rfq_id, "0.2"), "rfq_accepted"),
    ],
)
def test_the_end_of_the_request_ends_its_limits(world, quoted, end, reason):
    world.set_trigger(quoted, "0.10")
    world.set_trigger(quoted, "0.10", Side.SELL) if reason != "rfq_accepted" else None
    end(world, quoted)
    assert {(state, why) for _, state, why in triggers()} == {("canceled", reason)}
    assert world.fire() == 0


def test_only_a_trader_of_the_taker_sets_limits(world, quoted):
    assert reason_of(lambda: world.set_trigger(quoted, "0.2", party=world.cobalt)) == "not_the_taker"
    assert reason_of(lambda: world.set_trigger(quoted, "0.2", party=world.other_taker)) == "rfq_not_found"
    assert reason_of(lambda: world.cancel_trigger(quoted, party=world.dune)) == "not_the_taker"


def test_no_maker_is_sent_or_can_read_a_byte_of_a_limit(world, quoted):
    before = {party.firm.id: Fact.objects.filter(firm_id=party.firm.id).count() for party in (world.cobalt, world.dune)}
    world.set_trigger(quoted, SECRET)
    world.set_trigger(quoted, "0.9317", Side.SELL)
    world.fire()
    world.cancel_trigger(quoted, Side.SELL)
    for party in (world.cobalt, world.dune):
        assert Fact.objects.filter(firm_id=party.firm.id).count() == before[party.firm.id]
    world.quote(quoted, world.dune, ask=CHEAP)
    world.fire()
    world.reserve(quoted)
    for party in (world.cobalt, world.dune):
        for text in everything_seen_by(party, quoted):
            assert not [secret for secret in (SECRET, "0.9317", "triggered", "trigger_") if secret in text], text
    assert SECRET in msgspec.json.encode(rfq_facts_of(world.taker)[-1]).decode()


def test_a_limit_waits_out_stale_marks_and_is_tried_again(world, quoted):
    world.set_trigger(quoted, "0.1122")
    world.plays = False
    worlds.publish_market(at_ns=1)
    assert world.fire() == 0
    assert triggers() == [("buy", "untriggered", "")]
    assert world.fire() == 0
    world.plays = True
    world.wait(1)
    assert world.fire() == 1


def test_a_quote_that_comes_while_a_limit_is_refused_is_not_put_off(world, quoted, monkeypatch):
    world.set_trigger(quoted, "0.1122")
    read = selectors.get_record
    due_at = world.at

    def read_too_early(rfq_id):
        monkeypatch.setattr(selectors, "get_record", read)
        record = read(rfq_id)
        world.wait(0.01).quote(rfq_id, world.dune)
        worlds.publish_market(at_ns=1)
        world.plays = False
        return record

    monkeypatch.setattr(selectors, "get_record", read_too_early)
    worlds.publish_market()
    assert services.fire_triggers(due_at) == 0
    assert Rfq.objects.get().trigger_due_at == world.at


def test_a_limit_beyond_the_takers_margin_ends_by_name(world, quoted, monkeypatch):
    from rfq.services import margin

    def refuse(*_):
        raise Refusal("margin_headroom", "no")

    monkeypatch.setattr(margin.Headroom, "check_taker", refuse)
    world.set_trigger(quoted, "0.1122")
    assert world.fire() == 1
    assert triggers() == [("buy", "canceled", "margin_headroom")]
    assert state_of(quoted) is RfqState.OPEN
