"""Binance in our words: signatures, errors, orders, the history of trades, what is held, and chains of replaced orders."""

import contextlib
from decimal import Decimal
from urllib.parse import parse_qs

import msgspec
import pytest

from gateway.venues import pacing
from gateway.venues.api import NoAnswer
from gateway.venues.binance import messages, parse, rest
from gateway.venues.binance.auth import Signer
from gateway.venues.binance.chains import Chains
from gateway.venues.binance.errors import ErrorAnswer, read_error
from gateway.venues.binance.history import TRADES_A_PAGE, TradeHistory
from gateway.venues.binance.rest import BinanceRest
from gateway.venues.coins import coin_positions
from gateway.venues.credentials import Credentials, CredentialsRefused
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from wire.units import Liquidity, OrderState, Side, TimeInForce

DAY_NS = 86_400 * 10**9


def test_a_query_is_signed_as_documented():
    """The example of the venue's own documentation, "SIGNED Endpoint Examples for POST /api/v3/order"."""
    signer = Signer(Credentials(key="k", secret="NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"))
    query = signer.sign_query(
        {
            "symbol": "LTCBTC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 1, "price": "0.1",
            "recvWindow": 5000, "timestamp": 1499827319559,
        }
    )  # fmt: skip
    assert query.endswith("&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71")


def test_a_pem_that_is_no_key_is_refused_without_being_shown():
    with pytest.raises(CredentialsRefused) as raised:
        Signer(Credentials(key="k", secret="-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"))
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (400, b'{"code":-2010,"msg":"Account has insufficient balance for requested action."}', "insufficient_balance"),
        (400, b'{"code":-2019,"msg":"Margin is insufficient."}', "insufficient_margin"),
        (400, b'{"code":-9999,"msg":"new"}', "refused"),
        (429, b"", "rate_limited"),
        (418, b'{"code":-1003,"msg":"banned"}', "rate_limited"),
        (403, b"<html>", "refused"),
        (503, b'{"code":-1008,"msg":"Request throttled by system-level protection."}', "venue_overloaded"),
        (503, b'{"code":0,"msg":"Service Unavailable."}', "refused"),
        (503, b'{"code":0,"msg":"Unknown error, please check your request or try again later."}', None),
        (504, b"\xff", None),
        (400, b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}', None),
        (400, b'{"code":-1006,"msg":"An unexpected response was received."}', None),
    ],
)
def test_an_error_is_a_named_no_or_nobody_knows(status, content, told):
    error = read_error(status, content)
    if told is None:
        assert isinstance(error, NoAnswer)
    else:
        assert isinstance(error, ErrorAnswer)
        assert str(error).partition(":")[0] == told


def order(**changed) -> NewVenueOrder:
    terms = {"client_order_id": "o-1", "name": "BTC_USDT", "side": Side.BUY, "quantity": Decimal("1E-3"), "price": Decimal("9E4")}  # fmt: skip
    return NewVenueOrder(**(terms | changed))


@pytest.mark.parametrize(
    ("is_spot", "changed", "expected"),
    [
        (True, {}, {"type": "LIMIT", "timeInForce": "GTC", "price": "90000", "quantity": "0.001"}),
        (True, {"is_post_only": True}, {"type": "LIMIT_MAKER", "price": "90000"}),
        (False, {"is_post_only": True}, {"type": "LIMIT", "timeInForce": "GTX"}),
        (False, {"is_reduce_only": True, "time_in_force": TimeInForce.FOK}, {"reduceOnly": "true", "timeInForce": "FOK"}),
        (True, {"price": None}, {"type": "MARKET"}),
    ],
)  # fmt: skip
def test_an_order_is_written_as_the_venue_takes_it(is_spot, changed, expected):
    sent = order(**changed)
    assert parse.find_unsupported(sent, is_spot=is_spot) == ""
    params = parse.order_params(sent, "BTCUSDT", is_spot=is_spot)
    assert expected.items() <= params.items()
    assert ("timeInForce" in params) == ("timeInForce" in expected)
    assert (params["side"], params["newClientOrderId"]) == ("BUY", "o-1")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"time_in_force": TimeInForce.DAY}, "time_in_force_not_offered"),
        ({"is_post_only": True, "time_in_force": TimeInForce.IOC}, "post_only_must_rest"),
        ({"is_reduce_only": True}, "reduce_only_not_offered"),
        ({"client_order_id": "a b"}, "client_order_id_not_allowed"),
    ],
)
def test_what_the_venue_cannot_take_is_refused_here(changed, reason):
    assert parse.find_unsupported(order(**changed), is_spot=True) == reason


def test_reports_are_read_as_documented():
    """A trade of spot with the letters of both cases, and an order canceled under the id of the cancel."""
    trade = (
        b'{"e":"executionReport","E":1499405658658,"s":"ETHBTC","c":"mUvoqJxFIILMdfAW5iGSOW","S":"BUY","o":"LIMIT",'
        b'"f":"GTC","q":"1.00000000","p":"0.10264410","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE",'
        b'"X":"PARTIALLY_FILLED","r":"NONE","i":4293153,"l":"0.25000000","z":"0.50000000","L":"0.10264400",'
        b'"n":"0.00025","N":"ETH","T":1499405658657,"t":77,"v":3,"I":8641984,"w":true,"m":true,"M":false,'
        b'"O":1499405658657,"Z":"0.05","Y":"0.02","Q":"0.00000000","W":1499405658657,"V":"NONE"}'
    )
    report = msgspec.json.decode(trade, type=messages.OrderReport)
    assert parse.read_reported_execution(report, "X") == Execution(
        execution_id="ETHBTC:77", venue_order_id="4293153", client_order_id="mUvoqJxFIILMdfAW5iGSOW", name="X",
        side=Side.BUY, price=Decimal("0.102644"), quantity=Decimal("0.25"), liquidity=Liquidity.MAKER,
        fee=Decimal("0.00025"), fee_currency="ETH", at_ns=1499405658657 * 10**6,
    )  # fmt: skip
    view = parse.read_report(report, "X")
    assert (view.quantity, view.filled, view.state) == (1, Decimal("0.5"), OrderState.PARTIALLY_FILLED)
    canceled = msgspec.structs.replace(
        report, client_order_id="cancel-1", original_client_order_id="mine", status="CANCELED"
    )
    assert parse.read_report(canceled, "X").client_order_id == "mine"
    with pytest.raises(ValueError, match="not known"):
        parse.read_report(msgspec.structs.replace(report, status="FROZEN"), "X")


class History:
    """Trades that a venue would page; the windows that were asked for."""

    def __init__(self, trades: list[dict], now_ms: int, window_ms: int) -> None:
        self.trades, self.now_ms, self.window_ms = trades, now_ms, window_ms

    def timestamp_ms(self) -> int:
        return self.now_ms

    async def read(self, path, params, *, weight):
        assert not ("fromId" in params and "startTime" in params)
        first, start = params.get("fromId", 0), params.get("startTime", 0)
        end = params.get("endTime", start + self.window_ms)
        found = [t for t in self.trades if t["id"] >= first and ("fromId" in params or start <= t["time"] <= end)]
        return msgspec.json.encode(found[: params["limit"]])


def trade(number: int, at_ms: int) -> dict:
    return {"symbol": "S", "id": number, "orderId": 1, "price": "1", "qty": "1", "commission": "0", "commissionAsset": "B", "time": at_ms}  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, TRADES_A_PAGE, 2 * TRADES_A_PAGE + 5])
@pytest.mark.parametrize("first_day", [0, 3])
async def test_every_trade_is_listed_over_pages_and_days(count, first_day):
    """All in one millisecond too, which no listing by time gets through."""
    day_ms = 86_400_000
    trades = [trade(n, first_day * day_ms + 5) for n in range(1, count + 1)]
    if count:
        trades.append(trade(count + 1, 9 * day_ms))
    history = TradeHistory(History(trades, 10 * day_ms, day_ms), is_spot=True)
    assert [each.id for each in await history.since("S", 0)] == [each["id"] for each in trades]


def execution(execution_id: str, name: str, side: Side, quantity: str, fee: str, currency: str) -> Execution:
    return Execution(
        execution_id=execution_id, venue_order_id="1", client_order_id="o", name=name, side=side, price=Decimal(1),
        quantity=Decimal(quantity), liquidity=Liquidity.TAKER, fee=Decimal(fee), fee_currency=currency, at_ns=1,
    )  # fmt: skip


def test_what_is_held_of_a_coin_is_compared_without_the_fees_taken_in_it():
    """10 held before; 2 bought for 0.002 of fee, 1 sold in the other pair."""
    made = [
        execution("1", "BTC_USDT", Side.BUY, "2", "0.002", "BTC"),
        execution("2", "BTC_USDC", Side.SELL, "1", "5", "USDC"),
    ]
    held = coin_positions({"BTC": Decimal("10.998")}, ["BTC_USDT", "BTC_USDC", "ETH_USDT"], made)
    assert held == [("BTC_USDT", Decimal(12)), ("BTC_USDC", Decimal(-1))]


def view(order_id: str, client_order_id: str, quantity: str, filled: str, state=OrderState.NEW) -> OrderView:
    return OrderView(
        venue_order_id=order_id, client_order_id=client_order_id, name="X", side=Side.BUY, quantity=Decimal(quantity),
        price=Decimal(1), filled=Decimal(filled), state=state, updated_at_ns=1,
    )  # fmt: skip


def test_replaced_orders_are_shown_as_one():
    chains = Chains(lambda client_order_id: client_order_id == "a")
    chain = chains.begin(view("1", "a", "5", "0"))
    chain.is_replacing = True
    assert chains.show(view("1", "a", "5", "2", OrderState.CANCELED)) is None, "it goes on as another"
    chains.follow(chain, view("1", "a", "5", "2", OrderState.CANCELED), view("2", "a.1", "4", "0"))
    shown = chains.show(view("2", "a.1", "4", "1"))
    assert (shown.venue_order_id, shown.client_order_id, shown.quantity, shown.filled) == ("1", "a", 6, 3)
    assert chains.show(view("1", "a", "5", "2", OrderState.CANCELED)) is None
    told = chains.attribute(execution("9", "X", Side.BUY, "1", "0", "B"), "")
    assert told.venue_order_id == "1"
    assert chains.show(view("7", "other.1", "4", "0")).client_order_id == "other.1", "not ours"
    fresh = Chains(lambda client_order_id: client_order_id == "a")
    assert fresh.show(view("2", "a.1", "4", "1")) is None, "nobody knows yet what came before"
    assert fresh.is_unread(view("2", "a.1", "4", "1"))
    fresh.learn([view("1", "a", "5", "2", OrderState.CANCELED), view("2", "a.1", "4", "1")])
    assert fresh.show(view("2", "a.1", "4", "1")) == shown


class Transport:
    """Answers of a venue, one after the other, and what was asked."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), []
        self.is_closed = False

    @contextlib.asynccontextmanager
    async def stream(self, method, address, headers):
        self.asked.append(parse_qs(address.partition("?")[2]))
        status, content, headers = self.answers.pop(0)
        import httpx

        yield httpx.Response(status, content=content, headers=headers)


async def test_reads_wait_where_the_minute_is_used_up_and_orders_leave(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(rest.asyncio, "sleep", sleep)
    venue = BinanceRest("binance_spot", "http://v", "/api/v3", Signer(Credentials(key="k", secret="s")))
    venue.limit = pacing.RateLimit(1_000, 1_000)
    venue._http = Transport((200, b"[]", {"X-MBX-USED-WEIGHT-1M": "5700"}), (200, b"{}", {}), (200, b"[]", {}))
    await venue.read("openOrders", {}, weight=80)
    await venue.act("POST", "order", {"symbol": "S"}, weight=1)
    assert slept == []
    monkeypatch.setattr(rest, "WAIT_SECONDS_MAX", 60.0)
    await venue.read("openOrders", {}, weight=80)
    assert 0 < slept[0] <= 60
    assert all({"signature", "timestamp", "recvWindow"} <= set(asked) for asked in venue._http.asked)
