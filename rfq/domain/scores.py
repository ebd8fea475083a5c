"""Figures of makers and takers from what was stored of their RFQs; docs/rfq-scores.md gives the formulas.

Prices are compared in basis points of the underlying: a price in coin is one already, a price in dollars is divided by
the index of its instant.
"""

import dataclasses
import datetime as dt
import itertools
import zlib
from collections.abc import Iterable, Mapping, Sequence

from rfq.domain.bootstrap import Estimate, estimate_mean
from wire.instruments import COINS
from wire.units import Side

HORIZONS_MS = (1_000, 10_000, 60_000, 300_000)
BASIS_POINTS = 10_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """Mark of one unit and the index, as they were seen at one instant; None where they could not be had."""

    mark: float | None = None
    index: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a quote. is_withdrawn: the maker took it back while the RFQ was open."""

    bid: float | None
    ask: float | None
    created_at: dt.datetime
    ended_at: dt.datetime | None
    is_withdrawn: bool
    seen: Seen


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What one maker that was asked did. last_look: whether a last look passed, None where there was none.

    traded_price: net price of one unit, where this maker traded.
    """

    maker_firm_id: int
    versions: tuple[Version, ...] = ()
    traded_price: float | None = None
    is_rejected: bool = False
    last_look: bool | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One ended RFQ. ``side``: the taker's. after: marks by milliseconds after the trade. baseline: pairs of instants
    that lie as far apart as request and last first answer, at times that had nothing to do with the RFQ.
    """

    rfq_id: int
    taker_firm_id: int
    quote_currency: str
    created_at: dt.datetime
    tradable_at: dt.datetime
    ended_at: dt.datetime
    is_filled: bool
    side: Side | None
    accepted_at: dt.datetime | None
    answers: tuple[Answer, ...]
    at_create: Seen
    at_accept: Seen
    after: Mapping[int, Seen]
    baseline: tuple[tuple[Seen, Seen], ...]


Observed = Mapping[str, Sequence[float]]


def observe_maker(requests: Iterable[tuple[Request, Answer]]) -> dict[str, list[float]]:
    """Observations by figure, of one maker's answers."""
    found: dict[str, list[float]] = {name: [] for name in MAKER_FIGURES}
    for request, answer in requests:
        _observe_answer(found, request, answer)
    return found


def observe_taker(requests: Iterable[Request]) -> dict[str, list[float]]:
    """Observations by figure, of one taker's requests."""
    found: dict[str, list[float]] = {name: [] for name in TAKER_FIGURES}
    for request in requests:
        answered = [answer for answer in request.answers if answer.versions]
        found["trade_rate"].append(float(request.is_filled))
        found["answer_rate"].append(len(answered) / max(len(request.answers), 1))
        if request.accepted_at is not None:
            found["decision_time"].append((request.accepted_at - request.tradable_at).total_seconds())
        for answer in answered:
            if answer.traded_price is not None and request.is_filled:
                _observe_trade(found, request, answer.traded_price, sign=1)
        _add(found["leakage"], leakage(request))
    return found


def estimate(observed: Observed, *, subject: str) -> dict[str, Estimate]:
    """Each figure's mean and interval; the seed is a function of the subject and the figure's name."""
    return {
        name: estimate_mean(values, seed=zlib.crc32(f"{subject}:{name}".encode())) for name, values in observed.items()
    }


def leakage(request: Request) -> float | None:
    """How much further the mark moved between request and last first answer than over windows of that length.

    Both moves are absolute, in basis points; the baseline is the mean over its windows. None where a mark is missing.
    """
    firsts = [answer.versions[0] for answer in request.answers if answer.versions]
    if not firsts:
        return None
    last = max(firsts, key=lambda version: version.created_at)
    moved = _move(request, request.at_create, last.seen)
    windows = [_move(request, start, end) for start, end in request.baseline]
    known = [move for move in windows if move is not None]
    if moved is None or not known:
        return None
    return moved - sum(known) / len(known)


def basis_points(amount: float, quote_currency: str, seen: Seen) -> float | None:
    """``amount`` of one unit's price in basis points of the underlying."""
    if quote_currency in COINS:
        return amount * BASIS_POINTS
    return None if not seen.index else amount / seen.index * BASIS_POINTS


def is_faded(request: Request, answer: Answer) -> bool | None:
    """Whether the maker withdrew or worsened what the taker was shown; None where the taker was shown nothing."""
    shown = [version for version in answer.versions if _is_shown(request, version)]
    if not shown:
        return None
    if any(version.is_withdrawn for version in shown):
        return True
    return any(_is_worse(before, after) for before, after in itertools.pairwise(shown))


def _observe_answer(found: dict[str, list[float]], request: Request, answer: Answer) -> None:
    found["response_rate"].append(float(bool(answer.versions)))
    if not answer.versions:
        return
    found["response_time"].append((answer.versions[0].created_at - request.created_at).total_seconds())
    has_traded = request.is_filled and answer.traded_price is not None
    if request.is_filled:
        found["hit_rate"].append(float(has_traded))
    _add(found["fade_rate"], is_faded(request, answer))
    _add(found["last_look_reject_rate"], None if answer.last_look is None else not answer.last_look)
    if has_traded or answer.is_rejected:
        found["reject_rate"].append(float(answer.is_rejected))
    for version in answer.versions:
        _observe_version(found, request, version)
    if has_traded and answer.traded_price is not None:
        _observe_trade(found, request, answer.traded_price, sign=-1)


def _observe_version(found: dict[str, list[float]], request: Request, version: Version) -> None:
    if version.bid is None or version.ask is None:
        return
    half = (version.ask - version.bid) / 2
    _add(found["half_spread"], basis_points(half, request.quote_currency, version.seen))
    if version.seen.mark is not None:
        off = abs((version.bid + version.ask) / 2 - version.seen.mark)
        _add(found["distance_to_mark"], basis_points(off, request.quote_currency, version.seen))


def _observe_trade(found: dict[str, list[float]], request: Request, price: float, *, sign: int) -> None:
    """``sign``: 1 for the taker's profit, -1 for the maker's."""
    assert request.side is not None, "a trade has a side"
    taker = request.side.sign
    if request.at_accept.mark is not None:
        paid = taker * (price - request.at_accept.mark)
        _add(found["traded_spread"], basis_points(paid, request.quote_currency, request.at_accept))
    for horizon in HORIZONS_MS:
        seen = request.after.get(horizon, Seen())
        if seen.mark is not None:
            gained = sign * taker * (seen.mark - price)
            _add(found[mark_out_name(horizon)], basis_points(gained, request.quote_currency, seen))


def mark_out_name(horizon_ms: int) -> str:
    return f"mark_out_{horizon_ms // 1_000}s"


MARK_OUTS = tuple(mark_out_name(horizon) for horizon in HORIZONS_MS)
MAKER_FIGURES = (
    "response_rate", "response_time", "hit_rate", "fade_rate", "last_look_reject_rate", "reject_rate", "half_spread",
    "distance_to_mark", "traded_spread", *MARK_OUTS,
)  # fmt: skip
TAKER_FIGURES = ("trade_rate", "answer_rate", "decision_time", "traded_spread", *MARK_OUTS, "leakage")
UNITS = {
    **dict.fromkeys(("response_rate", "hit_rate", "fade_rate", "last_look_reject_rate", "reject_rate"), "share"),
    **dict.fromkeys(("trade_rate", "answer_rate"), "share"),
    **dict.fromkeys(("response_time", "decision_time"), "s"),
    **dict.fromkeys(("half_spread", "distance_to_mark", "traded_spread", "leakage", *MARK_OUTS), "bp"),
}


def _move(request: Request, start: Seen, end: Seen) -> float | None:
    if start.mark is None or end.mark is None:
        return None
    return basis_points(abs(end.mark - start.mark), request.quote_currency, start)


def _is_shown(request: Request, version: Version) -> bool:
    """Live at some time when the taker could trade."""
    ended_at = version.ended_at or request.ended_at
    return ended_at > request.tradable_at and version.created_at < request.ended_at


def _is_worse(before: Version, after: Version) -> bool:
    bid_worse = before.bid is not None and (after.bid is None or after.bid < before.bid)
    ask_worse = before.ask is not None and (after.ask is None or after.ask > before.ask)
    return bid_worse or ask_worse


def _add(values: list[float], value: float | None) -> None:
    if value is not None:
        values.append(float(value))
