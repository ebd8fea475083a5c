"""Who of a pool of quotes gets how much of a taker's order: all of it is shared out exactly, or none of it.

The rule. Quotes have a rank: the better net price first; at one price an all-or-none that covers the whole size, then
the earlier version, then the lower id. A share-out gives an any-part-of quote from nothing to its quantity, an
all-or-none nothing or its quantity, and adds up to the size. The one that costs the taker least counts; of equally
good ones the one that gives the first in rank most, then the second, and so on. Where every quote may be taken in part
that is price-time priority. All-or-none quotes of less than the whole size are tried in every combination, at most
``PARTIAL_ALL_OR_NONE_MAX`` of them, first in rank; the others get nothing.

Everything is counted in integers: prices over their common denominator, quantities in steps of the size.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from rfq.domain.records import LegRecord
from wire.negotiation import AllocationReason
from wire.units import Side

PARTIAL_ALL_OR_NONE_MAX = 12
"""All-or-none quotes of less than the whole size that are tried: 2^12 combinations take some 20 ms."""
QUANTITY_STEP = Fraction(1, 10**12)
"""Of what the database stores."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offer:
    """One side of a quote's version, as it competes. ``price``: net, of one unit; ``quantity``: units."""

    quote_id: int
    version: int
    price: Decimal
    quantity: Decimal
    is_all_or_none: bool
    made_at: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fill:
    """What a quote got, and what gave it that."""

    quote_id: int
    version: int
    price: Decimal
    quantity: Decimal
    reason: AllocationReason


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Ranked:
    """An offer with its size and cost as integers; a lower cost is better for the taker on either side."""

    offer: Offer
    size: int
    cost: int
    is_whole: bool

    @property
    def rank(self) -> tuple[int, bool, dt.datetime, int]:
        return self.cost, not self.is_whole, self.offer.made_at, self.offer.quote_id


def size_step(legs: Sequence[LegRecord]) -> Decimal:
    """The least quantity of the structure that is whole lots of every leg and can be stored; sizes are multiples."""
    step = QUANTITY_STEP
    for leg in legs:
        step = _common_multiple(step, Fraction(leg.lot_size) / leg.ratio)
    return Decimal(step.numerator) / Decimal(step.denominator)


def in_steps(quantity: Decimal, step: Decimal) -> int:
    """How many steps a size is; every checked size is a whole number of them."""
    count = Fraction(quantity) / Fraction(step)
    assert count.denominator == 1, "quantities are whole steps"
    return int(count)


def allocate(offers: Sequence[Offer], *, side: Side, quantity: Decimal, step: Decimal) -> tuple[Fill, ...] | None:
    """The fills in rank, which add up to ``quantity``; None where the pool cannot fill it. side: the taker's."""
    whole = in_steps(quantity, step)
    assert whole > 0, "a size is at least one step"
    ranked = _rank(offers, side, whole, step)
    taken = _best(ranked, whole)
    if taken is None:
        return None
    return tuple(
        Fill(
            quote_id=each.offer.quote_id,
            version=each.offer.version,
            price=each.offer.price,
            quantity=taken[index] * step,
            reason=_reason(ranked, taken, index),
        )
        for index, each in enumerate(ranked)
        if taken[index]
    )


def share_out(fills: Sequence[int], accounts: Sequence[int]) -> list[tuple[int, int, int]]:
    """(account, fill, size) for each pair that trades, from sizes with one sum: rows and columns add up exactly.

    Each fill in turn goes to the accounts in proportion to what they still lack, rounded down, and the rest one by one
    to the largest remainders, the first account first: so all accounts get every price alike, as near as lots allow.
    """
    assert sum(fills) == sum(accounts), "what was filled is what was asked"
    lacking = list(accounts)
    shares = []
    for fill, size in enumerate(fills):
        for account, part in enumerate(_proportional(size, lacking)):
            if part:
                shares.append((account, fill, part))
                lacking[account] -= part
    return shares


def _proportional(size: int, lacking: Sequence[int]) -> list[int]:
    total = sum(lacking)
    parts = [size * each // total for each in lacking]
    by_remainder = sorted(range(len(lacking)), key=lambda index: (-(size * lacking[index] % total), index))
    for index in by_remainder[: size - sum(parts)]:
        parts[index] += 1
    return parts


def _rank(offers: Sequence[Offer], side: Side, whole: int, step: Decimal) -> list[_Ranked]:
    scale = math.lcm(*(Fraction(offer.price).denominator for offer in offers))
    ranked = []
    for offer in offers:
        size = in_steps(offer.quantity, step)
        is_whole = offer.is_all_or_none and size == whole
        cost = side.sign * int(Fraction(offer.price) * scale)
        ranked.append(_Ranked(offer=offer, size=size, cost=cost, is_whole=is_whole))
    return sorted(ranked, key=lambda each: each.rank)


def _best(ranked: Sequence[_Ranked], whole: int) -> list[int] | None:
    """The size that each gets, in rank."""
    best: tuple[int, list[int]] | None = None
    for taken, (_, chosen) in _combinations(ranked, whole).items():
        sizes = _with_parts(ranked, chosen, whole - taken)
        if sizes is None:
            continue
        cost = sum(size * each.cost for size, each in zip(sizes, ranked, strict=True))
        if best is None or (cost, _later(sizes)) < (best[0], _later(best[1])):
            best = cost, sizes
    return None if best is None else best[1]


def _with_parts(ranked: Sequence[_Ranked], chosen: frozenset[int], missing: int) -> list[int] | None:
    """The chosen all-or-nones, and parts of the others for what is missing, in rank; None where they do not reach."""
    sizes = [each.size if index in chosen else 0 for index, each in enumerate(ranked)]
    for index, each in enumerate(ranked):
        if not each.offer.is_all_or_none:
            sizes[index] = min(each.size, missing)
            missing -= sizes[index]
    return sizes if missing == 0 else None


def _later(sizes: Sequence[int]) -> list[int]:
    """Sorts what gives the first in rank most before the others."""
    return [-size for size in sizes]


def _combinations(ranked: Sequence[_Ranked], whole: int) -> Mapping[int, tuple[int, frozenset[int]]]:
    """For every size that all-or-nones can add up to: their least cost, and which of them, the first in rank preferred.

    Only these sums matter, because what fills the rest depends on nothing but its size.
    """
    found: dict[int, tuple[int, frozenset[int]]] = {0: (0, frozenset())}
    partial = 0
    for index, each in enumerate(ranked):
        if not each.offer.is_all_or_none or each.size > whole:
            continue
        if not each.is_whole:
            partial += 1
            if partial > PARTIAL_ALL_OR_NONE_MAX:
                continue
        for size, (cost, chosen) in list(found.items()):
            total = size + each.size
            candidate = (cost + each.size * each.cost, chosen | {index})
            if total <= whole and (total not in found or _is_better(candidate, found[total])):
                found[total] = candidate
    return found


def _is_better(one: tuple[int, frozenset[int]], other: tuple[int, frozenset[int]]) -> bool:
    """Cheaper, or as cheap and preferred by whoever comes first in rank among those that differ."""
    if one[0] != other[0]:
        return one[0] < other[0]
    differing = one[1] ^ other[1]
    return bool(differing) and min(differing) in one[1]


def _reason(ranked: Sequence[_Ranked], taken: Sequence[int], index: int) -> AllocationReason:
    """Price, unless somebody behind it at the same price was left with less than it offered."""
    mine = ranked[index]
    behind = [each for at, each in enumerate(ranked) if at > index and each.cost == mine.cost and taken[at] < each.size]
    if not behind:
        return AllocationReason.PRICE
    if mine.is_whole and not all(each.is_whole for each in behind):
        return AllocationReason.ALL_OR_NONE
    return AllocationReason.TIME


def _common_multiple(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator))
