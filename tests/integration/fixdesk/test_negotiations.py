"""Counters, last looks, hedge legs and quotes in volatility by FIX: the desk's own rules, each told by its ids."""

import pytest

from fixdesk.models import FixRequest
from rfq.models import BlockTrade, Rfq, Trigger
from tests.integration.fixdesk.conftest import Roads
from tests.integration.fixdesk.test_roads import ask, quote
from tests.integration.rfq.world import CALL, PERPETUAL, PUT, hedge, publish_market
from wire import client, fix_rfq
from wire.negotiation import LastLookReason
from wire.units import QuoteState, RfqState, Side


class Talk:
    """A taker and a maker by FIX, in one request."""

    def __init__(self, roads: Roads) -> None:
        self.roads, self.world = roads, roads.world
        self.taker = roads.session(self.world.taker, "TAKER")
        self.maker = roads.session(self.world.cobalt, "MAKER")

    def ask(self, **changes: object) -> int:
        self.roads.take(self.taker, ask(self.roads, **changes))
        self.roads.now()
        return Rfq.objects.get().id

    def respond(self, response_id: str, rfq_id: int, command: client.Command | None) -> None:
        named = fix_rfq.Respond(
            response_id=response_id, quote_id=f"Q{rfq_id}.1.1", client_order_id=f"order-{response_id}", rfq_id=rfq_id, command=command,
        )  # fmt: skip
        publish_market()
        self.roads.take(self.taker, named)

    def counter(self, response_id: str, rfq_id: int, price: str) -> None:
        limit = client.SetTrigger(command_id=f"fix:1:AJ:{response_id}", rfq_id=rfq_id, side=Side.BUY, limit_price=price)
        self.respond(response_id, rfq_id, limit)

    def statuses(self, session: object) -> list[tuple[str, str, str]]:
        """(status, response, reason) of all that it was told."""
        told = self.roads.told(session)  # type: ignore[arg-type]  # a FixSession
        return [(each.status, each.response_id, each.reason) for each in told if isinstance(each, fix_rfq.StatusTold)]

    def answer(self, response_id: str, reason: LastLookReason | None = None, quote_id: str = "q-1") -> None:
        publish_market()
        self.roads.take(self.maker, fix_rfq.AnswerLook(response_id=response_id, quote_id=quote_id, reason=reason))


@pytest.fixture
def talk(roads: Roads) -> Talk:
    return Talk(roads)


def test_a_counter_rests_hidden_and_trades_under_its_own_id(talk: Talk) -> None:
    world, roads = talk.world, talk.roads
    rfq_id = talk.ask()
    roads.take(talk.maker, quote(roads, rfq_id))
    roads.now().tick()
    before = roads.told(talk.maker)
    talk.counter("c-1", rfq_id, "0.1")
    talk.counter("c-2", rfq_id, "0.11")
    talk.counter("c-1", rfq_id, "0.11")
    assert roads.told(talk.maker) == before, "a maker does not hear of a counter"
    assert talk.statuses(talk.taker)[1:] == [
        ("accepted", "c-1", ""), ("accepted", "c-2", ""), ("rejected", "c-1", "duplicate_response"),
    ]  # fmt: skip
    roads.take(talk.maker, quote(roads, rfq_id, "q-2", asks={CALL: "0.0601", PUT: "0.0499"}))
    assert roads.now().fire() == 1
    world.reserve(rfq_id)
    world.confirm(rfq_id)
    fills = [news for news in roads.told(talk.taker) if isinstance(news, fix_rfq.TradeTold)]
    assert [(fill.client_order_id, fill.response_id) for fill in fills] == [("order-c-2", "c-2")] * 2
    assert talk.statuses(talk.taker)[-2:] == [("pending", "c-2", ""), ("traded", "c-2", "")]


def test_a_counter_is_withdrawn_by_its_id_and_the_request_is_not(talk: Talk) -> None:
    roads = talk.roads
    rfq_id = talk.ask()
    talk.counter("c-1", rfq_id, "0.1")
    talk.counter("c-2", rfq_id, "0.105")
    request_id = FixRequest.objects.get().request_id
    roads.take(talk.taker, fix_rfq.Withdraw(quote_id="c-1", request_id=request_id, is_all=False))
    roads.take(talk.taker, fix_rfq.Withdraw(quote_id="c-2", request_id=request_id, is_all=False))
    told = talk.statuses(talk.taker)
    assert ("not_found", "", "counter_not_found") in told
    assert told[-1] == ("canceled", "c-2", "requested")
    assert (Rfq.objects.get().state, Trigger.objects.get(limit_price="0.105").state) == ("open", "canceled")
    roads.take(talk.taker, fix_rfq.Withdraw(quote_id="NONE", request_id=request_id, is_all=False))
    assert Rfq.objects.get().state == RfqState.CANCELED


def test_a_maker_stands_by_its_quote(talk: Talk) -> None:
    world, roads = talk.world, talk.roads
    world.agree_last_look(window_ms=5_000)
    rfq_id = _taken(talk)
    looked_at = [news for news in roads.told(talk.maker) if isinstance(news, fix_rfq.StatusTold)][-1]
    assert (looked_at.status, looked_at.reason, looked_at.quote_id, looked_at.side) == (
        "pending", "last_look", "q-1", Side.BUY,
    )  # fmt: skip
    assert 0 < looked_at.until_ns - roads.now().at.timestamp() * 1e9 <= 5e9
    told = [news for news in roads.told(talk.taker) if isinstance(news, fix_rfq.StatusTold)][-1]
    assert (told.status, told.response_id, told.reason, told.until_ns) == (
        "pending", "r-1", "last_look", looked_at.until_ns,
    )  # fmt: skip
    talk.answer("mine-0", quote_id="nobody")
    talk.answer("mine-1")
    talk.answer("mine-2")
    assert BlockTrade.objects.get().state == "pending"
    answered = [news for news in talk.statuses(talk.maker) if news[0] != "accepted"]
    assert answered == [
        ("pending", "", "last_look"), ("not_found", "mine-0", "quote_not_found"), ("rejected", "mine-2", "last_look_over"), ("pending", "", ""),
    ]  # fmt: skip
    roads.now().reserve(rfq_id)
    world.confirm(rfq_id)
    assert talk.statuses(talk.taker)[-1] == ("traded", "r-1", "")


def test_a_maker_takes_its_price_back_and_the_taker_reads_why(talk: Talk) -> None:
    talk.world.agree_last_look(window_ms=5_000)
    _taken(talk)
    talk.answer("mine-1", LastLookReason.CREDIT_CHECK)
    assert talk.statuses(talk.maker)[-1] == ("rejected", "", "credit_check")
    told = [news for news in talk.roads.told(talk.taker) if isinstance(news, fix_rfq.StatusTold)][-2:]
    assert [(news.status, news.response_id, news.reason, bool(news.party)) for news in told] == [
        ("rejected", "r-1", "credit_check", True), ("rejected", "r-1", "last_look_rejected", False),
    ]  # fmt: skip
    assert told[0].quote_id.startswith("Q")


def _taken(talk: Talk) -> int:
    """A request whose quote of the maker's was hit."""
    rfq_id = talk.ask()
    talk.roads.take(talk.maker, quote(talk.roads, rfq_id))
    talk.roads.now().tick()
    (shown,) = (news for news in talk.roads.told(talk.taker) if isinstance(news, fix_rfq.QuoteShown))
    accept = client.AcceptQuote(
        command_id="fix:1:AJ:r-1", rfq_id=rfq_id, quote_id=shown.quote.quote_id, version=1, side=Side.BUY
    )
    talk.respond("r-1", rfq_id, accept)
    return rfq_id


def test_a_hedge_leg_is_shown_not_quoted_and_traded(talk: Talk) -> None:
    world, roads = talk.world, talk.roads
    rfq_id = talk.ask(
        legs=[client.RfqLeg(instrument_name=CALL, side=Side.BUY)], hedge=hedge(PERPETUAL, Side.SELL, 1, "78000")
    )
    (shown,) = (news for news in roads.told(talk.maker) if isinstance(news, fix_rfq.RequestShown))
    assert [(leg.instrument_name, leg.is_hedge, leg.price) for leg in shown.rfq.legs] == [
        (CALL, False, None), (PERPETUAL, True, "78000.0"),
    ]  # fmt: skip
    roads.take(talk.maker, quote(roads, rfq_id, bids={CALL: "0.0511"}, asks={CALL: "0.0611"}))
    roads.now().tick()
    (offered,) = (news for news in roads.told(talk.taker) if isinstance(news, fix_rfq.QuoteShown))
    assert offered.quote.ask == "0.0611"
    accept = client.AcceptQuote(
        command_id="fix:1:AJ:r-1", rfq_id=rfq_id, quote_id=offered.quote.quote_id, version=1, side=Side.BUY
    )
    talk.respond("r-1", rfq_id, accept)
    roads.now().reserve(rfq_id)
    world.confirm(rfq_id)
    for session in (talk.taker, talk.maker):
        fills = [news.fill for news in roads.told(session) if isinstance(news, fix_rfq.TradeTold)]
        assert sorted(fill.instrument_name for fill in fills) == sorted([CALL, PERPETUAL])


def test_a_quote_in_volatility_is_told_its_price(talk: Talk) -> None:
    roads = talk.roads
    rfq_id = talk.ask(legs=[client.RfqLeg(instrument_name=CALL, side=Side.BUY)])
    publish_market()
    quoted = quote(roads, rfq_id, bids={}, asks={}, bid_volatilities={"": "0.60"}, ask_volatilities={"": "0.7"})
    roads.take(talk.maker, quoted)
    publish_market()
    roads.take(talk.maker, quote(roads, rfq_id, "q-2", bids={}, asks={}, ask_volatilities={PERPETUAL: "0.7"}))
    roads.now().tick()
    accepted, refused = [news for news in roads.told(talk.maker) if isinstance(news, fix_rfq.StatusTold)]
    (shown,) = (news for news in roads.told(talk.taker) if isinstance(news, fix_rfq.QuoteShown))
    assert (accepted.bid, accepted.ask) == (shown.quote.bid, shown.quote.ask)
    assert 0 < float(accepted.bid) < float(accepted.ask)
    assert (refused.status, refused.reason) == ("rejected", "unknown_leg")
    assert shown.quote.state is QuoteState.ACTIVE
