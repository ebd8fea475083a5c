"""Last look: off by default, agreed by two firms, judged by one tolerance, silence rejects, the rate is published."""

import pytest

from audit.models import AuditRecord
from common.errors import Refusal
from rfq import selectors, services
from rfq.models import BlockTrade, LastLook, LastLookAgreement
from rfq.selectors import allocations, last_looks, replays
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import CALL, command_id, commands_sent, rfq_facts_of, side
from wire import client, facts, gateway
from wire.negotiation import LastLookReason
from wire.units import QuoteState, RfqState, Side

CREDIT, MOVED = LastLookReason.CREDIT_CHECK, LastLookReason.PRICE_TOLERANCE


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


@pytest.fixture
def looking(world):
    """Cobalt has a last look of a second; its quote was accepted."""
    world.agree_last_look()
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(5).tick()
    world.accept(rfq_id, quote_id)
    return rfq_id, quote_id


def states(rfq_id):
    record = selectors.get_record(rfq_id)
    return record.state, [quote.state for quote in record.quotes]


def test_it_is_off_by_default(world):
    rfq_id = world.create()
    world.accept(rfq_id, world.quote(rfq_id), at=world.wait(5).at)
    assert states(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.PENDING_FILL])
    assert not LastLook.objects.exists()


def test_nothing_is_reserved_before_the_maker_has_confirmed(world, looking):
    rfq_id, quote_id = looking
    assert states(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.PENDING_LAST_LOOK])
    assert commands_sent(gateway.ReserveBlock) == []
    own = rfq_facts_of(world.cobalt)[-1]
    until = own.quotes[0].last_look_until_ns
    assert until == selectors.get_view(world.taker.user, rfq_id).quotes[0].last_look_until_ns
    assert (own.accepted_side, own.trades[0].quantity) == (Side.BUY, "2")
    world.wait(0.9).answer(quote_id)
    assert states(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.PENDING_FILL])
    assert len(commands_sent(gateway.ReserveBlock)) == 1
    world.wait(1.9).tick()
    world.reserve(rfq_id)
    world.confirm(rfq_id)
    assert states(rfq_id) == (RfqState.FILLED, [QuoteState.FILLED])
    assert LastLook.objects.get().state == "confirmed"
    assert allocations.find_allocation_difference(rfq_id) is None
    assert replays.replay_rfq(rfq_id).difference is None


def test_the_gateway_has_two_seconds_after_the_maker(world, looking):
    rfq_id, quote_id = looking
    world.wait(0.9).answer(quote_id)
    world.wait(2).tick()
    assert selectors.get_record(rfq_id).reason == "gateway_timeout"
    assert len(commands_sent(gateway.VoidBlock)) == 1


def test_a_rejection_has_a_reason_that_the_taker_reads(world, looking):
    rfq_id, quote_id = looking
    world.answer(quote_id, CREDIT)
    assert states(rfq_id) == (RfqState.REJECTED, [QuoteState.LAST_LOOK_REJECTED])
    view = rfq_facts_of(world.taker)[-1]
    assert (view.reason, view.quotes[0].reason) == ("last_look_rejected", "credit_check")
    assert commands_sent(gateway.ReserveBlock) == commands_sent(gateway.VoidBlock) == []
    assert reason_of(lambda: world.answer(quote_id)) == "last_look_over"
    assert replays.replay_rfq(rfq_id).difference is None


def test_silence_rejects_by_name_at_the_end_of_the_window(world, looking):
    rfq_id, quote_id = looking
    world.wait(0.999999).tick()
    assert states(rfq_id)[0] is RfqState.PENDING_FILL
    world.wait(0.000001)
    assert reason_of(lambda: world.answer(quote_id)) == "last_look_over"
    world.tick()
    assert states(rfq_id) == (RfqState.REJECTED, [QuoteState.LAST_LOOK_REJECTED])
    view = rfq_facts_of(world.taker)[-1]
    assert (view.reason, view.quotes[0].reason) == ("last_look_timeout", "timeout")
    assert (LastLook.objects.get().state, LastLook.objects.get().reason) == ("rejected", "timeout")
    assert commands_sent(gateway.VoidBlock) == []


def test_within_the_tolerance_a_price_is_no_excuse(world, looking):
    rfq_id, quote_id = looking
    world.plays = False
    worlds.publish_market(moved={CALL: 0.0504})
    assert reason_of(lambda: world.answer(quote_id, MOVED)) == "within_tolerance"
    assert states(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.PENDING_LAST_LOOK])
    world.answer(quote_id)
    assert states(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.PENDING_FILL])
    assert str(LastLook.objects.get().moved_basis_points) == "4.0000"


@pytest.mark.parametrize("moved", [0.0494, 0.0506])
@pytest.mark.parametrize("answer", [None, MOVED])
def test_beyond_the_tolerance_it_is_rejected_whomever_that_favors(world, looking, moved, answer):
    rfq_id, quote_id = looking
    world.plays = False
    worlds.publish_market(moved={CALL: moved})
    world.answer(quote_id, answer)
    assert states(rfq_id) == (RfqState.REJECTED, [QuoteState.LAST_LOOK_REJECTED])
    assert LastLook.objects.get().reason == "price_tolerance"


def test_without_marks_the_maker_is_believed(world, looking):
    rfq_id, quote_id = looking
    world.plays = False
    worlds.publish_market(at_ns=1)
    world.answer(quote_id, MOVED)
    assert states(rfq_id)[0] is RfqState.REJECTED
    assert LastLook.objects.get().moved_basis_points is None


def test_a_rejection_in_a_pool_ends_it_for_all_and_tells_rivals_nothing(world):
    world.agree_last_look(world.cobalt, window_ms=2_000)
    world.agree_last_look(world.dune, window_ms=1_000)
    rfq_id = world.create(maker_firm_ids=[party.firm.id for party in world.makers])
    cobalt = world.quote(rfq_id, quantity="1")
    dune = world.quote(rfq_id, world.dune, quantity="0.5")
    world.quote(rfq_id, world.ember, quantity="0.5")
    world.wait(5).tick()
    world.trade(rfq_id, "0.2")
    assert sorted(states(rfq_id)[1]) == ["pending_fill", "pending_last_look", "pending_last_look"]
    world.answer(dune, party=world.dune)
    assert commands_sent(gateway.ReserveBlock) == []
    world.wait(1.5).tick()
    world.answer(cobalt, LastLookReason.RISK_LIMIT)
    assert sorted(states(rfq_id)[1]) == ["last_look_rejected", "rejected", "rejected"]
    for party in (world.dune, world.ember):
        view = rfq_facts_of(party)[-1]
        assert (view.reason, view.quotes[0].reason) == ("counterparty_refused", "")
    assert rfq_facts_of(world.cobalt)[-1].quotes[0].reason == "risk_limit"
    assert not BlockTrade.objects.exclude(state="rejected").exists()


def test_all_of_a_pool_are_reserved_when_the_last_has_confirmed(world):
    world.agree_last_look(world.cobalt)
    rfq_id = world.create()
    cobalt = world.quote(rfq_id, quantity="1")
    world.quote(rfq_id, world.dune, quantity="1")
    world.wait(5).tick()
    world.trade(rfq_id, "0.2")
    world.answer(cobalt)
    assert len(commands_sent(gateway.ReserveBlock)) == 2


def test_an_anonymous_request_has_no_last_look(world):
    """Else the maker would read from it who asks."""
    more = [worlds.new_party(f"Maker{number}", "maker", "client") for number in range(3)]
    world.agree_last_look()
    firms = [party.firm.id for party in [world.cobalt, world.dune, *more]]
    rfq_id = world.create(maker_firm_ids=firms, is_taker_anonymous=True)
    quote_id = world.quote(rfq_id)
    world.wait(5).tick()
    world.accept(rfq_id, quote_id)
    assert states(rfq_id)[1] == [QuoteState.PENDING_FILL]


def test_only_the_maker_answers(world, looking):
    _, quote_id = looking
    assert reason_of(lambda: world.answer(quote_id, party=world.dune)) == "quote_not_found"
    assert reason_of(lambda: world.answer(quote_id, party=world.taker)) == "quote_not_found"


def test_reject_rates_are_published(world):
    world.agree_last_look()
    for answer in (None, CREDIT, "silence"):
        rfq_id = world.create()
        quote_id = world.quote(rfq_id)
        world.wait(5).tick()
        world.accept(rfq_id, quote_id)
        world.wait(1).tick() if answer == "silence" else world.answer(quote_id, answer)
    (rate,) = last_looks.list_rates()
    assert (rate.maker_firm_id, rate.asked, rate.confirmed, rate.rejected, rate.silent) == (world.cobalt.firm.id, 3, 1, 1, 1)
    assert rate.reject_rate == "0.6667"


def offer(world, party, **changes):
    fields = {
        "command_id": command_id(),
        "maker_firm_id": world.cobalt.firm.id,
        "taker_firm_id": world.taker.firm.id,
        "window_ms": 500,
        "tolerance_basis_points": "2.5",
    }
    message = client.ProposeLastLook(**{**fields, **changes})
    return services.propose_last_look(user=party.user, actor=party.actor, message=message, at=world.at)


def agree(world, party, agreement_id):
    message = client.AgreeLastLook(command_id=command_id(), agreement_id=agreement_id)
    return services.agree_last_look(user=party.user, actor=party.actor, message=message, at=world.at)


def end(world, party, agreement_id):
    message = client.EndLastLook(command_id=command_id(), agreement_id=agreement_id)
    return services.end_last_look(user=party.user, actor=party.actor, message=message, at=world.at)


def test_an_agreement_takes_both_firms(world):
    agreement_id = offer(world, world.taker)
    assert reason_of(lambda: agree(world, world.taker, agreement_id)) == "already_agreed"
    assert reason_of(lambda: agree(world, world.dune, agreement_id)) == "last_look_not_found"
    assert reason_of(lambda: offer(world, world.dune)) == "role"
    assert reason_of(lambda: offer(world, world.house)) == "role"
    assert [view.state for view in last_looks.list_agreements(world.cobalt.user)] == ["proposed"]
    agree(world, world.cobalt, agreement_id)
    assert [view.state for view in last_looks.list_agreements(world.cobalt.user)] == ["in_force"]
    assert last_looks.list_agreements(world.dune.user) == []
    assert len(last_looks.list_agreements(world.house.user)) == 1
    end(world, world.taker, agreement_id)
    assert reason_of(lambda: end(world, world.taker, agreement_id)) == "last_look_ended"
    actions = AuditRecord.objects.filter(entity=f"last_look:{agreement_id}").order_by("id").values_list("action", flat=True)
    assert sorted(actions) == sorted(["last_look.proposed", "last_look.agreed", "last_look.ended"] * 2)


def test_two_people_of_the_house_agree_and_end_in_the_stead_of_both(world):
    first, second = worlds.new_party("Office", "house", "admin"), world.house
    agreement_id = offer(world, first)
    (waiting,) = last_looks.list_of_firm(world.taker.firm.id)
    assert (waiting.state, waiting.is_of_house) == ("proposed", True)
    assert reason_of(lambda: agree(world, first, agreement_id)) == "same_person"
    agree(world, second, agreement_id)
    assert last_looks.list_of_firm(world.taker.firm.id)[0].state == "in_force"
    assert reason_of(lambda: end(world, second, agreement_id)) == "role"
    end(world, first, agreement_id)
    asked = last_looks.list_of_firm(world.cobalt.firm.id)[0]
    assert (asked.state, asked.is_end_asked) == ("in_force", True)
    assert last_looks.list_own_asks(first.user) == {agreement_id}
    assert reason_of(lambda: end(world, first, agreement_id)) == "same_person"
    end(world, second, agreement_id)
    for party in (world.cobalt, world.taker):
        told = [fact.last_look for fact in worlds.facts_of(party) if isinstance(fact, facts.LastLookChanged)]
        assert [view.state for view in told] == ["proposed", "in_force", "in_force", "ended"]
        assert selectors.snapshot(party.firm.id, "trader")["last_looks"] == [told[-1]]
    trail = AuditRecord.objects.filter(entity=f"last_look:{agreement_id}", stream=f"firm:{world.taker.firm.id}")
    people = [first.user.id, second.user.id] * 2
    assert list(trail.order_by("id").values_list("action", "user_id")) == list(
        zip(("last_look.proposed", "last_look.agreed", "last_look.end_asked", "last_look.ended"), people, strict=True)
    )


def test_the_house_agrees_to_no_offer_of_a_firm(world):
    administrator = worlds.new_party("Office", "house", "admin")
    agreement_id = offer(world, world.cobalt)
    for party in (administrator, world.house):
        assert reason_of(lambda party=party: agree(world, party, agreement_id)) == "role"
    assert reason_of(lambda: end(world, world.house, agreement_id)) == "role"
    end(world, administrator, agreement_id)
    assert last_looks.list_of_firm(world.taker.firm.id)[0].state == "ended"


def test_a_newer_agreement_ends_the_earlier_one(world):
    first = world.agree_last_look()
    second = world.agree_last_look(window_ms=200)
    rows = {row.id: row.ended_at for row in LastLookAgreement.objects.all()}
    assert rows[first] == world.at
    assert rows[second] is None


def test_terms_of_an_agreement_are_bounded(world):
    assert reason_of(lambda: offer(world, world.cobalt, tolerance_basis_points="1001")) == "tolerance"
    assert reason_of(lambda: offer(world, world.cobalt, tolerance_basis_points="0.001")) == "tolerance"
    assert reason_of(lambda: offer(world, world.cobalt, taker_firm_id=world.dune.firm.id)) == "unknown_taker"
    assert reason_of(lambda: offer(world, world.taker, maker_firm_id=world.other_taker.firm.id)) == "unknown_maker"


def test_one_quote_is_looked_at_once(world, looking):
    """A second look of one quote cannot be: the request is over once it was decided."""
    rfq_id, quote_id = looking
    world.answer(quote_id, CREDIT)
    assert reason_of(lambda: world.accept(rfq_id, quote_id)) == "rfq_not_open"
    assert reason_of(lambda: world.quote(rfq_id, ask=side("0.06", "0.05"))) == "rfq_not_open"
