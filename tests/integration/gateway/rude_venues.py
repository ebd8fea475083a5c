"""Local servers that speak as venues do and deliver a recording badly: twice, swapped, with holes, and cut off."""

import asyncio
import contextlib
import http
import json
import random
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Request, Response, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed


class PlainBook:
    """Two dictionaries of texts, as a slow reader keeps them."""

    def __init__(self) -> None:
        self.sides: tuple[dict, dict] = ({}, {})
        self.last = 0

    def set(self, bids, asks) -> None:
        for side, levels in zip(self.sides, (bids, asks), strict=True):
            for price, quantity in levels:
                if float(quantity):
                    side[price] = quantity
                else:
                    side.pop(price, None)

    def best(self, count: int) -> tuple[list, list]:
        bids, asks = ([(float(p), float(q)) for p, q in side.items()] for side in self.sides)
        return sorted(bids, reverse=True)[:count], sorted(asks)[:count]


class Delivery:
    """In which order, and how often, frames leave: seeded. Each is (position, is_sent)."""

    def __init__(self, seed: int, rudeness: float) -> None:
        self._random, self._rudeness = random.Random(seed), rudeness
        self.duplicated = self.swapped = self.lost = 0

    def plan(self, count: int) -> Iterator[tuple[int, list[int]]]:
        """For each moment how far the venue has come, and the positions that are sent; the last are sent well."""
        position = 0
        while position < count:
            drawn = self._random.random() if position < count * 0.8 else 1.0
            if drawn < self._rudeness and position + 1 < count:
                self.swapped += 1
                position += 2
                yield position, [position - 1, position - 2]
                continue
            if drawn < 2 * self._rudeness:
                self.lost += 1
                yield position + 1, []
            elif drawn < 3 * self._rudeness:
                self.duplicated += 1
                yield position + 1, [position, position]
            else:
                yield position + 1, [position]
            position += 1


class RudeVenue:
    """Common to both: one server for streams and REST; ``is_done`` when everything was delivered."""

    def __init__(self, seed: int = 1, rudeness: float = 0.03) -> None:
        self.delivery = Delivery(seed, rudeness)
        self.is_done = asyncio.Event()
        self.connections: set[ServerConnection] = set()
        self.connected = 0
        self.books: dict[str, PlainBook] = {}

    @contextlib.asynccontextmanager
    async def running(self):
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._rest, compression=None) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    def cut(self) -> None:
        for connection in self.connections:
            connection.transport.abort()

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections.add(connection)
        self.connected += 1
        try:
            async for message in connection:
                await self.answer(connection, json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            self.connections.discard(connection)

    async def answer(self, connection: ServerConnection, request: dict) -> None:
        raise NotImplementedError

    def _rest(self, connection: ServerConnection, request: Request) -> Response | None:
        place = urlsplit(request.path)
        content = self.rest(place.path, {k: v[0] for k, v in parse_qs(place.query).items()})
        if content is None:
            return None
        body = json.dumps(content).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        return Response(http.HTTPStatus.OK, "OK", headers, body)

    def rest(self, path: str, query: dict[str, str]):
        return None

    def advance(self, position: int) -> None:
        """The venue's own book moves on, whatever is delivered."""
        raise NotImplementedError

    def frame(self, position: int) -> tuple[str, bytes]:
        """(channel, frame)."""
        raise NotImplementedError

    def is_wanted(self, channel: str) -> bool:
        return True

    async def deliver(self, count: int, cut_at: frozenset[int] = frozenset()) -> None:
        """Moves the venue's books on and sends, with a breath now and then so that the client can ask again."""
        done = 0
        for number, (until, positions) in enumerate(self.delivery.plan(count)):
            while done < until:
                self.advance(done)
                done += 1
            for position in positions:
                channel, frame = self.frame(position)
                if self.is_wanted(channel):
                    for connection in list(self.connections):
                        with contextlib.suppress(ConnectionClosed):
                            await connection.send(frame, text=True)
            if number in cut_at:
                self.cut()
            await asyncio.sleep(0.02 if number % 20 == 0 or number in cut_at else 0)
        self.is_done.set()


class RudeDeribit(RudeVenue):
    """``frames``: recorded notices of books, in order."""

    def __init__(self, frames: list[dict], listed: list[dict], **how) -> None:
        super().__init__(**how)
        self.frames, self.listed = frames, listed
        self.books = {each["instrument_name"]: PlainBook() for each in listed}
        self.subscribed: set[str] = set()

    def frame(self, position):
        content = self.frames[position]
        return content["params"]["channel"], json.dumps(content, separators=(",", ":")).encode()

    def is_wanted(self, channel):
        return channel in self.subscribed

    def advance(self, position):
        content = self.frames[position]["params"]["data"]
        book = self.books[content["instrument_name"]]
        if content["type"] == "snapshot":
            book.sides = ({}, {})
        sides = [[(price, 0 if action == "delete" else q) for action, price, q in content[s]] for s in ("bids", "asks")]
        book.set(*sides)
        book.last = content["change_id"]

    async def answer(self, connection, request):
        method, params = request["method"], request.get("params", {})
        result: object = "ok"
        if method == "public/get_instruments":
            result = self.listed
        elif method == "public/unsubscribe":
            self.subscribed -= set(params["channels"])
            result = params["channels"]
        elif method == "public/subscribe":
            result = params["channels"]
        await connection.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}))
        if method == "public/subscribe":
            for channel in params["channels"]:
                self.subscribed.add(channel)
                if channel.startswith("book."):
                    await connection.send(json.dumps(self.snapshot(channel)))

    def snapshot(self, channel: str) -> dict:
        name = channel.split(".")[1]
        book = self.books[name]
        levels = [[["new", price, quantity] for price, quantity in side.items()] for side in book.sides]
        content = {"type": "snapshot", "timestamp": 1, "instrument_name": name, "change_id": book.last}
        content |= {"bids": levels[0], "asks": levels[1]}
        return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": content}}


class RudeBinance(RudeVenue):
    """``frames``: depth updates of one symbol, in order; the snapshot lies beside the stream."""

    def __init__(self, frames: list[dict], first: dict, symbols: list[dict], **how) -> None:
        super().__init__(**how)
        self.frames, self.symbols = frames, symbols
        self.book = PlainBook()
        self.book.set(first["bids"], first["asks"])
        self.book.last = first["lastUpdateId"]
        self.snapshots = 0

    def frame(self, position):
        content = self.frames[position]
        return "", json.dumps(
            {"stream": f"{content['s'].lower()}@depth@100ms", "data": content}, separators=(",", ":")
        ).encode()

    def advance(self, position):
        content = self.frames[position]
        if content["u"] > self.book.last:
            self.book.set(content["b"], content["a"])
            self.book.last = content["u"]

    def rest(self, path, query):
        if path.endswith("/exchangeInfo"):
            return {"symbols": self.symbols}
        if path.endswith("/depth"):
            self.snapshots += 1
            sides = [[[p, q] for p, q in side.items()] for side in self.book.sides]
            return {"lastUpdateId": self.book.last, "bids": sides[0], "asks": sides[1]}
        return None
