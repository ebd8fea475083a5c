"""Orders at Binance, spot and USD-M, against a local server: sent once, counted once, agreed on after every fault."""

import base64
import contextlib
import random
from decimal import Decimal
from urllib.parse import unquote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.venues import pacing
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.binance import rest as binance_rest
from gateway.venues.binance import trading as binance_trading
from gateway.venues.binance.client import BinanceClient
from gateway.venues.credentials import Credentials
from gateway.venues.execution import NewVenueOrder, ReportKind
from gateway.venues.settings import VenueEntry
from tests.integration.gateway.binance_venue import ASK, BID, KEY, SECRET, BinanceVenue, Fault
from tests.integration.gateway.desks import new_order, shorten, trading_desk, wait_for
from wire.units import OrderState, OrderType, Side, TimeInForce

KINDS = pytest.mark.parametrize("is_spot", [True, False], ids=["spot", "usdm"])


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    shorten(monkeypatch)
    monkeypatch.setattr(binance_trading, "ARRIVAL_SECONDS_MAX", 0.3)


def name_of(venue: BinanceVenue) -> str:
    return "BTC_USDT" if venue.is_spot else "BTC_USDT-PERPETUAL"


@contextlib.asynccontextmanager
async def desk(venue: BinanceVenue, path, *, secret: str = SECRET, is_ready: bool = True):
    """(client, trading) of a gateway; ready unless asked otherwise."""
    adapter = "binance_spot" if venue.is_spot else "binance_usdm"
    entry = VenueEntry(name="v", adapter=adapter, url=venue.url, rest_url=venue.rest_url, instruments=[name_of(venue)])
    client = BinanceClient(entry, Credentials(key=KEY, secret=secret))
    client.rest.limit = pacing.RateLimit(100_000, 100_000)
    async with trading_desk(client, path, is_ready=is_ready, needs_books=False) as opened:
        yield opened


def order(venue: BinanceVenue, client_order_id: str, price, quantity="1", side=Side.BUY, **changed) -> NewVenueOrder:
    return new_order(name_of(venue), client_order_id, price, quantity, side, **changed)


async def assert_agrees(venue: BinanceVenue, own) -> None:
    """Orders, executions and positions are the venue's, each execution once."""
    await wait_for(lambda: not any(each.lacks_executions for each in own.own.orders.values()))
    await own.reconcile()
    assert own.breaks == {}
    assert set(own.own.executions) == {f"BTCUSDT:{trade['id']}" for trade in venue.trades}
    reported = [r.execution.execution_id for r in own.reports if r.kind is ReportKind.TRADE]
    assert sorted(reported) == sorted(own.own.executions)
    fees = {key: each.fee for key, each in own.own.executions.items()}
    assert fees == {f"BTCUSDT:{trade['id']}": Decimal(trade["commission"]) for trade in venue.trades}
    for each in own.own.orders.values():
        roots = [each.reason] if each.is_external else [each.client_order_id]
        links = [o for o in venue.orders.values() if o.client_order_id.partition(".")[0] in roots]
        if each.state is OrderState.REJECTED:
            assert not links
            continue
        last = links[-1]
        before = sum((o.executed for o in links[:-1]), Decimal(0))
        assert each.cumulative == before + last.executed, (each, links)
        assert each.quantity == before + last.quantity, (each, links)
        words = {"NEW": "new", "PARTIALLY_FILLED": "partially_filled", "FILLED": "filled", "CANCELED": "canceled", "EXPIRED": "canceled"}  # fmt: skip
        assert each.state == words[last.status] or (each.cumulative > 0 and last.status == "NEW"), (each, links)
    assert [report.number for report in own.reports] == list(range(1, len(own.reports) + 1))
    sent = sent_orders(venue)
    assert len(set(sent)) == len(sent), "nothing was sent twice"


def sent_orders(venue: BinanceVenue) -> list[str]:
    """By the requests: the venue refuses an id that it knows."""
    return [
        params["newClientOrderId"] for method, path, params in venue.requests if (method, path) == ("POST", "order")
    ]


@KINDS
async def test_an_order_is_placed_amended_filled_and_canceled(tmp_path, is_spot):
    async with BinanceVenue(is_spot=is_spot).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order(venue, "rest", BID - 100, "3"))
        await own.amend("rest", Decimal(2), None)
        assert (resting.state, resting.quantity, resting.price) == (OrderState.NEW, 2, BID - 100)
        await own.amend("rest", Decimal(4), BID - 50)
        assert (resting.state, resting.quantity, resting.price) == (OrderState.NEW, 4, BID - 50)
        venue.fill(list(venue.orders.values())[-1].client_order_id, "1")
        await wait_for(lambda: resting.cumulative == 1)
        await own.amend("rest", Decimal(3), BID - 20)
        assert (resting.quantity, resting.cumulative, resting.leaves) == (3, 1, 2)
        taken = await own.place(order(venue, "take", None, order_type=OrderType.MARKET))
        await wait_for(lambda: taken.state is OrderState.FILLED)
        await own.cancel("rest")
        await wait_for(lambda: resting.state is OrderState.CANCELED)
        kinds = [report.kind for report in own.reports if report.client_order_id == "rest"]
        replaced = ReportKind.REPLACED
        assert kinds == [ReportKind.NEW, replaced, replaced, ReportKind.TRADE, replaced, ReportKind.CANCELED]
        assert taken is await own.place(order(venue, "take", None, order_type=OrderType.MARKET))
        await assert_agrees(venue, own)


@KINDS
async def test_refusals_have_names(tmp_path, is_spot):
    async with BinanceVenue(is_spot=is_spot).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        crossing = await own.place(order(venue, "cross", ASK + 10, is_post_only=True))
        assert (crossing.state, crossing.reason.partition(":")[0]) == (OrderState.REJECTED, "would_take")
        day = await own.place(order(venue, "day", BID, time_in_force=TimeInForce.DAY))
        assert (day.state, day.reason) == (OrderState.REJECTED, "time_in_force_not_offered")
        named = await own.place(order(venue, "n" * 37, BID))
        assert named.reason == "client_order_id_not_allowed"
        venue.faults.append(("order", Fault(-2010, "Account has insufficient balance for requested action.")))
        poor = await own.place(order(venue, "poor", BID))
        assert poor.reason.partition(":")[0] == "insufficient_balance"
        swept = await own.place(order(venue, "ioc", BID - 10, time_in_force=TimeInForce.IOC))
        await wait_for(lambda: swept.state is OrderState.CANCELED)
        assert swept.reason == "expired"
        with pytest.raises(Refused):
            await own.amend("ioc", Decimal(2), BID)
        await assert_agrees(venue, own)


@KINDS
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_user_stream_that_comes_badly_ends_in_what_the_venue_has(tmp_path, is_spot, seed):
    draw = random.Random(seed)
    async with BinanceVenue(is_spot=is_spot).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.delivery.extend(draw.choices(["keep", "drop", "double", "late"], [4, 2, 2, 2], k=300))
        for number in range(25):
            side = draw.choice([Side.BUY, Side.SELL])
            near, far = (ASK, BID) if side is Side.BUY else (BID, ASK)
            price = near if draw.random() < 0.3 else far - side.sign * draw.randint(1, 50)
            placed = await own.place(order(venue, f"o-{number}", price, draw.choice(["0.5", "1", "2.25"]), side))
            if placed.is_done or draw.random() < 0.3:
                continue
            last = list(venue.orders.values())[-1]
            venue.fill(last.client_order_id, draw.choice(["0.1", "0.4", "3"]))
            with contextlib.suppress(Refused):
                if draw.random() < 0.5:
                    await own.amend(f"o-{number}", placed.quantity + 1, price - side.sign)
                if draw.random() < 0.5:
                    await own.cancel(f"o-{number}")
        venue.delivery.clear()
        await assert_agrees(venue, own)


@KINDS
async def test_a_lost_answer_is_asked_for_by_its_id_and_nothing_is_sent_again(tmp_path, is_spot):
    async with BinanceVenue(is_spot=is_spot).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.delivery.append("drop")
        venue.lost_answers.append("order")
        lost = await own.place(order(venue, "lost", BID - 100))
        assert lost.state is OrderState.NEW
        unknown = Fault(-1007, "Timeout waiting for response from backend server.", 503)
        venue.faults.append(("order", unknown))
        gone = await own.place(order(venue, "gone", BID - 100))
        assert gone.state is OrderState.UNKNOWN
        await own.reconcile()
        assert (gone.state, gone.reason) == (OrderState.REJECTED, "never_arrived")
        assert sent_orders(venue) == ["lost", "gone"]
        await assert_agrees(venue, own)


@pytest.mark.parametrize("lost", ["order/cancelReplace", "-order/cancelReplace"])
async def test_a_replacement_without_an_answer_ends_in_what_the_venue_has(tmp_path, lost):
    async with BinanceVenue(is_spot=True).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order(venue, "rest", BID - 100, "2"))
        venue.lost_answers.append(lost)
        with pytest.raises(NoAnswer):
            await own.amend("rest", Decimal(3), BID - 50)
        await own.reconcile()
        assert (resting.quantity, resting.state) == (2 if lost[0] == "-" else 3, OrderState.NEW)
        await assert_agrees(venue, own)
        await own.amend("rest", Decimal(4), BID - 40)
        assert (resting.quantity, resting.price) == (4, BID - 40)
        await assert_agrees(venue, own)


async def test_a_replacement_that_is_refused_half_way_ends_the_order(tmp_path):
    async with BinanceVenue(is_spot=True).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        resting = await own.place(order(venue, "rest", BID - 100, "2", is_post_only=True))
        with pytest.raises(Refused):
            await own.amend("rest", Decimal(3), ASK + 10)
        assert resting.state is OrderState.CANCELED
        await assert_agrees(venue, own)


@KINDS
async def test_a_gateway_that_was_away_agrees_with_what_went_on(tmp_path, is_spot):
    """Cut off, then restarted: orders filled meanwhile, replaced before, canceled by hand, placed by others."""
    async with BinanceVenue(is_spot=is_spot).running() as venue:
        async with desk(venue, tmp_path / "log") as (client, own):
            for number in range(4):
                await own.place(order(venue, f"o-{number}", BID - 100 - number, "2"))
            await own.amend("o-0", Decimal(5), BID - 60)
            await own.amend("o-1", Decimal(3), BID - 61)
            connects = venue.user_connects
            venue.cut()
            for each in list(venue.orders.values())[-2:]:
                venue.fill(each.client_order_id, "0.5")
            await wait_for(lambda: venue.user_connects > connects and own.is_ready)
            await assert_agrees(venue, own)
        working = [each for each in venue.orders.values() if each.status in ("NEW", "PARTIALLY_FILLED")]
        for each in working[:2]:
            venue.execute(each, Decimal("0.25"), each.price, is_maker=True)
        venue.execute(working[0], Decimal(9), working[0].price, is_maker=True)
        venue.end(working[3], "CANCELED")
        async with desk(venue, tmp_path / "log") as (client, own):
            await assert_agrees(venue, own)
            assert len(own.own.open_orders()) == 2


async def test_orders_of_others_are_adopted(tmp_path):
    async with BinanceVenue(is_spot=True).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        terms = {"side": "SELL", "type": "LIMIT", "price": str(ASK + 5), "quantity": "1", "newOrderRespType": "FULL"}
        venue._place(terms | {"newClientOrderId": "web_1.5"})
        await wait_for(lambda: own.own.orders)
        (external,) = own.own.orders.values()
        assert (external.is_external, external.reason) == (True, "web_1.5")
        venue.fill("web_1.5", "0.5")
        await wait_for(lambda: external.cumulative == Decimal("0.5"))
        with pytest.raises(Refused):
            await own.amend(external.client_order_id, Decimal(2), ASK)
        await own.cancel(external.client_order_id)
        await wait_for(lambda: external.is_done)


@KINDS
async def test_the_venues_clock_counts(tmp_path, is_spot):
    async with BinanceVenue(is_spot=is_spot, clock_ahead_ms=40_000).running() as venue:
        async with desk(venue, tmp_path / "log") as (client, own):
            assert (await own.place(order(venue, "ahead", BID))).state is OrderState.NEW
            venue.clock_ahead_ms = -20_000
            late = await own.place(order(venue, "late", BID))
            assert (late.state, late.reason.partition(":")[0]) == (OrderState.REJECTED, "clock_skew")
            await own.reconcile()
            assert (await own.place(order(venue, "again", BID))).state is OrderState.NEW


async def test_a_venue_that_turns_us_away_is_left_alone(tmp_path):
    async with BinanceVenue(is_spot=True).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        venue.headers["Retry-After"] = "2"
        venue.faults.append(("order", Fault(-1003, "Too many requests.", 429)))
        refused = await own.place(order(venue, "first", BID))
        assert refused.reason.partition(":")[0] == "rate_limited"
        before = len(venue.requests)
        second = await own.place(order(venue, "second", BID))
        assert (second.state, len(venue.requests)) == (OrderState.REJECTED, before)
        await own.verify()
        assert (await own.place(order(venue, "third", BID))).state is OrderState.NEW


@KINDS
async def test_a_stream_that_the_venue_ends_is_opened_anew(tmp_path, is_spot):
    async with BinanceVenue(is_spot=is_spot).running() as venue, desk(venue, tmp_path / "log") as (client, own):
        connects = venue.user_connects
        venue.listen_keys.append("listen-2")
        venue.say({"e": "eventStreamTerminated" if is_spot else "listenKeyExpired", "E": 1})
        await wait_for(lambda: venue.user_connects > connects and own.is_ready)
        assert (await own.place(order(venue, "o", BID))).state is OrderState.NEW


async def test_hedge_mode_and_a_wrong_secret_are_told_and_the_secret_is_not(tmp_path, caplog):
    async with BinanceVenue(is_spot=False).running() as venue:
        venue.is_hedged = True
        async with desk(venue, tmp_path / "log", is_ready=False) as (client, own):
            await wait_for(lambda: "hedge mode" in client.status.detail)
        async with desk(venue, tmp_path / "log", secret="hunter2", is_ready=False) as (client, own):
            await wait_for(lambda: "signature_refused" in client.status.detail)
        assert "hunter2" not in caplog.text


@KINDS
async def test_an_ed25519_key_signs(tmp_path, is_spot):
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def verify(query: str, signature: str) -> bool:
        try:
            key.public_key().verify(base64.b64decode(unquote(signature)), query.encode())
        except InvalidSignature:
            return False
        return True

    async with BinanceVenue(is_spot=is_spot).running() as venue:
        venue.verify = verify
        async with desk(venue, tmp_path / "log", secret=pem) as (client, own):
            assert (await own.place(order(venue, "signed", BID))).state is OrderState.NEW


async def test_an_answer_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(binance_rest, "BYTES_MAX", 100)
    async with BinanceVenue(is_spot=True).running() as venue:
        async with desk(venue, tmp_path / "log", is_ready=False) as (client, own):
            await wait_for(lambda: "has more than 100 bytes" in client.status.detail)
            assert not own.is_ready
