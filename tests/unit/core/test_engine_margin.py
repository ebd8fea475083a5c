"""The margin that the engine keeps as it goes is the portfolio margin computed from nothing, before and after a trade."""

import copy
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import parley_core
import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core import margin_desk as m
from tests.unit.core.margin_desk import MarginDesk

RICH = 1e9
FAIR = 4_100_000
"""Ticks: near what the model says that the first call is worth."""


@pytest.fixture
def margined(tmp_path: Path) -> Iterator[MarginDesk]:
    opened = MarginDesk(tmp_path / "journal")
    yield opened
    opened.engine.stop()


def _exactly(value: float, cash: float = RICH) -> Any:
    """To 1e-9 of what the positions and coins add to or take from the cash, and a millionth of a dollar."""
    return pytest.approx(value, rel=0, abs=1e-9 * abs(value - cash) + 1e-6)


@pytest.mark.parametrize("letter", list("ABCDEFGHI"))
def test_worked_accounts_hold_through_the_engine(margined: MarginDesk, reference: Path, letter: str) -> None:
    document = json.loads((reference / "portfolio_margin_vectors.json").read_text())
    case = next(case for case in document["cases"] if case["name"].startswith(letter))
    scenario = case["scenario"]
    feed = scenario["OptionFeeds"][0]
    margined.spot = scenario["SpotPrice"]
    margined.years, margined.rates = {1: feed["FeedExpiry"] / (365 * 86_400)}, {1: feed["Rate"]}
    margined.parameters |= {
        "stable_price": scenario["StablePrice"],
        "confidence": min(scenario["SpotConfidence"], feed["ForwardConfidence"]),
    }
    amounts = {}
    for option in scenario["Options"]:
        added = margined.add(
            m.OPTION, is_inverse=False, lot=0.01, expiry=1, strike=float(option["Strike"]),
            is_call=option["IsCall"] == 1, forward=feed["Forward"], volatility=option["MarkVol"],
        )  # fmt: skip
        amounts[added.instrument_id] = option["Amount"]
    if scenario["NumPerps"]:
        added = margined.add(m.PERPETUAL, is_inverse=False, lot=0.01, forward=margined.spot)
        amounts[added.instrument_id] = scenario["NumPerps"]
    margined.open_accounts()
    margined.collateral(d.ALICE, RICH)
    for instrument, amount in amounts.items():
        price = scenario["PerpPrice"] if margined.contracts[instrument].kind == m.PERPETUAL else 1.0
        margined.block(instrument, round(amount * 100), round(price / m.TICK))
    margined.collateral(d.ALICE, scenario["Cash"])
    assert margined.initial(d.ALICE) == pytest.approx(case["IM"], abs=1e-6)


def _move_market(desk: MarginDesk, random: np.random.Generator) -> None:
    """A random part of the market moves; now and then all of it."""
    kinds = random.choice(4)
    expiries = [row for row in desk.years if random.random() < 0.5] if kinds else list(desk.years)
    contracts = [key for key in desk.contracts if random.random() < 0.3] if kinds else list(desk.contracts)
    desk.spot *= math.exp(random.normal(0, 0.02)) if kinds != 1 else 1.0
    for row in expiries:
        desk.years[row] *= random.uniform(0.9, 1.0)
        desk.rates[row] = random.uniform(-0.05, 0.1)
    for key in contracts:
        contract = desk.contracts[key]
        contract.forward = desk.spot * random.uniform(0.97, 1.05)
        contract.volatility = random.uniform(0.2, 1.8)
    desk.mark(expiries, contracts)


def _random_trade(desk: MarginDesk, random: np.random.Generator) -> None:
    contract = desk.contracts[int(random.integers(1, len(desk.contracts) + 1))]
    lots = int(random.integers(1, 200)) * (1 if random.random() < 0.5 else -1)
    fair = 0.03 if contract.kind == m.OPTION and contract.is_inverse else 60.0 if contract.kind == m.OPTION else desk.spot
    ticks = round(fair * random.uniform(0.5, 1.5) / m.TICK)
    expected = desk.after(d.ALICE, contract.instrument_id, lots, ticks)
    assert expected[1] == _exactly(desk.margin_of(desk.books[d.ALICE]).initial)
    assert desk.block(contract.instrument_id, lots, ticks)[0] is EventKind.BLOCK_RESERVED
    assert expected[0] == _exactly(desk.margin_of(desk.books[d.ALICE]).initial)


@pytest.mark.parametrize("seed", range(6))
def test_margin_is_exact_through_random_trades_and_markets(margined: MarginDesk, seed: int) -> None:
    random = np.random.default_rng(seed)
    if seed % 2:
        margined.parameters = {
            "maintenance_haircut": 0.075, "initial_haircut": 0.025, "stable_price": 0.97, "confidence": 0.4,
        }  # fmt: skip
    margined.add_all()
    for account in (d.ALICE, d.BOB):
        margined.collateral(account, RICH, coins=random.uniform(-50, 500))
    for _ in range(60):
        if random.random() < 0.4:
            _move_market(margined, random)
        _random_trade(margined, random)
        for account in (d.ALICE, d.BOB):
            margin = margined.margin_of(margined.books[account])
            assert margined.initial(account) == _exactly(margin.initial)


def test_what_works_counts_at_its_worst(margined: MarginDesk) -> None:
    """The margin with orders at work is below that of every set of them that may be filled at the marks."""
    random = np.random.default_rng(5)
    margined.add_all()
    margined.collateral(d.ALICE, RICH, coins=20.0)
    for _ in range(12):
        _random_trade(margined, random)
    without = margined.initial(d.ALICE)
    orders = [(1, 40), (2, -60), (2, 35), (7, -25), (19, 30), (20, -90), (21, -50), (22, 70)]
    for number, (instrument, lots) in enumerate(orders, start=1):
        side = d.BUY if lots > 0 else d.SELL
        margined.place(number, d.ALICE, side, abs(lots), 9_000 if lots > 0 else 11_000, instrument=instrument)
    assert margined.said().count((EventKind.ORDER_ACCEPTED, (1, 40))) == 1
    worked = margined.initial(d.ALICE)
    filled = [
        _filled_at_marks(margined, chosen)
        for count in range(len(orders) + 1)
        for chosen in itertools.combinations(orders, count)
    ]
    assert max(filled) > min(filled)
    assert worked <= min(filled) + 1e-6
    margined.engine.cancel_all(margined.now, margined.next_sequence(), d.ALL, 0)
    margined.said()
    assert margined.initial(d.ALICE) == without


def _filled_at_marks(desk: MarginDesk, chosen: tuple[tuple[int, int], ...]) -> float:
    book = copy.deepcopy(desk.books[d.ALICE])
    for instrument, lots in chosen:
        contract = desk.contracts[instrument]
        price = contract.forward
        if contract.kind == m.OPTION:
            years = desk.years[contract.expiry]
            forward, strike = np.array([contract.forward]), np.array([contract.strike])
            volatility, is_call = np.array([contract.volatility]), np.array([contract.is_call])
            value = parley_core.black76_price(forward, strike, np.array([years]), volatility, is_call)[0]
            price = value * math.exp(-desk.rates[contract.expiry] * years)
            price /= desk.spot if contract.is_inverse else 1.0
        book.trade(contract, lots, price)
    return float(desk.margin_of(book).initial)


def _option(desk: MarginDesk) -> m.Contract:
    return next(each for each in desk.contracts.values() if each.kind == m.OPTION and each.is_call)


def test_margin_headroom_passes_at_zero_and_refuses_below(margined: MarginDesk) -> None:
    margined.add_all()
    option = _option(margined)
    margined.collateral(d.ALICE, 1e6)
    after, _ = margined.after(d.ALICE, option.instrument_id, -50, FAIR)
    needed = math.ceil((1e6 - after) * 1e6)
    margined.collateral(d.ALICE, (needed - 1) / 1e6)
    refused = margined.answer(1, d.ALICE, d.SELL, 50, FAIR, instrument=option.instrument_id)
    assert refused[0] == "margin_headroom"
    assert -3 <= refused[1] < 0
    assert refused[2] == 0
    margined.collateral(d.ALICE, needed / 1e6)
    assert margined.answer(2, d.ALICE, d.SELL, 50, FAIR, instrument=option.instrument_id) == [
        EventKind.ORDER_ACCEPTED
    ]
    another = margined.answer(3, d.ALICE, d.SELL, 1, FAIR, instrument=option.instrument_id)
    assert another[0] == "margin_headroom"


def test_what_betters_a_margin_below_zero_passes(margined: MarginDesk) -> None:
    margined.add_all()
    option = _option(margined)
    margined.collateral(d.ALICE, RICH)
    margined.block(option.instrument_id, -50, 10_000)
    margined.collateral(d.ALICE, 0.0)
    assert margined.initial(d.ALICE) < 0
    refused = margined.answer(1, d.ALICE, d.SELL, 1, 10_000, instrument=option.instrument_id)
    assert refused[0] == "margin_headroom"
    assert margined.answer(2, d.ALICE, d.BUY, 50, 10_000, instrument=option.instrument_id) == [
        EventKind.ORDER_ACCEPTED
    ]


def test_margin_is_asked_of_nobody_without_collateral(margined: MarginDesk) -> None:
    margined.add_all()
    option = _option(margined)
    assert margined.engine.initial_margin(d.ALICE) is None
    assert margined.answer(1, d.ALICE, d.SELL, 10**6, 10_000, instrument=option.instrument_id) == [
        EventKind.ORDER_ACCEPTED
    ]
    margined.collateral(d.ALICE, 0.0)
    assert margined.initial(d.ALICE) < 0


def test_an_option_without_marks_cannot_be_margined(margined: MarginDesk) -> None:
    margined.add_all()
    margined.collateral(d.ALICE, RICH)
    bare = margined.add(m.OPTION, is_inverse=False, lot=1.0, expiry=1, strike=1800.0)
    margined.said()
    refused = margined.answer(1, d.ALICE, d.BUY, 1, 10_000, instrument=bare.instrument_id)
    assert refused == ("stale_or_jumped_market", -1, 0)
    margined.mark()
    assert margined.answer(2, d.ALICE, d.BUY, 1, 10_000, instrument=bare.instrument_id) == [EventKind.ORDER_ACCEPTED]


def test_collateral_knows_executions_up_to_the_one_it_names(margined: MarginDesk) -> None:
    margined.add_all()
    margined.collateral(d.ALICE, RICH)
    option = next(each for each in margined.contracts.values() if each.kind == m.OPTION and not each.is_inverse)
    margined.block(option.instrument_id, 10, 500_000)
    margined.block(option.instrument_id, 7, 600_000)
    expected = margined.initial(d.ALICE)
    first = RICH - 10 * option.lot * 50
    margined.engine.set_collateral(margined.now, margined.next_sequence(), d.ALICE, round(first * 1e6), [], 1)
    margined.said()
    assert margined.initial(d.ALICE) == _exactly(expected)
    margined.engine.set_collateral(margined.now, margined.next_sequence(), 999, 0, [], 1)
    assert margined.said() == [(EventKind.COMMAND_REFUSED, ("", "no_limits", 999, 0))]


def test_a_settled_instrument_leaves_the_margin(margined: MarginDesk) -> None:
    margined.add_all()
    margined.collateral(d.ALICE, RICH)
    before = margined.initial(d.ALICE)
    for instrument in (1, 2, 3):
        margined.block(instrument, -20, 10_000)
    assert margined.initial(d.ALICE) != before
    for instrument in (1, 2, 3):
        margined.engine.deliver(margined.now, margined.now, instrument, 2_000 * d.MICRO)
        margined.engine.settle_instrument(margined.now, margined.next_sequence(), instrument)
    margined.said()
    margined.collateral(d.ALICE, RICH)
    assert margined.initial(d.ALICE) == before


def test_margin_survives_a_snapshot_and_a_replay_to_the_bit(tmp_path: Path) -> None:
    desk = MarginDesk(tmp_path / "journal", snapshot_interval=40)
    random = np.random.default_rng(11)
    desk.add_all()
    for account in (d.ALICE, d.BOB):
        desk.collateral(account, RICH, coins=100.0)
    for _ in range(30):
        _move_market(desk, random)
        _random_trade(desk, random)
    desk.place(1, d.ALICE, d.BUY, 5, 9_000, instrument=1)
    desk.said()
    expected = [desk.initial(account) for account in (d.ALICE, d.BOB)]
    state = desk.engine.state_hash()
    desk.engine.stop()
    assert parley_core.replay(tmp_path / "journal")[0] == state
    again = MarginDesk(tmp_path / "journal")
    assert again.engine.state_hash() == state
    assert [again.initial(account) for account in (d.ALICE, d.BOB)] == expected
    again.engine.stop()


def test_malformed_margin_inputs_raise(margined: MarginDesk) -> None:
    margined.add_all()
    before = margined.engine.state_hash()
    margined.contracts[1].volatility = math.nan
    with pytest.raises(ValueError, match="volatility nan"):
        margined.mark()
    margined.contracts[1].volatility = 0.5
    margined.spot = math.inf
    with pytest.raises(ValueError, match="spot inf"):
        margined.mark()
    with pytest.raises(ValueError, match="strike 0"):
        margined.engine.describe_instrument(d.NOW, 1, m.OPTION, False, True, 0.0)
    assert margined.engine.state_hash() == before
