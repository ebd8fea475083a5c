"""Where the prices of a simulated venue come from: a seeded walk of its own, or the market that Parley shows."""

import math
import random
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from venues.simulator.profiles import Profile
from wire.instruments import COINS, InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.transport import MARKET_LATEST
from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind

ANCHORS = {"BTC": 91_500.0, "ETH": 3_020.0}
VOLATILITY = 0.55
"""A year, of a walk of its own."""
SECONDS_PER_YEAR = 365.0 * 86_400.0
STEP_SECONDS_MAX = 5.0
TICKER_PREFIX = "ticker."
EXPIRY_AHEAD_NS = 86_400 * NANOSECONDS_PER_SECOND
"""An option or future that expires sooner is not listed any more."""
NAMES_MAX = 4_000


class Path(Protocol):
    """``indices``: coin to dollars; ``marks``: contract to its price in quote currency, as they are now."""

    indices: dict[str, float]
    marks: dict[str, float]

    async def open(self, profile: Profile, at_ns: int) -> list[str]:
        """The names that the venue lists."""
        ...

    async def advance(self, at_ns: int) -> None:
        """Moves to that instant of the wall clock."""
        ...


class SeededPath:
    """Perpetuals and spot of two coins; the same seed and the same times give the same prices."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a market, no secret
        self._at_ns = 0
        self.indices = dict(ANCHORS)
        self.marks: dict[str, float] = {}

    async def open(self, profile: Profile, at_ns: int) -> list[str]:
        names = [f"{coin}{suffix}" for coin in ANCHORS for suffix in ("-PERPETUAL", "_USDC-PERPETUAL", "_USDC")]
        listed = [name for name in names if parse_instrument_name(name).kind in profile.kinds]
        self.marks = dict.fromkeys(listed, math.nan)
        await self.advance(at_ns)
        return listed

    async def advance(self, at_ns: int) -> None:
        seconds = min((at_ns - self._at_ns) / NANOSECONDS_PER_SECOND, STEP_SECONDS_MAX) if self._at_ns else 0.0
        self._at_ns = max(at_ns, self._at_ns)
        root = VOLATILITY * math.sqrt(max(seconds, 0.0) / SECONDS_PER_YEAR)
        for coin in self.indices:
            self.indices[coin] *= math.exp(root * self._random.gauss(0, 1))
        for name in self.marks:
            self.marks[name] = self.indices[name[:3]]


class _Mark(msgspec.Struct):
    mark_price: float | None = None
    forward_price: float | None = None
    price: float | None = None


class FollowedPath:
    """The marks of Parley's own market, read from the hash of its latest frames: both markets then move together."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._decode = msgspec.json.Decoder(_Mark).decode
        self.indices: dict[str, float] = {}
        self.marks: dict[str, float] = {}

    async def open(self, profile: Profile, at_ns: int) -> list[str]:
        """Empty while Parley's market shows nothing yet. What was listed stays until it expires.

        A Valkey that is away leaves what is listed as it is.
        """
        try:
            stored: Any = await self._client.hkeys(MARKET_LATEST)
        except (RedisError, OSError):
            return list(self.marks)
        keys = [key.decode() for key in stored]
        names = [key.removeprefix(TICKER_PREFIX) for key in keys if key.startswith(TICKER_PREFIX)]
        listed = {name: mark for name, mark in self.marks.items() if not is_expired(parse_instrument_name(name), at_ns)}
        self.marks = dict.fromkeys(names[:NAMES_MAX], math.nan) | listed
        await self.advance(at_ns)
        chosen = dict.fromkeys([*listed, *choose_names(self.marks, self.indices, profile, at_ns)])
        self.marks = {name: self.marks[name] for name in chosen}
        return list(chosen)

    async def advance(self, at_ns: int) -> None:
        """A Valkey that is away leaves the prices where they are."""
        names = list(self.marks)
        keys = [f"index.{coin}" for coin in COINS] + [TICKER_PREFIX + name for name in names]
        try:
            frames: Any = await self._client.hmget(MARKET_LATEST, keys)
        except (RedisError, OSError):
            return
        read = [self._decode(frame) if frame else _Mark() for frame in frames]
        for coin, index in zip(COINS, read, strict=False):
            if index.price:
                self.indices[coin] = index.price
        for name, ticker in zip(names, read[len(COINS) :], strict=True):
            if ticker.mark_price:
                self.marks[name] = ticker.mark_price


def is_expired(terms: InstrumentTerms, at_ns: int) -> bool:
    return 0 < terms.expiry_at_ns <= at_ns


def choose_names(marks: Mapping[str, float], indices: Mapping[str, float], profile: Profile, at_ns: int) -> list[str]:
    """What of a market the venue lists: kinds of its profile, and options near the money of the next expiries."""
    terms = [each for name in sorted(marks) if marks[name] > 0 and (each := _find_terms(name))]
    alive = [each for each in terms if not is_expired(each, at_ns + EXPIRY_AHEAD_NS)]
    names = [each.name for each in alive if each.kind in profile.kinds]
    options = [each for each in alive if each.kind is InstrumentKind.OPTION and each.base_currency in indices]
    for coin in sorted({each.base_currency for each in options}):
        names += _near_the_money([each for each in options if each.base_currency == coin], indices[coin], profile)
    return names


def _near_the_money(options: list[InstrumentTerms], index: float, profile: Profile) -> list[str]:
    expiries = sorted({each.expiry_at_ns for each in options})[: profile.option_expiries]
    names: list[str] = []
    for expiry in expiries:
        strikes = {each.strike for each in options if each.expiry_at_ns == expiry and each.strike is not None}
        near = set(
            sorted(strikes, key=lambda strike: (abs(float(strike) - index), strike))[: 2 * profile.option_strikes]
        )
        names += [each.name for each in options if each.expiry_at_ns == expiry and each.strike in near]
    return names


def _find_terms(name: str) -> InstrumentTerms | None:
    try:
        return parse_instrument_name(name)
    except UnknownInstrumentName:
        return None
