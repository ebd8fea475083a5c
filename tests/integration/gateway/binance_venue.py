"""A local Binance, spot or USD-M: signed REST and user stream as documented, one account, and misbehavior on demand.

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

KEY, SECRET = "binance-key", "binance-secret"
BID, ASK = Decimal(90_000), Decimal(90_010)
SYMBOL = {
    "symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "status": "TRADING", "contractType": "PERPETUAL",
    "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.01"}, {"filterType": "LOT_SIZE", "stepSize": "0.001"}],
}  # fmt: skip
OPEN = ("NEW", "PARTIALLY_FILLED")


class Fault(Exception):
    def __init__(self, code: int, message: str, status: int = 400, data: object = None) -> None:
        super().__init__(message)
        self.status, self.content = status, {"code": code, "msg": message} | ({"data": data} if data else {})


@dataclasses.dataclass
class Order:
    order_id: int
    client_order_id: str
    side: str
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    executed: Decimal = Decimal(0)
    status: str = "NEW"
    at_ms: int = 0

    @property
    def left(self) -> Decimal:
        return self.quantity - self.executed


class BinanceVenue:
    """``delivery``: words for the next events of the user stream: keep, drop, double, late."""

    def __init__(self, *, is_spot: bool, clock_ahead_ms: int = 0) -> None:
        self.is_spot, self.clock_ahead_ms = is_spot, clock_ahead_ms
        self.is_hedged = False
        self.orders: dict[int, Order] = {}
        self.trades: list[dict] = []
        self.held = Decimal(5) if is_spot else Decimal(0)
        self.delivery: deque[str] = deque()
        self.lost_answers: deque[str] = deque()
        """Paths whose next request is taken and not answered; with a ``-`` before it is not even taken."""
        self.faults: deque[tuple[str, Fault]] = deque()
        self.requests: list[tuple[str, str, dict]] = []
        self.headers: dict[str, str] = {}
        self.verify = lambda query, signature: hmac.compare_digest(
            hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest(), signature
        )
        self._ids, self._trade_ids = itertools.count(1_000), itertools.count(1)
        self._http = HttpServer(self._handle)
        self._users: set[ServerConnection] = set()
        self._markets: set[ServerConnection] = set()
        self._late: list[dict] = []
        self._outbox: asyncio.Queue[dict] = asyncio.Queue()
        self.listen_keys: list[str] = []
        self.user_connects = 0

    # ---- connections

    @contextlib.asynccontextmanager
    async def running(self):
        async with self._http.running(), serve(self._serve, "127.0.0.1", 0, compression=None) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self.rest_url = f"http://127.0.0.1:{self._http.port}"
            tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._quote())]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        for connection in (*self._users, *self._markets):
            connection.transport.abort()
        self._http.cut()

    async def _serve(self, connection: ServerConnection) -> None:
        path = connection.request.path
        is_market = path.startswith("/stream")
        if path.startswith("/ws/") and path[4:] not in self.listen_keys[-1:]:
            return
        group = self._markets if is_market else self._users
        if not is_market and not self.is_spot:
            self.user_connects += 1
            group.add(connection)
        if is_market:
            group.add(connection)
        try:
            async for message in connection:
                await self._subscribe(connection, json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            group.discard(connection)

    async def _subscribe(self, connection: ServerConnection, request: dict) -> None:
        params = dict(request["params"])
        signature = params.pop("signature")
        text = "&".join(f"{name}={params[name]}" for name in sorted(params))
        if request["method"] != "userDataStream.subscribe.signature" or not self.verify(text, signature):
            error = {"code": -1022, "msg": "Signature for this request is not valid."}
            await connection.send(json.dumps({"id": request["id"], "status": 400, "error": error}))
            return
        self.user_connects += 1
        self._users.add(connection)
        await connection.send(json.dumps({"id": request["id"], "status": 200, "result": {"subscriptionId": 0}}))

    async def _quote(self) -> None:
        while True:
            content = {"u": 1, "s": "BTCUSDT", "b": str(BID), "B": "1", "a": str(ASK), "A": "1"}
            for connection in list(self._markets):
                with contextlib.suppress(ConnectionClosed):
                    await connection.send(json.dumps({"stream": "btcusdt@bookTicker", "data": content}))
            await asyncio.sleep(0.2)

    async def _tell(self) -> None:
        while True:
            event = await self._outbox.get()
            how = self.delivery.popleft() if self.delivery else "keep"
            if how == "late":
                self._late.append(event)
                continue
            events = [] if how == "drop" else [event] * (10 if how == "double" else 1)
            for each in events + self._late:
                await self._send(each)
            self._late.clear()

    async def _send(self, event: dict) -> None:
        frame = {"subscriptionId": 0, "event": event} if self.is_spot else event
        for connection in list(self._users):
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps(frame))

    def say(self, event: dict) -> None:
        self._outbox.put_nowait(event)

    # ---- REST

    async def _handle(self, method: str, target: str, headers: dict, body: bytes):
        place = urlsplit(target)
        path = place.path.rpartition("/v1/" if "/v1/" in place.path else "/v3/")[2]
        params = dict(parse_qsl(place.query))
        self.requests.append((method, path, params))
        lost = self.lost_answers[0] if self.lost_answers else ""
        if lost == f"-{path}":
            self.lost_answers.popleft()
            return None
        try:
            if self.faults and self.faults[0][0] == path:
                raise self.faults.popleft()[1]
            if path not in ("time", "exchangeInfo", "depth"):
                self._check(path, place.query, params, headers)
            content = self._answer(method, path, params)
        except Fault as fault:
            return fault.status, fault.content, self.headers
        if lost == path and method in ("POST", "DELETE", "PUT"):
            self.lost_answers.popleft()
            return None
        return 200, content, self.headers

    def _check(self, path: str, query: str, params: dict, headers: dict) -> None:
        if headers.get("x-mbx-apikey") != KEY:
            raise Fault(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        if path == "listenKey":
            return
        signed, _, signature = query.rpartition("&signature=")
        if not signed or not self.verify(signed, dict(parse_qsl(f"s={signature}"))["s"]):
            raise Fault(-1022, "Signature for this request is not valid.")
        ahead = int(params["timestamp"]) - self.now_ms()
        if not -int(params["recvWindow"]) <= ahead < 1_000:
            raise Fault(-1021, "Timestamp for this request is outside of the recvWindow.")

    def now_ms(self) -> int:
        return time.time_ns() // 10**6 + self.clock_ahead_ms

    def _answer(self, method: str, path: str, params: dict):
        if path in ("order/cancelReplace", "order/amend/keepPriority"):
            return self._cancel_replace(params) if method == "POST" else self._keep_priority(params)
        if path == "order":
            actions = {"POST": self._place, "DELETE": self._cancel, "PUT": self._modify, "GET": self._get}
            return actions[method](params)
        return getattr(self, f"_on_{path.partition('/')[0]}")(params)

    def _on_time(self, params):
        return {"serverTime": self.now_ms()}

    def _on_exchangeInfo(self, params):
        return {"symbols": [SYMBOL]}

    def _on_depth(self, params):
        return {"lastUpdateId": 1, "bids": [[str(BID), "10"]], "asks": [[str(ASK), "10"]]}

    def _on_listenKey(self, params):
        self.listen_keys.append(self.listen_keys[-1] if self.listen_keys else "listen-1")
        return {"listenKey": self.listen_keys[-1]}

    def _on_positionSide(self, params):
        return {"dualSidePosition": self.is_hedged}

    def _on_openOrders(self, params):
        return [self.show(order, is_read=True) for order in self.orders.values() if order.status in OPEN]

    def _on_account(self, params):
        return {"balances": [{"asset": "BTC", "free": str(self.held), "locked": "0.00000000"}]}

    def _on_positionRisk(self, params):
        return [{"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": str(self.held)}]

    def _on_myTrades(self, params):
        first, start = int(params.get("fromId", 0)), int(params.get("startTime", 0))
        end, order_id = int(params.get("endTime", 2**60)), int(params.get("orderId", 0))
        found = [each for each in self.trades if each["id"] >= first and start <= each["time"] <= end]
        found = [each for each in found if order_id in (0, each["orderId"])]
        return found[: int(params.get("limit", 500))]

    _on_userTrades = _on_myTrades

    def _find(self, params: dict, *, code: int) -> Order:
        """By the venue's id, or the latest with the client's."""
        for order in reversed(self.orders.values()):
            if params.get("orderId") == str(order.order_id) or params.get("origClientOrderId") == order.client_order_id:
                return order
        raise Fault(code, "Order does not exist." if code == -2013 else "Unknown order sent.")

    def _get(self, params):
        return self.show(self._find(params, code=-2013), is_read=True)

    def _place(self, params):
        client_order_id = params["newClientOrderId"]
        if any(each.client_order_id == client_order_id for each in self.orders.values()):
            raise Fault(-2010, "Duplicate order sent.")
        price, is_buy = Decimal(params.get("price", 0)), params["side"] == "BUY"
        crosses = params["type"] == "MARKET" or (price >= ASK if is_buy else price <= BID)
        if crosses and params["type"] == "LIMIT_MAKER":
            raise Fault(-2010, "Order would immediately match and take.")
        if crosses and params.get("timeInForce") == "GTX":
            raise Fault(-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.")
        order = Order(
            next(self._ids), client_order_id, params["side"], params["type"], params.get("timeInForce", "GTC"), price,
            Decimal(params["quantity"]), at_ms=self.now_ms(),
        )  # fmt: skip
        self.orders[order.order_id] = order
        self.report(order, "NEW")
        before = len(self.trades)
        if crosses:
            self.execute(order, order.quantity, ASK if is_buy else BID)
        elif order.time_in_force in ("IOC", "FOK"):
            self.end(order, "EXPIRED")
        fills = [
            {"price": t["price"], "qty": t["qty"], "commission": t["commission"], "commissionAsset": t["commissionAsset"], "tradeId": t["id"]}
            for t in self.trades[before:]
        ]  # fmt: skip
        return self.show(order) | ({"fills": fills} if params["newOrderRespType"] == "FULL" else {})

    def _cancel(self, params):
        order = self._find(params, code=-2011)
        if order.status not in OPEN:
            raise Fault(-2011, "Unknown order sent.")
        self.end(order, "CANCELED")
        shown = self.show(order)
        if self.is_spot:
            shown |= {"origClientOrderId": order.client_order_id, "clientOrderId": f"cancel{order.order_id}"}
        return shown

    def _modify(self, params):
        order = self._find(params, code=-2013)
        if order.status not in OPEN:
            raise Fault(-2013, "Order does not exist.")
        order.price, order.quantity, order.at_ms = Decimal(params["price"]), Decimal(params["quantity"]), self.now_ms()
        if order.left <= 0:
            self.end(order, "CANCELED")
        else:
            self.report(order, "AMENDMENT")
        return self.show(order)

    def _keep_priority(self, params):
        order = self._find(params, code=-2013)
        quantity = Decimal(params["newQty"])
        if not order.executed < quantity < order.quantity or params["newClientOrderId"] != order.client_order_id:
            raise Fault(-2038, "Order amend (quantity increase) is not supported.")
        order.quantity, order.at_ms = quantity, self.now_ms()
        self.report(order, "REPLACED")
        shown = self.show(order)
        shown["qty"] = shown.pop("origQty")
        return {"transactTime": order.at_ms, "executionId": 1, "amendedOrder": shown}

    def _cancel_replace(self, params):
        assert params["cancelReplaceMode"] == "STOP_ON_FAILURE"
        old = self._find({"orderId": params["cancelOrderId"]}, code=-2011)
        result = {"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
        if old.status != params["cancelRestrictions"].removeprefix("ONLY_"):
            result["cancelResponse"] = {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
            raise Fault(-2022, "Order cancel-replace failed.", data=result)
        canceled = self._cancel({"orderId": str(old.order_id)})
        try:
            placed = self._place(params)
        except Fault as fault:
            result = {"cancelResult": "SUCCESS", "newOrderResult": "FAILURE", "cancelResponse": canceled}
            result["newOrderResponse"] = fault.content
            raise Fault(-2021, "Order cancel-replace partially failed.", 409, result) from fault
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": canceled,
            "newOrderResponse": placed,
        }

    # ---- what happens to orders

    def order(self, client_order_id: str) -> Order:
        return next(each for each in self.orders.values() if each.client_order_id == client_order_id)

    def fill(self, client_order_id: str, quantity: str) -> None:
        order = self.order(client_order_id)
        self.execute(order, Decimal(quantity), order.price, is_maker=True)

    def execute(self, order: Order, quantity: Decimal, price: Decimal, *, is_maker: bool = False) -> None:
        quantity = min(quantity, order.left)
        fee = quantity / 1_000 if self.is_spot and order.side == "BUY" else quantity * price / 1_000
        currency = "BTC" if self.is_spot and order.side == "BUY" else "USDT"
        order.executed += quantity
        order.at_ms = self.now_ms()
        order.status = "PARTIALLY_FILLED" if order.left else "FILLED"
        self.held += quantity if order.side == "BUY" else -quantity
        self.held -= fee if currency == "BTC" else 0
        is_buy = order.side == "BUY"
        trade = {
            "symbol": "BTCUSDT", "id": next(self._trade_ids), "orderId": order.order_id, "price": str(price),
            "qty": str(quantity), "commission": str(fee), "commissionAsset": currency, "time": order.at_ms,
        }  # fmt: skip
        trade |= {"isBuyer": is_buy, "isMaker": is_maker} if self.is_spot else {"buyer": is_buy, "maker": is_maker}
        self.trades.append(trade)
        if not self.is_spot:
            self.say({
                "e": "TRADE_LITE", "E": order.at_ms, "T": order.at_ms, "s": "BTCUSDT", "q": str(order.quantity),
                "p": str(order.price), "m": is_maker, "c": order.client_order_id, "S": order.side, "L": str(price),
                "l": str(quantity), "t": trade["id"], "i": order.order_id,
            })  # fmt: skip
        self.report(order, "TRADE", trade, is_maker=is_maker)

    def end(self, order: Order, status: str) -> None:
        order.status, order.at_ms = status, self.now_ms()
        self.report(order, status)

    def report(self, order: Order, kind: str, trade: dict | None = None, *, is_maker: bool = False) -> None:
        is_cancel = kind == "CANCELED" and self.is_spot
        content = {
            "s": "BTCUSDT", "c": f"cancel{order.order_id}" if is_cancel else order.client_order_id, "S": order.side,
            "o": order.type, "f": order.time_in_force, "q": str(order.quantity), "p": str(order.price), "x": kind,
            "X": order.status, "i": order.order_id, "l": trade["qty"] if trade else "0", "z": str(order.executed),
            "L": trade["price"] if trade else "0", "T": order.at_ms, "t": trade["id"] if trade else (-1 if self.is_spot else 0),
            "m": is_maker, "n": trade["commission"] if trade else "0", "N": trade["commissionAsset"] if trade else None,
        }  # fmt: skip
        if self.is_spot:
            original = order.client_order_id if is_cancel or kind == "REPLACED" else ""
            self.say({"e": "executionReport", "E": order.at_ms, "C": original, "r": "NONE", **content})
        else:
            self.say({"e": "ORDER_TRADE_UPDATE", "E": order.at_ms, "T": order.at_ms, "o": content})

    def show(self, order: Order, *, is_read: bool = False) -> dict:
        moment = "transactTime" if self.is_spot and not is_read else "updateTime"
        return {
            "symbol": "BTCUSDT", "orderId": order.order_id, "clientOrderId": order.client_order_id, moment: order.at_ms,
            "price": str(order.price), "origQty": str(order.quantity), "executedQty": str(order.executed),
            "status": order.status, "timeInForce": order.time_in_force, "type": order.type, "side": order.side,
        }  # fmt: skip
