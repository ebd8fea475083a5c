"""Random markets, and the best way to route over them as HiGHS finds it: the router's reference.

The mixed integer program knows whole lots, minimum sizes and fixed costs; a pool enters by tangents of its convex cost,
added where the last solution lies until they no longer move it. Tangents lie below the cost: what HiGHS finds is a bound
that no routing beats.
"""

import math
import random
from dataclasses import dataclass, field

import numpy as np
import parley_core
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.unit.core import uniswap_reference as plain

UNIT_PRICE = 1e6  # quote units a unit, around which the random markets lie
ROUNDS_MAX = 12
TANGENTS = 10
TOLERANCE = 1e-8


@dataclass
class Book:
    levels: list[tuple[int, int]]
    lot: int


@dataclass
class Pool:
    """Liquidity in ranges of sqrt(price), in the direction of the order: (from, to, liquidity)."""

    ranges: list[tuple[float, float, float]]
    fee: float
    made: object
    base_is_token0: bool
    scale: int


@dataclass
class Venue:
    source: Book | Pool
    charge: float
    fixed: int = 0
    least: int = 0
    notional_least: int = 0
    most: int = 10**18
    terms: dict = field(default_factory=dict)


@dataclass
class State:
    side: int
    quantity: int
    venues: list[Venue]

    @property
    def sign(self) -> int:
        return 1 if self.side == 0 else -1

    def order(self) -> parley_core.RouteOrder:
        return parley_core.RouteOrder(self.side, self.quantity, price_units=10**6)

    def inputs(self) -> list[parley_core.RouteVenue]:
        return [self._input(number, venue) for number, venue in enumerate(self.venues)]

    def _input(self, number: int, venue: Venue) -> parley_core.RouteVenue:
        terms = parley_core.RouteTerms(
            number, fixed_cost=venue.fixed, quantity_min_units=venue.least, notional_min=venue.notional_least,
            quantity_max_units=venue.most, **venue.terms,
        )  # fmt: skip
        if isinstance(venue.source, Book):
            return parley_core.RouteVenue(terms, venue.source.levels, venue.source.lot)
        pool = venue.source
        return parley_core.RouteVenue(terms, pool.made, pool.base_is_token0, pool.scale, pool.scale)


def pool_cost(state: State, venue: Venue, units: float) -> tuple[float, float]:
    """What `units` cost (less than nothing when sold), and what one more would."""
    pool = venue.source
    left = units
    money = 0.0
    for begin, end, liquidity in pool.ranges:
        if state.side == 0:
            room = liquidity * (1 / begin - 1 / end)
            taken = min(left, room)
            after = 1 / (1 / begin - taken / liquidity) if taken < room else end
            money += liquidity * (after - begin) / (1 - pool.fee)
        else:
            room = liquidity * (1 / end - 1 / begin) / (1 - pool.fee)
            taken = min(left, room)
            after = 1 / (1 / begin + taken * (1 - pool.fee) / liquidity) if taken < room else end
            money += liquidity * (begin - after)
        left -= taken
        if left <= 0:
            break
    factor = state.sign * (1 + state.sign * venue.charge)
    keep = 1 / (1 - pool.fee) if state.side == 0 else 1 - pool.fee
    return money * factor, after * after * keep * factor


def pool_capacity(state: State, pool: Pool) -> float:
    units = 0.0
    for begin, end, liquidity in pool.ranges:
        units += liquidity * abs(1 / begin - 1 / end) / (1 if state.side == 0 else 1 - pool.fee)
    return units


def book_and_pool_state(seed: int) -> State:
    """4 books of 20 levels, a v2 and a v3 pool with gas, and an order of a size that uses several of them."""
    dice = random.Random(seed)
    side = dice.randint(0, 1)
    venues = []
    for _ in range(4):
        fee = dice.randint(0, 800)
        book = random_book(dice, side, 20)
        venues.append(Venue(book, fee * 1e-6, terms={"taker_fee_ppm": fee}))
    for make in (random_v2, random_v3):
        pool = make(dice, side)
        capacity = max(1, int(pool_capacity(State(side, 1, []), pool) * 0.4))
        gas = int(dice.lognormvariate(1, 1) * UNIT_PRICE)
        venues.append(Venue(pool, 0.0, fixed=gas, most=capacity))
    return State(side, int(10 ** dice.uniform(3.5, 5)), venues)


class Program:
    """The mixed integer program: for each venue whether it is used, its quantity, its cost; for books its lots."""

    def __init__(self, state: State, wanted: int) -> None:
        self.state, self.wanted = state, wanted
        self.scale = UNIT_PRICE * wanted
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.cost: list[float] = []
        self.integral: list[int] = []
        self.upper: list[float] = []
        self.quantities = [self._venue(venue) for venue in state.venues]
        self.rows.append((dict.fromkeys(self.quantities, 1.0), 1.0, 1.0))

    def _variable(self, upper: float, *, cost: float = 0.0, integral: int = 0) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.integral.append(integral)
        return len(self.cost) - 1

    def _venue(self, venue: Venue) -> int:
        used = self._variable(1, cost=venue.fixed / self.scale, integral=1)
        quantity = self._variable(1)
        most = min(venue.most, self.wanted) / self.wanted
        self.rows.append(({quantity: 1.0, used: -most}, -math.inf, 0.0))
        self.rows.append(({quantity: 1.0, used: -venue.least / self.wanted}, 0.0, math.inf))
        if isinstance(venue.source, Book):
            self._book(venue, venue.source, used, quantity)
        else:
            self._pool(venue, quantity)
        return quantity

    def _book(self, venue: Venue, book: Book, used: int, quantity: int) -> None:
        factor = self.state.sign * (1 + self.state.sign * venue.charge)
        lots = self._variable(self.wanted // book.lot, integral=1)
        parts = [
            self._variable(count * book.lot / self.wanted, cost=factor * price / book.lot / UNIT_PRICE)
            for price, count in book.levels
        ]
        self.rows.append(({quantity: -1.0, **dict.fromkeys(parts, 1.0)}, 0.0, 0.0))
        self.rows.append(({quantity: 1.0, lots: -book.lot / self.wanted}, 0.0, 0.0))
        prices = {part: price / book.lot / UNIT_PRICE for part, (price, _) in zip(parts, book.levels, strict=True)}
        self.rows.append(({**prices, used: -venue.notional_least / self.scale}, 0.0, math.inf))

    def _pool(self, venue: Venue, quantity: int) -> None:
        money = self._variable(math.inf, cost=1.0)
        most = min(venue.most, self.wanted)
        self.upper[quantity] = most / self.wanted
        self.pools = [*getattr(self, "pools", []), (venue, quantity, money)]
        for point in range(TANGENTS + 1):
            self.add_tangent(venue, quantity, money, most * (point / TANGENTS) ** 2)

    def add_tangent(self, venue: Venue, quantity: int, money: int, units: float) -> None:
        value, slope = pool_cost(self.state, venue, units)
        slope /= UNIT_PRICE
        self.rows.append(({money: 1.0, quantity: -slope}, value / self.scale - slope * units / self.wanted, math.inf))

    def solve(self) -> float | None:
        """The least cost in quote units, or None where no way gives exactly what is wanted."""
        for _ in range(ROUNDS_MAX):
            found = self._solve_once()
            if found is None or found.x is None:
                return None
            gap = 0.0
            for venue, quantity, money in getattr(self, "pools", []):
                units = min(max(found.x[quantity], 0.0), self.upper[quantity]) * self.wanted
                gap += pool_cost(self.state, venue, units)[0] / self.scale - found.x[money]
                self.add_tangent(venue, quantity, money, units)
            if gap < TOLERANCE:
                break
        return float(found.fun) * self.scale

    def _solve_once(self):
        matrix = np.zeros((len(self.rows), len(self.cost)))
        for number, (row, _, _) in enumerate(self.rows):
            for column, value in row.items():
                matrix[number, column] = value
        limits = LinearConstraint(matrix, [row[1] for row in self.rows], [row[2] for row in self.rows])
        lower = np.zeros(len(self.cost))
        for _, _, money in getattr(self, "pools", []):
            lower[money] = -math.inf
        return milp(
            self.cost, integrality=self.integral, bounds=Bounds(lower, self.upper), constraints=limits,
            options={"mip_rel_gap": 1e-8, "time_limit": 120},
        )  # fmt: skip


def random_book(dice: random.Random, side: int, levels: int) -> Book:
    lot = dice.choice([1, 10, 100, 1_000])
    sign = 1 if side == 0 else -1
    price = int(UNIT_PRICE * lot * (1 + sign * dice.uniform(0, 0.002)))
    found = []
    for _ in range(levels):
        price += sign * max(1, int(lot * UNIT_PRICE * dice.expovariate(1) * 2e-4))
        found.append((price, max(1, int(dice.lognormvariate(8, 1.2) / lot))))
    merged: dict[int, int] = {}
    for level_price, lots in found:
        merged[level_price] = merged.get(level_price, 0) + lots
    return Book(list(merged.items()), lot)


def random_v2(dice: random.Random, side: int) -> Pool:
    scale, base_is_token0 = 10 ** dice.choice([0, 6, 12]), dice.random() < 0.5
    base = int(dice.lognormvariate(13, 1)) + 1_000
    quote = int(base * UNIT_PRICE * (1 + dice.uniform(-0.003, 0.003)))
    fee = dice.choice([500, 3_000])
    reserves = (base * scale, quote * scale) if base_is_token0 else (quote * scale, base * scale)
    s, liquidity = math.sqrt(quote / base), math.sqrt(base * quote)
    ends = liquidity / (base * 0.5) if side == 0 else s * 0.5
    return Pool([(s, ends, liquidity)], fee / 1e6, parley_core.UniswapV2Pool(*reserves, fee), base_is_token0, scale)


def random_v3(dice: random.Random, side: int) -> Pool:
    scale, base_is_token0 = 10 ** dice.choice([6, 12]), dice.random() < 0.5
    fee, spacing = dice.choice([(100, 1), (500, 10), (3_000, 60)])
    price = UNIT_PRICE * (1 + dice.uniform(-0.002, 0.002))
    ratio = price if base_is_token0 else 1 / price
    made = parley_core.UniswapV3Pool(fee, spacing, int(math.sqrt(ratio) * 2**96))
    center = made.tick // spacing
    width = max(2, 600 // spacing)
    for _ in range(dice.randint(1, 5)):
        lower = center - dice.randint(0, width)
        upper = center + dice.randint(1, width)
        if dice.random() < 0.2:
            lower, upper = upper, upper + width
        made.add_position(lower * spacing, upper * spacing, int(dice.lognormvariate(15, 1) * scale) + scale)
    return Pool(v3_ranges(made, side, base_is_token0, scale), fee / 1e6, made, base_is_token0, scale)


def v3_ranges(made: parley_core.UniswapV3Pool, side: int, base_is_token0: bool, scale: int) -> list:
    def root(sqrt_price: int) -> float:
        return sqrt_price / 2**96 if base_is_token0 else 2**96 / sqrt_price

    is_down = (side == 1) == base_is_token0
    liquidity, begin = made.liquidity, made.sqrt_price_x96
    ranges = []
    ticks = [t for t in made.ticks() if (t[0] <= made.tick) == is_down]
    for tick, net, _ in reversed(ticks) if is_down else ticks:
        end = plain.sqrt_ratio(tick)
        if liquidity and end != begin:
            ranges.append((root(begin), root(end), liquidity / scale))
        liquidity, begin = liquidity + (-net if is_down else net), end
    return ranges


def random_state(seed: int, *, books_max: int = 5, pools_max: int = 3) -> State:
    dice = random.Random(seed)
    side = dice.randint(0, 1)
    venues = []
    for _ in range(dice.randint(1, books_max)):
        fee, penalty = dice.randint(-50, 1_000), dice.choice([0, 0, 100, 500])
        book = random_book(dice, side, dice.randint(1, 20))
        venue = Venue(book, (fee + penalty) * 1e-6, terms={"taker_fee_ppm": fee, "penalty_ppm": penalty})
        if dice.random() < 0.3:
            venue.least = dice.randint(1, 20) * book.lot * dice.choice([1, 10])
        if dice.random() < 0.3:
            venue.notional_least = int(dice.uniform(1, 2_000) * UNIT_PRICE)
        if dice.random() < 0.2:
            venue.fixed = int(dice.uniform(0.01, 10) * UNIT_PRICE)
        if dice.random() < 0.2:
            venue.most = dice.randint(1, 5_000) * book.lot
        venues.append(venue)
    for _ in range(dice.randint(0, pools_max)):
        pool = dice.choice([random_v2, random_v3])(dice, side)
        capacity = int(pool_capacity(State(side, 1, []), pool) * 0.4)
        if capacity > 100:
            gas = int(dice.lognormvariate(2, 1.5) * UNIT_PRICE)
            venues.append(Venue(pool, 0.0, fixed=gas, most=capacity))
    return State(side, int(10 ** dice.uniform(3, 5.5)), venues)
