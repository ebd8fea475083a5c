"""Uniswap v2 and v3 in Python's integers: slow, obvious, and written apart from the core that is tested against it."""

from dataclasses import dataclass, field
from decimal import Decimal, localcontext

Q96 = 2**96
TICK_MAX = 887_272
FEE_WHOLE = 10**6


def _factors() -> list[int]:
    """Q128 of 1.0001^(-2^bit / 2), to the nearest."""
    with localcontext() as context:
        context.prec = 120
        return [
            int(Decimal(2**128) / (Decimal("1.0001") ** (2**bit)).sqrt() + Decimal("0.5")) for bit in range(20)
        ]


FACTORS = _factors()


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def sqrt_ratio(tick: int) -> int:
    ratio = 2**128
    for bit, factor in enumerate(FACTORS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return ceil_div(ratio, 2**32)


def tick_at(price: int) -> int:
    low, high = -TICK_MAX, TICK_MAX
    while low < high:
        middle = (low + high + 1) // 2
        if sqrt_ratio(middle) <= price:
            low = middle
        else:
            high = middle - 1
    return low


def amount0(a: int, b: int, liquidity: int, *, up: bool) -> int:
    a, b = sorted((a, b))
    if up:
        return ceil_div(ceil_div((liquidity << 96) * (b - a), b), a)
    return (liquidity << 96) * (b - a) // b // a


def amount1(a: int, b: int, liquidity: int, *, up: bool) -> int:
    product = liquidity * abs(b - a)
    return ceil_div(product, Q96) if up else product // Q96


def price_after_input(price: int, liquidity: int, amount: int, *, zero_for_one: bool) -> int:
    if not zero_for_one:
        return price + (amount << 96) // liquidity
    numerator = liquidity << 96
    if amount * price < 2**256 and numerator + amount * price < 2**256:
        return ceil_div(numerator * price, numerator + amount * price)
    return ceil_div(numerator, numerator // price + amount)


def price_after_output(price: int, liquidity: int, amount: int, *, zero_for_one: bool) -> int:
    if zero_for_one:
        return price - ceil_div(amount << 96, liquidity)
    numerator = liquidity << 96
    return ceil_div(numerator * price, numerator - amount * price)


def step(price: int, target: int, liquidity: int, amount: int, *, exact_in: bool, fee: int) -> tuple[int, int, int, int]:
    """(price after, in, out, fee), as the contract's SwapMath does it."""
    down = price >= target
    delta_in = (lambda to: amount0(to, price, liquidity, up=True)) if down else (lambda to: amount1(price, to, liquidity, up=True))
    delta_out = (lambda to: amount1(to, price, liquidity, up=False)) if down else (lambda to: amount0(price, to, liquidity, up=False))
    if exact_in:
        usable = amount * (FEE_WHOLE - fee) // FEE_WHOLE
        after = target if usable >= delta_in(target) else price_after_input(price, liquidity, usable, zero_for_one=down)
    else:
        after = target if amount >= delta_out(target) else price_after_output(price, liquidity, amount, zero_for_one=down)
    paid, got = delta_in(after), delta_out(after)
    if not exact_in:
        got = min(got, amount)
    taken = amount - paid if exact_in and after != target else ceil_div(paid * fee, FEE_WHOLE - fee)
    return after, paid, got, taken


@dataclass
class Pool:
    fee: int
    spacing: int
    price: int
    liquidity: int = 0
    tick: int = 0
    net: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tick = tick_at(self.price)

    def add(self, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        self.net[lower] = self.net.get(lower, 0) + liquidity
        self.net[upper] = self.net.get(upper, 0) - liquidity
        if lower <= self.tick < upper:
            self.liquidity += liquidity
        low, high = sqrt_ratio(lower), sqrt_ratio(upper)
        middle = min(max(self.price, low), high)
        return amount0(middle, high, liquidity, up=True), amount1(low, middle, liquidity, up=True)

    def next_tick(self, *, down: bool) -> int:
        """Tick by tick to the next initialized one or the end of the word of 256, which ends the search too."""
        at = self.tick // self.spacing + (0 if down else 1)
        while at * self.spacing not in self.net and at % 256 != (0 if down else 255):
            at += -1 if down else 1
        return min(max(at * self.spacing, -TICK_MAX), TICK_MAX)

    def swap(self, *, down: bool, exact_in: bool, amount: int, limit: int) -> tuple[int, int, int]:
        """(in with fee, out, growth of the fee in Q128)."""
        left, paid, got, growth = amount, 0, 0, 0
        while left and self.price != limit:
            following = self.next_tick(down=down)
            target = max(sqrt_ratio(following), limit) if down else min(sqrt_ratio(following), limit)
            before = self.price
            self.price, cost, out, fee = step(before, target, self.liquidity, left, exact_in=exact_in, fee=self.fee)
            left -= cost + fee if exact_in else out
            paid, got = paid + cost + fee, got + out
            growth += (fee << 128) // self.liquidity if self.liquidity else 0
            if self.price == sqrt_ratio(following):
                self.liquidity += (-1 if down else 1) * self.net.get(following, 0)
                self.tick = following - 1 if down else following
            elif self.price != before:
                self.tick = tick_at(self.price)
        return paid, got, growth % 2**256


def v2_amount_out(reserve_in: int, reserve_out: int, amount: int, fee: int) -> int:
    """The largest whole amount that keeps the product."""
    low, high = 0, reserve_out - 1
    while low < high:
        middle = (low + high + 1) // 2
        if v2_keeps(reserve_in, reserve_out, amount, middle, fee):
            low = middle
        else:
            high = middle - 1
    return low


def v2_keeps(reserve_in: int, reserve_out: int, amount: int, out: int, fee: int) -> bool:
    after = ((reserve_in + amount) * FEE_WHOLE - amount * fee) * (reserve_out - out)
    return after >= reserve_in * reserve_out * FEE_WHOLE
