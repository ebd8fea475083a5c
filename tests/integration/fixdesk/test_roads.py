"""Messages of FIX sessions at the desk: the same rules as at the socket, each done once, each session its own view."""

import pytest

from audit.models import AuditRecord
from fixdesk import selectors
from fixdesk.models import FixRequest, Intake
from fixdesk.services import intake, outlet
from makers.services import passes
from rfq.models import Quote, Rfq
from terminal import registry
from tests.integration.fixdesk.conftest import Roads
from tests.integration.rfq.world import CALL, PUT, command_id, leg, publish_market, side
from wire import client, fix_rfq
from wire.negotiation import QuoteCondition
from wire.units import Side


def ask(roads: Roads, request_id: str = "ask-1", **changes) -> fix_rfq.RequestQuotes:
    world = roads.world
    fields = {
        "command_id": f"fix:1:R:{request_id}", "account_id": world.taker.account.id, "legs": [leg(CALL), leg(PUT)],
        "quantity": "2", "maker_firm_ids": [world.cobalt.firm.id, world.dune.firm.id],
    }  # fmt: skip
    return fix_rfq.RequestQuotes(request_id=request_id, command=client.CreateRfq(**(fields | changes)))


def quote(roads: Roads, rfq_id: int, quote_id: str = "q-1", **changes) -> fix_rfq.SendQuote:
    fields = {
        "quote_id": quote_id, "rfq_id": rfq_id, "bids": {PUT: "0.0411", CALL: "0.0511"},
        "asks": {CALL: "0.0611", PUT: "0.0511"}, "quantity": None, "condition": QuoteCondition.ANY_PART_OF,
        "valid_until_ns": 0, "account_id": roads.world.cobalt.account.id,
    }  # fmt: skip
    return fix_rfq.SendQuote(quote=fix_rfq.FixQuote(**(fields | changes)))


def summary(told: list[fix_rfq.AnyFixNews]) -> list[tuple[str, str]]:
    return [(type(news).__name__, getattr(news, "status", "") or getattr(news, "outcome", "")) for news in told]


def test_a_trade_by_fix_on_both_sides(roads: Roads, django_assert_num_queries) -> None:
    world = roads.world
    copy = roads.session(world.taker, "COPY", may_negotiate=False, gets_drop_copy=True)
    taker, maker = roads.session(world.taker, "TAKER"), roads.session(world.cobalt, "MAKER")
    other = roads.session(world.dune, "OTHER")
    roads.take(taker, ask(roads))
    rfq = Rfq.objects.get()
    roads.take(maker, quote(roads, rfq.id))
    roads.now().quote(rfq.id, world.dune, ask=side("0.0612", "0.0512"))
    world.tick()
    shown = next(
        news for news in roads.told(taker) if isinstance(news, fix_rfq.QuoteShown) and news.quote.ask == "0.1122"
    )
    accept = client.AcceptQuote(
        command_id="fix:1:AJ:r-1", rfq_id=rfq.id, quote_id=shown.quote.quote_id, version=1, side=Side.BUY
    )
    name = fix_rfq.quote_name(shown.quote)
    publish_market()
    roads.take(
        taker,
        fix_rfq.Respond(response_id="r-1", quote_id=name, client_order_id="o-1", rfq_id=rfq.id, command=accept),
    )
    roads.now().reserve(rfq.id)
    world.confirm(rfq.id)
    assert not [news for news in roads.told(taker) if getattr(news, "status", "") == "rejected"]
    fills = [news for news in roads.told(taker) if isinstance(news, fix_rfq.TradeTold)]
    assert [(fill.client_order_id, fill.response_id, fill.is_multileg) for fill in fills] == [("o-1", "r-1", True)] * 2
    assert [fill.fill.instrument_name for fill in fills] == [CALL, PUT]
    statuses = [news.status for news in roads.told(taker) if isinstance(news, fix_rfq.StatusTold)]
    assert statuses == ["accepted", "pending", "traded"]
    ours = summary(roads.told(maker))
    assert ours[:2] == [("StatusTold", "accepted"), ("RequestShown", "")]
    assert ours.count(("TradeTold", "")) == 2
    assert ("OutcomeTold", "lift") in ours
    assert [(type(news), news.is_copy) for news in roads.told(copy)] == [(fix_rfq.TradeTold, True)] * 2
    with django_assert_num_queries(2):
        rows = selectors.list_newest(10)
    assert [(row.session, row.what, row.client_id, row.state) for row in rows] == [
        ("TAKER FIX.4.4", "request", "ask-1", "filled"), ("MAKER FIX.4.4", "quote", "q-1", "filled"),
    ]  # fmt: skip
    assert summary(roads.told(other)) == [("RequestShown", ""), ("StatusTold", "removed")]
    record = AuditRecord.objects.get(action="rfq.accepted", stream=f"firm:{world.taker.firm.id}")
    assert (record.via, record.remote_address, record.user_id) == ("fix", "TAKER FIX.4.4", world.taker.user.id)


def test_no_session_is_told_what_its_firm_may_not_see(roads: Roads) -> None:
    world = roads.world
    maker, taker = roads.session(world.cobalt, "MAKER"), roads.session(world.taker, "TAKER")
    outsider = roads.session(world.other_taker, "OUTSIDER")
    rfq_id = world.create()
    world.quote(rfq_id, world.dune)
    roads.now().tick()
    assert summary(roads.told(maker)) == [("RequestShown", "")]
    assert roads.told(taker) == [], "it did not ask by FIX"
    assert roads.told(outsider) == []
    (shown,) = roads.told(maker)
    assert isinstance(shown, fix_rfq.RequestShown)
    assert (shown.rfq.label, shown.rfq.quotes, shown.rfq.maker_firm_ids) == ("", [], [world.cobalt.firm.id])


def test_a_pass_is_told_to_the_taker_once_and_not_before_the_desk_tells_it(roads: Roads) -> None:
    """The maker's own stream has it at once, with its name."""
    world = roads.world
    taker, maker = roads.session(world.taker, "TAKER"), roads.session(world.cobalt, "MAKER")
    roads.take(taker, ask(roads))
    message = client.PassRfq(command_id=command_id(), rfq_id=Rfq.objects.get().id)
    roads.take(maker, fix_rfq.DeclineRequest(command=message))
    assert ("StatusTold", "pass") not in summary(roads.told(taker))
    roads.now().tick()
    assert passes.tell_takers(world.at) == 1
    assert passes.tell_takers(world.at) == 0
    assert summary(roads.told(taker)).count(("StatusTold", "pass")) == 1
    assert ("StatusTold", "pass") not in summary(roads.told(maker))


def test_a_look_costs_the_same_whatever_the_number_of_firms(roads: Roads, django_assert_num_queries) -> None:
    world = roads.world
    for party, name in ((world.taker, "TAKER"), (world.cobalt, "MAKER"), (world.dune, "OTHER")):
        roads.session(party, name)
    outlet.step()
    with django_assert_num_queries(4):
        assert outlet.step() == 0


def test_a_message_that_is_known_changes_nothing(roads: Roads) -> None:
    world = roads.world
    taker, maker = roads.session(world.taker, "TAKER"), roads.session(world.cobalt, "MAKER")
    roads.take(taker, ask(roads))
    roads.take(taker, ask(roads), is_resend=True)
    roads.take(taker, ask(roads, quantity="3"))
    rfq = Rfq.objects.get()
    roads.take(maker, quote(roads, rfq.id))
    roads.take(maker, quote(roads, rfq.id), is_resend=True)
    roads.take(maker, quote(roads, rfq.id, bids={}))
    assert Quote.objects.get().version == 1
    refused = [news.reason for news in roads.told(taker) if isinstance(news, fix_rfq.RequestRefused)]
    assert refused == ["duplicate_request"]
    assert [news.reason for news in roads.told(maker) if isinstance(news, fix_rfq.StatusTold)] == [
        "",
        "duplicate_quote",
    ]


def test_an_entry_and_its_answer_are_one_transaction(roads: Roads, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails after the act is undone with it, answered once, and the next entry goes on."""
    taker = roads.session(roads.world.taker, "TAKER")

    def fail(**_: object) -> None:
        raise RuntimeError("a bug after the request was opened")

    monkeypatch.setattr(FixRequest.objects, "create", fail)
    roads.take(taker, ask(roads))
    monkeypatch.undo()
    assert (Rfq.objects.count(), FixRequest.objects.count(), Intake.objects.get().number) == (0, 0, 1)
    roads.take(taker, ask(roads))
    assert Rfq.objects.count() == 1
    assert [news.reason for news in roads.told(taker) if isinstance(news, fix_rfq.RequestRefused)] == ["internal_error"]


def test_an_entry_that_was_taken_is_not_taken_again(roads: Roads) -> None:
    taker = roads.session(roads.world.taker, "TAKER")
    entry = roads.entry(taker, ask(roads))
    intake.take(entry, roads.cursor, registry.socket_handlers())
    with pytest.raises(AssertionError, match="another dispatcher"):
        intake.take(entry, roads.cursor, registry.socket_handlers())
    assert Rfq.objects.count() == 1


def test_refusals_are_those_of_the_desk(roads: Roads) -> None:
    world = roads.world
    taker, maker = roads.session(world.taker, "TAKER"), roads.session(world.cobalt, "MAKER")
    rfq_id = world.create()
    roads.take(maker, ask(roads, "not-a-taker", account_id=world.cobalt.account.id))
    roads.take(maker, quote(roads, rfq_id, "leg", bids={"NO-SUCH-LEG": "1"}))
    roads.take(maker, quote(roads, rfq_id, "half", asks={CALL: "0.06"}))
    roads.take(maker, quote(roads, 999_999, "nowhere"))
    roads.take(taker, quote(roads, rfq_id, "taker"))
    roads.take(maker, fix_rfq.Withdraw(quote_id="never", request_id="", is_all=False))
    roads.take(maker, fix_rfq.DeclineRequest(command=client.PassRfq(command_id=command_id(), rfq_id=999_999)))
    told = [(type(news).__name__, getattr(news, "reason", "")) for news in roads.told(maker)]
    assert [each for each in told if each[1]] == [
        ("RequestRefused", "role"),
        ("StatusTold", "unknown_leg"),
        ("StatusTold", "leg_not_quoted"),
        ("StatusTold", "rfq_not_found"),
        ("StatusTold", "quote_not_found"),
        ("MessageRefused", "rfq_not_found"),
    ]
    assert not Quote.objects.exists()


def test_a_session_that_was_revoked_is_refused(roads: Roads) -> None:
    taker = roads.session(roads.world.taker, "TAKER")
    taker.is_enabled = False
    taker.save()
    roads.take(taker, ask(roads))
    assert Rfq.objects.count() == 0
    assert [getattr(news, "reason", "") for news in roads.told(taker)] == ["not_enabled"]


def test_quotes_of_a_session_that_went_are_withdrawn_and_no_others(roads: Roads) -> None:
    world = roads.world
    maker = roads.session(world.cobalt, "MAKER")
    first, second = world.create(), world.create()
    roads.take(maker, fix_rfq.SessionCame())
    roads.take(maker, quote(roads, first))
    world.quote(second)
    roads.take(maker, fix_rfq.SessionWent())
    states = dict(Quote.objects.values_list("rfq_id", "state"))
    assert states == {first: "canceled", second: "active"}
    assert Quote.objects.get(rfq_id=first).reason == "disconnect"
    gone = [news for news in roads.told(maker) if isinstance(news, fix_rfq.StatusTold) and news.status == "canceled"]
    assert [(news.quote_id, news.reason) for news in gone] == [("q-1", "disconnect")]
