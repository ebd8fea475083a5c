"""The latest market values that a strategy has been sent, and how old they are."""

import logging
from collections.abc import Iterable

import msgspec

from strategies.quoting import Market
from wire.facts import RiskFrame
from wire.instruments import UnknownInstrumentName, parse_instrument_name
from wire.market import AnyFrame, Index, Surface, SurfaceSlice, Ticker, VenueStatus

log = logging.getLogger(__name__)

_decode = msgspec.json.Decoder(AnyFrame | RiskFrame).decode


class MarketStore:
    def __init__(self) -> None:
        self._tickers: dict[str, Ticker] = {}
        self._slices: dict[str, SurfaceSlice] = {}
        self._alive_at_ns: dict[str, int] = {}
        self._surface_at_ns: dict[str, int] = {}
        self._market_time_ns = 0
        self._gateway_at_ns = 0

    def take(self, frames: Iterable[msgspec.Raw]) -> None:
        """Frames of a kind that this client does not know are left alone."""
        for raw in frames:
            try:
                frame = _decode(raw)
            except msgspec.ValidationError as error:
                log.debug("frame left alone: %s", error)
                continue
            if isinstance(frame, Ticker):
                self._take_ticker(frame)
            elif isinstance(frame, Index):
                self._see(frame.coin, frame.at_ns, frame.market_time_ns)
            elif isinstance(frame, Surface):
                self._take_surface(frame)
            elif isinstance(frame, VenueStatus):
                self._gateway_at_ns = max(self._gateway_at_ns, frame.at_ns)

    def view(self, now_ns: int) -> Market:
        """``now_ns``: the server's wall clock."""
        return Market(
            now_ns=now_ns,
            market_time_ns=self._market_time_ns,
            tickers=self._tickers,
            slices=self._slices,
            alive_at_ns=self._alive_at_ns,
            surface_at_ns=self._surface_at_ns,
            gateway_at_ns=self._gateway_at_ns,
        )

    def _take_ticker(self, frame: Ticker) -> None:
        try:
            coin = parse_instrument_name(frame.instrument_name).base_currency
        except UnknownInstrumentName:
            return
        self._tickers[frame.instrument_name] = frame
        self._see(coin, frame.at_ns, frame.market_time_ns)

    def _take_surface(self, frame: Surface) -> None:
        """A surface replaces the coin's earlier one: an expiry that it no longer has is gone."""
        prefixes = (f"{frame.coin}-", f"{frame.coin}_")
        self._slices = {name: each for name, each in self._slices.items() if not name.startswith(prefixes)}
        self._slices.update({each.underlying_name: each for each in frame.slices})
        self._surface_at_ns[frame.coin] = frame.at_ns

    def _see(self, coin: str, at_ns: int, market_time_ns: int) -> None:
        self._gateway_at_ns = max(self._gateway_at_ns, at_ns)
        self._alive_at_ns[coin] = max(self._alive_at_ns.get(coin, 0), at_ns)
        self._market_time_ns = max(self._market_time_ns, market_time_ns)
