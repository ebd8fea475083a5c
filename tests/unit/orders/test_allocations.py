"""Shares of a trade: whole lots at whole ticks, and nothing lost or made on the way."""

import random

import pytest

from orders.domain.allocations import divide, price_pieces


@pytest.mark.parametrize(
    ("whole", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (5, [2, 3], [2, 3]),
        (1, [1, 1], [1, 0]),
        (7, [5, 1, 1], [5, 1, 1]),
        (2, [1, 3], [1, 1]),
        (-3, [1, 1], [-1, -2]),
    ],
)
def test_the_remainder_goes_where_most_was_cut_and_then_by_order(whole, weights, parts):
    assert divide(whole, weights) == parts


@pytest.mark.parametrize("seed", range(200))
def test_every_lot_and_every_tick_is_there_again(seed):
    rng = random.Random(seed)
    accounts = list(range(1, rng.randint(2, 11)))
    traded = rng.randint(len(accounts), 5_000)
    lots = divide(rng.randint(len(accounts), traded), [rng.randint(1, 50) for _ in accounts])
    tick_lots = rng.randint(traded, traded * 1_000)
    pieces = price_pieces(accounts, lots, traded, tick_lots)
    assert len(pieces) <= 20
    assert all(piece.lots > 0 for piece in pieces)
    for account, count in zip(accounts, lots, strict=True):
        own = [piece for piece in pieces if piece.account_id == account]
        assert sum(piece.lots for piece in own) == count
        average, exact = sum(piece.lots * piece.price_ticks for piece in own), tick_lots / traded
        assert not count or abs(average / count - exact) <= 1
    kept = traded - sum(lots)
    rest = tick_lots - sum(piece.lots * piece.price_ticks for piece in pieces)
    lower = tick_lots // traded
    assert kept * lower <= rest <= kept * (lower + 1), "what stays has a price of its own between the two ticks"
