"""Every byte that each party is sent or can read, walked: no rival's identity or price, and none in the grace."""

import json

import msgspec
import pytest
from django.test import Client

from accounts import services as accounts
from common import clock
from common.actor import SYSTEM
from rfq import selectors
from rfq.models import BlockTrade
from streams.models import Fact
from tests.integration.rfq.world import World, facts_of, side
from wire import gateway
from wire.facts import RfqChanged
from wire.units import Side

COBALT = dict(bid=side("0.0511", "0.0411"), ask=side("0.0611", "0.0511"))
DUNE = dict(bid=side("0.0522", "0.0422"), ask=side("0.0622", "0.0522"))


def secrets_of(world: World, party) -> set[str]:
    """Texts that no rival may see: names, the quote's prices, its nets."""
    quote = COBALT if party is world.cobalt else DUNE
    nets = {"0.0922", "0.1122"} if party is world.cobalt else {"0.0944", "0.1144"}
    return {party.firm.name, party.user.username, *quote["bid"].leg_prices, *quote["ask"].leg_prices, *nets}


def api(party) -> Client:
    """A client that shows its API key."""
    key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
    return Client(headers={"Authorization": f"Bearer {key_id}.{secret}"})


def everything_seen_by(party, rfq_id: int) -> list[str]:
    """Facts, snapshot and REST answers, each as its text."""
    seen = list(Fact.objects.filter(firm_id=party.firm.id).values_list("payload", flat=True))
    seen.append(msgspec.json.encode(selectors.snapshot(party.firm.id, party.user.role)).decode())
    client = api(party)
    for path in (f"/api/rfqs/{rfq_id}", "/api/rfqs", "/api/rfqs?state=open", "/api/rfqs?limit=1"):
        answer = client.get(path)
        seen.append(answer.content.decode())
    return seen


def fields_of(text: str) -> set[str]:
    """Every scalar in a JSON text."""

    def walk(value):
        if isinstance(value, dict):
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)
        else:
            yield value

    return {str(value) for value in walk(json.loads(text))}


def negotiate(world: World):
    rfq_id = world.create(maker_firm_ids=[world.cobalt.firm.id, world.dune.firm.id])
    cobalt = world.quote(rfq_id, world.cobalt, **COBALT)
    dune = world.quote(rfq_id, world.dune, **DUNE)
    world.quote(rfq_id, world.dune, **DUNE)
    return rfq_id, cobalt, dune


def end_in_grace(world, rfq_id, cobalt, dune):
    world.cancel_rfq(rfq_id)


def stay_in_grace(world, rfq_id, cobalt, dune):
    world.wait(4.9).tick()


def tradable(world, rfq_id, cobalt, dune):
    world.wait(5).tick()


def fill(world, rfq_id, cobalt, dune):
    tradable(world, rfq_id, cobalt, dune)
    world.accept(rfq_id, cobalt, taker_side=Side.SELL)
    trade = BlockTrade.objects.get()
    world.event(gateway.BlockReserved(reservation_id=trade.id))
    world.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=9_000_001))


def reject(world, rfq_id, cobalt, dune):
    tradable(world, rfq_id, cobalt, dune)
    world.accept(rfq_id, dune, version=2)
    trade = BlockTrade.objects.get()
    world.event(
        gateway.BlockRefused(
            reservation_id=trade.id, account_id=world.dune.account.id, leg_index=1, reason="max_order_value", value=7, bound=6
        )
    )


def time_out(world, rfq_id, cobalt, dune):
    tradable(world, rfq_id, cobalt, dune)
    world.accept(rfq_id, cobalt)
    world.wait(2).tick()


def expire(world, rfq_id, cobalt, dune):
    tradable(world, rfq_id, cobalt, dune)
    world.wait(300).tick()


def withdraw(world, rfq_id, cobalt, dune):
    tradable(world, rfq_id, cobalt, dune)
    world.cancel_quote(cobalt)
    world.quote(rfq_id, world.cobalt, **COBALT)
    world.cancel_quote(dune, world.dune)


@pytest.mark.parametrize("story", [end_in_grace, stay_in_grace, tradable, fill, reject, time_out, expire, withdraw])
def test_no_maker_sees_the_other(world, story):
    rfq_id, cobalt, dune = negotiate(world)
    story(world, rfq_id, cobalt, dune)
    for party, rival, rival_quote in ((world.cobalt, world.dune, dune), (world.dune, world.cobalt, cobalt)):
        secrets = {*secrets_of(world, rival), "secret label"}
        for text in everything_seen_by(party, rfq_id):
            found = [secret for secret in secrets if secret in text]
            assert found == [], text
            for view in rfq_views_in(text):
                assert view["maker_firm_ids"] == [party.firm.id]
                assert [quote["maker_firm_id"] for quote in view["quotes"]] in ([], [party.firm.id])
                assert view["accepted_quote_id"] != rival_quote
                assert view["account_id"] is None


@pytest.mark.parametrize("story", [end_in_grace, stay_in_grace])
def test_the_taker_is_sent_no_quote_in_the_grace(world, story):
    rfq_id, cobalt, dune = negotiate(world)
    told_before = len(facts_of(world.taker))
    story(world, rfq_id, cobalt, dune)
    assert [fact for fact in facts_of(world.taker)[:told_before] if isinstance(fact, RfqChanged) and fact.rfq.quotes] == []
    for text in everything_seen_by(world.taker, rfq_id):
        for party in (world.cobalt, world.dune):
            assert not [secret for secret in secrets_of(world, party) if secret in text], text
        for view in rfq_views_in(text):
            assert view["quotes"] == []
    assert sum(isinstance(fact, RfqChanged) for fact in facts_of(world.taker)) == (2 if story is end_in_grace else 1)


def test_quotes_arrive_with_the_end_of_the_grace(world):
    rfq_id, *_ = negotiate(world)
    world.wait(4.999).tick()
    assert len([fact for fact in facts_of(world.taker) if isinstance(fact, RfqChanged)]) == 1
    world.wait(0.001).tick()
    last = facts_of(world.taker)[-1].rfq
    assert sorted(quote.bid for quote in last.quotes) == ["0.0922", "0.0944"]
    assert {quote.maker_name for quote in last.quotes} == {world.cobalt.firm.name, world.dune.firm.name}


@pytest.mark.parametrize("story", [tradable, fill, reject, expire])
def test_outsiders_find_nothing(world, story):
    rfq_id, cobalt, dune = negotiate(world)
    story(world, rfq_id, cobalt, dune)
    for party in (world.other_taker, world.ember):
        assert not any(isinstance(fact, RfqChanged) for fact in facts_of(party))
        state = selectors.snapshot(party.firm.id, party.user.role)
        assert {name for name, views in state.items() if views} <= {"desk_limits"}
        client = api(party)
        assert client.get(f"/api/rfqs/{rfq_id}").status_code == 404
        assert client.get("/api/rfqs").json() == []


def test_compliance_reads_everything_and_is_sent_nothing(world):
    rfq_id, cobalt, dune = negotiate(world)
    client = api(world.house)
    view = client.get(f"/api/rfqs/{rfq_id}").json()
    assert (view["role"], len(view["quotes"])) == ("compliance", 2)
    assert facts_of(world.house) == []
    assert [each.rfq_id for each in selectors.list_for_compliance()] == [rfq_id]


def rfq_views_in(text: str) -> list[dict]:
    def walk(value):
        if isinstance(value, dict):
            if "maker_firm_ids" in value:
                yield value
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)

    return list(walk(json.loads(text)))


def test_the_walk_itself_finds_a_planted_leak(world):
    """The oracle's own proof: a compliance view would be caught."""
    rfq_id, *_ = negotiate(world)
    leaked = msgspec.json.encode(selectors.list_for_compliance()).decode()
    assert [secret for secret in secrets_of(world, world.dune) if secret in leaked]
    assert any(len(view["maker_firm_ids"]) == 2 for view in rfq_views_in(leaked))
