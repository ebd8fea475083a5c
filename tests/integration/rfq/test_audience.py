"""Drafts, groups, shares and hidden names, from the services to what each party is told."""

import dataclasses
from decimal import Decimal

import pytest

from accounts.models import Account
from audit.models import AuditRecord
from common.errors import Refusal
from rfq import selectors, services
from rfq.models import MakerGroup, Rfq, RfqDraft, RfqInvitation
from streams.models import Fact
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import CALL, PERPETUAL, PUT, command_id, facts_of, hedge, leg, rfq_facts_of
from wire import client, facts
from wire.units import Audience, RfqState, Side


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def draft_message(world, **changes) -> client.SaveDraft:
    fields = {
        "command_id": command_id(),
        "account_id": world.taker.account.id,
        "legs": [leg(CALL), leg(PUT)],
        "quantity": "2",
        "maker_firm_ids": [world.cobalt.firm.id],
        "label": "for later",
    }
    return client.SaveDraft(**{**fields, **changes})


def save(world, party=None, **changes) -> int:
    party = party or world.taker
    return services.save_draft(
        user=party.user, actor=party.actor, message=draft_message(world, **changes), at=world.at
    )


def send(world, rfq_id: int, party=None) -> int:
    party = party or world.taker
    message = client.SendDraft(command_id=command_id(), rfq_id=rfq_id)
    return services.send_draft(user=party.user, actor=party.actor, message=message, at=world.at)


def delete(world, rfq_id: int, party=None) -> int:
    party = party or world.taker
    message = client.DeleteDraft(command_id=command_id(), rfq_id=rfq_id)
    return services.delete_draft(user=party.user, actor=party.actor, message=message, at=world.at)


def save_group(world, name="Friends", makers=None, group_id=None, party=None) -> int:
    party = party or world.taker
    message = client.SaveMakerGroup(
        command_id=command_id(),
        name=name,
        maker_firm_ids=[maker.firm.id for maker in makers or (world.cobalt, world.dune)],
        maker_group_id=group_id,
    )
    return services.save_maker_group(user=party.user, actor=party.actor, message=message, at=world.at)


def test_draft_is_saved_changed_and_sent_under_one_id(world):
    draft_id = save(world)
    assert save(world, rfq_id=draft_id, quantity="3", legs=[leg(CALL)]) == draft_id
    (view,) = selectors.list_drafts(world.taker.firm.id)
    assert (view.state, view.structure, view.quantity, view.label) == (RfqState.DRAFT, "call", "3", "for later")
    assert send(world, draft_id) == draft_id
    assert RfqDraft.objects.count() == 0
    assert rfq_facts_of(world.cobalt)[-1].rfq_id == draft_id
    record = selectors.get_record(draft_id)
    assert (record.quantity, record.structure, record.created_at) == (Decimal(3), "call", world.at)
    told = [type(fact) for fact in facts_of(world.taker) if not isinstance(fact, facts.BalanceChanged)]
    assert told[-4:] == [facts.DraftChanged, facts.DraftChanged, facts.DraftEnded, facts.RfqChanged]
    actions = AuditRecord.objects.filter(entity=f"rfq:{draft_id}").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["rfq.draft_saved", "rfq.draft_saved", "rfq.created"]


def test_nobody_else_learns_of_a_draft(world):
    before = Fact.objects.exclude(firm_id=world.taker.firm.id).count()
    draft_id = save(world)
    for party in (world.cobalt, world.other_taker):
        assert selectors.snapshot(party.firm.id, party.user.role)["drafts"] == []
    assert reason_of(lambda: send(world, draft_id, world.other_taker)) == "draft_not_found"
    assert reason_of(lambda: delete(world, draft_id, world.other_taker)) == "draft_not_found"
    assert reason_of(lambda: save(world, world.other_taker, rfq_id=draft_id, account_id=world.other_taker.account.id)) == "draft_not_found"
    assert reason_of(lambda: world.quote(draft_id)) == "rfq_not_found"
    assert reason_of(lambda: world.cancel_rfq(draft_id, world.cobalt)) == "rfq_not_found"
    delete(world, draft_id)
    assert Fact.objects.exclude(firm_id=world.taker.firm.id).count() == before
    assert Rfq.objects.count() == 0
    assert reason_of(lambda: send(world, draft_id)) == "draft_not_found"


def test_draft_is_checked_when_saved_and_again_when_sent(world, monkeypatch):
    assert reason_of(lambda: save(world, legs=[leg(CALL), leg(CALL)])) == "duplicate_leg"
    assert reason_of(lambda: save(world, world.cobalt, account_id=world.cobalt.account.id)) == "role"
    draft_id = save(world, maker_firm_ids=[])
    assert reason_of(lambda: send(world, draft_id)) == "maker_count"
    assert RfqDraft.objects.count() == 1
    monkeypatch.setattr("rfq.services.drafts.RFQ_DRAFTS_MAX", 1)
    assert reason_of(lambda: save(world)) == "draft_count"


def test_a_draft_sent_twice_is_one_request(world):
    draft_id = save(world)
    message = client.SendDraft(command_id=command_id(), rfq_id=draft_id)
    for _ in range(2):
        assert services.send_draft(user=world.taker.user, actor=world.taker.actor, message=message, at=world.at) == draft_id
    assert Rfq.objects.count() == 1


def test_group_is_asked_as_it_stands_when_the_request_is_sent(world):
    group_id = save_group(world)
    draft_id = save(world, maker_firm_ids=[], audience=Audience.GROUP, maker_group_id=group_id)
    save_group(world, makers=[world.ember], group_id=group_id, name="Friend")
    send(world, draft_id)
    assert [one.maker_firm_id for one in RfqInvitation.objects.all()] == [world.ember.firm.id]
    told = [fact for fact in facts_of(world.taker) if isinstance(fact, facts.MakerGroupChanged)]
    assert [(fact.maker_group.name, len(fact.maker_group.maker_firm_ids)) for fact in told] == [("Friends", 2), ("Friend", 1)]


def test_groups_belong_to_their_firm(world):
    group_id = save_group(world)
    assert reason_of(lambda: save_group(world)) == "group_name_taken"
    save_group(world, party=world.other_taker)
    stranger = dict(party=world.other_taker, group_id=group_id, name="Mine")
    assert reason_of(lambda: save_group(world, **stranger)) == "maker_group_not_found"
    assert reason_of(lambda: world.create(maker_firm_ids=[], audience=Audience.GROUP, maker_group_id=999)) == "maker_group_not_found"
    assert reason_of(lambda: save_group(world, makers=[world.other_taker], name="Odd")) == "unknown_maker"
    assert reason_of(lambda: save_group(world, party=world.cobalt)) == "role"
    message = client.DeleteMakerGroup(command_id=command_id(), maker_group_id=group_id)
    for party in (world.other_taker, world.taker):
        call = lambda: services.delete_maker_group(user=party.user, actor=party.actor, message=message, at=world.at)
        if party is world.taker:
            call()
        else:
            assert reason_of(call) == "maker_group_not_found"
    assert list(MakerGroup.objects.values_list("firm_id", flat=True)) == [world.other_taker.firm.id]
    assert facts_of(world.taker)[-1] == facts.MakerGroupDeleted(maker_group_id=group_id)


def test_all_makers_are_asked(world):
    rfq_id = world.create(maker_firm_ids=[], audience=Audience.ALL)
    asked = RfqInvitation.objects.filter(rfq_id=rfq_id).values_list("maker_firm_id", flat=True)
    assert {maker.firm.id for maker in world.makers} <= set(asked)


def test_ratios_are_reduced_and_the_quantity_grows(world):
    rfq_id = world.create(
        legs=[leg(CALL, ratio=2), leg(PUT, ratio=4)], hedge=hedge(PERPETUAL, Side.SELL, 200, "78000"), quantity="1.5"
    )
    record = selectors.get_record(rfq_id)
    assert ([each.ratio for each in record.legs], record.quantity) == ([1, 2, 100], Decimal(3))


def test_shares_are_kept_and_shown_to_the_taker_alone(world):
    second = Account.objects.create(firm=world.taker.firm, desk=world.taker.account.desk, name="Second")
    shares = [client.RfqAllocation(account_id=second.id, quantity="0.5"), client.RfqAllocation(account_id=world.taker.account.id, quantity="1.5")]
    rfq_id = world.create(allocations=shares)
    assert [(share.account_id, share.quantity) for share in selectors.get_record(rfq_id).allocations] == [
        (world.taker.account.id, Decimal("1.5")), (second.id, Decimal("0.5")),
    ]
    assert len(rfq_facts_of(world.taker)[-1].allocations) == 2
    assert rfq_facts_of(world.cobalt)[-1].allocations == []
    strange = [client.RfqAllocation(account_id=world.cobalt.account.id, quantity="2")]
    assert reason_of(lambda: world.create(allocations=strange)) == "unknown_account"
    assert reason_of(lambda: world.create(allocations=shares[:1])) == "allocation_sum"


def five_makers(world) -> list[worlds.Party]:
    return [*world.makers, worlds.new_party("Fjord", "maker", "client"), worlds.new_party("Granite", "maker", "client")]


def test_anonymous_taker_needs_five_makers(world):
    makers = five_makers(world)
    ids = [maker.firm.id for maker in makers]
    assert reason_of(lambda: world.create(maker_firm_ids=ids[:4], is_taker_anonymous=True)) == "anonymous_makers"
    rfq_id = world.create(maker_firm_ids=ids, is_taker_anonymous=True)
    seen = rfq_facts_of(makers[4])[-1]
    assert (seen.rfq_id, seen.taker_firm_id, seen.taker_name, seen.is_taker_anonymous) == (rfq_id, None, "Anonymous", True)


def test_aliases_hold_within_a_request_and_not_across(world):
    makers = five_makers(world)
    ids = [maker.firm.id for maker in makers]
    drawn = []
    for _ in range(12):
        rfq_id = world.create(maker_firm_ids=ids, are_makers_anonymous=True)
        numbers = list(RfqInvitation.objects.filter(rfq_id=rfq_id).order_by("maker_firm_id").values_list("alias_number", flat=True))
        assert sorted(numbers) == [1, 2, 3, 4, 5]
        drawn.append(tuple(numbers))
        world.cancel_rfq(rfq_id)
    assert len(set(drawn)) > 1


def test_taker_sees_aliases_before_and_after_the_trade(world):
    rfq_id = world.create(are_makers_anonymous=True)
    cobalt = world.quote(rfq_id)
    world.quote(rfq_id, world.dune)
    world.wait(5).tick()
    first = rfq_facts_of(world.taker)[-1]
    names = {quote.quote_id: quote.maker_name for quote in first.quotes}
    assert set(names.values()) == {"Maker 1", "Maker 2"}
    assert {quote.maker_firm_id for quote in first.quotes} == {None}
    assert (first.maker_firm_ids, first.maker_count) == ([], 2)
    world.quote(rfq_id)
    world.accept(rfq_id, cobalt, version=2)
    last = rfq_facts_of(world.taker)[-1]
    assert {quote.quote_id: quote.maker_name for quote in last.quotes} == names
    compliance = selectors.view_for(world.house.user, selectors.get_record(rfq_id))
    assert {quote.maker_name for quote in compliance.quotes} == {world.cobalt.firm.name, world.dune.firm.name}


def test_volatility_becomes_prices_on_the_tick_and_is_kept_with_its_inputs(world):
    rfq_id = world.create()
    two_way = dict(bid=client.QuoteSide(leg_volatilities=["0.48", "0.48"]), ask=client.QuoteSide(leg_volatilities=["0.52", "0.52"]))
    world.quote(rfq_id, **two_way)
    quote = rfq_facts_of(world.cobalt)[-1].quotes[0]
    assert [one.volatility for one in quote.bid_volatilities] == ["0.48", "0.48"]
    assert {one.forward for one in (*quote.bid_volatilities, *quote.ask_volatilities)} == {"78500"}
    assert float(quote.bid_volatilities[0].years) == pytest.approx(45.333 / 365, abs=1e-4)
    low, high = [Decimal(price) for price in quote.bid_leg_prices], [Decimal(price) for price in quote.ask_leg_prices]
    assert all(a < b and a % Decimal("0.0001") == b % Decimal("0.0001") == 0 for a, b in zip(low, high, strict=True))
    exact = float(low[0])
    assert exact == pytest.approx(reference_price(0.48), abs=0.0001)
    assert exact <= reference_price(0.48) < exact + 0.0001
    assert Decimal(quote.bid) == sum(low)
    record = selectors.get_record(rfq_id)
    assert dataclasses.replace(record).quotes[0].prices.bid_volatilities[0].volatility == Decimal("0.48")
    worlds.publish_market(names=(PUT,))
    assert reason_of(lambda: world.quote(rfq_id, **two_way)) == "stale_market"


def reference_price(volatility: float) -> float:
    """Black-76 in coin, written out again."""
    import math

    forward, strike, years = 78_500.0, 80_000.0, (worlds.parse_instrument_name(CALL).expiry_at_ns - worlds.MARKET_TIME_NS) / (365 * 86_400 * 1e9)
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    cdf = lambda x: (1 + math.erf(x / math.sqrt(2))) / 2  # noqa: E731 - one line of mathematics
    return cdf(d1) - strike / forward * cdf(d1 - deviation)
