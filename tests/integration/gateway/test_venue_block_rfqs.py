"""Block RFQs at a simulated venue: asked once, quotes followed, all legs traded or none, and agreed on after every cut."""

import contextlib
import datetime as dt
import time
from decimal import Decimal

import msgspec
import pytest

from gateway.venues import block_rfqs
from gateway.venues.api import NotReady
from gateway.venues.execution import NewVenueOrder, ReportKind
from tests.integration.gateway.desks import shorten, wait_for
from tests.integration.gateway.fix_venue import living
from tests.integration.gateway.web_socket_venue import WebSocketVenue, web_socket_desk
from venues.simulator import block_makers, faults
from wire.gateway_routes import AskVenueRfq
from wire.units import OrderState, OrderType, Side, TimeInForce
from wire.venue_rfqs import BlockLeg, VenueRfqLeg, VenueRfqState

FRIDAY = 4


def last_friday_of_june(year: int) -> dt.date:
    end = dt.date(year, 6, 30)
    return end - dt.timedelta(days=(end.weekday() - FRIDAY) % 7)


EXPIRY = last_friday_of_june(dt.datetime.now(dt.UTC).year + 2).strftime("%d%b%y").upper()
NEAR, FAR = f"BTC-{EXPIRY}-90000-C", f"BTC-{EXPIRY}-100000-C"
MARKS = {NEAR: 0.0900, FAR: 0.0600}


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch, reconnect=0.01, absent=0.05, missing=0.02)
    monkeypatch.setattr(block_rfqs, "ABSENT_SECONDS", 0.05)
    monkeypatch.setattr(block_rfqs, "QUOTES_TELL_SECONDS", 0.02)
    monkeypatch.setattr(block_makers, "FIRST_LOOK_NS", (0, 0))
    monkeypatch.setattr(block_makers, "LOOK_NS", (10**8, 10**8))
    monkeypatch.setattr(block_makers, "LIFE_NS", (0, 0))
    monkeypatch.setattr(block_makers, "SILENT_SHARE", 0.0)


@contextlib.asynccontextmanager
async def opened(folder):
    """(venue, client, trading, block RFQs); the venue lists a call spread."""
    async with living(WebSocketVenue()) as venue:
        for name, mark in MARKS.items():
            contract = venue.exchange.list_contract(name, time.time_ns())
            ticks = round(mark / float(contract.terms.tick_size))
            venue.exchange.set_quotes(contract, mark, ([(ticks - 2, 100)], [(ticks + 2, 100)]), time.time_ns())
        async with web_socket_desk(venue.port, folder, names=tuple(MARKS)) as (client, own):
            await wait_for(lambda: own.block_rfqs.is_offered and own.is_ready)
            yield venue, client, own, own.block_rfqs


def spread(label: str = "rfq-1-0a1b2c", quantity: str = "10", ratio: int = 1, **changed) -> AskVenueRfq:
    fields = {
        "command_id": "c", "valid_until_ns": time.time_ns() + 10**10, "venue": "aster", "label": label,
        "legs": [
            VenueRfqLeg(instrument_name=NEAR, side=Side.BUY, ratio=1),
            VenueRfqLeg(instrument_name=FAR, side=Side.SELL, ratio=ratio),
        ],
        "quantity": Decimal(quantity),
    }  # fmt: skip
    return AskVenueRfq(**fields | changed)


def acceptance(own, side: Side = Side.BUY, price=None, number: int = 1):
    """(what is accepted, its legs as orders)."""
    asked, told = own.asked, own.told
    quotes = told.asks if side is Side.BUY else told.bids
    block = BlockLeg(
        label=asked.label, acceptance=f"{asked.label}:{number}", legs=2, side=side, quantity=asked.quantity,
        price=quotes[-1].price if price is None else Decimal(price),
    )  # fmt: skip
    orders = [
        NewVenueOrder(
            client_order_id=f"route-{number * 10 + at}-0a1b2c", name=leg.instrument_name,
            side=leg.side if side is Side.BUY else leg.side.opposite, quantity=asked.quantity * leg.ratio,
            order_type=OrderType.MARKET, time_in_force=TimeInForce.FOK,
        )
        for at, leg in enumerate(asked.legs)
    ]  # fmt: skip
    return block, orders


async def quoted(rfqs, label: str = "rfq-1-0a1b2c"):
    await wait_for(lambda: rfqs.rfqs[label].told.bids and rfqs.rfqs[label].told.asks)
    return rfqs.rfqs[label]


def assert_agrees(venue, own) -> None:
    """Executions and positions are the venue's, each execution once; a request was made once."""
    trades = venue.exchange.trades_of(venue.client)
    told = [r.execution.execution_id for r in own.reports if r.kind is ReportKind.TRADE]
    assert sorted(told) == sorted(trade.trade_id for trade in trades)
    held = {n: Decimal(lots) * venue.exchange.contracts[n].terms.lot_size
            for n, lots in venue.exchange.positions(venue.client).items()}  # fmt: skip
    assert own.own.positions() == held
    labels = [rfq.label for rfq in venue.blocks.rfqs.values()]
    assert len(labels) == len(set(labels)), "asked once"
    assert [report.number for report in own.reports] == list(range(1, len(own.reports) + 1))


async def test_a_spread_is_asked_quoted_and_traded_with_both_legs(tmp_path):
    async with opened(tmp_path) as (venue, _, own, rfqs):
        rfqs.ask(spread(quantity="5", ratio=2))
        rfqs.ask(spread(quantity="5", ratio=2))
        asked = await quoted(rfqs)
        assert asked.told.asks[0].price > asked.told.bids[0].price
        assert [quote.quantity for quote in asked.told.asks] == [Decimal(5)] * 3
        assert {quote.makers[0] for quote in asked.told.asks} == {"ACORN", "BIRCH", "CEDAR"}
        block, orders = acceptance(asked)
        await rfqs.accept(block, orders)
        states = [
            (own.own.orders[o.client_order_id].state, own.own.orders[o.client_order_id].cumulative) for o in orders
        ]
        assert states == [(OrderState.FILLED, 5), (OrderState.FILLED, 10)]
        await wait_for(lambda: asked.told.state is VenueRfqState.FILLED)
        assert asked.told.traded_price <= block.price
        fills = {e.name: e.price * e.side.sign * e.quantity for e in own.own.executions.values()}
        assert sum(fills.values()) == asked.told.traded_price * 5, "legs at the net price"
        await own.verify()
        assert own.breaks == {}
        assert_agrees(venue, own)


async def test_a_price_that_no_quote_meets_trades_no_leg(tmp_path):
    async with opened(tmp_path) as (venue, _, own, rfqs):
        rfqs.ask(spread())
        asked = await quoted(rfqs)
        block, orders = acceptance(asked, Side.SELL, price=asked.told.bids[0].price + 1)
        await rfqs.accept(block, orders)
        legs = [own.own.orders[order.client_order_id] for order in orders]
        assert {(leg.state, leg.reason) for leg in legs} == {(OrderState.REJECTED, "11030 no_crossing_quote")}
        block, orders = acceptance(asked, Side.SELL, number=2)
        await rfqs.accept(block, orders)
        assert {own.own.orders[order.client_order_id].state for order in orders} == {OrderState.FILLED}
        with pytest.raises(NotReady):
            await wait_for(lambda: asked.told.state is VenueRfqState.FILLED)
            await rfqs.accept(*acceptance(asked, price="1", number=3))
        assert_agrees(venue, own)


async def test_an_acceptance_cut_before_its_answer_is_looked_up(tmp_path):
    """The venue traded; the connection ends before it says so."""
    async with opened(tmp_path) as (venue, _, own, rfqs):
        rfqs.ask(spread())
        asked = await quoted(rfqs)
        venue.faults.plan(faults.DropReports(count=100))
        venue.faults.plan(faults.LoseAnswers())
        block, orders = acceptance(asked)
        await rfqs.accept(block, orders)
        legs = [own.own.orders[order.client_order_id] for order in orders]
        assert {leg.state for leg in legs} == {OrderState.UNKNOWN}
        with pytest.raises(NotReady):
            await rfqs.accept(*acceptance(asked, price="1", number=2))
        await wait_for(lambda: all(leg.state is OrderState.FILLED for leg in legs))
        await wait_for(lambda: asked.told.state is VenueRfqState.FILLED and own.is_ready)
        assert own.breaks == {}
        assert_agrees(venue, own)


async def test_an_acceptance_that_never_arrived_is_rejected_and_not_sent_again(tmp_path, monkeypatch):
    async with opened(tmp_path) as (venue, client, own, rfqs):
        rfqs.ask(spread())
        asked = await quoted(rfqs)
        send = client._send

        async def cut(method, params):
            if method == "private/accept_block_rfq":
                client._connection.transport.abort()
            return await send(method, params)

        monkeypatch.setattr(client, "_send", cut)
        block, orders = acceptance(asked)
        await rfqs.accept(block, orders)
        legs = [own.own.orders[order.client_order_id] for order in orders]
        await wait_for(lambda: all(leg.is_done for leg in legs))
        assert {(leg.state, leg.reason) for leg in legs} == {(OrderState.REJECTED, "never_arrived")}
        assert venue.exchange.trades_of(venue.client) == []
        await wait_for(lambda: own.is_ready and rfqs.is_offered)
        assert asked.told.state is VenueRfqState.OPEN
        assert_agrees(venue, own)


@pytest.mark.parametrize("fault", [faults.LoseAnswers(), faults.DropReports(count=3)], ids=["cut", "silence"])
async def test_a_request_without_an_answer_is_found_by_its_label(tmp_path, fault):
    async with opened(tmp_path) as (venue, _, own, rfqs):
        venue.faults.plan(fault)
        rfqs.ask(spread())
        asked = await quoted(rfqs)
        assert [asked.told.venue_rfq_id] == list(venue.blocks.rfqs)
        assert_agrees(venue, own)


async def test_a_request_that_never_arrived_ends(tmp_path, monkeypatch):
    async with opened(tmp_path) as (venue, client, own, rfqs):
        send = client._send

        async def cut(method, params):
            if method == "private/create_block_rfq":
                client._connection.transport.abort()
            return await send(method, params)

        monkeypatch.setattr(client, "_send", cut)
        rfqs.ask(spread())
        asked = rfqs.rfqs["rfq-1-0a1b2c"]
        with pytest.raises(NotReady):
            rfqs.cancel("rfq-1-0a1b2c")
        await wait_for(lambda: asked.is_ended)
        assert (asked.told.state, asked.told.reason) == (VenueRfqState.REJECTED, "never_arrived")
        assert venue.blocks.rfqs == {}
        states = [r.block_rfq.state for r in own.reports if r.kind is ReportKind.RFQ]
        assert states == [VenueRfqState.UNKNOWN, VenueRfqState.REJECTED]


async def test_notices_that_come_badly_end_in_what_the_venue_has(tmp_path):
    async with opened(tmp_path) as (venue, _, own, rfqs):
        venue.faults.plan(faults.DuplicateReports(count=500, times=5))
        venue.faults.plan(faults.ReorderReports(count=7))
        rfqs.ask(spread())
        block, orders = acceptance(await quoted(rfqs))
        await rfqs.accept(block, orders)
        rfqs.ask(spread(label="rfq-2-0a1b2c"))
        other = await quoted(rfqs, "rfq-2-0a1b2c")
        rfqs.cancel("rfq-2-0a1b2c")
        await wait_for(lambda: other.told.state is VenueRfqState.CANCELED)
        await rfqs.reconcile()
        await wait_for(lambda: rfqs.open_rfqs() == [])
        assert_agrees(venue, own)


async def test_a_gateway_that_died_between_asking_and_the_answer_asks_nothing_again(tmp_path):
    """Its log is read by the next one, which finds request and legs at the venue."""
    async with living(WebSocketVenue()) as venue:
        for name, mark in MARKS.items():
            contract = venue.exchange.list_contract(name, time.time_ns())
            venue.exchange.set_quotes(contract, mark, ([(1, 100)], [(1_000, 100)]), time.time_ns())
        async with web_socket_desk(venue.port, tmp_path, names=tuple(MARKS)) as (_, own):
            await wait_for(lambda: own.block_rfqs.is_offered)
            own.block_rfqs.ask(spread())
            asked = await quoted(own.block_rfqs)
            venue.faults.plan(faults.DropReports(count=100))
            block, orders = acceptance(asked)
            own.block_rfqs._api = Deaf(own.block_rfqs._api)
            await own.block_rfqs.accept(block, orders)
        async with web_socket_desk(venue.port, tmp_path, names=tuple(MARKS)) as (_, own):
            await wait_for(lambda: own.block_rfqs.is_offered and own.is_ready)
            legs = [own.own.orders[order.client_order_id] for order in orders]
            await wait_for(lambda: all(leg.state is OrderState.FILLED for leg in legs))
            own.block_rfqs.ask(spread())
            await wait_for(lambda: own.block_rfqs.rfqs[asked.asked.label].told.state is VenueRfqState.FILLED)
            assert own.breaks == {}
            assert_agrees(venue, own)


async def test_nothing_more_is_accepted_while_an_acceptance_is_in_doubt(tmp_path, monkeypatch):
    """The request is still open at the venue, and the connection is there."""
    async with opened(tmp_path) as (venue, _, own, rfqs):
        rfqs.ask(spread())
        asked = await quoted(rfqs)

        async def lose(_):
            raise block_rfqs.NoAnswer("it was lost on its way")

        with monkeypatch.context() as patched:
            patched.setattr(rfqs._api, "accept", lose)
            await rfqs.accept(*acceptance(asked))
        with pytest.raises(NotReady, match="may have"):
            await rfqs.accept(*acceptance(asked, number=2))
        await own.verify()
        assert {order.reason for order in own.own.orders.values()} == {"never_arrived"}
        block, orders = acceptance(asked, number=3)
        await rfqs.accept(block, orders)
        assert {own.own.orders[order.client_order_id].state for order in orders} == {OrderState.FILLED}
        assert_agrees(venue, own)


async def test_quotes_that_were_there_for_an_instant_are_not_told(tmp_path):
    async with opened(tmp_path) as (_, _, own, rfqs):
        rfqs.ask(spread())
        await quoted(rfqs)
        [view] = await rfqs._api.list_rfqs()
        told = len(own.reports)
        rfqs.on_view(msgspec.structs.replace(view, bids=[]))
        rfqs.on_view(view)
        await wait_for(lambda: rfqs._waiting == {})
        assert all(report.block_rfq.bids for report in own.reports[told:])


class Deaf:
    """Sends, and dies before it hears."""

    def __init__(self, api) -> None:
        self._api = api

    def __getattr__(self, name: str):
        return getattr(self._api, name)

    async def accept(self, given):
        await self._api.accept(given)
        raise block_rfqs.NoAnswer("the process ends")
