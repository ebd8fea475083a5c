"""What ``parley_core.HotDesk`` tells of itself, as the log keeps it: the same fields in the same order."""

import math

import msgspec


class Fact(msgspec.Struct, frozen=True, array_like=True):
    at_ns: int


class OrderFact(Fact, frozen=True, array_like=True, tag="order"):
    """Decided, and past the gate. ``side``: 0 buy, 1 sell."""

    order_id: int
    pair: int
    leg: int
    slot: int
    side: int
    lots: int
    price_ticks: int
    feed_sequence: int
    zscore: float | None


class ReportFact(Fact, frozen=True, array_like=True, tag="report"):
    """A message of the venue, numbered by its session."""

    sequence: int
    message: bytes


class EndedFact(Fact, frozen=True, array_like=True, tag="ended"):
    """It never reached the venue. ``why``: withdrawn, never_arrived."""

    order_id: int
    why: str


class OpenedFact(Fact, frozen=True, array_like=True, tag="opened"):
    session: str
    next_sequence: int


class LostFact(Fact, frozen=True, array_like=True, tag="lost"):
    why: str


class GapFact(Fact, frozen=True, array_like=True, tag="gap"):
    first_sequence: int
    count: int


class RefusedFact(Fact, frozen=True, array_like=True, tag="refused"):
    pair: int
    slot: int
    reason: str
    value: int
    bound: int


class SteeredFact(Fact, frozen=True, array_like=True, tag="steered"):
    """``pair`` -1: of all."""

    pair: int
    what: str


class OverFact(Fact, frozen=True, array_like=True, tag="over"):
    """Session or feed of another day, or the venue lets us in no more: a new desk begins."""

    why: str


AnyFact = OrderFact | ReportFact | EndedFact | OpenedFact | LostFact | GapFact | RefusedFact | SteeredFact | OverFact
_TYPES: dict[str, type[AnyFact]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (OrderFact, ReportFact, EndedFact, OpenedFact, LostFact, GapFact, RefusedFact, SteeredFact, OverFact)
}


def fact_of(raw: tuple[object, ...]) -> AnyFact:
    """Of a tuple of ``HotDesk.take``. Raises ValueError for one that no HotDesk gives."""
    kind, *fields = raw
    if kind not in _TYPES:
        raise ValueError(f"a fact of kind {kind!r}")
    if kind == "order":
        zscore = fields[-1]
        fields[-1] = zscore if isinstance(zscore, float) and math.isfinite(zscore) else None
    return _build(_TYPES[str(kind)], fields)


def _build(kind: type[AnyFact], fields: list[object]) -> AnyFact:
    try:
        return kind(*fields)  # type: ignore[arg-type]  # the core gives them in this order
    except TypeError as error:
        raise ValueError(str(error)) from error


def raw_of(fact: AnyFact) -> tuple[object, ...]:
    """As ``HotDesk.replay`` takes it."""
    fields = list(msgspec.structs.astuple(fact))
    if isinstance(fact, OrderFact) and fact.zscore is None:
        fields[-1] = math.nan
    return (fact.__struct_config__.tag, *fields)
