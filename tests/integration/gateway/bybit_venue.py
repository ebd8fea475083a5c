"""A local exchange that speaks Bybit's documented API (v5, spot): one account, one instrument, and misbehavior on demand.

Prices stand still at BID and ASK: what crosses them is executed there at once, the rest waits for ``fill``.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.integration.gateway.http_server import HttpServer

KEY, SECRET = "bybit-key", "bybit-secret"
BID, ASK = Decimal(90_000), Decimal(90_010)
SYMBOL = {
    "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "innovation": "0", "status": "Trading", "marginTrading": "both",
    "lotSizeFilter": {"basePrecision": "0.000001", "quotePrecision": "0.00000001", "minOrderQty": "0.00001", "maxOrderQty": "100", "minOrderAmt": "1", "maxOrderAmt": "100000000"},
    "priceFilter": {"tickSize": "0.01"},
}  # fmt: skip
OPEN = ("New", "PartiallyFilled")


class Fault(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.content = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1}


@dataclasses.dataclass
class Order:
    order_id: str
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    executed: Decimal = Decimal(0)
    status: str = "New"
    at_ms: int = 0


class BybitVenue:
    """``delivery``: words for the next notices of orders and executions: keep, drop, double, late."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.trades: list[dict] = []
        self.held = Decimal(5)
        self.delivery: deque[str] = deque()
        self.lost_answers: deque[str] = deque()
        """Paths whose next request is taken and not answered; with a ``-`` before it is not even taken."""
        self.faults: deque[tuple[str, Fault]] = deque()
        self.requests: list[tuple[str, str, dict]] = []
        self.bids, self.asks, self.update_id = {BID: Decimal(1)}, {ASK: Decimal(2)}, 1
        self._ids, self._trade_ids = itertools.count(1_000), itertools.count(1)
        self._http = HttpServer(self._handle)
        self._topics: dict[ServerConnection, set[str]] = {}
        self._late: list[tuple[str, dict]] = []
        self._outbox: asyncio.Queue[tuple[str, dict]] = asyncio.Queue()
        self.connects = 0

    @contextlib.asynccontextmanager
    async def running(self):
        async with self._http.running(), serve(self._serve, "127.0.0.1", 0, compression=None) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.rest_url = f"http://127.0.0.1:{self._http.port}"
            task = asyncio.create_task(self._tell())
            try:
                yield self
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def cut(self) -> None:
        for connection in list(self._topics):
            connection.transport.abort()
        self._http.cut()

    async def _serve(self, connection: ServerConnection) -> None:
        self.connects += 1
        topics = self._topics[connection] = set()
        may_hear = connection.request.path.startswith("/v5/public")
        try:
            async for message in connection:
                request = json.loads(message)
                if request["op"] == "auth":
                    key, expires, signature = request["args"]
                    may_hear = key == KEY and sign(f"GET/realtime{expires}") == signature
                told = "pong" if request["op"] == "ping" else ""
                answer = {"success": may_hear, "ret_msg": told, "op": request["op"], "conn_id": "c", "req_id": request.get("req_id", "")}  # fmt: skip
                await connection.send(json.dumps(answer))
                if request["op"] == "subscribe" and may_hear:
                    topics.update(request["args"])
                    if any(topic.startswith("orderbook") for topic in request["args"]):
                        await self._send_book(connection, "snapshot", self.bids, self.asks)
        except ConnectionClosed:
            pass
        finally:
            del self._topics[connection]

    async def _send_book(self, connection: ServerConnection, kind: str, bids: dict, asks: dict) -> None:
        sides = {name: [[str(p), str(q)] for p, q in side.items()] for name, side in (("b", bids), ("a", asks))}
        content = {"s": "BTCUSDT", **sides, "u": self.update_id, "seq": self.update_id}
        topic = next(topic for topic in self._topics[connection] if topic.startswith("orderbook"))
        frame = {"topic": topic, "type": kind, "ts": now_ms(), "data": content, "cts": 1}
        with contextlib.suppress(ConnectionClosed):
            await connection.send(json.dumps(frame))

    async def quote(self, side: str, price: str, quantity: str) -> None:
        """A level of the book changes, and who listens hears of it."""
        book = self.bids if side == "bid" else self.asks
        changes: dict[str, dict] = {"bid": {}, "ask": {}}
        changes[side][Decimal(price)] = book[Decimal(price)] = Decimal(quantity)
        if not book[Decimal(price)]:
            del book[Decimal(price)]
        self.update_id += 1
        for connection, topics in list(self._topics.items()):
            if any(topic.startswith("orderbook") for topic in topics):
                await self._send_book(connection, "delta", changes["bid"], changes["ask"])

    async def _tell(self) -> None:
        while True:
            notice = await self._outbox.get()
            how = self.delivery.popleft() if self.delivery else "keep"
            if how == "late":
                self._late.append(notice)
                continue
            notices = [] if how == "drop" else [notice] * (10 if how == "double" else 1)
            for topic, content in notices + self._late:
                frame = {"id": "1", "topic": topic, "creationTime": now_ms(), "data": [content]}
                for connection, topics in list(self._topics.items()):
                    if topic in topics:
                        with contextlib.suppress(ConnectionClosed):
                            await connection.send(json.dumps(frame))
            self._late.clear()

    async def _handle(self, method: str, target: str, headers: dict, body: bytes):
        place = urlsplit(target)
        path = place.path.removeprefix("/v5/")
        params = json.loads(body) if body else dict(parse_qsl(place.query))
        self.requests.append((method, path, params))
        lost = self.lost_answers[0] if self.lost_answers else ""
        if lost == f"-{path}":
            self.lost_answers.popleft()
            return None
        try:
            if self.faults and self.faults[0][0] == path:
                raise self.faults.popleft()[1]
            if not path.startswith("market/"):
                self._check(headers, body.decode() or place.query)
            result = getattr(self, "_" + path.replace("/", "_").replace("-", "_"))(params)
        except Fault as fault:
            return 200, fault.content, {}
        if lost == path:
            self.lost_answers.popleft()
            return None
        return 200, {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms()}, {}

    def _check(self, headers: dict, content: str) -> None:
        stamp = headers["x-bapi-timestamp"] + headers["x-bapi-api-key"] + headers["x-bapi-recv-window"]
        if sign(stamp + content) != headers["x-bapi-sign"]:
            raise Fault(10004, "error sign! origin_string")

    def _market_time(self, params):
        return {"timeSecond": str(now_ms() // 1_000), "timeNano": str(time.time_ns())}

    def _market_instruments_info(self, params):
        return {"category": params["category"], "list": [SYMBOL] if params["category"] == "spot" else []}

    def _user_query_api(self, params):
        return {"id": "1", "unified": 0, "uta": 1}

    def _account_info(self, params):
        return {"unifiedMarginStatus": 6, "marginMode": "REGULAR_MARGIN"}

    def _account_wallet_balance(self, params):
        coin = {"coin": "BTC", "walletBalance": str(self.held), "locked": "0", "borrowAmount": "0"}
        return {"list": [{"accountType": "UNIFIED", "coin": [coin]}]}

    def _order_create(self, params):
        if any(each.client_order_id == params["orderLinkId"] for each in self.orders.values()):
            raise Fault(110072, "OrderLinkedID is duplicate")
        price, is_buy = Decimal(params.get("price", 0)), params["side"] == "Buy"
        crosses = price >= ASK if is_buy else price <= BID
        order = Order(
            f"id-{next(self._ids)}", params["orderLinkId"], params["side"], params["orderType"],
            params.get("timeInForce", "GTC"), price, Decimal(params["qty"]), at_ms=now_ms(),
        )  # fmt: skip
        self.orders[order.order_id] = order
        self.report(order)
        if crosses and order.time_in_force == "PostOnly":
            self.end(order, "Cancelled")
        elif crosses:
            self.execute(order, order.quantity, ASK if is_buy else BID)
        elif order.time_in_force in ("IOC", "FOK"):
            self.end(order, "Cancelled")
        return {"orderId": order.order_id, "orderLinkId": order.client_order_id}

    def _working(self, params) -> Order:
        order = self.orders.get(params["orderId"])
        if order is None or order.status not in OPEN:
            raise Fault(170213, "Order does not exist.")
        return order

    def _order_cancel(self, params):
        order = self._working(params)
        self.end(order, "Cancelled" if not order.executed else "PartiallyFilledCanceled")
        return {"orderId": order.order_id, "orderLinkId": order.client_order_id}

    def _order_amend(self, params):
        order = self._working(params)
        order.price, order.quantity = Decimal(params["price"]), Decimal(params["qty"])
        order.at_ms = now_ms()
        self.report(order)
        return {"orderId": order.order_id, "orderLinkId": order.client_order_id}

    def _order_realtime(self, params):
        found = [each for each in self.orders.values() if each.order_id == params.get("orderId", each.order_id)]
        return page([show(o) for o in found if o.status in OPEN or "orderId" in params], params, "updatedTime", 20)

    def _order_history(self, params):
        return page([show(o) for o in self.orders.values() if o.status not in OPEN], params, "updatedTime", 20)

    def _execution_list(self, params):
        return page(self.trades, params, "execTime", 50)

    def order(self, client_order_id: str) -> Order:
        return next(each for each in self.orders.values() if each.client_order_id == client_order_id)

    def fill(self, client_order_id: str, quantity: str) -> None:
        order = self.order(client_order_id)
        self.execute(order, Decimal(quantity), order.price, is_maker=True)

    def execute(self, order: Order, quantity: Decimal, price: Decimal, *, is_maker: bool = False) -> None:
        quantity = min(quantity, order.quantity - order.executed)
        is_buy = order.side == "Buy"
        fee = quantity / 1_000 if is_buy else quantity * price / 1_000
        order.executed += quantity
        order.at_ms = now_ms()
        order.status = "Filled" if order.executed == order.quantity else "PartiallyFilled"
        self.held += quantity - fee if is_buy else -quantity
        trade = {
            "category": "spot", "symbol": "BTCUSDT", "orderId": order.order_id, "orderLinkId": order.client_order_id,
            "side": order.side, "orderPrice": str(order.price), "orderQty": str(order.quantity), "orderType": order.type,
            "execId": f"t-{next(self._trade_ids)}", "execPrice": str(price), "execQty": str(quantity), "execType": "Trade",
            "execValue": str(price * quantity), "execFee": str(fee), "feeCurrency": "BTC" if is_buy else "USDT",
            "feeRate": "0.001", "isMaker": is_maker, "execTime": str(order.at_ms), "leavesQty": str(order.quantity - order.executed),
        }  # fmt: skip
        self.trades.append(trade)
        self._outbox.put_nowait(("execution", trade))
        self.report(order)

    def end(self, order: Order, status: str) -> None:
        order.status, order.at_ms = status, now_ms()
        self.report(order)

    def report(self, order: Order) -> None:
        self._outbox.put_nowait(("order", show(order)))


def page(rows: list[dict], params: dict, time: str, count: int) -> dict:
    """The newest of a window; so many unless more are asked for."""
    start, end = int(params.get("startTime", 0)), int(params.get("endTime", 2**60))
    found = [each for each in rows if start <= int(each[time]) <= end]
    return {"category": "spot", "list": found[::-1][: int(params.get("limit", count))]}


def show(order: Order) -> dict:
    return {
        "category": "spot", "orderId": order.order_id, "orderLinkId": order.client_order_id, "symbol": "BTCUSDT",
        "price": str(order.price), "qty": str(order.quantity), "side": order.side, "orderStatus": order.status,
        "cumExecQty": str(order.executed), "cumExecValue": str(order.executed * order.price), "avgPrice": "",
        "leavesQty": str(order.quantity - order.executed), "timeInForce": order.time_in_force, "orderType": order.type,
        "cumExecFee": "0", "createdTime": str(order.at_ms), "updatedTime": str(order.at_ms), "rejectReason": "EC_NoError",
        "triggerPrice": "0", "stopOrderType": "", "reduceOnly": False, "orderFilter": "Order", "isLeverage": "0",
    }  # fmt: skip


def sign(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def now_ms() -> int:
    return time.time_ns() // 10**6
