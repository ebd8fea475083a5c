"""Many quotes in one command, all withdrawn at once, and the entrances of pooled trades over REST."""

import pytest

from common.errors import Refusal
from rfq import handlers, selectors, services
from rfq.models import Quote, QuoteVersion
from tests.integration.rfq.test_redaction import api
from tests.integration.rfq.world import command_id, leg, publish_market, side
from wire import client
from wire.negotiation import QuoteCondition
from wire.units import QuoteState, RfqState, Side


def entry(rfq_id, **changes):
    fields = {"rfq_id": rfq_id, "bid": side("0.0511", "0.0411"), "ask": side("0.0611", "0.0511")}
    return client.MassQuoteEntry(**{**fields, **changes})


def mass_quote(world, *entries, party=None, at_id=None):
    party = party or world.cobalt
    message = client.MassQuote(command_id=at_id or command_id(), account_id=party.account.id, quotes=list(entries))
    return services.mass_quote(user=party.user, actor=party.actor, message=message, at=world.at)


def test_each_request_is_answered_by_itself(world):
    first, second, other = world.create(), world.create(), world.create(maker_firm_ids=[world.dune.firm.id])
    crossed = entry(second, bid=side("0.0711", "0.0511"))
    part = entry(second, quantity="1", condition=QuoteCondition.ALL_OR_NONE)
    answers = mass_quote(world, entry(first), crossed, entry(other), entry(999_999), part)
    assert [(answer.rfq_id, answer.reason) for answer in answers] == [
        (first, ""),
        (second, "crossed_quote"),
        (other, "rfq_not_found"),
        (999_999, "rfq_not_found"),
        (second, ""),
    ]
    assert {answers[0].quote_id, answers[4].quote_id} == set(Quote.objects.values_list("id", flat=True))
    assert QuoteVersion.objects.get(quote_id=answers[4].quote_id).condition == "all_or_none"


def test_sent_again_it_quotes_nothing_twice(world):
    first, second = world.create(), world.create()
    once = command_id()
    answers = mass_quote(world, entry(first), entry(second), at_id=once)
    assert mass_quote(world, entry(first), entry(second), at_id=once) == answers
    assert QuoteVersion.objects.count() == 2


def test_all_quotes_of_a_firm_are_withdrawn_and_no_others(world):
    ids = [world.create() for _ in range(3)]
    mass_quote(world, *(entry(rfq_id) for rfq_id in ids))
    dune = world.quote(ids[0], world.dune)
    world.wait(5).tick()
    world.accept(ids[2], Quote.objects.get(rfq_id=ids[2]).id)
    message = client.CancelAllQuotes(command_id=command_id())
    answer = handlers.perform(world.cobalt.user, world.cobalt.actor, message)
    assert bytes(answer.result) == b'{"quotes_canceled":2}'
    states = {quote.state for rfq_id in ids[:2] for quote in selectors.get_record(rfq_id).quotes if quote.quote_id != dune}
    assert states == {QuoteState.CANCELED}
    assert Quote.objects.get(id=dune).state == "active"
    assert selectors.get_record(ids[2]).state is RfqState.PENDING_FILL
    again = services.cancel_all_quotes(maker_firm_id=world.cobalt.firm.id, reason="kill", actor=world.cobalt.actor, at=world.at)
    assert again == 0


@pytest.mark.parametrize("reason", ["mmp", "disconnect", "kill"])
def test_the_reason_of_a_withdrawal_is_kept_and_told(world, reason):
    rfq_id = world.create()
    world.quote(rfq_id)
    services.cancel_all_quotes(maker_firm_id=world.cobalt.firm.id, reason=reason, actor=world.cobalt.actor, at=world.at)
    quote = selectors.get_view(world.cobalt.user, rfq_id).quotes[0]
    assert (quote.state, quote.reason) == (QuoteState.CANCELED, reason)


def test_who_may_not_quote_may_not_quote_many(world):
    with pytest.raises(Refusal) as refusal:
        mass_quote(world, entry(world.create()), party=world.house)
    assert refusal.value.reason == "role"


def test_the_pool_over_rest(world):
    taker, maker = api(world.taker), api(world.cobalt)
    rfq_id = world.create(legs=[leg("BTC-27MAR26-80000-C")])
    quotes = [{"rfq_id": rfq_id, "ask": {"leg_prices": ["0.06"]}, "quantity": "2"}]
    body = {"type": "rfq.mass_quote", "command_id": command_id(), "account_id": world.cobalt.account.id, "quotes": quotes}
    answer = maker.post("/api/quotes", body, content_type="application/json").json()
    quote_id = answer["result"][0]["quote_id"]
    limit = {"type": "rfq.set_trigger", "command_id": command_id(), "rfq_id": rfq_id, "side": "buy", "limit_price": "0.01"}
    assert taker.post(f"/api/rfqs/{rfq_id}/triggers", limit, content_type="application/json").status_code == 200
    assert taker.delete(f"/api/rfqs/{rfq_id}/triggers/buy?command_id={command_id()}").status_code == 200
    assert taker.delete(f"/api/rfqs/{rfq_id}/triggers/buy?command_id={command_id()}").json()["reason"] == "no_trigger"
    trade = {"type": "rfq.trade", "command_id": command_id(), "rfq_id": rfq_id, "side": "buy", "limit_price": "0.06"}
    publish_market()
    early = taker.post(f"/api/rfqs/{rfq_id}/trade", trade, content_type="application/json")
    assert (early.status_code, early.json()["reason"]) == (409, "grace_period")
    answer = {"type": "rfq.answer_last_look", "command_id": command_id(), "quote_id": quote_id, "is_confirmed": True}
    assert maker.post(f"/api/quotes/{quote_id}/last-look", answer, content_type="application/json").json()["reason"] == "last_look_over"
    assert maker.delete(f"/api/quotes?command_id={command_id()}").json()["result"] == {"quotes_canceled": 1}
    assert taker.get("/api/last-looks").json() == taker.get("/api/last-looks/rates").json() == []
    assert selectors.get_record(rfq_id).find_trigger(Side.BUY) is None
