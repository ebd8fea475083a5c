"""What the market shows of a structure at one instant: mark, model value and the lit book's cost of every leg.

The frames are read in one go (``look``) and reckoned with later (``reckon``), so that whoever takes a lock looks
before it. Nothing is made up: what cannot be had is None and its reason is in ``missing``.
"""

import dataclasses
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from common import clock, valkey
from market import oracle
from risk.domain import MODEL_VERSION
from risk.selectors.marks import option_price, terms_of, volatility_of, years_to
from risk.selectors.surfaces import find_slice
from wire.instruments import InstrumentTerms
from wire.market import Book, Frame, Index, Surface, Ticker
from wire.units import NANOSECONDS_PER_MS, InstrumentKind, Side

UNREACHABLE = "market_unreachable"
SILENCE_SECONDS = 1.0
"""Who did not answer is not asked again for this long: what waits for the look must not wait for each timeout."""


@dataclasses.dataclass
class _Silence:
    until: float = 0.0


_silence = _Silence()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """The newest frames by key, as they were read at ``at_ns``; ``problem`` where nothing could be read."""

    at_ns: int
    raw: Mapping[str, bytes]
    problem: str = ""
    decoded: dict[str, Frame] = dataclasses.field(default_factory=dict, compare=False, repr=False)
    """Frames that were read already: legs share their coin's surface and index."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SightedLeg:
    """``side``, ``ratio``: per unit when the structure is bought. ``quantity``: contracts that the walk is about."""

    instrument_name: str
    side: Side
    ratio: int
    quantity: Decimal
    is_hedge: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegSight:
    """mark, model: in the leg's quote currency. walk_buy, walk_sell: average price of the whole quantity in the lit
    book. Ages in milliseconds. missing: what is None, and why.
    """

    instrument_name: str
    mark: float | None = None
    mark_volatility: float | None = None
    model: float | None = None
    model_volatility: float | None = None
    forward: float | None = None
    bid: str | None = None
    bid_quantity: str | None = None
    ask: str | None = None
    ask_quantity: str | None = None
    walk_buy: float | None = None
    walk_sell: float | None = None
    ticker_age_ms: int | None = None
    book_age_ms: int | None = None
    surface_age_ms: int | None = None
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sight:
    """Nets are of one unit of the structure, without its hedge leg, in its quote currency.

    lit_bid: what selling one unit into the lit books brings; lit_ask: what buying it there costs.
    """

    at_ns: int
    index_price: float | None
    index_age_ms: int | None
    mark_net: float | None
    model_net: float | None
    lit_bid: float | None
    lit_ask: float | None
    legs: tuple[LegSight, ...]
    missing: Mapping[str, str]
    model_version: str = MODEL_VERSION


def look(names: Iterable[str]) -> Look:
    """Frames of the instruments, in one read. Never raises: where nothing can be read the look says so."""
    wanted = list(names)
    coins = sorted({terms_of(name).base_currency for name in wanted})
    keys = [f"{kind}.{name}" for name in wanted for kind in ("ticker", "book")]
    keys += [f"{kind}.{coin}" for coin in coins for kind in ("index", "surface")]
    if time.monotonic() < _silence.until:
        return Look(at_ns=clock.now_ns(), raw={}, problem=UNREACHABLE)
    try:
        raw = oracle.read_raw(keys)
    except valkey.Unreachable:
        _silence.until = time.monotonic() + SILENCE_SECONDS
        return Look(at_ns=clock.now_ns(), raw={}, problem=UNREACHABLE)
    return Look(at_ns=clock.now_ns(), raw=raw)


def reckon(seen: Look, legs: Sequence[SightedLeg]) -> Sight:
    """The figures of the structure from what was seen."""
    sights = tuple(_leg(seen, leg) for leg in legs)
    missing: dict[str, str] = {}
    coin = terms_of(legs[0].instrument_name).base_currency
    index, index_problem = _frame(seen, f"index.{coin}", Index)
    if index is None:
        missing["index_price"] = index_problem
    nets = {name: _net(legs, sights, name, missing) for name in ("mark", "model")}
    return Sight(
        at_ns=seen.at_ns,
        index_price=index.price if index else None,
        index_age_ms=_age_ms(seen, index),
        mark_net=nets["mark"],
        model_net=nets["model"],
        lit_bid=_lit(legs, sights, Side.SELL, missing),
        lit_ask=_lit(legs, sights, Side.BUY, missing),
        legs=sights,
        missing=missing,
    )


def sight_content(sight: Sight) -> dict[str, Any]:
    """JSON values; numbers as text, exactly as they were reckoned."""
    content: dict[str, Any] = _texts(msgspec.to_builtins(sight))
    return content


def _leg(seen: Look, leg: SightedLeg) -> LegSight:
    name, terms = leg.instrument_name, terms_of(leg.instrument_name)
    missing: dict[str, str] = {}
    ticker, problem = _frame(seen, f"ticker.{name}", Ticker)
    if ticker is None:
        missing["ticker"] = problem
    found: dict[str, Any] = {} if ticker is None else _of_ticker(ticker, seen, missing)
    surface, problem = _frame(seen, f"surface.{terms.base_currency}", Surface)
    if terms.kind is InstrumentKind.OPTION:
        found |= _model(terms, ticker, surface, problem, missing)
        found["surface_age_ms"] = _age_ms(seen, surface)
    else:
        found["model"] = found.get("mark")
        if found["model"] is None:
            missing["model"] = missing.get("mark", missing.get("ticker", "no_mark"))
    book, problem = _frame(seen, f"book.{name}", Book)
    if book is None:
        missing["book"] = problem
    else:
        found |= _of_book(book, leg, seen, missing)
    return LegSight(instrument_name=name, missing=missing, **found)


def _of_ticker(ticker: Ticker, seen: Look, missing: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bid": ticker.bid_price,
        "bid_quantity": ticker.bid_quantity,
        "ask": ticker.ask_price,
        "ask_quantity": ticker.ask_quantity,
        "forward": _finite(ticker.forward_price),
        "mark_volatility": _finite(ticker.mark_volatility),
        "ticker_age_ms": _age_ms(seen, ticker),
        "mark": _finite(ticker.mark_price),
    }
    if found["mark"] is None:
        missing["mark"] = "no_mark"
    elif oracle.is_stale(ticker, seen.at_ns):
        missing["mark"] = f"stale_mark, {found['ticker_age_ms']} ms old"
    return found


def _model(
    terms: InstrumentTerms, ticker: Ticker | None, surface: Surface | None, problem: str, missing: dict[str, str]
) -> dict[str, Any]:
    """Black-76 at the surface's volatility, on the forward that the ticker shows."""
    forward = _finite(ticker.forward_price) if ticker else None
    fitted = find_slice(surface, terms.underlying_name)
    if fitted is None or forward is None or ticker is None:
        missing["model"] = problem or ("no_forward" if fitted else "no_slice")
        return {}
    years = years_to(terms.expiry_at_ns, ticker.market_time_ns)
    volatility = volatility_of(fitted, terms, forward)
    if volatility is None:
        missing["model"] = "no_volatility"
        return {}
    if fitted.is_stale:
        missing["model"] = f"stale_surface, {fitted.stale_reason}"
    return {"model": option_price(terms, forward, years, volatility), "model_volatility": volatility}


def _of_book(book: Book, leg: SightedLeg, seen: Look, missing: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"book_age_ms": _age_ms(seen, book)}
    is_stale = oracle.is_stale(book, seen.at_ns)
    for name, levels in (("walk_buy", book.asks), ("walk_sell", book.bids)):
        found[name] = walk(levels, leg.quantity)
        if is_stale:
            missing[name] = f"stale_book, {found['book_age_ms']} ms old"
        elif found[name] is None:
            missing[name] = "no_depth"
    return found


def walk(levels: Sequence[tuple[str, str]], quantity: Decimal) -> float | None:
    """Average price of taking ``quantity`` out of the levels, best first; None where they do not hold it."""
    left, paid = quantity, Decimal(0)
    for price, available in levels:
        taken = min(left, Decimal(available))
        paid += taken * Decimal(price)
        left -= taken
        if left <= 0:
            return float(paid / quantity)
    return None


def _net(legs: Sequence[SightedLeg], sights: Sequence[LegSight], name: str, missing: dict[str, str]) -> float | None:
    """None as soon as one leg's figure is missing or too old to count."""
    total = 0.0
    for leg, sight in zip(legs, sights, strict=True):
        if leg.is_hedge:
            continue
        value = getattr(sight, name)
        problem = sight.missing.get(name) or sight.missing.get("ticker")
        if value is None or problem:
            missing[f"{name}_net"] = f"{sight.instrument_name}: {problem}"
            return None
        total += leg.side.sign * leg.ratio * value
    return total


def _lit(legs: Sequence[SightedLeg], sights: Sequence[LegSight], side: Side, missing: dict[str, str]) -> float | None:
    total = 0.0
    for leg, sight in zip(legs, sights, strict=True):
        if leg.is_hedge:
            continue
        buys = leg.side is side
        name = "walk_buy" if buys else "walk_sell"
        value = sight.walk_buy if buys else sight.walk_sell
        problem = sight.missing.get(name) or sight.missing.get("book")
        if value is None or problem:
            missing["lit_ask" if side is Side.BUY else "lit_bid"] = f"{sight.instrument_name}: {problem}"
            return None
        total += leg.side.sign * leg.ratio * value
    return total


def _frame(seen: Look, key: str, kind: type[Any]) -> tuple[Any, str]:
    raw = seen.raw.get(key)
    if raw is None:
        return None, seen.problem or f"no_{key.partition('.')[0]}"
    if key not in seen.decoded:
        seen.decoded[key] = oracle.decode_frame(raw, kind)
    return seen.decoded[key], ""


def _age_ms(seen: Look, frame: Frame | None) -> int | None:
    return None if frame is None else (seen.at_ns - frame.at_ns) // NANOSECONDS_PER_MS


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _texts(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(inner) for inner in value]
    return value
