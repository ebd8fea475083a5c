"""Brackets against a small market: what is open always has its exit, and never two that could both trade."""

import random

import pytest

from strategies.algos import (
    Cancel,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    ChildRestated,
    Enter,
    Levels,
    MarketTraded,
    Phase,
    Steer,
    Tick,
    step,
)
from strategies.algos.bracket import EXITS_MAX, RELEASE_AFTER
from tests.unit.strategies.test_algos import SECOND, terms
from wire.algos import AlgoName
from wire.brackets import BracketKind, BracketRole, BracketStage, BracketTerms
from wire.gateway_algos import AlgoAction
from wire.units import Side, StopTrigger

BOOK = Levels(bids=((100, 50),), asks=((102, 40),))
ENTRY, PROFIT, STOP = BracketRole.ENTRY, BracketRole.TAKE_PROFIT, BracketRole.STOP_LOSS


def bracket_terms(kind=BracketKind.OTOCO, side=Side.BUY, quantity=10, **changes):
    prices = {"entry_ticks": 100, "take_profit_ticks": 120, "stop_ticks": 90}
    if kind is BracketKind.OCO:
        prices["entry_ticks"] = 0
    bracket = BracketTerms(kind=kind, **{**prices, **changes})
    return terms(AlgoName.BRACKET, side=side, quantity_lots=quantity, bracket=bracket)


class Market:
    """Takes every order and cancels what it is asked to, at once or when it is told to; the test says what trades."""

    def __init__(self, given=None, *, is_slow=False):
        self.at, self.orders, self.sent, self.state = 0, {}, [], None
        self.is_slow, self.asked = is_slow, []
        self.terms = given or bracket_terms()
        self.steer(AlgoAction.WORK)

    def steer(self, action, given=None):
        self.terms = given or self.terms
        self.give(Steer(at_ns=self.at, action=action, terms=self.terms, levels=BOOK))

    def give(self, given):
        self.state, actions = step(self.state, given)
        for action in actions:
            self.sent.append(action)
            if isinstance(action, Cancel):
                self.asked.append(action.child)
                if not self.is_slow:
                    self.answer_cancel()
            else:
                self.orders[action.child] = action
                self.give(ChildEntered(at_ns=self.at, child=action.child, order_id=1_000 + action.child))

    def answer_cancel(self):
        """The oldest request: what is filled by then is not canceled."""
        child = self.asked.pop(0)
        if self.orders.pop(child, None):
            self.give(ChildEnded(at_ns=self.at, child=child, reason="requested"))

    def tick(self, mark=0, seconds=1):
        for _ in range(seconds):
            self.at += SECOND
            self.give(Tick(at_ns=self.at, levels=BOOK, mark_half_ticks=2 * mark))

    def fill(self, role, lots, price=None):
        order = self.find(role)
        self.give(ChildFilled(at_ns=self.at, child=order.child, lots=lots, price_ticks=price or order.price_ticks))
        if all(child.number != order.child for child in self.state.children):
            del self.orders[order.child]

    def end(self, role, reason, *, is_rejected=False):
        order = self.find(role)
        del self.orders[order.child]
        self.give(ChildEnded(at_ns=self.at, child=order.child, reason=reason, is_rejected=is_rejected))

    def find(self, role):
        return next(order for order in self.orders.values() if order.role is role)

    def working(self):
        return sorted((order.role.value, order.lots, order.price_ticks) for order in self.orders.values())


@pytest.fixture
def market():
    opened = Market()
    opened.tick()
    return opened


def test_exits_grow_with_the_fills_of_the_entry(market):
    assert market.working() == [("entry", 10, 100)]
    market.fill(ENTRY, 3)
    market.tick()
    market.fill(ENTRY, 4)
    market.tick()
    assert market.working() == [("entry", 10, 100), ("take_profit", 3, 120), ("take_profit", 4, 120)]
    assert {(order.side, order.is_reduce_only) for order in market.orders.values()} == {
        (Side.BUY, False),
        (Side.SELL, True),
    }


def test_an_entry_in_many_parts_ends_with_one_exit(market):
    for _ in range(EXITS_MAX + 2):
        market.fill(ENTRY, 1)
        market.tick()
    market.tick(seconds=2)
    assert sum(order.lots for order in market.orders.values() if order.role is PROFIT) == EXITS_MAX + 2
    assert sum(order.role is PROFIT for order in market.orders.values()) <= 2


def test_the_stop_waits_until_nothing_else_could_trade(market):
    market.fill(ENTRY, 10)
    market.tick(mark=100)
    market.fill(PROFIT, 4)
    market.tick(mark=90, seconds=2)
    assert (market.state.is_stopped, market.state.stage) == (True, BracketStage.STOPPED)
    assert [action.role for action in market.sent if isinstance(action, Enter)] == [ENTRY, PROFIT, STOP]
    cancel = next(at for at, action in enumerate(market.sent) if isinstance(action, Cancel))
    stop = next(at for at, action in enumerate(market.sent) if isinstance(action, Enter) and action.role is STOP)
    assert cancel < stop, "the take-profit is gone before the stop is sent"
    assert market.working() == [("stop_loss", 6, 0)]
    market.fill(STOP, 6, 89)
    assert (market.state.phase, market.state.reason, market.state.closed_lots) == (Phase.DONE, "stop_loss", 10)


def test_the_take_profit_ends_it(market):
    market.fill(ENTRY, 10)
    market.tick()
    market.fill(PROFIT, 10)
    assert (market.state.phase, market.state.reason, market.orders) == (Phase.DONE, "take_profit", {})
    assert (market.state.executed_lots, market.state.closed_tick_lots) == (10, 1_200)


def test_a_stop_ends_the_entry_as_well(market):
    market.fill(ENTRY, 3)
    market.tick(mark=95)
    market.tick(mark=89, seconds=2)
    assert market.working() == [("stop_loss", 3, 0)]
    market.fill(STOP, 3, 88)
    assert market.state.phase is Phase.DONE


def test_a_stop_that_finds_no_market_tries_again(market):
    market.fill(ENTRY, 10)
    market.tick(mark=90, seconds=2)
    market.fill(STOP, 4, 89)
    market.end(STOP, "immediate_or_cancel")
    market.tick(mark=95, seconds=2)
    assert market.working() == [("stop_loss", 6, 0)], "a stop that was reached stays so"


def test_a_trade_of_others_reaches_the_stop():
    market = Market(bracket_terms(trigger=StopTrigger.LAST_TRADE))
    market.tick(mark=100)
    market.fill(ENTRY, 10)
    market.tick(mark=80)
    assert not market.state.is_stopped
    market.give(MarketTraded(at_ns=market.at, lots=1, price_ticks=91))
    assert not market.state.is_stopped
    market.give(MarketTraded(at_ns=market.at, lots=1, price_ticks=90))
    assert market.state.is_stopped


def test_a_short_is_protected_above():
    market = Market(bracket_terms(side=Side.SELL, take_profit_ticks=80, stop_ticks=110))
    market.tick(mark=100)
    market.fill(ENTRY, 10)
    market.tick(mark=109)
    assert market.find(PROFIT).side is Side.BUY
    market.tick(mark=110, seconds=2)
    assert market.working() == [("stop_loss", 10, 0)]


def test_a_stop_is_reached_only_while_something_is_open(market):
    market.tick(mark=80, seconds=3)
    market.fill(ENTRY, 4)
    market.tick(mark=95)
    assert market.working() == [("entry", 10, 100), ("take_profit", 4, 120)]


def test_a_fill_that_crosses_the_stop_waits_for_the_cancel_of_the_profit():
    market = Market(is_slow=True)
    market.tick()
    market.fill(ENTRY, 3)
    market.tick(mark=100)
    market.tick(mark=90)
    market.fill(ENTRY, 2)
    market.tick(seconds=2)
    assert [order.role for order in market.state.exits] == [PROFIT], "its cancel is asked, and not confirmed"
    market.fill(PROFIT, 1)
    while market.asked:
        market.answer_cancel()
    market.tick()
    assert market.working() == [("stop_loss", 4, 0)]


def test_oco_closes_what_is_there_with_one_of_two():
    market = Market(bracket_terms(BracketKind.OCO, side=Side.SELL))
    market.tick(mark=100)
    assert market.working() == [("take_profit", 10, 120)]
    market.fill(PROFIT, 4)
    market.tick(mark=85, seconds=2)
    assert market.working() == [("stop_loss", 6, 0)]
    market.fill(STOP, 6, 84)
    assert (market.state.phase, market.state.executed_lots) == (Phase.DONE, 10)


def test_cancel_of_one_exit_cancels_the_other(market):
    market.fill(ENTRY, 3)
    market.tick()
    market.end(PROFIT, "requested")
    market.tick()
    assert market.orders == {}
    assert market.state.phase is Phase.CANCELED
    assert "canceled" in market.state.reason


def test_cancel_of_the_entry_leaves_the_exits(market):
    market.fill(ENTRY, 3)
    market.tick()
    market.end(ENTRY, "requested")
    market.tick()
    assert market.working() == [("take_profit", 3, 120)]
    market.fill(PROFIT, 3)
    assert market.state.phase is Phase.DONE


def test_a_refused_entry_ends_it(market):
    market.end(ENTRY, "max_order_value", is_rejected=True)
    assert (market.state.phase, market.state.reason) == (Phase.CANCELED, "entry refused: max_order_value")


def test_a_refused_exit_is_named_and_tried_again(market):
    market.fill(ENTRY, 10)
    market.tick()
    waits, seen = [], market.at
    for _ in range(4):
        market.end(PROFIT, "price_collar", is_rejected=True)
        assert market.state.problem == "exit refused: price_collar"
        seen = market.at
        while not any(order.role is PROFIT for order in market.orders.values()):
            market.tick()
        waits.append((market.at - seen) // SECOND)
    assert waits == [1, 2, 4, 8]
    market.tick(seconds=2)
    assert market.state.problem == ""


@pytest.mark.parametrize(("reason", "is_rejected"), [("expired", False), ("instrument_not_trading", True)])
def test_a_bracket_ends_with_its_instrument(market, reason, is_rejected):
    market.fill(ENTRY, 10)
    market.tick()
    market.end(PROFIT, reason, is_rejected=is_rejected)
    assert (market.state.phase, market.state.reason) == (Phase.CANCELED, reason)


def test_what_is_not_there_to_reduce_is_let_go(market):
    market.fill(ENTRY, 10)
    market.tick()
    for _ in range(RELEASE_AFTER):
        market.end(PROFIT, "reduce_only", is_rejected=True)
        while not market.state.is_ended and not market.state.exits:
            market.tick()
    assert (market.state.phase, market.state.reason) == (Phase.DONE, "closed_elsewhere")


def test_a_position_closed_elsewhere_takes_the_exit_along(market):
    market.fill(ENTRY, 10)
    market.tick()
    exit_order = market.find(PROFIT)
    market.give(ChildRestated(at_ns=market.at, child=exit_order.child, leaves_lots=4, reason="reduce_only"))
    market.tick()
    assert (market.state.open_lots, market.state.working_lots) == (4, 4)
    market.end(PROFIT, "reduce_only")
    market.tick()
    assert (market.state.phase, market.state.released_lots) == (Phase.DONE, 10)


def test_a_kill_switch_pauses_it_and_says_so(market):
    market.fill(ENTRY, 10)
    market.tick()
    market.end(PROFIT, "kill_switch")
    market.tick(seconds=5)
    assert (market.state.phase, market.state.reason, market.orders) == (Phase.PAUSED, "exit ended: kill_switch", {})
    market.steer(AlgoAction.WORK)
    market.tick()
    assert market.working() == [("take_profit", 10, 120)]


def test_pause_takes_all_down_and_resume_puts_all_back(market):
    market.fill(ENTRY, 3)
    market.tick()
    market.steer(AlgoAction.PAUSE)
    market.tick()
    assert market.orders == {}
    market.steer(AlgoAction.WORK)
    market.tick()
    assert market.working() == [("entry", 7, 100), ("take_profit", 3, 120)]


def test_other_prices_move_the_orders(market):
    market.fill(ENTRY, 3)
    market.tick()
    market.steer(AlgoAction.WORK, bracket_terms(take_profit_ticks=130, entry_ticks=99))
    market.tick(seconds=2)
    assert market.working() == [("entry", 7, 99), ("take_profit", 3, 130)]


def test_a_cancel_ends_all_of_it(market):
    market.fill(ENTRY, 3)
    market.tick()
    market.steer(AlgoAction.CANCEL)
    market.tick()
    assert (market.state.phase, market.orders) == (Phase.CANCELED, {})


def test_what_never_reached_the_engine_is_sent_again(market):
    market.fill(ENTRY, 10)
    market.state, (entered,) = step(market.state, Tick(at_ns=market.at + SECOND, levels=BOOK))
    market.give(ChildEnded(at_ns=market.at + SECOND, child=entered.child, reason="not_entered"))
    market.at += SECOND
    market.tick(seconds=2)
    assert market.working() == [("take_profit", 10, 120)]


@pytest.mark.parametrize("seed", range(40))
def test_no_order_of_events_closes_more_than_was_opened(seed):
    """At every moment all exits together, if all of them traded, would close what is open and not a lot more."""
    rng = random.Random(seed)
    market = Market(bracket_terms(quantity=20, stop_limit_ticks=rng.choice([0, 88])), is_slow=True)
    for _ in range(300):
        if market.state.is_ended:
            break
        _disturb(market, rng)
        exits = list(market.state.exits)
        assert sum(order.leaves_lots for order in exits) <= market.state.open_lots
        assert market.state.closed_lots + market.state.released_lots <= market.state.opened_lots
        assert len({order.role for order in exits}) <= 1
        assert market.state.executed_lots <= 20
    else:
        market.steer(AlgoAction.CANCEL)
        market.tick()
        while market.asked:
            market.answer_cancel()
        market.tick()
    assert market.state.is_ended
    assert market.orders == {}


def _disturb(market, rng):
    act = rng.random()
    if market.asked and rng.random() < 0.2:
        market.answer_cancel()
        return
    if act < 0.4 or not market.orders:
        market.tick(mark=rng.choice([0, 95, 100, 105, 91]) if rng.random() < 0.97 else 89)
        return
    order = rng.choice(list(market.orders.values()))
    child = next(one for one in market.state.children if one.number == order.child)
    if act < 0.85:
        market.fill(order.role, rng.randint(1, child.leaves_lots), 100) if market.find(order.role) is order else None
    elif act < 0.93 and order.role is not ENTRY and child.leaves_lots > 1:
        market.give(ChildRestated(at_ns=market.at, child=order.child, leaves_lots=1, reason="reduce_only"))
    elif act < 0.98:
        del market.orders[order.child]
        market.give(ChildEnded(at_ns=market.at, child=order.child, reason="price_collar", is_rejected=True))
    else:
        market.steer(rng.choice([AlgoAction.PAUSE, AlgoAction.WORK]))
