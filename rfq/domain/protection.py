"""Market-maker protection: what the fills of a sliding interval add up to, and which limit they reach.

A fill counts from the moment of its accept, as pending, so that what is on its way cannot slip past a limit. Only
a fill that stands moves the window and can hit; one that is rejected never was. A limit is hit when it is reached.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from decimal import Decimal

from wire.client_protection import PROTECTION_TRADES_MAX


class Limit(enum.StrEnum):
    QUANTITY = "quantity"
    DELTA = "delta"
    VEGA = "vega"
    TRADE_COUNT = "trade_count"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """quantity, delta: coins; vega: US dollars per volatility point. None: off."""

    interval: dt.timedelta
    quantity: Decimal | None = None
    delta: Decimal | None = None
    vega: Decimal | None = None
    trade_count: int = PROTECTION_TRADES_MAX


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exposure:
    """What one fill does to the maker: quantity without sign, delta and vega with theirs."""

    quantity: Decimal
    delta: Decimal
    vega: Decimal


@dataclasses.dataclass(frozen=True, kw_only=True)
class WindowFill:
    exposure: Exposure
    at: dt.datetime
    is_pending: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Usage:
    """delta, vega: the larger absolute value that the window can have, whichever of its pending fills stand."""

    quantity: Decimal
    delta: Decimal
    vega: Decimal
    trade_count: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hit:
    limit: Limit
    value: Decimal
    bound: Decimal


def in_window(fills: Iterable[WindowFill], limits: Limits, at: dt.datetime) -> list[WindowFill]:
    """Pending fills always count; one that stands until exactly ``interval`` after it was filled."""
    return [fill for fill in fills if fill.is_pending or fill.at > at - limits.interval]


def usage(fills: Sequence[WindowFill]) -> Usage:
    return Usage(
        quantity=sum((fill.exposure.quantity for fill in fills), start=Decimal(0)),
        delta=_worst([(fill.exposure.delta, fill.is_pending) for fill in fills]),
        vega=_worst([(fill.exposure.vega, fill.is_pending) for fill in fills]),
        trade_count=len(fills),
    )


def find_hit(used: Usage, limits: Limits) -> Hit | None:
    """The first limit that is reached, in the order of their names here; None where the protection is off."""
    if not limits.interval:
        return None
    compared = (
        (Limit.QUANTITY, used.quantity, limits.quantity),
        (Limit.DELTA, used.delta, limits.delta),
        (Limit.VEGA, used.vega, limits.vega),
        (Limit.TRADE_COUNT, Decimal(used.trade_count), Decimal(limits.trade_count)),
    )
    for limit, value, bound in compared:
        if bound is not None and value >= bound:
            return Hit(limit=limit, value=value, bound=bound)
    return None


def find_hit_of_fills(fills: Iterable[WindowFill], limits: Limits, at: dt.datetime) -> Hit | None:
    """What the fills that stand reach at ``at``."""
    standing = [fill for fill in in_window(fills, limits, at) if not fill.is_pending]
    return find_hit(usage(standing), limits)


def find_hit_of_accepts(fills: Iterable[WindowFill], limits: Limits, at: dt.datetime) -> Hit | None:
    """What the window would have reached if what is pending stands: then nothing more may be accepted."""
    return find_hit(usage(in_window(fills, limits, at)), limits)


def _worst(signed: Sequence[tuple[Decimal, bool]]) -> Decimal:
    standing = sum((value for value, is_pending in signed if not is_pending), start=Decimal(0))
    up = sum((value for value, is_pending in signed if is_pending and value > 0), start=Decimal(0))
    down = sum((value for value, is_pending in signed if is_pending and value < 0), start=Decimal(0))
    return max(abs(standing + up), abs(standing + down))
