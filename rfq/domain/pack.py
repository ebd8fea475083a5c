"""The best-execution pack of an RFQ: everything that was quoted, what the market showed at each instant, what was done.

One reader's facts, one document, one sequence of bytes: times in UTC with microseconds, numbers as text, keys sorted.
The reader's own view of the RFQ is what goes in, so a pack keeps the anonymity that the view keeps.
"""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from common.decimals import plain_text
from rfq.domain.scores import BASIS_POINTS
from wire.facts import FillView, RfqView
from wire.instruments import COINS
from wire.units import Side

FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackVersion:
    """One version of a quote in the reader's view."""

    quote_id: int
    version: int
    bid: str | None
    ask: str | None
    created_at: dt.datetime
    expires_at: dt.datetime
    ended_at: dt.datetime | None
    end_reason: str
    more: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackSighting:
    """What the market showed. nets: mark, model, lit bid, lit ask and index by name; content: the legs and reasons."""

    kind: str
    quote_id: int
    version: int
    offset_ms: int
    at: dt.datetime
    nets: Mapping[str, float | None]
    content: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackFacts:
    """All that the reader may know of one RFQ that has ended. fills: the reader's, or of both sides for compliance."""

    view: RfqView
    versions: Sequence[PackVersion]
    sightings: Sequence[PackSighting]
    timeline: Sequence[tuple[dt.datetime, Sequence[str]]]
    fills: Sequence[FillView]
    corrections: Sequence[Mapping[str, str]]


def build(facts: PackFacts) -> dict[str, Any]:
    """The pack as JSON values."""
    view = facts.view
    accepted = _find(facts, "accepted")
    return {
        "document": "best execution pack",
        "format": FORMAT_VERSION,
        "reader": view.role,
        "rfq": _rfq(view),
        "quotes": [_quote(facts, quote) for quote in msgspec.to_builtins(view.quotes)],
        "trade": _trade(facts, accepted),
        "market": {
            kind: _sighting(found) for kind in ("created", "accepted", "ended") if (found := _find(facts, kind))
        },
        "mark_outs": _mark_outs(facts),
        "timeline": [{"at": _time(at), "what": list(words)} for at, words in facts.timeline],
        "fills": [_fill(fill) for fill in facts.fills],
        "corrections": [dict(correction) for correction in facts.corrections],
    }


def to_bytes(content: Mapping[str, Any]) -> bytes:
    """The pack's one form as a file."""
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rfq(view: RfqView) -> dict[str, Any]:
    rfq: dict[str, Any] = msgspec.to_builtins(view)
    for name in ("quotes", "role"):
        del rfq[name]
    return {_without_unit(name): _value(name, value) for name, value in rfq.items()}


def _quote(facts: PackFacts, quote: dict[str, Any]) -> dict[str, Any]:
    versions = [version for version in facts.versions if version.quote_id == quote["quote_id"]]
    return {
        **{_without_unit(name): _value(name, value) for name, value in quote.items()},
        "versions": [_version(facts, version) for version in versions],
    }


def _version(facts: PackFacts, version: PackVersion) -> dict[str, Any]:
    seen = _find(facts, "quoted", version.quote_id, version.version)
    return {
        "version": version.version,
        "bid": version.bid,
        "ask": version.ask,
        "created_at": _time(version.created_at),
        "expires_at": _time(version.expires_at),
        "ended_at": _time(version.ended_at),
        "end_reason": version.end_reason,
        "spread": _spread(facts.view, version, seen),
        "market": _sighting(seen) if seen else None,
        **version.more,
    }


def _spread(view: RfqView, version: PackVersion, seen: PackSighting | None) -> dict[str, str | None]:
    """Half the spread, and how far the middle lies from mark and model, in basis points of the underlying."""
    if version.bid is None or version.ask is None or seen is None:
        return {}
    bid, ask = Decimal(version.bid), Decimal(version.ask)
    middle = (bid + ask) / 2
    found = {"half_spread_bp": _basis_points(view, (ask - bid) / 2, seen)}
    for name in ("mark", "model"):
        value = seen.nets[name]
        found[f"mid_against_{name}_bp"] = (
            None if value is None else _basis_points(view, middle - Decimal(repr(value)), seen)
        )
    return found


def _trade(facts: PackFacts, accepted: PackSighting | None) -> dict[str, Any] | None:
    view = facts.view
    if view.accepted_side is None or view.traded_price is None:
        return None
    price, sign = Decimal(view.traded_price), view.accepted_side.sign
    found: dict[str, Any] = {
        "side": view.accepted_side.value,
        "price": view.traded_price,
        "quantity": view.quantity,
        "cover": _cover(facts, accepted) if view.role != "maker" else None,
    }
    if accepted is not None:
        lit = "lit_ask" if view.accepted_side is Side.BUY else "lit_bid"
        for name in ("mark", "model", lit):
            value = accepted.nets[name]
            against = None if value is None else sign * (price - Decimal(repr(value)))
            found[f"paid_over_{name}_bp"] = None if against is None else _basis_points(view, against, accepted)
    return found


def _cover(facts: PackFacts, accepted: PackSighting | None) -> dict[str, Any] | None:
    """The best price on the traded side that stood at the accept and did not trade."""
    view = facts.view
    if accepted is None or view.accepted_side is None:
        return None
    traded = {view.accepted_quote_id} | _quotes_traded(view)
    is_buy = view.accepted_side is Side.BUY
    standing = [
        (Decimal(price), version)
        for version in facts.versions
        if version.quote_id not in traded
        and version.created_at <= accepted.at < (version.ended_at or accepted.at + dt.timedelta.resolution)
        and (price := version.ask if is_buy else version.bid) is not None
    ]
    if not standing:
        return None
    best = (min if is_buy else max)(standing, key=lambda each: (each[0], each[1].quote_id))
    names = {quote.quote_id: quote.maker_name for quote in view.quotes}
    return {
        "price": plain_text(best[0]),
        "quote_id": best[1].quote_id,
        "version": best[1].version,
        "maker": names.get(best[1].quote_id, ""),
    }


def _quotes_traded(view: RfqView) -> set[int]:
    return {quote.quote_id for quote in view.quotes if quote.state.value == "filled"}


def _mark_outs(facts: PackFacts) -> list[dict[str, Any]]:
    """What the taker gained since against the mark; the maker gained the opposite."""
    view = facts.view
    found = []
    for seen in facts.sightings:
        if seen.kind != "after_trade":
            continue
        mark, gained = seen.nets["mark"], None
        if mark is not None and view.accepted_side is not None and view.traded_price is not None:
            moved = view.accepted_side.sign * (Decimal(repr(mark)) - Decimal(view.traded_price))
            gained = _basis_points(view, moved, seen)
        found.append({"after_ms": seen.offset_ms, "taker_gained_bp": gained, "market": _sighting(seen)})
    return found


def _basis_points(view: RfqView, amount: Decimal, seen: PackSighting) -> str | None:
    if view.quote_currency in COINS:
        return plain_text(round(amount * BASIS_POINTS, 4))
    index = seen.nets["index"]
    return None if not index else plain_text(round(amount * BASIS_POINTS / Decimal(repr(index)), 4))


def _find(facts: PackFacts, kind: str, quote_id: int = 0, version: int = 0) -> PackSighting | None:
    """The last of them."""
    wanted = (kind, quote_id, version)
    return next(
        (each for each in reversed(facts.sightings) if (each.kind, each.quote_id, each.version) == wanted), None
    )


def _sighting(seen: PackSighting) -> dict[str, Any]:
    return {"at": _time(seen.at), **seen.content}


def _fill(fill: FillView) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(fill)
    return {_without_unit(name): _value(name, value) for name, value in content.items()}


def _without_unit(name: str) -> str:
    return name.removesuffix("_ns") if name.endswith(("_at_ns", "_until_ns")) or name == "at_ns" else name


def _value(name: str, value: Any) -> Any:
    """Times in nanoseconds are spelled out."""
    if isinstance(value, int) and (name == "at_ns" or name.endswith(("_at_ns", "_until_ns"))):
        return _time(dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=value // 1_000))
    return value


def _time(at: dt.datetime | None) -> str | None:
    return None if at is None else at.astimezone(dt.UTC).isoformat(timespec="microseconds")
