"""The ways of recorded frames: the core's decoder, our adapters, ccxt's handlers, our adapter over ccxt."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import parley_core

from bench.venue_frames import Recording, read_snapshot
from gateway.venues.binance.client import BinanceClient
from gateway.venues.books import VenueBooks, VenueInstrument
from gateway.venues.ccxt import parse
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.settings import VenueEntry

Take = Callable[[bytes], object]
Top = Callable[[], object]
Play = Callable[[], tuple[Take, Top]]
STEPS = {
    "deribit": ("0.0001", "0.1"),
    "binance_spot": ("0.00000001", "0.00000001"),
    "binance_usdm": ("0.00001", "0.001"),
}
URLS = {"binance_spot": "wss://stream.binance.com:9443/ws", "binance_usdm": "wss://fstream.binance.com/ws"}
LEVELS = 50


def own_plays(recording: Recording) -> dict[str, Play]:
    if recording.adapter not in STEPS:
        return {}
    return {"decoder": lambda: play_decoder(recording), "adapter": lambda: play_adapter(recording)}


def play_decoder(recording: Recording) -> tuple[Take, Top]:
    feed = parley_core.VenueFeed(recording.adapter)
    tick, step = STEPS[recording.adapter]
    slots = {symbol: feed.list_instrument(symbol, tick, step) for symbol in recording.symbols}

    def take(frame: bytes) -> None:
        snapshot = read_snapshot(frame)
        if snapshot is None:
            feed.apply_frame(frame, 1)
        else:
            feed.apply_frame(snapshot[1], 1, slots[snapshot[0]])

    def top() -> object:
        depths = {symbol: feed.depth(slot, 1) for symbol, slot in slots.items()}
        return {
            symbol: [float(side[0][0] * Decimal(tick)) if side[0] else None for side in sides]
            for symbol, sides in depths.items()
        }

    return take, top


def play_adapter(recording: Recording) -> tuple[Take, Top]:
    tick, step = STEPS[recording.adapter]
    entry = VenueEntry(name="v", adapter=recording.adapter, instruments=["BTC_USDT"])
    client: Any = DeribitClient(entry) if recording.adapter == "deribit" else BinanceClient(entry)
    books: VenueBooks = client.books
    for symbol in recording.symbols:
        books.list_instrument(instrument(symbol, tick, step))
    if recording.adapter != "deribit":
        client._names.update({symbol: symbol for symbol in recording.symbols})

    def take(frame: bytes) -> None:
        snapshot = read_snapshot(frame)
        if snapshot is None:
            client.take(frame, 1)
        else:
            books.apply(snapshot[1], 1, books.slots[snapshot[0]])

    return take, lambda: tops(books, recording.symbols)


class CcxtClient:
    """What a handler of ccxt asks of its connection."""

    subscriptions: dict[str, object] = {}

    def __init__(self, url: str) -> None:
        self.url = url

    def resolve(self, *_: Any) -> None:
        """Nobody waits."""

    def reject(self, error: Exception, *_: Any) -> None:
        raise error


def ccxt_plays(recording: Recording) -> dict[str, Play]:
    """Empty where ccxt is not there."""
    try:
        import ccxt.pro  # noqa: F401 - only whether it can be imported
    except ImportError:
        return {}
    return {
        "ccxt": lambda: play_ccxt(recording, is_ours=False),
        "over ccxt": lambda: play_ccxt(recording, is_ours=True),
    }


def play_ccxt(recording: Recording, *, is_ours: bool) -> tuple[Take, Top]:
    """``is_ours``: each book that changed goes through our adapter too."""
    handle, exchange = find_handler(recording)
    books = VenueBooks("v", "recorded")
    for symbol in recording.symbols:
        books.list_instrument(instrument(symbol, "0.00000001", "0.00000001"))

    def take(frame: bytes) -> None:
        symbol = handle(frame)
        if is_ours and symbol:
            book = exchange.orderbooks[symbol]
            updates = parse.read_book(book.limit() or book, books.slots[symbol], books.instrument(symbol), LEVELS, 1)
            books.feed.apply_updates(updates)

    def top() -> object:
        if is_ours:
            return tops(books, recording.symbols)
        shown = {symbol: exchange.orderbooks[symbol].limit() for symbol in recording.symbols}
        return {s: [float(b[side][0][0]) if b[side] else None for side in ("bids", "asks")] for s, b in shown.items()}

    return take, top


def find_handler(recording: Recording) -> tuple[Callable[[bytes], str], Any]:
    """(takes a frame and names the book that it changed, the exchange)."""
    import ccxt.pro
    import orjson

    is_swap = recording.adapter == "binance_usdm"
    names = {"deribit": "deribit", "coinbase": "coinbaseexchange"}
    exchange = getattr(ccxt.pro, names.get(recording.adapter, "binance"))()
    client = CcxtClient(URLS.get(recording.adapter, ""))
    kinds = {"type": "swap", "swap": True, "linear": True} if is_swap else {"type": "spot", "spot": True}
    exchange.set_markets([exchange.safe_market_structure({"id": s, "symbol": s, **kinds}) for s in recording.symbols])

    def deribit(frame: bytes) -> str:
        message = orjson.loads(frame)
        channel = message.get("params", {}).get("channel", "")
        if channel.startswith("book"):
            exchange.handle_order_book(client, message)
            return str(message["params"]["data"]["instrument_name"])
        if channel.startswith("ticker"):
            exchange.handle_ticker(client, message)
        return ""

    def binance(frame: bytes) -> str:
        answer = read_snapshot(frame)
        if answer is not None:
            message = orjson.loads(answer[1])
            snapshot = exchange.parse_order_book(message, answer[0])
            snapshot["nonce"] = message["lastUpdateId"]
            exchange.orderbooks[answer[0]] = exchange.order_book(snapshot)
            return answer[0]
        message = orjson.loads(frame)
        message = message.get("data", message)
        if message.get("e") != "depthUpdate":
            return ""
        exchange.handle_order_book(client, message)
        return str(message["s"])

    def coinbase(frame: bytes) -> str:
        message = orjson.loads(frame)
        exchange.handle_order_book(client, message)
        return str(message["product_id"])

    handlers = {"deribit": deribit, "coinbase": coinbase}
    return handlers.get(recording.adapter, binance), exchange


def instrument(symbol: str, tick: str, step: str) -> VenueInstrument:
    return VenueInstrument(name=symbol, symbol=symbol, price_tick=Decimal(tick), amount_step=Decimal(step))


def tops(books: VenueBooks, symbols: list[str]) -> object:
    shown = {symbol: books.levels(symbol, 1, 0) for symbol in symbols}
    return {s: [float(side[0][0]) if side else None for side in (each.bids, each.asks)] for s, each in shown.items()}
