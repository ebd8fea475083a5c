"""Sharing out a size: the rule by example, and against a search through every share-out there is."""

import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rfq.domain import allocation
from rfq.domain.allocation import Offer, allocate, share_out, size_step
from tests.unit.rfq.builders import AT, CALL, PUT, leg, seconds
from wire.negotiation import AllocationReason
from wire.units import Side

PRICE, WHOLE, TIME = AllocationReason.PRICE, AllocationReason.ALL_OR_NONE, AllocationReason.TIME


def offer(quote_id, price, quantity, *, aon=False, at=0):
    return Offer(
        quote_id=quote_id, version=1, price=Decimal(price), quantity=Decimal(quantity), is_all_or_none=aon, made_at=AT + seconds(at)
    )


def shared(*offers, side=Side.BUY, quantity=10, step=1):
    fills = allocate(offers, side=side, quantity=Decimal(quantity), step=Decimal(step))
    return fills and [(fill.quote_id, int(fill.quantity), fill.reason) for fill in fills]


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ([offer(1, "5", 10), offer(2, "4", 10)], [(2, 10, PRICE)]),
        ([offer(1, "5", 10), offer(2, "4", 6)], [(2, 6, PRICE), (1, 4, PRICE)]),
        ([offer(1, "4", 10, at=2), offer(2, "4", 10, at=1)], [(2, 10, TIME)]),
        ([offer(1, "4", 6, at=1), offer(2, "4", 6, at=2)], [(1, 6, TIME), (2, 4, PRICE)]),
        ([offer(2, "4", 10), offer(1, "4", 10)], [(1, 10, TIME)]),
        ([offer(1, "4", 10, at=1), offer(2, "4", 10, aon=True, at=2)], [(2, 10, WHOLE)]),
        ([offer(1, "4", 10, aon=True, at=2), offer(2, "4", 10, aon=True, at=1)], [(2, 10, TIME)]),
        ([offer(1, "4", 10, aon=True), offer(2, "3", 5), offer(3, "6", 5)], [(1, 10, PRICE)]),
        ([offer(1, "4", 10, aon=True), offer(2, "3", 5), offer(3, "4", 5)], [(2, 5, PRICE), (3, 5, PRICE)]),
        ([offer(1, "1", 6, aon=True), offer(2, "2", 6, aon=True), offer(3, "9", 10)], [(1, 6, PRICE), (3, 4, PRICE)]),
        ([offer(1, "1", 6, aon=True), offer(2, "2", 5, aon=True), offer(3, "3", 5, aon=True)], [(2, 5, PRICE), (3, 5, PRICE)]),
        ([offer(1, "1", 6, aon=True), offer(2, "2", 3)], None),
        ([offer(1, "-1", 10), offer(2, "-2", 10)], [(2, 10, PRICE)]),
    ],
)
def test_the_rule_by_example(offers, expected):
    assert shared(*offers) == expected
    assert shared(*reversed(offers)) == expected


def test_a_taker_who_sells_takes_the_highest_bid():
    assert shared(offer(1, "5", 10), offer(2, "4", 10), side=Side.SELL) == [(1, 10, PRICE)]


def test_an_empty_pool_fills_nothing():
    assert shared() is None


def brute_force(offers, side, whole):
    """Every share-out there is; the best by what the rule says, or None."""
    ranked = sorted(
        offers,
        key=lambda each: (side.sign * each.price, not (each.is_all_or_none and each.quantity == whole), each.made_at, each.quote_id),
    )
    choices = [
        (0, int(each.quantity)) if each.is_all_or_none else range(int(each.quantity) + 1) for each in ranked
    ]
    fitting = [sizes for sizes in itertools.product(*choices) if sum(sizes) == whole]
    if not fitting:
        return None

    def badness(sizes):
        cost = sum((side.sign * Fraction(each.price) * size for each, size in zip(ranked, sizes, strict=True)), Fraction(0))
        return cost, [-size for size in sizes]

    best = min(fitting, key=badness)
    return {each.quote_id: size for each, size in zip(ranked, best, strict=True) if size}


@st.composite
def pools(draw):
    whole = draw(st.integers(1, 7))
    count = draw(st.integers(0, 5))
    return whole, [
        offer(
            quote_id,
            draw(st.sampled_from(["-0.5", "0", "0.1", "0.15", "0.2"])),
            draw(st.integers(1, whole)),
            aon=draw(st.booleans()),
            at=draw(st.integers(0, 2)),
        )
        for quote_id in range(count)
    ]


@settings(max_examples=1_500, deadline=None)
@given(pools(), st.sampled_from(Side))
@example((7, [offer(0, "0.1", 4, aon=True), offer(1, "0.1", 3, aon=True), offer(2, "0.1", 7)]), Side.BUY)
def test_allocation_is_the_best_of_every_share_out(pool, side):
    whole, offers = pool
    fills = allocate(offers, side=side, quantity=Decimal(whole), step=Decimal(1))
    expected = brute_force(offers, side, whole)
    assert (fills and {fill.quote_id: int(fill.quantity) for fill in fills}) == expected


@settings(max_examples=300, deadline=None)
@given(pools(), st.sampled_from(Side))
def test_reasons_are_true(pool, side):
    """Whoever was first in time or whole has somebody behind at that price who wanted more; by price nobody has."""
    whole, offers = pool
    fills = allocate(offers, side=side, quantity=Decimal(whole), step=Decimal(1)) or ()
    got = {fill.quote_id: fill.quantity for fill in fills}
    by_id = {each.quote_id: each for each in offers}

    def is_whole(each):
        return each.is_all_or_none and each.quantity == whole

    for fill in fills:
        mine = by_id[fill.quote_id]
        behind = [
            each
            for each in offers
            if each.price == mine.price
            and got.get(each.quote_id, 0) < each.quantity
            and (not is_whole(each), each.made_at, each.quote_id) > (not is_whole(mine), mine.made_at, mine.quote_id)
        ]
        if fill.reason is PRICE:
            assert behind == []
        elif fill.reason is WHOLE:
            assert is_whole(mine)
            assert any(not is_whole(each) for each in behind)
        else:
            assert behind
            assert not is_whole(mine) or all(is_whole(each) for each in behind)


def test_combinations_of_all_or_nones_are_bounded():
    """The thirteenth all-or-none of less than the whole is not tried, though it alone would make the sum."""
    bound = allocation.PARTIAL_ALL_OR_NONE_MAX
    even = [offer(number, "1", 2, aon=True, at=number) for number in range(bound)]
    odd = offer(99, "2", 3, aon=True)
    assert shared(*even[: bound - 1], odd, quantity=5) is not None
    assert shared(*even, odd, quantity=5) is None
    assert shared(*even, odd, offer(100, "9", 5), quantity=5) == [(0, 2, TIME), (1, 2, TIME), (100, 1, PRICE)]


def test_size_step_is_whole_lots_of_every_leg():
    assert size_step([leg(CALL), leg(PUT)]) == leg(CALL).lot_size
    ratios = size_step([leg(CALL, ratio=3), leg(PUT, ratio=2)])
    assert ratios * 3 % leg(CALL).lot_size == ratios * 2 % leg(PUT).lot_size == 0
    assert size_step([leg(CALL, ratio=4)]) == leg(CALL).lot_size / 4


@given(st.lists(st.integers(1, 50), min_size=1, max_size=10), st.data())
def test_shares_add_up_and_are_as_equal_as_lots_allow(accounts, data):
    whole = sum(accounts)
    cuts = sorted(data.draw(st.sets(st.integers(1, whole), max_size=6)) | {whole})
    fills = [high - low for low, high in itertools.pairwise([0, *cuts])]
    shares = share_out(fills, accounts)
    for index, size in enumerate(accounts):
        assert sum(part for account, _, part in shares if account == index) == size
    for index, size in enumerate(fills):
        assert sum(part for _, fill, part in shares if fill == index) == size
    assert all(part > 0 for _, _, part in shares)
    for account, fill, part in shares[: len(accounts)]:
        if fill == 0:
            assert abs(Fraction(part) - Fraction(fills[0] * accounts[account], whole)) < 1
