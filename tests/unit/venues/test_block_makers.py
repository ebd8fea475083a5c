"""The makers of a simulated venue: a quote stands until the market leaves it, or its life is over."""

import random

import pytest

from venues.simulator import block_makers
from venues.simulator.block_makers import LOOK_NS, Maker, RfqLeg
from venues.simulator.contracts import make_contract
from wire.units import Side

NEAR, FAR = "BTC-25JUN27-90000-C", "BTC-25JUN27-100000-C"
LEGS = [RfqLeg(make_contract(1, NEAR), Side.BUY, 1), RfqLeg(make_contract(2, FAR), Side.SELL, 2)]
MARKS = {NEAR: 0.09, FAR: 0.03}
SECOND = 10**9


@pytest.fixture(autouse=True)
def speaks(monkeypatch):
    monkeypatch.setattr(block_makers, "SILENT_SHARE", 0.0)


def quoting(at_ns: int = 0) -> Maker:
    maker = Maker("ACORN", random.Random(1), at_ns)
    assert maker.look(LEGS, MARKS, at_ns + block_makers.FIRST_LOOK_NS[1])
    return maker


def prices(maker):
    return {quote.side: quote.price for quote in maker.quotes}


def test_both_sides_are_quoted_around_the_marks():
    quoted = prices(quoting())
    assert quoted[Side.BUY] < 0.03 < quoted[Side.SELL]


def test_a_quote_stands_while_the_market_stays_near():
    maker = quoting()
    before = maker.quotes
    near = MARKS | {NEAR: MARKS[NEAR] + 0.1 * float(prices(maker)[Side.SELL] - prices(maker)[Side.BUY])}
    for second in range(3, 19):
        assert not maker.look(LEGS, near, second * SECOND)
    assert maker.quotes is before


def test_a_quote_that_the_market_left_is_replaced_at_the_next_look_and_not_before():
    maker = quoting()
    before = prices(maker)
    far = MARKS | {NEAR: MARKS[NEAR] * 1.1}
    looked_at = block_makers.FIRST_LOOK_NS[1]
    assert not maker.look(LEGS, far, looked_at + LOOK_NS[0] - 1)
    assert prices(maker) == before
    assert maker.look(LEGS, far, looked_at + LOOK_NS[1])
    assert prices(maker)[Side.BUY] > before[Side.SELL]


def test_a_quote_is_replaced_when_its_life_is_over_and_withdrawn_without_marks():
    maker = quoting()
    assert maker.look(LEGS, MARKS, 70 * SECOND)
    assert maker.quotes[0].at_ns == 70 * SECOND
    assert maker.look(LEGS, {NEAR: 0.09}, 90 * SECOND)
    assert maker.quotes == []
    assert not maker.look(LEGS, {NEAR: 0.09}, 110 * SECOND)


def test_a_maker_may_show_nothing(monkeypatch):
    monkeypatch.setattr(block_makers, "SILENT_SHARE", 1.0)
    maker = Maker("CEDAR", random.Random(1), 0)
    assert not maker.look(LEGS, MARKS, 5 * SECOND)
    assert maker.quotes == []
