"""Which RFQ is asked: strategy, coin, size, side and taker drawn from one seed, at strikes listed and quoted."""

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from terminal.rfq_study.recorded_market import Row, Seen
from wire.facts import RfqLegView
from wire.units import NANOSECONDS_PER_SECOND, OptionType, Side

DAY_NS = 86_400 * NANOSECONDS_PER_SECOND
EXPIRY_DAYS_MIN = 2
QUOTED_STRIKES_MIN = 6
STRATEGIES = {
    "straddle": 12,
    "strangle": 10,
    "risk reversal": 14,
    "call spread": 14,
    "put spread": 14,
    "butterfly": 6,
    "condor": 5,
    "calendar": 10,
    "diagonal": 5,
    "box": 2,
    "covered": 3,
    "custom 1x2": 5,
}
"""Weights of the mix, of 100: a choice of ours, spreads and risk reversals first."""
COINS = {"BTC": 65, "ETH": 35}
SIZES = {1: 25, 2: 20, 5: 25, 10: 15, 25: 10, 50: 5}
"""Units of BTC structures; ten times as many of ETH's."""
ETH_FACTOR = 10
TAKERS = {1: 35, 2: 25, 0: 40}
"""Firm -> weight; 0 is anonymous."""
T = TypeVar("T")
CALL, PUT = OptionType.CALL, OptionType.PUT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """``side``: what the taker will do, which makers are not told; ``hedge_index``: the leg outside the net price."""

    number: int
    at_ns: int
    strategy: str
    coin: str
    legs: tuple[RfqLegView, ...]
    quantity: int
    side: Side
    taker_firm_id: int


@dataclasses.dataclass(frozen=True)
class Expiry:
    """Options of one expiry quoted on both sides, by type and strike."""

    rows: dict[tuple[OptionType, float], Row]

    def strikes(self) -> list[float]:
        return sorted({strike for right, strike in self.rows if right is CALL and (PUT, strike) in self.rows})

    def forward(self) -> float:
        return next(iter(self.rows.values())).forward

    def at_the_money(self) -> float:
        return min(self.strikes(), key=lambda strike: (abs(strike - self.forward()), strike))

    def by_delta(self, right: OptionType, target: float) -> float:
        """Strike whose recorded delta is nearest to ``target`` in size."""
        strikes = self.strikes()
        return min(strikes, key=lambda strike: (abs(abs(self.rows[right, strike].delta) - target), strike))

    def leg(self, right: OptionType, strike: float, side: Side, ratio: int = 1) -> RfqLegView:
        return RfqLegView(instrument_name=self.rows[right, strike].terms.name, side=side, ratio=ratio)


def draw(seen: Seen, number: int, random_: random.Random) -> Asked | None:
    """None where the chain of that moment does not allow what was drawn."""
    strategy, coin = _pick(STRATEGIES, random_), _pick(COINS, random_)
    size, taker = _pick(SIZES, random_), _pick(TAKERS, random_)
    side = random_.choice((Side.BUY, Side.SELL))
    expiries = quoted_expiries(seen, coin)
    position = random_.random()
    if not expiries:
        return None
    near = int(position * position * len(expiries))
    legs = _BUILDERS[strategy](expiries, near, seen)
    if legs is None or len({leg.instrument_name for leg in legs}) != len(legs):
        return None
    return Asked(
        number=number,
        at_ns=seen.at_ns,
        strategy=strategy,
        coin=coin,
        legs=tuple(legs),
        quantity=size * (ETH_FACTOR if coin == "ETH" else 1),
        side=side,
        taker_firm_id=taker,
    )


def quoted_expiries(seen: Seen, coin: str) -> list[Expiry]:
    """By time; those with enough strikes quoted on both sides, call and put."""
    found = []
    for rows in seen.by_expiry(coin).values():
        quoted = {
            (row.terms.option_type, float(row.terms.strike or 0)): row
            for row in rows
            if row.bid is not None and row.ask is not None and row.terms.option_type is not None
        }
        is_far = rows[0].terms.expiry_at_ns - seen.at_ns > EXPIRY_DAYS_MIN * DAY_NS
        expiry = Expiry(quoted)
        if is_far and quoted and len(expiry.strikes()) >= QUOTED_STRIKES_MIN:
            found.append((rows[0].terms.expiry_at_ns, expiry))
    return [expiry for _, expiry in sorted(found, key=lambda pair: pair[0])]


def _pick(weights: dict[T, int], random_: random.Random) -> T:
    return random_.choices(list(weights), weights=list(weights.values()))[0]


Legs = list[RfqLegView] | None
Builder = Callable[[Sequence[Expiry], int, Seen], Legs]


def _pair(first: tuple[OptionType, float, Side], second: tuple[OptionType, float, Side]) -> Builder:
    """Two options of one expiry, by type, delta and side."""

    def build(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
        expiry = expiries[near]
        return [expiry.leg(right, expiry.by_delta(right, delta), side) for right, delta, side in (first, second)]

    return build


def _straddle(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
    expiry = expiries[near]
    strike = expiry.at_the_money()
    return [expiry.leg(CALL, strike, Side.BUY), expiry.leg(PUT, strike, Side.BUY)]


def _butterfly(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
    """Calls, 1 x -2 x 1, on three strikes evenly spaced around the money, as wide as are listed near 25 deltas."""
    expiry = expiries[near]
    body, strikes = expiry.at_the_money(), set(expiry.strikes())
    wide = expiry.by_delta(CALL, 0.25) - body
    wings = [(body - width, body + width) for width in sorted({s - body for s in strikes if s > body})]
    even = [pair for pair in wings if pair[0] in strikes]
    if not even:
        return None
    low, high = min(even, key=lambda pair: (abs(pair[1] - body - wide), pair[1]))
    return [
        expiry.leg(CALL, low, Side.BUY),
        expiry.leg(CALL, body, Side.SELL, 2),
        expiry.leg(CALL, high, Side.BUY),
    ]


def _condor(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
    """Iron: puts at 10 and 25 deltas, calls at 25 and 10; long the wings."""
    expiry = expiries[near]
    wanted = ((PUT, 0.10, Side.BUY), (PUT, 0.25, Side.SELL), (CALL, 0.25, Side.SELL), (CALL, 0.10, Side.BUY))
    return [expiry.leg(right, expiry.by_delta(right, delta), side) for right, delta, side in wanted]


def _two_expiries(first_delta: float, second_delta: float) -> Builder:
    """Short the near call, long the far one; at the same strike where the deltas are those of the money."""

    def build(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
        if near + 1 >= len(expiries):
            return None
        first, second = expiries[near], expiries[min(near + 2, len(expiries) - 1)]
        if first_delta == second_delta:
            shared = sorted(set(first.strikes()) & set(second.strikes()))
            if not shared:
                return None
            low = high = min(shared, key=lambda strike: (abs(strike - first.forward()), strike))
        else:
            low, high = first.by_delta(CALL, first_delta), second.by_delta(CALL, second_delta)
        return [first.leg(CALL, low, Side.SELL), second.leg(CALL, high, Side.BUY)]

    return build


def _box(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
    expiry = expiries[near]
    low, high = expiry.by_delta(PUT, 0.3), expiry.by_delta(CALL, 0.3)
    if low >= high:
        return None
    return [
        expiry.leg(CALL, low, Side.BUY),
        expiry.leg(CALL, high, Side.SELL),
        expiry.leg(PUT, high, Side.BUY),
        expiry.leg(PUT, low, Side.SELL),
    ]


def _covered(expiries: Sequence[Expiry], near: int, seen: Seen) -> Legs:
    """A call against the perpetual at the index, in the call's own delta."""
    expiry = expiries[near]
    strike = expiry.by_delta(CALL, 0.3)
    row = expiry.rows[CALL, strike]
    coin = row.terms.base_currency
    contract = 10 if coin == "BTC" else 1
    ratio = round(abs(row.delta) * seen.index[coin] / contract)
    if ratio < 1:
        return None
    price = format(round(seen.index[coin] * 20) / 20, ".2f")
    hedge = RfqLegView(instrument_name=f"{coin}-PERPETUAL", side=Side.SELL, ratio=ratio, is_hedge=True, price=price)
    return [expiry.leg(CALL, strike, Side.BUY), hedge]


def _ratio(expiries: Sequence[Expiry], near: int, _: Seen) -> Legs:
    expiry = expiries[near]
    return [
        expiry.leg(CALL, expiry.by_delta(CALL, 0.4), Side.BUY),
        expiry.leg(CALL, expiry.by_delta(CALL, 0.15), Side.SELL, 2),
    ]


_BUILDERS: dict[str, Builder] = {
    "straddle": _straddle,
    "strangle": _pair((CALL, 0.25, Side.BUY), (PUT, 0.25, Side.BUY)),
    "risk reversal": _pair((CALL, 0.25, Side.BUY), (PUT, 0.25, Side.SELL)),
    "call spread": _pair((CALL, 0.40, Side.BUY), (CALL, 0.15, Side.SELL)),
    "put spread": _pair((PUT, 0.40, Side.BUY), (PUT, 0.15, Side.SELL)),
    "butterfly": _butterfly,
    "condor": _condor,
    "calendar": _two_expiries(0.5, 0.5),
    "diagonal": _two_expiries(0.3, 0.4),
    "box": _box,
    "covered": _covered,
    "custom 1x2": _ratio,
}
