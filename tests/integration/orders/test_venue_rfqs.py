"""Block RFQs at venues from the command to the ledger: real engine, real order library, real database."""

import asyncio
import json
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from audit.models import AuditRecord
from common import clock
from common.errors import Refusal
from gateway.feeds import margin_inputs
from gateway.registry import Registry
from gateway.venues import api, block_rfqs, trading
from orders import services, venue_rfq_selectors
from orders.models import Route, VenueRfq
from settlement.models import Fill, Position
from settlement.selectors import check_ledger
from streams.models import Fact
from tests import builders
from tests.integration.orders.away import Away
from tests.integration.orders.venue import BTC
from tests.integration.risk.gate import MARK, NAME
from wire.client import AcceptVenueRfq, AskVenue, CancelVenueRfq
from wire.client_rfq import RfqLeg
from wire.facts_venue_rfqs import VenueRfqView
from wire.gateway_controls import SetInstrumentPermission
from wire.units import ControlScope, Permission, Side
from wire.venue_rfqs import VenueQuote

pytestmark = pytest.mark.django_db
FAR = "BTC-26JUN26"


@pytest.fixture
def far(venue, perpetual):
    row = builders.listed(FAR)
    venue.list([row])
    ticks = 2 * MARK + 400
    venue.engine.set_quotes(
        clock.now_ns(), builders.FEBRUARY, row.id, ticks, [(ticks - 20, 10**6)], [(ticks + 20, 10**6)]
    )
    contracts = Registry([(perpetual.id, NAME), (row.id, FAR)]).contracts()
    asyncio.run(margin_inputs.describe(venue.engine, contracts))
    marks = np.array([float(MARK), float(MARK + 200)])
    expiries = np.array([row.terms.expiry_at_ns], np.int64), np.array([0.35]), np.array([0.01])
    ids = np.array([perpetual.id, row.id], dtype=np.int64)
    venue.engine.set_margin_inputs(clock.now_ns(), BTC, float(MARK), *expiries, ids, marks, np.zeros(2))
    return row


@pytest.fixture
def away(venue, perpetual, far, desk, tmp_path, monkeypatch):
    monkeypatch.setattr(block_rfqs, "QUOTES_TELL_SECONDS", 0.0)
    builders.play_market(perpetual, far)
    opened = Away(venue, Registry([(perpetual.id, NAME), (far.id, FAR)]), tmp_path / "venues", ["aster", "borea"])
    opened.venues["aster"].leg_prices = {NAME: Decimal(MARK), FAR: Decimal(MARK + 200)}
    yield opened
    opened.end()


def ask(desk, away, *, quantity="10", venue_name="aster", command_id="ask-1", legs=None):
    legs = legs or [
        RfqLeg(instrument_name=NAME, side=Side.SELL),
        RfqLeg(instrument_name=FAR, side=Side.BUY),
    ]
    message = AskVenue(
        command_id=command_id, account_id=desk.account.id, venue=venue_name, legs=legs, quantity=quantity
    )
    away.show()
    row = services.ask_venue(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    row.refresh_from_db()
    return row


def quote(away, row, bid="190", ask="210"):
    """The venue's makers answer; what they said is in the database afterwards."""
    rfqs = away.tradings["aster"].block_rfqs
    view = away.venues["aster"].make(
        int(row.venue_reference),
        bids=[VenueQuote(price=Decimal(bid), quantity=row.quantity, makers=["ACORN"])],
        asks=[VenueQuote(price=Decimal(ask), quantity=row.quantity, makers=["BIRCH"])],
    )

    async def hear():
        rfqs.on_view(view)
        for task in list(rfqs._tasks):
            await task

    away.loop.run_until_complete(hear())
    away.feed()
    away.settle()
    row.refresh_from_db()


def accept(desk, away, row, side=Side.BUY, price="210", command_id="accept-1"):
    message = AcceptVenueRfq(command_id=command_id, venue_rfq_id=row.id, side=side, price=price)
    services.accept_venue_rfq(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    away.agree()
    row.refresh_from_db()
    return list(Route.objects.filter(venue_rfq=row, acceptance=row.acceptances).order_by("id"))


def told_last(desk):
    """The view in the newest fact about a request."""
    facts = Fact.objects.filter(firm_id=desk.firm.id).order_by("-sequence")
    return next(
        msgspec.convert(fact["venue_rfq"], VenueRfqView)
        for fact in (json.loads(row.payload) for row in facts)
        if fact["type"] == "venue_rfq.changed"
    )


def held(desk):
    return {p.instrument.name: p.quantity for p in Position.objects.filter(account=desk.account) if p.quantity}


def test_a_spread_is_asked_quoted_taken_and_booked_with_both_legs(venue, desk, away):
    row = ask(desk, away)
    assert (row.state, row.venue_reference != "") == ("open", True)
    quote(away, row)
    view = venue_rfq_selectors.get_venue_rfq(desk.user, row.id)
    assert (view.bids[0].price, view.asks[0].price, view.asks[0].makers) == ("190", "210", ["BIRCH"])
    routes = accept(desk, away, row, price="215")
    assert [(r.instrument.name, r.side, r.state) for r in routes] == [(NAME, "sell", "filled"), (FAR, "buy", "filled")]
    assert held(desk) == {NAME: Decimal(-10), FAR: Decimal(10)}
    assert (
        sorted(Fill.objects.filter(route_id__in=[r.id for r in routes]).values_list("venue", flat=True))
        == ["aster"] * 2
    )
    assert check_ledger() == []
    away.loop.run_until_complete(away.tradings["aster"].block_rfqs.reconcile())
    away.feed()
    away.settle()
    row.refresh_from_db()
    assert row.state == "filled"
    actions = list(
        AuditRecord.objects.filter(entity=f"venue_rfq:{row.id}").order_by("id").values_list("action", flat=True)
    )
    ends = ["venue_rfq.acceptance_filled", "venue_rfq.filled"]
    assert actions == ["venue_rfq.asked", "venue_rfq.open", "venue_rfq.accepted", *ends]
    view = venue_rfq_selectors.get_venue_rfq(desk.user, row.id)
    assert told_last(desk) == view
    [taken] = view.acceptances
    assert (taken.state, taken.price, taken.quoted_price, taken.traded_price) == ("filled", "215", "210", "200")
    assert [(leg.side, leg.quantity, Decimal(leg.average_price)) for leg in taken.legs] == [
        ("sell", "10", MARK), ("buy", "10", MARK + 200),
    ]  # fmt: skip
    assert taken.ended_at_ns >= taken.created_at_ns


def test_a_leg_that_the_gate_refuses_keeps_the_other_here(venue, desk, away, far):
    """Nothing leaves for the venue."""
    row = ask(desk, away)
    quote(away, row)
    venue.take(
        SetInstrumentPermission(
            command_id="closed", scope=ControlScope.ACCOUNT, scope_id=desk.account.id, instrument_id=far.id,
            permission=Permission.RESTRICTED,
        )
    )  # fmt: skip
    routes = accept(desk, away, row)
    states = {r.instrument.name: (r.state, r.reason) for r in routes}
    assert states[NAME] == ("rejected", "leg_refused")
    assert states[FAR][0] == "rejected"
    assert states[FAR][1] not in ("", "leg_refused")
    [taken] = venue_rfq_selectors.get_venue_rfq(desk.user, row.id).acceptances
    assert (taken.state, taken.is_sent, taken.reason, taken.reason_leg) == ("refused", False, states[FAR][1], FAR)
    assert held(desk) == {}
    assert away.venues["aster"].executions == []
    assert [r[2:] for r in venue.engine.positions() if r[0] == desk.account.id and any(r[2:])] == []


@pytest.mark.parametrize("word", ["reject", "silence", "late"])
def test_what_the_venue_does_to_an_acceptance_is_what_becomes_of_its_legs(desk, away, word, monkeypatch):
    monkeypatch.setattr(trading, "ABSENT_SECONDS", 0.0)
    row = ask(desk, away)
    quote(away, row)
    away.venues["aster"].script.append(word)
    routes = accept(desk, away, row, Side.SELL, "190")
    want = {
        "reject": ("rejected", "no_crossing_quote"), "silence": ("rejected", "never_arrived"), "late": ("filled", ""),
    }[word]  # fmt: skip
    assert {(r.state, r.reason) for r in routes} == {want}
    assert held(desk) == ({NAME: Decimal(10), FAR: Decimal(-10)} if word == "late" else {})
    if word != "late":
        quote(away, row, bid="191")
        again = accept(desk, away, row, Side.SELL, "191", command_id="accept-2")
        assert {r.state for r in again} == {"filled"}
        assert held(desk) == {NAME: Decimal(10), FAR: Decimal(-10)}
    assert check_ledger() == []


def test_a_refusal_of_the_venue_shows_what_was_quoted_by_then_and_the_bound(desk, away):
    """The makers moved while the acceptance was on its way; the news waits to be told when the refusal comes."""
    row = ask(desk, away)
    quote(away, row)
    maker, rfqs = away.venues["aster"], away.tradings["aster"].block_rfqs

    async def refuse(acceptance):
        asks = [VenueQuote(price=Decimal(217), quantity=row.quantity, makers=["BIRCH"])]
        rfqs.on_view(maker.make(acceptance.venue_rfq_id, asks=asks))
        raise api.Refused("11030 no_crossing_quote")

    maker.accept = refuse
    accept(desk, away, row, price="211")
    [taken] = told_last(desk).acceptances
    assert (taken.state, taken.is_sent, taken.reason) == ("refused", True, "no_crossing_quote")
    assert (taken.quoted_price, taken.reason_value, taken.reason_bound) == ("210", "217", "211")
    record = AuditRecord.objects.get(entity=f"venue_rfq:{row.id}", action="venue_rfq.acceptance_refused")
    assert (record.reason, record.after["value"], record.after["bound"]) == ("no_crossing_quote", "217", "211")


@pytest.mark.parametrize(
    ("side", "price", "reason"),
    [(Side.BUY, "209", "price_not_crossing"), (Side.SELL, "191", "price_not_crossing")],
)
def test_a_price_that_meets_no_quote_is_refused_with_the_best(desk, away, side, price, reason):
    row = ask(desk, away)
    with pytest.raises(Refusal) as refused:
        accept(desk, away, row, side, price)
    assert refused.value.reason == "no_quote"
    quote(away, row)
    with pytest.raises(Refusal) as refused:
        accept(desk, away, row, side, price)
    assert (refused.value.reason, str(refused.value.bound)) == (reason, "210" if side is Side.BUY else "190")


def test_a_price_far_beyond_the_quote_is_refused_with_its_bound(desk, away):
    row = ask(desk, away)
    quote(away, row)
    with pytest.raises(Refusal) as refused:
        accept(desk, away, row, price="2100")
    assert (refused.value.reason, Decimal(refused.value.bound)) == ("price_too_far", 260)
    assert not Route.objects.exists()


def test_a_request_is_canceled_and_taken_no_more(desk, away):
    row = ask(desk, away)
    quote(away, row)
    message = CancelVenueRfq(command_id="cancel-1", venue_rfq_id=row.id)
    services.cancel_venue_rfq(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    row.refresh_from_db()
    assert (row.state, row.bids) == ("canceled", [])
    with pytest.raises(Refusal) as refused:
        accept(desk, away, row)
    assert refused.value.reason == "rfq_not_open"


def test_what_cannot_be_asked_is_refused_by_name(desk, away, perpetual):
    one = RfqLeg(instrument_name=NAME, side=Side.BUY)
    cases = [
        ({"legs": [one, one]}, "leg_twice"),
        ({"venue_name": "borea"}, "no_block_rfqs"),
        ({"venue_name": "nowhere"}, "unknown_venue"),
        ({"quantity": "0"}, "quantity_not_positive"),
        ({"quantity": "0.5"}, "quantity_off_grid"),
    ]
    for number, (changed, reason) in enumerate(cases):
        with pytest.raises(Refusal) as refused:
            ask(desk, away, command_id=f"ask-{number}", **changed)
        assert refused.value.reason == reason, changed
    assert not VenueRfq.objects.exists()
    row = ask(desk, away, legs=[RfqLeg(instrument_name=NAME, side=Side.BUY, ratio=2)], quantity="5", command_id="r")
    assert (row.quantity, row.legs.get().ratio) == (10, 1), "ratios without a common divisor"


def test_the_same_command_again_asks_nothing_and_another_firm_sees_nothing(desk, away):
    row = ask(desk, away)
    again = ask(desk, away)
    assert again.id == row.id
    assert len(away.venues["aster"].rfqs) == 1
    other = builders.trading_firm()
    assert venue_rfq_selectors.list_venue_rfqs(other.user) == []
    with pytest.raises(Refusal):
        venue_rfq_selectors.get_venue_rfq(other.user, row.id)


def test_a_gateway_that_starts_anew_knows_its_requests(desk, away):
    row = ask(desk, away)
    away.close()
    away.open()
    quote(away, row)
    assert {r.state for r in accept(desk, away, row)} == {"filled"}
