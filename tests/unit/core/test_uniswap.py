"""Pools to the unit: published vectors, and Python's integers on random states."""

import json
import math
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import parley_core
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.core import uniswap_reference as plain

UNIT = 10**18
LIQUIDITY = st.integers(1, 10**24)
TICKS = st.integers(-plain.TICK_MAX, plain.TICK_MAX)


@pytest.fixture(scope="module")
def vectors(reference: Path) -> dict:
    return json.loads((reference / "uniswap_v2_v3_math.json").read_text())


def encoded(numerator: int, denominator: int) -> int:
    """sqrt(numerator / denominator) in Q64.96, rounded down as the published tests round it."""
    return math.isqrt((numerator << 192) // denominator)


def amount_of(text: str) -> int:
    return int(Decimal(text) * UNIT)


def arguments(name: str) -> tuple[bool, bool, int, int | None]:
    """(zero_for_one, is_exact_in, amount, limit) out of the sentence that names a published swap."""
    bound = re.search(r"to price ([\d.]+)", name)
    fraction = Fraction(bound[1]) if bound else None
    limit = encoded(fraction.numerator, fraction.denominator) if fraction else None
    if found := re.match(r"swap exactly ([\d.]+) token(\d)", name):
        return found[2] == "0", True, amount_of(found[1]), limit
    if found := re.match(r"swap token(\d) for exactly ([\d.]+)", name):
        return found[1] == "0", False, amount_of(found[2]), limit
    return name.startswith("swap token0"), True, 2**255 - 1, limit


def pools_of(vectors: dict, description: str) -> tuple[parley_core.UniswapV3Pool, list[int]]:
    terms = next(each for each in vectors["pools"] if each["description"] == description)
    pool = parley_core.UniswapV3Pool(terms["fee"], terms["tickSpacing"], encoded(*map(int, terms["price"])))
    balances = [0, 0]
    for each in terms["positions"]:
        paid = pool.add_position(each["tickLower"], each["tickUpper"], int(each["liquidity"]))
        balances = [balance + amount for balance, amount in zip(balances, paid, strict=True)]
    return pool, balances


def five_digits(value: Fraction) -> Decimal:
    return Decimal(f"{Decimal(value.numerator) / Decimal(value.denominator):.5g}")


def price_of(pool: parley_core.UniswapV3Pool) -> Fraction:
    return Fraction(pool.sqrt_price_x96**2, 2**192)


def default_limit(zero_for_one: bool) -> int:
    return plain.sqrt_ratio(-plain.TICK_MAX) + 1 if zero_for_one else plain.sqrt_ratio(plain.TICK_MAX) - 1


def check_swap(case: dict, vectors: dict) -> None:
    pool, balances = pools_of(vectors, case["pool"])
    down, exact_in, amount, limit = arguments(case["swap"])
    expected = case["expected"]
    assert five_digits(price_of(pool)) == Decimal(expected["poolPriceBefore"])
    assert pool.tick == expected["tickBefore"]
    if "swapError" in expected:
        assert [str(b) for b in balances] == [expected["poolBalance0"], expected["poolBalance1"]]
        with pytest.raises(parley_core.PoolRefused, match="price limit"):
            pool.swap(down, exact_in, amount, limit)
        return
    swap = pool.swap(down, exact_in, amount, limit or default_limit(down))
    deltas = (swap.amount_in, -swap.amount_out) if down else (-swap.amount_out, swap.amount_in)
    growths = (swap.fee_growth_x128, 0) if down else (0, swap.fee_growth_x128)
    assert {
        "amount0Before": str(balances[0]), "amount1Before": str(balances[1]),
        "amount0Delta": str(deltas[0]), "amount1Delta": str(deltas[1]),
        "feeGrowthGlobal0X128Delta": str(growths[0]), "feeGrowthGlobal1X128Delta": str(growths[1]),
        "tickBefore": expected["tickBefore"], "tickAfter": pool.tick,
    } == {key: value for key, value in expected.items() if "rice" not in key}  # fmt: skip
    assert five_digits(price_of(pool)) == Decimal(expected["poolPriceAfter"])
    if deltas[0]:
        assert five_digits(Fraction(-deltas[1], deltas[0])) == Decimal(expected["executionPrice"])


def test_swaps_equal_the_published_outcomes_to_the_unit(vectors: dict) -> None:
    assert len(vectors["swap_cases"]) == 48
    for case in vectors["swap_cases"]:
        check_swap(case, vectors)


def test_tick_ratios_equal_the_published_ones(vectors: dict) -> None:
    ratios = {int(tick): int(ratio) for tick, ratio in vectors["sqrt_ratio_at_tick"].items()}
    assert len(ratios) == 32
    assert {tick: parley_core.uniswap_v3_sqrt_ratio_at_tick(tick) for tick in ratios} == ratios
    inside = {tick: ratio for tick, ratio in ratios.items() if tick < plain.TICK_MAX}
    assert {tick: parley_core.uniswap_v3_tick_at_sqrt_ratio(ratio) for tick, ratio in inside.items()} == {t: t for t in inside}


def test_steps_equal_the_published_ones(vectors: dict) -> None:
    for case in vectors["compute_swap_step"]:
        amount, target = int(case["amount"]), encoded(*case["target"])
        found = parley_core.uniswap_v3_swap_step(
            encoded(*case["price"]), target, int(case["L"]), abs(amount), amount > 0, case["fee"]
        )
        assert found == (target, int(case["amountIn"]), int(case["amountOut"]), int(case["feeAmount"]))


def test_v2_amounts_equal_the_published_ones(vectors: dict) -> None:
    for case in vectors["v2"]["getInputPrice"]:
        pool = parley_core.UniswapV2Pool(case["r0"] * UNIT, case["r1"] * UNIT)
        most, given = int(case["maxOut"]), case["amountIn"] * UNIT
        assert pool.amount_out(True, given) == most
        assert pool.keeps_product(given, 0, 0, most)
        assert not pool.keeps_product(given, 0, 0, most + 1)


def test_v2_same_token_out_equals_the_published_cases(vectors: dict) -> None:
    for case in vectors["v2"]["optimistic"]:
        out, reserve0, reserve1, given = (int(each) if isinstance(each, str) else each for each in case)
        given, out = (each * UNIT if each < UNIT // 10 else each for each in (given, out))
        pool = parley_core.UniswapV2Pool(reserve0 * UNIT, reserve1 * UNIT)
        assert pool.keeps_product(given, 0, out, 0)
        assert not pool.keeps_product(given, 0, out + 1, 0)


@given(TICKS)
def test_tick_ratio_is_the_plain_one(tick: int) -> None:
    assert parley_core.uniswap_v3_sqrt_ratio_at_tick(tick) == plain.sqrt_ratio(tick)


@settings(max_examples=300)
@given(TICKS, st.integers(-3, 3))
def test_tick_of_a_price_is_the_greatest_not_above_it(tick: int, offset: int) -> None:
    price = plain.sqrt_ratio(tick) + offset
    assume(plain.sqrt_ratio(-plain.TICK_MAX) <= price < plain.sqrt_ratio(plain.TICK_MAX))
    assert parley_core.uniswap_v3_tick_at_sqrt_ratio(price) == plain.tick_at(price)


@settings(max_examples=300)
@given(TICKS, TICKS, st.integers(1, 2**128 - 1), st.booleans())
def test_amounts_between_prices_are_the_plain_ones(a: int, b: int, liquidity: int, up: bool) -> None:
    low, high = plain.sqrt_ratio(a), plain.sqrt_ratio(b)
    for found, expected in (
        (parley_core.uniswap_v3_amount0_delta, plain.amount0(low, high, liquidity, up=up)),
        (parley_core.uniswap_v3_amount1_delta, plain.amount1(low, high, liquidity, up=up)),
    ):
        if expected < 2**256:
            try:
                assert found(low, high, liquidity, up) == expected
            except parley_core.PoolRefused as refused:
                assert refused.reason == "overflow"
                assert found is parley_core.uniswap_v3_amount0_delta  # its first quotient, before the second division
                assert (liquidity << 96) * abs(high - low) // max(low, high) >= 2**256 - 1


@settings(max_examples=500)
@given(TICKS, TICKS, st.integers(1, 10**30), st.integers(1, 10**30), st.booleans(), st.integers(0, 500_000))
def test_step_is_the_plain_one(at: int, to: int, liquidity: int, amount: int, exact_in: bool, fee: int) -> None:
    price, target = plain.sqrt_ratio(at), plain.sqrt_ratio(to)
    expected = plain.step(price, target, liquidity, amount, exact_in=exact_in, fee=fee)
    assume(max(expected) < 2**255)
    assert parley_core.uniswap_v3_swap_step(price, target, liquidity, amount, exact_in, fee) == expected


POSITIONS = st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 60), LIQUIDITY), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(POSITIONS, st.integers(-3_000, 3_000), st.integers(0, 10**7), st.data())
def test_pool_swaps_are_the_plain_ones(positions: list, start: int, offset: int, data: st.DataObject) -> None:
    spacing, fee = data.draw(st.sampled_from([(1, 100), (10, 500), (60, 3_000)]))
    price = plain.sqrt_ratio(start) + offset
    pool, other = parley_core.UniswapV3Pool(fee, spacing, price), plain.Pool(fee, spacing, price)
    for lower, width, liquidity in positions:
        low, high = lower * spacing, (lower + width) * spacing
        assert pool.add_position(low, high, liquidity) == other.add(low, high, liquidity)
    for _ in range(3):
        down, exact_in, amount = data.draw(st.tuples(st.booleans(), st.booleans(), st.integers(1, 10**25)))
        limit = plain.sqrt_ratio(-12_000 if down else 12_000)
        if pool.sqrt_price_x96 == limit:
            continue
        swap = pool.swap(down, exact_in, amount, limit)
        found = (swap.amount_in, swap.amount_out, swap.fee_growth_x128)
        assert found == other.swap(down=down, exact_in=exact_in, amount=amount, limit=limit)
        assert (pool.sqrt_price_x96, pool.liquidity, pool.tick) == (other.price, other.liquidity, other.tick)


RESERVES = st.integers(1, 2**112 - 1)


@settings(max_examples=300)
@given(RESERVES, RESERVES, st.integers(1, 2**112 - 1), st.integers(0, 999_999), st.booleans())
def test_v2_amount_out_is_the_largest_that_keeps_the_product(
    reserve0: int, reserve1: int, amount: int, fee: int, down: bool
) -> None:
    pool = parley_core.UniswapV2Pool(reserve0, reserve1, fee)
    reserve_in, reserve_out = (reserve0, reserve1) if down else (reserve1, reserve0)
    best = plain.v2_amount_out(reserve_in, reserve_out, amount, fee)
    if reserve_in + amount >= 2**112:
        with pytest.raises(parley_core.PoolRefused, match="overflow"):
            pool.amount_out(down, amount)
    elif best == 0:
        with pytest.raises(parley_core.PoolRefused, match="insufficient liquidity"):
            pool.amount_out(down, amount)
    else:
        assert pool.amount_out(down, amount) == best


@settings(max_examples=300)
@given(RESERVES, RESERVES, st.integers(1, 2**112 - 1), st.integers(0, 999_999), st.booleans())
def test_v2_amount_in_buys_the_amount_and_is_no_unit_too_many(
    reserve0: int, reserve1: int, out: int, fee: int, down: bool
) -> None:
    pool = parley_core.UniswapV2Pool(reserve0, reserve1, fee)
    reserve_in, reserve_out = (reserve0, reserve1) if down else (reserve1, reserve0)
    assume(out < reserve_out)
    exact = reserve_in * out * plain.FEE_WHOLE // ((reserve_out - out) * (plain.FEE_WHOLE - fee)) + 1
    if reserve_in + exact >= 2**112:
        with pytest.raises(parley_core.PoolRefused, match="overflow"):
            pool.amount_in(down, out)
        return
    assert pool.amount_in(down, out) == exact
    assert plain.v2_keeps(reserve_in, reserve_out, exact, out, fee)
    assert exact < 2 or not plain.v2_keeps(reserve_in, reserve_out, exact - 2, out, fee)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: parley_core.uniswap_v3_sqrt_ratio_at_tick(887_273), "tick out of range"),
        (lambda: parley_core.uniswap_v3_sqrt_ratio_at_tick(-887_273), "tick out of range"),
        (lambda: parley_core.uniswap_v3_tick_at_sqrt_ratio(4_295_128_738), "price out of range"),
        (lambda: parley_core.uniswap_v3_tick_at_sqrt_ratio(plain.sqrt_ratio(plain.TICK_MAX)), "price out of range"),
        (lambda: parley_core.UniswapV2Pool(2**112, 1), "reserve is zero or has more than 112 bits"),
        (lambda: parley_core.UniswapV2Pool(1, 0), "reserve is zero or has more than 112 bits"),
        (lambda: parley_core.UniswapV2Pool(1, 1, 10**6), "fee out of range"),
        (lambda: parley_core.UniswapV2Pool(5, 5).amount_in(True, 5), "insufficient liquidity"),
        (lambda: parley_core.UniswapV2Pool(5, 5).amount_out(True, 0), "amount is zero"),
        (lambda: parley_core.UniswapV3Pool(3_000, 60, 1), "price out of range"),
        (lambda: parley_core.UniswapV3Pool(3_000, 60, 2**96).add_position(0, 61, 1), "tick out of range"),
        (lambda: parley_core.UniswapV3Pool(3_000, 60, 2**96).add_position(0, 60, 2**127), "liquidity out of range"),
    ],
)
def test_refusals_have_names(call: object, reason: str) -> None:
    with pytest.raises(parley_core.PoolRefused) as refused:
        call()
    assert refused.value.reason == reason


def test_numbers_beyond_256_bits_are_refused() -> None:
    for number in (-1, 2**256):
        with pytest.raises(TypeError):
            parley_core.uniswap_v3_tick_at_sqrt_ratio(number)
