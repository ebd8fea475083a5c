"""Orders through the adapter at a simulated venue: sent once, counted once, agreed with the venue after every fault."""

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
from decimal import Decimal

import pytest

from gateway.venues import api, pacing
from gateway.venues.api import NotReady
from gateway.venues.credentials import Credentials
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.execution import NewVenueOrder, ReportKind
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.desks import new_order, shorten, trading_desk, wait_for
from tests.integration.venues.rig import BASE_FOLDER, CLIENT_ID, SECRET, VenueProcess, open_client
from wire.units import OrderState, OrderType, Side

NAME = "BTC-PERPETUAL"


@pytest.fixture
def venue(tmp_path):
    """One for each test: what an account did before would be in the way."""
    with VenueProcess(tmp_path / "venue") as process:
        yield process


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch, absent=0.3)


@contextlib.asynccontextmanager
async def desk(venue: VenueProcess, path, *, is_ready: bool = True):
    """(client, trading); ready unless asked otherwise."""
    entry = VenueEntry(name="aster", adapter="deribit", url=venue.url, instruments=[NAME])
    client = DeribitClient(entry, Credentials(key=CLIENT_ID, secret=SECRET))
    client._limit = pacing.RateLimit(1_000, 1_000)
    async with trading_desk(client, path, is_ready=is_ready) as opened:
        yield opened


async def best(client: DeribitClient, side: Side) -> Decimal:
    """The venue's own makers may be between two quotes."""

    def levels():
        shown = client.books.levels(NAME, 1, 0)
        return shown.asks if side is Side.BUY else shown.bids

    await wait_for(levels)
    return Decimal(levels()[0][0])


def order(client_order_id: str, price, quantity: int = 5, side: Side = Side.BUY, **changed) -> NewVenueOrder:
    return new_order(NAME, client_order_id, price, quantity, side, **changed)


async def assert_agrees(venue: VenueProcess, own) -> None:
    """Orders, executions and positions are the venue's, each execution once (O2, O3)."""
    async with open_client(venue.url) as plain:
        await plain.sign_in()
        trades = (await plain.get("private/get_user_trades_by_currency", currency="any", count=1_000))["trades"]
        positions = await plain.get("private/get_positions")
        states = {}
        for each in own.own.orders.values():
            if each.venue_order_id:
                states[each.venue_order_id] = await plain.get("private/get_order_state", order_id=each.venue_order_id)
    assert set(own.own.executions) == {trade["trade_id"] for trade in trades}
    reported = [r.execution.execution_id for r in own.reports if r.kind is ReportKind.TRADE]
    assert sorted(reported) == sorted(own.own.executions)
    assert own.own.positions() == {p["instrument_name"]: Decimal(str(p["size"])) / 10 for p in positions}
    words = {
        "open": (OrderState.NEW, OrderState.PARTIALLY_FILLED),
        "filled": (OrderState.FILLED,),
        "cancelled": (OrderState.CANCELED,),
    }
    for each in own.own.orders.values():
        if each.venue_order_id:
            shown = states[each.venue_order_id]
            assert each.state in words[shown["order_state"]], (each, shown)
            assert each.cumulative + each.busted == Decimal(str(shown["filled_amount"])) / 10
    assert [report.number for report in own.reports] == list(range(1, len(own.reports) + 1))


async def take_off(own) -> None:
    """Nothing of ours works at the venue any more: nothing moves while the two are compared."""
    for each in own.own.open_orders():
        with contextlib.suppress(api.Refused, api.NoAnswer):
            await own.cancel(each.client_order_id)
    await wait_for(lambda: not any(each.lacks_executions for each in own.own.orders.values()))


async def test_an_order_is_placed_amended_filled_and_canceled(venue, tmp_path):
    async with desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order("rest", await best(client, Side.BUY) - 1_000))
        await own.amend("rest", Decimal(3), await best(client, Side.BUY) - 900)
        taken = await own.place(order("take", None, order_type=OrderType.MARKET))
        assert (resting.state, resting.quantity, taken.state) == (OrderState.NEW, 3, OrderState.FILLED)
        await own.cancel("rest")
        assert resting.state is OrderState.CANCELED
        kinds = [report.kind for report in own.reports if report.client_order_id == "rest"]
        assert kinds == [ReportKind.NEW, ReportKind.REPLACED, ReportKind.CANCELED]
        refused = await own.place(order("cross", await best(client, Side.BUY) + 100, is_post_only=True))
        assert (refused.state, refused.reason) == (OrderState.REJECTED, "11054 post_only_reject")
        sent_again = await own.place(order("take", None, order_type=OrderType.MARKET))
        assert sent_again is taken
        await assert_agrees(venue, own)


async def test_nothing_leaves_before_the_venue_was_asked(venue, tmp_path):
    async with desk(venue, tmp_path / "log", is_ready=False) as (client, own):
        with pytest.raises(NotReady):
            await own.place(order("early", Decimal(90_000)))
        assert own.own.orders == {}
        await wait_for(lambda: own.is_ready)


@pytest.mark.parametrize(
    "action",
    [
        {"action": "duplicate_reports", "count": 500, "times": 10},
        {"action": "drop_reports", "count": 9},
        {"action": "reorder_reports", "count": 500},
        {"action": "delay_reports", "count": 12, "seconds": 0.2},
        {"action": "fill_partly", "count": 3, "share": 0.4},
        {"action": "reject_orders", "count": 3},
    ],
)
async def test_reports_that_come_badly_end_in_what_the_venue_has(venue, tmp_path, action):
    async with desk(venue, tmp_path / "log") as (client, own):
        venue.misbehave(**action)
        for number in range(8):
            side = Side.BUY if number % 3 else Side.SELL
            price = await best(client, side) - (side.sign * 500 if number % 4 == 3 else 0)
            await own.place(order(f"o-{number}", price, 3 + number, side))
        with contextlib.suppress(api.Refused):
            await own.cancel("o-3")
        await wait_for(lambda: not any(each.lacks_executions for each in own.own.orders.values()))
        await asyncio.sleep(0.4)
        await take_off(own)
        await own.reconcile()
        assert own.breaks == {}
        await assert_agrees(venue, own)


async def test_a_lost_answer_leaves_an_order_unknown_until_the_venue_is_asked(venue, tmp_path):
    async with desk(venue, tmp_path / "log") as (client, own):
        venue.misbehave(action="lose_answers")
        lost = await own.place(order("lost", await best(client, Side.BUY) - 1_000))
        assert lost.state is OrderState.UNKNOWN
        with pytest.raises(NotReady):
            await own.place(order("next", await best(client, Side.BUY)))
        await wait_for(lambda: own.is_ready)
        assert lost.state is OrderState.NEW
        kinds = [report.kind for report in own.reports]
        assert kinds == [ReportKind.UNKNOWN, ReportKind.NEW]
        await assert_agrees(venue, own)


async def test_an_order_that_never_arrived_is_not_sent_again(venue, tmp_path, monkeypatch):
    async with desk(venue, tmp_path / "log") as (client, own):
        venue.signal(signal.SIGSTOP)
        placing = asyncio.create_task(own.place(order("gone", await best(client, Side.BUY) - 1_000)))
        await asyncio.sleep(0.1)
        venue.signal(signal.SIGKILL)
        venue.process.wait()
        gone = await placing
        assert gone.state is OrderState.UNKNOWN
        venue.start()
        await wait_for(lambda: own.is_ready)
        assert (gone.state, gone.reason) == (OrderState.REJECTED, "never_arrived")
        await assert_agrees(venue, own)


async def test_orders_of_others_are_adopted_and_busts_are_new_facts(venue, tmp_path):
    async with desk(venue, tmp_path / "log") as (client, own), open_client(venue.url) as other:
        await other.sign_in()
        bid = float(await best(client, Side.BUY)) - 1_000
        await other.get("private/buy", instrument_name=NAME, amount=100, price=bid, label="by hand")
        await other.get("private/buy", instrument_name=NAME, amount=50, type="market")
        await wait_for(lambda: len(own.own.orders) == 2 and own.own.executions)
        assert {each.is_external for each in own.own.orders.values()} == {True}
        mine = await own.place(order("mine", None, order_type=OrderType.MARKET))
        venue.misbehave(action="bust")
        await wait_for(lambda: own.reports[-1].kind is ReportKind.BUST)
        assert (mine.state, mine.cumulative, mine.busted) == (OrderState.FILLED, 0, 5)
        await own.reconcile()
        assert own.breaks == {}
        await assert_agrees(venue, own)


async def test_a_failed_log_stops_what_is_new_and_lets_cancels_pass(venue, tmp_path, monkeypatch):
    async with desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order("rest", await best(client, Side.BUY) - 1_000))
        monkeypatch.setattr("os.fdatasync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(NotReady, match="log"):
            await own.place(order("more", await best(client, Side.BUY) - 1_000))
        monkeypatch.undo()
        with pytest.raises(NotReady):
            await own.place(order("more", await best(client, Side.BUY) - 1_000))
        known = len(own.reports)
        await own.cancel("rest")
        assert len(own.reports) == known, "nobody hears what is not on disk"
        async with open_client(venue.url) as plain:
            await plain.sign_in()
            shown = await plain.get("private/get_order_state", order_id=resting.venue_order_id)
            labels = [each["label"] for each in await plain.get("private/get_open_orders")]
        assert (shown["order_state"], labels) == ("cancelled", [])


def run_trader(venue: VenueProcess, path, seed: int, count: int) -> subprocess.Popen[str]:
    arguments = [venue.url, str(path), str(seed), str(count)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.gateway.venue_trader", *arguments],
        cwd=BASE_FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


async def test_a_trader_killed_again_and_again_agrees_with_the_venue(venue, tmp_path):
    """While it is dead, its orders at the venue go on: some are filled, and one is placed by hand."""
    path, draw, told = tmp_path / "log", random.Random(3), []
    count = 60
    for life in range(6):
        process = run_trader(venue, path, life, count)
        assert process.stdout is not None
        is_last = life == 5
        lines = draw.randint(5, 25)
        for line in process.stdout:
            told.append(line.split())
            lines -= 1
            if line.startswith("done") or (lines < 0 and not is_last):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if life == 2:
            async with open_client(venue.url) as hand:
                await hand.sign_in()
                await hand.get("private/sell", instrument_name=NAME, amount=40, type="market")
        await asyncio.sleep(0.2)
    assert told[-1] == ["done"], "the last life goes through"
    assert told[-2] == ["breaks", "{}"]
    async with desk(venue, path) as (_, own):
        await take_off(own)
        await wait_for(lambda: not own.own.open_orders())
        await assert_agrees(venue, own)
        sent = [each for each in own.own.orders if each.startswith("t-")]
        assert len(sent) == count
        heard = {tuple(words[1:]) for words in told if words and words[0] == "report"}
        known = {
            (str(r.number), str(r.kind), r.client_order_id, r.execution.execution_id if r.execution else "-")
            for r in own.reports
        }
        assert heard <= known, "what was told is on disk"
        async with open_client(venue.url) as plain:
            await plain.sign_in()
            for client_order_id in sent:
                found = await plain.get("private/get_order_state_by_label", label=client_order_id)
                assert len(found) <= 1, "sent once"
    assert json.loads(path.read_bytes().split(b"\n")[0][9:]).keys() == {"baseline"}
