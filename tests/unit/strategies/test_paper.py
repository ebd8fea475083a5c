"""Algorithms on a recorded market: who waits where, and that the same recording gives the same fills."""

import random

import msgspec
import pytest

from bench import algos
from strategies.algos import Levels, step
from strategies.algos.paper import Paper
from tests.unit.strategies.test_algos import SECOND, terms
from wire.algos import ALGORITHMS, AlgoName
from wire.units import Side

BOOK = Levels(bids=((100, 50), (99, 80)), asks=((102, 40), (103, 90)))


def paper(**changes):
    made = Paper(
        terms(AlgoName.ICEBERG, **{"quantity_lots": 30, "display_lots": 30, "limit_ticks": 100, **changes}), BOOK, 0
    )
    made.on_time(SECOND)
    return made


def traded(made):
    return [(fill.lots, fill.price_ticks, fill.is_passive) for fill in made.fills]


def test_a_resting_order_waits_behind_what_was_shown():
    made = paper()
    made.on_trade(2 * SECOND, 100, 45, Side.SELL)
    assert traded(made) == []
    made.on_trade(3 * SECOND, 100, 15, Side.SELL)
    assert traded(made) == [(10, 100, True)]
    made.on_trade(4 * SECOND, 101, 99, Side.SELL)
    made.on_trade(4 * SECOND, 100, 99, Side.BUY)
    assert len(made.fills) == 1, "above its price, or by a buyer, is not its trade"
    made.on_trade(5 * SECOND, 99, 99, Side.SELL)
    assert traded(made)[1:] == [(20, 100, True)]


def test_what_was_taken_is_gone_until_the_level_changes():
    made = paper(limit_ticks=102, quantity_lots=120, display_lots=100)
    assert traded(made) == [(40, 102, False)]
    made.on_book(BOOK)
    made.on_trade(2 * SECOND, 101, 60, Side.SELL)
    made.on_time(3 * SECOND)
    assert [lots for lots, price, is_passive in traded(made) if not is_passive] == [40]
    made.on_book(msgspec.structs.replace(BOOK, asks=((102, 7),)))
    made.on_time(4 * SECOND)
    assert made.state.executed_lots <= 120


def play(algo):
    """Five minutes of a small market that drifts down, with a trade a second."""
    rng = random.Random(5)
    given = terms(
        algo, quantity_lots=300, duration_ns=300 * SECOND, volume_curve=(1, 3, 2), display_lots=20, trigger_ticks=990
    )
    made = None
    for second in range(300):
        mid = 1_000 - second // 20 + rng.randint(-3, 3)
        near, far = ([(mid + way * at, rng.randint(5, 40)) for at in range(1, 4)] for way in (-1, 1))
        levels = Levels(bids=tuple(near), asks=tuple(far))
        if made is None:
            made = Paper(given, levels, 0)
        made.on_book(levels)
        made.on_time(second * SECOND)
        aggressor = rng.choice(list(Side))
        price = mid + (rng.randint(1, 2) if aggressor is Side.BUY else -rng.randint(1, 2))
        made.on_trade(second * SECOND + 1, price, rng.randint(1, 60), aggressor)
    return made


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_the_same_market_gives_the_same_fills_twice(algo):
    first, second = play(algo), play(algo)
    assert (first.fills, first.inputs, first.state) == (second.fills, second.inputs, second.state)
    lots = sum(fill.lots for fill in first.fills)
    assert first.state.executed_lots == lots
    assert 0 < lots <= 300
    state = None
    for given in first.inputs:
        state, _ = step(state, given)
    assert state == first.state, "what it was told makes the state again"


@pytest.mark.parametrize("algo", [AlgoName.TWAP, AlgoName.SNIPER])
def test_the_recorded_book_gives_the_same_fills_twice(recordings, algo, monkeypatch):
    if not (recordings / "binance_l2").is_dir():
        pytest.skip("skipped, no recordings")
    monkeypatch.setattr(algos, "DATA", recordings)
    moments = list(algos.read_moments())
    first, second = (algos.run(algo, moments, ()) for _ in range(2))
    assert first.paper.fills == second.paper.fills
    assert first.paper.inputs == second.paper.inputs
    assert first.paper.state.executed_lots == sum(fill.lots for fill in first.paper.fills) > 0
    text = algos.draw([first])
    assert text.count("<path") >= 2
    assert text == algos.draw([second])
