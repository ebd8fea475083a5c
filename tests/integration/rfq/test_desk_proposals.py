"""Bounds of a firm on the desk: one person proposes, another one decides, the database holds them to it."""

import pytest
from django.db import IntegrityError, transaction

from audit.models import AuditRecord
from rfq import selectors
from rfq.models import DeskLimits, DeskLimitsProposal
from rfq.services import desk_proposals
from tests.integration.rfq import world as worlds
from tests.integration.rfq.protections import refused
from tests.integration.rfq.world import command_id, facts_of
from wire import client_protection as client
from wire import facts


@pytest.fixture(autouse=True)
def _usual_bounds(world):
    DeskLimits.objects.all().delete()


def propose(world, party, **changes):
    fields = {"create_per_minute_max": 9, "execute_per_minute_max": 8, "open_rfqs_max": 7, "live_quotes_max": 6}
    message = client.ProposeDeskLimits(
        **{
            **fields,
            "command_id": command_id(),
            "firm_id": world.taker.firm.id,
            "band_ticks": 5,
            "band_percent": "12.5",
            "reason": "asked for by the desk",
            **changes,
        }
    )
    return desk_proposals.propose_desk_limits(user=party.user, actor=party.actor, message=message, at=world.at)


def decide(world, party, proposal_id, *, is_approved=True):
    message = client.DecideDeskLimits(
        command_id=command_id(), proposal_id=proposal_id, is_approved=is_approved, reason="looked into"
    )
    return desk_proposals.decide_desk_limits(user=party.user, actor=party.actor, message=message, at=world.at)


@pytest.fixture
def administrator(world):
    party = worlds.new_party("Office", "house", "admin")
    assert party.user != world.house.user
    return party


def bounds_of(world):
    (view,) = selectors.snapshot(world.taker.firm.id, "trader")["desk_limits"]
    told = [fact.desk_limits for fact in facts_of(world.taker) if isinstance(fact, facts.DeskLimitsChanged)]
    assert told[-1] == view
    return view


def test_bounds_of_a_firm_change_when_two_people_want_it(world, administrator):
    assert refused(propose, world, world.house).reason == "not_authorized"
    proposal_id = propose(world, administrator)
    assert refused(propose, world, administrator).reason == "proposal_waits"
    waiting = bounds_of(world)
    assert (waiting.open_rfqs_max, waiting.proposed.open_rfqs_max, waiting.proposed.band_percent) == (50, 7, "12.5")
    assert refused(decide, world, administrator, proposal_id).reason == "same_person"
    assert refused(decide, world, world.taker, proposal_id).reason == "not_authorized"
    assert bounds_of(world) == waiting
    decide(world, world.house, proposal_id)
    view = bounds_of(world)
    assert (view.open_rfqs_max, view.band_percent, view.proposed) == (7, "12.5", None)
    assert refused(decide, world, world.house, proposal_id).reason == "already_decided"
    assert refused(propose, world, administrator).reason == "unchanged"
    trail = AuditRecord.objects.filter(entity=f"firm:{world.taker.firm.id}").order_by("id")
    people = [administrator.user.id, world.house.user.id]
    assert list(trail.values_list("action", "user_id")) == [
        ("desk_limits.proposed", people[0]),
        ("desk_limits.approved", people[1]),
    ]
    before, after = trail[1].before, trail[1].after
    assert (before["open_rfqs_max"], after["open_rfqs_max"]) == (50, 7)


@pytest.mark.parametrize(("who", "state"), [("house", "refused"), ("administrator", "withdrawn")])
def test_proposed_bounds_that_are_not_approved_change_nothing(world, administrator, who, state):
    proposal_id = propose(world, administrator)
    decide(world, {"house": world.house, "administrator": administrator}[who], proposal_id, is_approved=False)
    assert (bounds_of(world).open_rfqs_max, bounds_of(world).proposed) == (50, None)
    assert DeskLimitsProposal.objects.get().state == state
    propose(world, administrator)


@pytest.mark.parametrize("percent", ["1000.0001", "12.50001", "0.00001"])
def test_a_band_that_is_not_stored_as_it_is_said_is_refused(world, administrator, percent):
    assert refused(propose, world, administrator, band_percent=percent).reason == "band_percent"
    assert not DeskLimitsProposal.objects.exists()
    propose(world, administrator, band_percent="1000.00000")


def test_the_database_itself_knows_no_bounds_of_one_person(world, administrator):
    propose(world, administrator)
    with pytest.raises(IntegrityError, match="desk_limits_two_people"), transaction.atomic():
        DeskLimitsProposal.objects.update(state="approved", decided_by=administrator.user, decided_at=world.at)
