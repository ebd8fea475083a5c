"""The latest market data, read from Valkey: prices with their age. Nothing here is a truth.

Raises the ``common.valkey.Unreachable`` errors where the server does not answer: a caller that would take risk
turns them into a refusal, never into a price.
"""

import functools
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar, cast

import msgspec

from common import valkey
from common.errors import Refusal
from wire import limits, transport
from wire.instruments import COINS
from wire.market import Frame, Index, Ticker, VenueLink, VenueStatus
from wire.units import NANOSECONDS_PER_MS

TICKERS_PER_SCAN = 10_000
Shown = TypeVar("Shown", bound=Frame)

_decode_ticker = msgspec.json.Decoder(Ticker)
_decode_index = msgspec.json.Decoder(Index)
_decode_status = msgspec.json.Decoder(VenueStatus)


class MarketUnavailable(Refusal):
    """Nobody publishes market data, so the market has no time."""

    status = 503


class GatewayHeartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway last said of itself; see ``wire.transport.GATEWAY_HEARTBEAT``."""

    at_ns: int
    state: str
    journal_sequence: int = 0
    event_number: int = 0
    command_sequence: int = 0
    source: str = ""

    @property
    def is_running(self) -> bool:
        return self.state == "running"


def get_ticker(name: str) -> Ticker | None:
    """The latest ticker of the instrument, or None where nobody published one."""
    return get_tickers([name]).get(name)


def get_tickers(names: Iterable[str]) -> dict[str, Ticker]:
    """Tickers by instrument name; names without one are left out."""
    wanted = list(names)
    if not wanted:
        return {}
    found = _read([f"ticker.{name}" for name in wanted])
    return {name: _decode_ticker.decode(raw) for name, raw in zip(wanted, found, strict=True) if raw is not None}


def tickers_of(coin: str) -> list[Ticker]:
    """Every ticker of the coin's instruments, by name."""
    pattern = f"ticker.{coin}[-_]*"
    rows = valkey.client().hscan_iter(transport.MARKET_LATEST, match=pattern, count=TICKERS_PER_SCAN)
    return sorted((_decode_ticker.decode(raw) for _, raw in rows), key=lambda ticker: ticker.instrument_name)


def mid_of(ticker: Ticker) -> Decimal | None:
    """In quote currency; None where a side is empty."""
    if ticker.bid_price is None or ticker.ask_price is None:
        return None
    return (Decimal(ticker.bid_price) + Decimal(ticker.ask_price)) / 2


def list_venue_links() -> list[VenueLink]:
    """How each venue that the gateway is connected to stands, by name; silent ones are old."""
    rows = valkey.client().hscan_iter(transport.MARKET_LATEST, match="venue_link.*", count=TICKERS_PER_SCAN)
    return sorted((decode_frame(raw, VenueLink) for _, raw in rows), key=lambda link: link.venue)


def get_index(coin: str) -> Index | None:
    """The latest index of the coin, or None."""
    (raw,) = _read([f"index.{coin}"])
    return None if raw is None else _decode_index.decode(raw)


def is_stale(frame: Frame, now_ns: int) -> bool:
    """Whether the frame is older than ``STALE_AFTER_MS`` by the wall clock, or further than that in the future."""
    return abs(now_ns - frame.at_ns) > limits.STALE_AFTER_MS * NANOSECONDS_PER_MS


def find_market_time_ns() -> int | None:
    """The market's own clock: the newest time of its status and indices, or None where nobody plays a market."""
    status, *indices = _read(["venue.status", *(f"index.{coin}" for coin in COINS)])
    frames: list[Frame] = [_decode_index.decode(raw) for raw in indices if raw is not None]
    if status is not None:
        frames.append(_decode_status.decode(status))
    return max((frame.market_time_ns for frame in frames), default=None)


def market_time_ns() -> int:
    """The market's own clock. Raises MarketUnavailable where nobody plays a market."""
    found = find_market_time_ns()
    if found is None:
        raise MarketUnavailable("stale_market", "no market data has been published")
    return found


def find_heartbeat() -> GatewayHeartbeat | None:
    """The gateway's heartbeat, or None where it has been silent for three seconds."""
    raw = valkey.client().get(transport.GATEWAY_HEARTBEAT)
    return None if raw is None else msgspec.json.decode(raw, type=GatewayHeartbeat)


def read_raw(keys: Iterable[str]) -> dict[str, bytes]:
    """Frames as they were published, by key, in one read; keys without one are left out."""
    wanted = list(keys)
    return {key: raw for key, raw in zip(wanted, _read(wanted), strict=True) if raw is not None} if wanted else {}


def decode_frame(raw: bytes, kind: type[Shown]) -> Shown:
    """The frame that ``raw`` says."""
    return cast("Shown", _decoder_of(kind).decode(raw))


@functools.cache
def _decoder_of(kind: type[Frame]) -> msgspec.json.Decoder[Frame]:
    return msgspec.json.Decoder(kind)


def _read(keys: list[str]) -> list[bytes | None]:
    return cast("list[bytes | None]", valkey.client().hmget(transport.MARKET_LATEST, keys))
