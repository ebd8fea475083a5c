"""Plays a flat market onto Valkey, as the gateway and the surface task do."""

import datetime as dt
import math
import threading
import time
from typing import Self

import msgspec

from common import valkey
from strategies.quoting import NANOSECONDS_PER_YEAR
from wire import transport
from wire.instruments import parse_instrument_name
from wire.market import Index, Surface, SurfaceSlice, Ticker
from wire.units import NANOSECONDS_PER_SECOND

MARKET_TIME_NS = int(dt.datetime(2026, 2, 10, tzinfo=dt.UTC).timestamp()) * NANOSECONDS_PER_SECOND
FORWARD = 80_000.0


class MarketPlayer:
    """Every 100 ms: index, surface and tickers of ``names``. ``volatility`` may be changed while it plays."""

    def __init__(self, names: tuple[str, ...], volatility: float = 0.5) -> None:
        self.names, self.volatility = names, volatility
        self.is_playing = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self.publish()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def publish(self) -> None:
        frames = [(key, msgspec.json.encode(frame)) for key, frame in self._frames()]
        heartbeat = {"at_ns": time.time_ns(), "state": "running"}
        pipeline = valkey.client().pipeline(transaction=False)
        pipeline.hset(transport.MARKET_LATEST, mapping=dict(frames))
        pipeline.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode(frames))
        pipeline.set(transport.GATEWAY_HEARTBEAT, msgspec.json.encode(heartbeat), px=3_000)
        pipeline.execute()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            if self.is_playing:
                self.publish()

    def _frames(self):
        now = {"at_ns": time.time_ns(), "market_time_ns": MARKET_TIME_NS}
        yield "index.BTC", Index(**now, coin="BTC", price=FORWARD)
        yield "surface.BTC", Surface(**now, coin="BTC", model_version="flat", slices=[self._slice(now["at_ns"])])
        for number, name in enumerate(self.names, start=1):
            terms = parse_instrument_name(name)
            mark = FORWARD if terms.strike is None else 0.07
            yield f"ticker.{name}", Ticker(
                **now,
                instrument_name=name,
                instrument_id=number,
                mark_price=mark,
                mark_volatility=self.volatility,
                index_price=FORWARD,
                forward_price=FORWARD,
            )

    def _slice(self, at_ns: int) -> SurfaceSlice:
        expiry_at_ns = parse_instrument_name("BTC-27MAR26").expiry_at_ns
        years = (expiry_at_ns - MARKET_TIME_NS) / NANOSECONDS_PER_YEAR
        return SurfaceSlice(
            underlying_name="BTC-27MAR26",
            expiry_at_ns=expiry_at_ns,
            forward_price=FORWARD,
            years=years,
            a=self.volatility**2 * years,
            b=0.0,
            rho=0.0,
            m=0.0,
            sigma=0.1,
            fitted_at_ns=at_ns,
            market_time_ns=MARKET_TIME_NS,
            is_stale=False,
            share_inside=1.0,
        )


def call_price(volatility: float, strike: float = FORWARD) -> float:
    """In coin, of the call that expires on 27 March."""
    years = (parse_instrument_name("BTC-27MAR26").expiry_at_ns - MARKET_TIME_NS) / NANOSECONDS_PER_YEAR
    deviation = volatility * math.sqrt(years)
    d1 = math.log(FORWARD / strike) / deviation + deviation / 2
    cdf = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))  # noqa: E731 - one letter of the formula
    return cdf(d1) - strike / FORWARD * cdf(d1 - deviation)
