"""The adapter over ccxt against a local server that plays Bybit: books, orders, and what goes wrong with them."""

import asyncio
import contextlib
import random
from decimal import Decimal

import pytest

from gateway.venues.api import NoAnswer, Refused
from gateway.venues.credentials import Credentials
from gateway.venues.execution import NewVenueOrder, ReportKind
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.bybit_venue import ASK, BID, KEY, SECRET, BybitVenue, Fault
from tests.integration.gateway.desks import new_order, shorten, trading_desk, wait_for
from wire.units import OrderState, OrderType, Side, TimeInForce

pytest.importorskip("ccxt", reason="skipped, no ccxt")
ccxt_client = pytest.importorskip("gateway.venues.ccxt.client")
ccxt_trading = pytest.importorskip("gateway.venues.ccxt.trading")
NAME = "BTC_USDT"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch)
    monkeypatch.setattr(ccxt_trading, "ARRIVAL_SECONDS_MAX", 0.3)
    build = ccxt_client.library.build

    def build_unlimited(*given):
        exchange = build(*given)
        exchange.enableRateLimit = False
        return exchange

    monkeypatch.setattr(ccxt_client.library, "build", build_unlimited)


@contextlib.asynccontextmanager
async def desk(venue: BybitVenue, path, *, secret: str = SECRET, is_ready: bool = True):
    """(client, trading) of a gateway; ready unless asked otherwise."""
    entry = VenueEntry(
        name="v", adapter="ccxt", exchange="bybit", url=venue.url, rest_url=venue.rest_url, instruments=[NAME]
    )
    client = ccxt_client.CcxtClient(entry, Credentials(key=KEY, secret=secret))
    async with trading_desk(client, path, is_ready=is_ready) as opened:
        yield opened


def order(client_order_id: str, price, quantity="1", side=Side.BUY, **changed) -> NewVenueOrder:
    return new_order(NAME, client_order_id, price, quantity, side, **changed)


async def assert_agrees(venue: BybitVenue, own) -> None:
    """Orders, executions and positions are the venue's, each execution once."""
    await wait_for(lambda: own.is_ready and not any(each.lacks_executions for each in own.own.orders.values()))
    await own.reconcile()
    assert own.breaks == {}
    told = {f"BTC/USDT:{trade['execId']}": Decimal(trade["execFee"]) for trade in venue.trades}
    assert {key: each.fee for key, each in own.own.executions.items()} == told
    reported = [r.execution.execution_id for r in own.reports if r.kind is ReportKind.TRADE]
    assert sorted(reported) == sorted(told)
    words = {"New": "new", "PartiallyFilled": "partially_filled", "Filled": "filled", "Cancelled": "canceled", "PartiallyFilledCanceled": "canceled"}  # fmt: skip
    for each in own.own.orders.values():
        if each.state is OrderState.REJECTED:
            assert each.client_order_id not in {there.client_order_id for there in venue.orders.values()}
        else:
            there = venue.orders[each.venue_order_id]
            assert (each.cumulative, each.quantity) == (there.executed, there.quantity)
            assert each.state == words[there.status], (each, there)
    sent = sent_orders(venue)
    assert len(set(sent)) == len(sent), "nothing was sent twice"


def sent_orders(venue: BybitVenue) -> list[str]:
    """By the requests: the exchange refuses an id that it knows."""
    return [params["orderLinkId"] for _, path, params in venue.requests if path == "order/create"]


async def test_books_follow_and_come_back_after_a_cut(tmp_path):
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, _):

        def shown():
            levels = client.books.levels(NAME, 10, 0)
            return levels.state, levels.bids, levels.asks

        await wait_for(lambda: shown() == ("live", [("90000.00", "1")], [("90010.00", "2")]))
        await venue.quote("bid", "90001.5", "0.25")
        await venue.quote("ask", "90010", "0")
        await wait_for(lambda: shown()[1:] == ([("90001.50", "0.25"), ("90000.00", "1")], []))
        connects = venue.connects
        venue.cut()
        await venue.quote("ask", "90012", "3")
        await wait_for(lambda: venue.connects > connects and shown()[2] == [("90012.00", "3")])
        assert client.status.connects >= 2


async def test_an_order_is_placed_amended_filled_and_canceled(tmp_path):
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order("rest-1", BID - 100, "3"))
        await own.amend("rest-1", Decimal(4), BID - 50)
        assert (resting.state, resting.quantity, resting.price) == (OrderState.NEW, 4, BID - 50)
        venue.fill("rest-1", "1.5")
        await wait_for(lambda: resting.cumulative == Decimal("1.5"))
        taken = await own.place(order("take", ASK, "0.123456"))
        await wait_for(lambda: taken.state is OrderState.FILLED)
        await own.cancel("rest-1")
        await wait_for(lambda: resting.state is OrderState.CANCELED)
        kinds = [report.kind for report in own.reports if report.client_order_id == "rest-1"]
        assert kinds == [ReportKind.NEW, ReportKind.REPLACED, ReportKind.TRADE, ReportKind.CANCELED]
        await assert_agrees(venue, own)


async def test_refusals_have_names_and_nothing_is_cut_to_size(tmp_path):
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.faults.append(("order/create", Fault(170131, "Balance insufficient")))
        placed = {
            "poor": order("poor", BID),
            "fine": order("fine", BID, "0.1234567"),
            "tick": order("tick", BID + Decimal("0.001")),
            "market": order("market", BID, order_type=OrderType.MARKET),
            "day": order("day", BID, time_in_force=TimeInForce.DAY),
            "n n": order("n n", BID),
        }
        told = {name: (await own.place(each)).reason.partition(":")[0] for name, each in placed.items()}
        assert told == {
            "poor": "insufficient_balance",
            "fine": "too_precise",
            "tick": "too_precise",
            "market": "market_order_not_offered_on_spot",
            "day": "time_in_force_not_offered",
            "n n": "client_order_id_not_allowed",
        }
        maker = await own.place(order("maker", ASK, is_post_only=True))
        await wait_for(lambda: maker.state is OrderState.CANCELED)
        with pytest.raises(Refused):
            await client._orders.cancel(maker.venue_order_id)
        await assert_agrees(venue, own)


@pytest.mark.parametrize("seed", [1, 2])
async def test_notices_that_come_badly_end_in_what_the_venue_has(tmp_path, seed):
    draw = random.Random(seed)
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.delivery.extend(draw.choices(["keep", "drop", "double", "late"], [4, 2, 2, 2], k=300))
        for number in range(12):
            side = draw.choice([Side.BUY, Side.SELL])
            near, far = (ASK, BID) if side is Side.BUY else (BID, ASK)
            price = near if draw.random() < 0.3 else far - side.sign * draw.randint(1, 50)
            placed = await own.place(order(f"o-{number}", price, draw.choice(["0.5", "1", "2.25"]), side))
            if placed.is_done or price == near or draw.random() < 0.3:
                continue
            venue.fill(f"o-{number}", draw.choice(["0.1", "0.4", "3"]))
            with contextlib.suppress(Refused):
                if draw.random() < 0.5:
                    await own.amend(f"o-{number}", placed.quantity + 1, price - side.sign)
                if draw.random() < 0.5:
                    await own.cancel(f"o-{number}")
        venue.delivery.clear()
        await own.verify()
        await assert_agrees(venue, own)


async def test_a_lost_answer_is_asked_for_and_nothing_is_sent_again(tmp_path):
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.delivery.append("drop")
        venue.lost_answers.append("order/create")
        lost = await own.place(order("lost", BID - 100))
        assert lost.state is OrderState.NEW
        venue.lost_answers.append("-order/create")
        gone = await own.place(order("gone", BID - 100))
        assert gone.state is OrderState.UNKNOWN
        await own.reconcile()
        assert (gone.state, gone.reason) == (OrderState.REJECTED, "never_arrived")
        assert sent_orders(venue) == ["lost", "gone"]
        await assert_agrees(venue, own)


async def test_a_gateway_that_was_away_agrees_with_what_went_on(tmp_path):
    """Cut off, then restarted: orders filled meanwhile, canceled by hand, placed by others; more trades than a page."""
    async with BybitVenue().running() as venue:
        async with desk(venue, tmp_path / "log") as (client, own):
            for number in range(3):
                await own.place(order(f"o-{number}", BID - 100 - number, "5"))
            connects = venue.connects
            venue.cut()
            venue.fill("o-0", "0.5")
            await wait_for(lambda: venue.connects > connects + 1 and own.is_ready)
            await assert_agrees(venue, own)
        for _ in range(130):
            venue.fill("o-1", "0.01")
            await asyncio.sleep(0.001)
        venue.fill("o-0", "9")
        venue.end(venue.order("o-2"), "Cancelled")
        other = {"orderLinkId": "hand", "side": "Sell", "orderType": "Limit", "price": str(ASK + 5), "qty": "1"}
        venue._order_create(other)
        async with desk(venue, tmp_path / "log") as (client, own):
            await assert_agrees(venue, own)
            assert [each.is_external for each in own.own.open_orders()] == [False, True]


async def test_an_order_is_never_given_up_because_a_page_does_not_show_it(tmp_path):
    async with BybitVenue().running() as venue, desk(venue, tmp_path / "log") as (client, own):
        for number in range(60):
            await own.place(order(f"o-{number}", BID - 100 - number))
        with pytest.raises(NoAnswer, match="not all of which are shown"):
            await own.verify()
        assert {each.state for each in own.own.orders.values()} == {OrderState.NEW}
        venue.delivery.extend(["drop"] * 56)
        venue.end(venue.order("o-0"), "Cancelled")
        for number in range(5, 60):
            await asyncio.sleep(0.002)
            venue.end(venue.order(f"o-{number}"), "Cancelled")
        await assert_agrees(venue, own)
        assert len(own.own.open_orders()) == 4


async def test_a_wrong_secret_is_told_and_not_shown(tmp_path, caplog):
    async with BybitVenue().running() as venue:
        async with desk(venue, tmp_path / "log", secret="hunter2", is_ready=False) as (client, own):
            await wait_for(lambda: client.status.state == "down")
            assert not own.is_ready
        assert "hunter2" not in caplog.text + client.status.detail
