"""Passing on an RFQ: kept with its reason, told to the taker after the grace without it."""

import pytest

from audit.models import AuditRecord
from common.errors import Refusal
from makers import selectors, services
from rfq import selectors as rfq_selectors
from tests.integration.rfq.world import command_id, facts_of
from wire.client import PassRfq
from wire.facts import RfqChanged
from wire.facts_makers import RfqPassed
from wire.units import PassReason, QuoteState


def pass_rfq(world, rfq_id, party=None, reason=PassReason.NO_INVENTORY):
    party = party or world.cobalt
    message = PassRfq(command_id=command_id(), rfq_id=rfq_id, reason=reason)
    return services.pass_rfq(user=party.user, actor=party.actor, message=message, at=world.at)


def told(party):
    return [fact.rfq_pass for fact in facts_of(party) if isinstance(fact, RfqPassed)]


def reason_of(call):
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def test_the_taker_is_told_after_the_grace_and_without_the_reason(world):
    rfq_id = world.create()
    assert pass_rfq(world, rfq_id) == rfq_id
    services.tell_takers(world.at)
    assert told(world.taker) == []
    assert selectors.snapshot(world.taker.firm.id, "trader")["passes"] == []
    world.wait(5).tick()
    assert services.tell_takers(world.at) == 1
    assert services.tell_takers(world.at) == 0
    (seen,) = told(world.taker)
    assert (seen.maker_name, seen.reason) == (world.cobalt.firm.name, "")
    assert selectors.snapshot(world.taker.firm.id, "trader")["passes"] == [seen]


def test_the_maker_and_the_audit_keep_the_reason_and_rivals_learn_nothing(world):
    rfq_id = world.create()
    pass_rfq(world, rfq_id)
    (own,) = told(world.cobalt)
    assert (own.rfq_id, own.reason) == (rfq_id, "no_inventory")
    assert selectors.snapshot(world.cobalt.firm.id, "client")["passes"] == [own]
    assert told(world.dune) == []
    record = AuditRecord.objects.get(action="rfq.passed")
    assert (record.after, record.stream) == ({"reason": "no_inventory"}, f"firm:{world.cobalt.firm.id}")


def test_an_anonymous_maker_passes_under_its_alias(world):
    rfq_id = world.create(are_makers_anonymous=True)
    pass_rfq(world, rfq_id)
    world.wait(5).tick()
    services.tell_takers(world.at)
    (seen,) = told(world.taker)
    assert seen.maker_firm_id is None
    assert seen.maker_name.startswith("Maker ")


def test_passing_withdraws_the_quote_that_stands(world):
    rfq_id = world.create()
    world.quote(rfq_id)
    pass_rfq(world, rfq_id, reason=PassReason.PASS)
    quote = rfq_selectors.get_record(rfq_id).find_quote_of(world.cobalt.firm.id)
    assert quote.state is QuoteState.CANCELED
    *_, passed, withdrawn = facts_of(world.cobalt)
    assert isinstance(passed, RfqPassed), "an auto-quoter is told before the quote is gone"
    assert isinstance(withdrawn, RfqChanged)
    assert withdrawn.rfq.quotes[0].state is QuoteState.CANCELED
    pass_rfq(world, rfq_id, reason=PassReason.TOO_LATE)
    assert [one.reason for one in told(world.cobalt)] == ["pass", "too_late"]


def test_refusals_are_named(world):
    rfq_id = world.create()
    assert reason_of(lambda: pass_rfq(world, rfq_id, world.ember)) == "rfq_not_found"
    assert reason_of(lambda: pass_rfq(world, rfq_id, world.taker)) == "rfq_not_found"
    world.cancel_rfq(rfq_id)
    assert reason_of(lambda: pass_rfq(world, rfq_id)) == "rfq_not_open"
