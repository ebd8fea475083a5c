"""Orders and prices over FIX at a simulated venue: sent once, counted once, agreed with the venue after every fault."""

import asyncio
import contextlib
import dataclasses
import logging
import time
from decimal import Decimal

import pytest

from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.execution import ReportKind
from gateway.venues.fix import client as fix_client
from gateway.venues.fix import session as fix_session
from gateway.venues.fix import trading as fix_trading
from tests.integration.gateway.desks import shorten, wait_for
from tests.integration.gateway.fix_venue import (
    NAME,
    QUOTES,
    TICKS,
    assert_agrees,
    fix_desk,
    fix_venue,
    market,
    order,
)
from venues.simulator import faults
from venues.simulator.records import Terms
from wire.units import OrderState, OrderType, Side, TimeInForce

FAR = Decimal(89_000)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch, reconnect=0.1, probe=0.1, missing=0.05)
    monkeypatch.setattr(fix_client, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(fix_session, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(fix_session, "LAST_WORD_SECONDS", 0.1)
    monkeypatch.setattr(fix_trading, "ANSWER_TO_ORDER_SECONDS", 0.3)


async def test_an_order_is_placed_amended_filled_and_canceled(tmp_path):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (_, own):
        resting = await own.place(order("rest", FAR))
        await own.amend("rest", Decimal(3), FAR + 1)
        taken = await own.place(market("take"))
        await wait_for(lambda: taken.is_done)
        assert (resting.state, resting.quantity, resting.price) == (OrderState.NEW, 3, FAR + 1)
        await own.amend("rest", Decimal(4), None)
        await own.cancel("rest")
        assert (resting.state, taken.state) == (OrderState.CANCELED, OrderState.FILLED)
        kinds = [report.kind for report in own.reports if report.client_order_id == "rest"]
        assert kinds == [ReportKind.NEW, ReportKind.REPLACED, ReportKind.REPLACED, ReportKind.CANCELED]
        kinds = [report.kind for report in own.reports if report.client_order_id == "take"]
        assert kinds == [ReportKind.NEW, ReportKind.TRADE]
        refused = await own.place(order("cross", Decimal(91_000), is_post_only=True))
        assert (refused.state, refused.reason) == (OrderState.REJECTED, "post_only_would_trade")
        assert await own.place(market("take")) is taken
        (execution,) = own.own.executions.values()
        assert (execution.fee_currency, str(execution.liquidity)) == ("BTC", "taker")
        assert_agrees(venue, own)


async def test_books_are_the_venues(tmp_path):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, _):
        instrument = client.books.instrument(NAME)
        assert (instrument.maker_fee, instrument.taker_fee) == (Decimal("-0.0001"), Decimal("0.0002"))
        venue.quote(([(TICKS - 3, 7), (TICKS - 4, 10_000)], [(TICKS + 2, 11)]))
        await wait_for(lambda: client.books.levels(NAME, 10, 0).asks == [("90001.0", "11")])
        assert client.books.levels(NAME, 10, 0).bids == [("89998.5", "7"), ("89998.0", "10000")]
        assert client.status.gaps == client.status.frames_refused == 0
        await wait_for(lambda: client.status.latency_ms is not None)


async def test_a_gap_in_the_stream_of_prices_is_healed(tmp_path):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, own):
        venue.faults.plan(faults.Gap())
        venue.quote(([(TICKS - 9, 7)], [(TICKS + 9, 8)]))
        await wait_for(lambda: venue.faults.fired)
        venue.quote(([(TICKS - 9, 7)], [(TICKS + 9, 9)]))
        await wait_for(lambda: client.status.gaps == 1 and client.books.count_live() == 1 and own.is_ready)
        await wait_for(lambda: client.books.levels(NAME, 5, 0).asks == [(f"{(TICKS + 9) / 2:.1f}", "9")])


@pytest.mark.parametrize(
    "action",
    [
        faults.DuplicateReports(count=500, times=10),
        faults.DropReports(count=9),
        faults.ReorderReports(count=500),
        faults.DelayReports(count=12, seconds=0.1),
        faults.FillPartly(count=3, share=0.4),
        faults.RejectOrders(count=3),
        faults.ShiftNumbers(by=40),
        faults.ExpectAgain(count=12),
        faults.LoseAnswers(count=2),
    ],
    ids=lambda action: type(action).__name__,
)
async def test_reports_that_come_badly_end_in_what_the_venue_has(tmp_path, action):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (_, own):
        is_first = isinstance(action, faults.DropReports | faults.RejectOrders | faults.FillPartly)
        if is_first:
            venue.faults.plan(action)
        for number in range(8):
            if number == 3 and not is_first:
                venue.faults.plan(action)
            await wait_for(lambda: own.is_ready)
            side = Side.BUY if number % 3 else Side.SELL
            near = Decimal(90_001) if side is Side.BUY else Decimal(89_999)
            price = near - side.sign * 500 if number % 4 == 3 else near
            await own.place(order(f"o-{number}", price, 3 + number, side))
            venue.quote(QUOTES)
        with contextlib.suppress(Refused, NoAnswer):
            await own.cancel("o-3")
        assert venue.faults.fired
        await wait_for(lambda: own.is_ready)
        await asyncio.sleep(0.25)
        await wait_for(lambda: not any(each.lacks_executions for each in own.own.orders.values()))
        await own.reconcile()
        assert own.breaks == {}
        assert_agrees(venue, own)


async def test_an_order_under_way_when_the_line_breaks_is_known_again_and_sent_once(tmp_path):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (_, own):
        venue.faults.plan(faults.LoseAnswers())
        lost = await own.place(order("lost", FAR))
        await wait_for(lambda: own.is_ready)
        assert lost.state is OrderState.NEW
        with contextlib.suppress(NotReady):
            await own.place(order("next", FAR))
        assert_agrees(venue, own)


async def test_what_the_venue_asks_for_again_is_never_sent_again(tmp_path):
    """It lost what we sent: our orders come back as gap fills, and what was open is asked for."""
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, own):
        for number in range(5):
            await own.place(order(f"o-{number}", FAR))
        orders = len(venue.exchange.orders)
        venue.faults.plan(faults.ExpectAgain(count=20))
        after = await own.place(order("after", FAR))
        await wait_for(lambda: after.state is OrderState.REJECTED)
        assert (after.reason, len(venue.exchange.orders)) == ("never_arrived", orders)
        await wait_for(lambda: own.is_ready)
        await own.place(order("next", FAR))
        assert len(venue.exchange.orders) == orders + 1
        assert client.status.connects == 1
        assert_agrees(venue, own)


async def test_numbers_that_are_too_low_end_trading_and_call_a_person(tmp_path, caplog):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, own):
        await own.place(order("rest", FAR))
        with caplog.at_level(logging.CRITICAL):
            venue.faults.plan(faults.ShiftNumbers(by=-5))
            await wait_for(lambda: client.status.state == "down")
            assert "sequence_too_low" in client.status.detail
            with pytest.raises(NotReady):
                await own.place(order("more", FAR))
        assert [r for r in caplog.records if r.levelno == logging.CRITICAL]
        venue.faults.plan(faults.ShiftNumbers(by=40))
        await wait_for(lambda: own.is_ready)
        assert_agrees(venue, own)


async def test_a_venue_that_forgot_its_numbers_is_not_traded_with(tmp_path, monkeypatch):
    monkeypatch.setattr(fix_session, "HEARTBEAT_SECONDS", 1)
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, own):
        await own.place(order("rest", FAR))
        venue.restart_front()
        await wait_for(lambda: client.status.state == "down" and "too_low" in client.status.detail)
        assert not own.is_ready


async def test_a_venue_that_keeps_its_numbers_may_restart_while_the_market_moves(tmp_path, monkeypatch):
    monkeypatch.setattr(fix_session, "HEARTBEAT_SECONDS", 1)
    (tmp_path / "store").mkdir()
    async with fix_venue(tmp_path / "store") as venue, fix_desk(venue.port, tmp_path) as (client, own):
        resting = await own.place(order("rest", Decimal(89_990), 7))
        await own.place(order("other", FAR, 7))
        venue.restart_front()
        hand = Terms(side=Side.BUY, quantity_lots=4, price_ticks=None, label="by hand")
        venue.exchange.place(venue.client, venue.contract, _market(hand), time.time_ns())
        venue.quote(([(TICKS - 100, 50)], [(TICKS - 30, 50)]))
        await wait_for(lambda: client.status.connects > 1 and own.is_ready)
        assert resting.state is OrderState.FILLED
        assert any(each.is_external for each in own.own.orders.values())
        assert own.breaks == {}
        assert_agrees(venue, own)


async def test_a_restarted_gateway_goes_on_under_its_numbers(tmp_path):
    async with fix_venue() as venue:
        async with fix_desk(venue.port, tmp_path) as (client, own):
            await own.place(order("rest", Decimal(89_990), 7))
            before = client.session.store.next_sender
        venue.quote(([(TICKS - 100, 50)], [(TICKS - 30, 50)]))
        async with fix_desk(venue.port, tmp_path) as (client, own):
            assert client.session.store.next_sender > before
            assert own.own.orders["rest"].state is OrderState.FILLED
            assert own.breaks == {}
            assert_agrees(venue, own)


async def test_busts_are_new_facts(tmp_path):
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (_, own):
        mine = await own.place(market("mine"))
        await wait_for(lambda: mine.is_done)
        venue.faults.plan(faults.Bust())
        await wait_for(lambda: own.reports[-1].kind is ReportKind.BUST)
        assert (mine.state, mine.cumulative, mine.busted) == (OrderState.FILLED, 0, 5)
        await own.reconcile()
        assert own.breaks == {}
        assert_agrees(venue, own)


SILENT_SECONDS = 9
"""Of which a machine that does nothing else takes three to notice."""


async def test_a_half_open_line_is_tested_and_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fix_session, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(fix_client, "PROBE_SECONDS", 60.0)
    async with fix_venue() as venue, fix_desk(venue.port, tmp_path) as (client, own):
        resting = await own.place(order("rest", FAR))
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), client.session.store.next_sender
        venue.faults.plan(faults.Silence(seconds=SILENT_SECONDS))
        with contextlib.suppress(NotReady):
            doubted = await own.place(order("doubted", FAR))
            assert doubted.state is OrderState.UNKNOWN
        await wait_for(lambda: client.status.state == "down", seconds=SILENT_SECONDS)
        assert 2.0 < loop.time() - began < SILENT_SECONDS and client.session.store.next_sender > sent
        assert not own.is_ready and resting.state is OrderState.NEW
        await wait_for(lambda: own.is_ready)
        assert_agrees(venue, own)


async def test_a_wrong_password_and_an_early_order(tmp_path, monkeypatch):
    async with fix_venue() as venue:
        monkeypatch.setattr("tests.integration.gateway.fix_venue.SECRET", "another")
        async with fix_desk(venue.port, tmp_path, is_ready=False) as (client, own):
            with pytest.raises(NotReady):
                await own.place(order("early", FAR))
            assert own.own.orders == {}
            await wait_for(lambda: client.status.state == "down" and client.status.detail)
            assert not client.session.is_logged_on


def _market(terms: Terms) -> Terms:
    return dataclasses.replace(terms, order_type=OrderType.MARKET, time_in_force=TimeInForce.IOC)
