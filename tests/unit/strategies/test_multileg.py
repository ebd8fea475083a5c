"""Multi-leg orders against small markets: no leg runs ahead of the others by more than the limit, whatever trades."""

from strategies.algos import (
    Cancel,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    Levels,
    MultilegState,
    Phase,
    Steer,
    Tick,
    step,
)
from strategies.algos.multileg import BEYOND_BOUND, REJECTIONS_MAX, STALE
from tests.unit.strategies.test_algos import SECOND, terms
from wire.algos import AlgoName
from wire.gateway_algos import AlgoAction
from wire.multileg import LeggingRule, LegTask, MultilegLegTerms, MultilegTerms
from wire.units import Side

BUY, SELL = Side.BUY, Side.SELL
TAKE, QUOTE, HEDGE, COMPLETE, UNWIND = LegTask


def spread(limit=10, *, lots=(1, 1), sides=(BUY, SELL), weights=None, **changes):
    legs = tuple(
        MultilegLegTerms(instrument_id=at + 1, side=side, lots=count, weight=weight)
        for at, (side, count, weight) in enumerate(zip(sides, lots, weights or (1,) * len(lots), strict=True))
    )
    given = {"limit_atoms": limit, "slippage_atoms": 5, "legging_steps": 3, "legging_timeout_ns": 5 * SECOND,
             "legging_rule": LeggingRule.COMPLETE}  # fmt: skip
    return MultilegTerms(legs=legs, **{**given, **changes})


def book(bid, ask, size=50):
    return Levels(bids=((bid, size),) if bid else (), asks=((ask, size),) if ask else ())


GOOD = (book(99, 100), book(90, 91))
"""Buying the first and selling the second costs ten."""


class Desk:
    """Takes every order; the test says which of them trade. Checks the bound of every leg after each step."""

    def __init__(self, multileg=None, quantity=6, books=GOOD):
        self.at, self.orders, self.sent, self.state, self.books = SECOND, {}, [], None, books
        self.multileg, self.quantity = multileg or spread(), quantity
        self.limit, self.most = self.multileg.legging_steps, quantity
        self.is_slow = False
        self.steer(AlgoAction.WORK)

    def steer(self, action, *, multileg=None, quantity=None):
        self.multileg, self.quantity = multileg or self.multileg, quantity or self.quantity
        self.limit, self.most = max(self.limit, self.multileg.legging_steps), max(self.most, self.quantity)
        given = terms(AlgoName.MULTILEG, quantity_lots=self.quantity, multileg=self.multileg)
        self.give(Steer(at_ns=self.at, action=action, terms=given, levels=self.books[0], legs=self.books))

    def give(self, given):
        self.state, actions = step(self.state, given)
        for action in actions:
            self.sent.append(action)
            if isinstance(action, Cancel):
                if not self.is_slow:
                    self.end(action.child, "requested")
            else:
                self.orders[action.child] = action
                self.give(ChildEntered(at_ns=self.at, child=action.child, order_id=1_000 + action.child))
        self.check()

    def check(self):
        state: MultilegState = self.state
        for index, leg in enumerate(state.multileg.legs):
            stands = state.legs[index].net_lots
            may_stand = stands + state.leg_working_lots(index)
            assert may_stand <= (state.matched_steps + self.limit) * leg.lots, (
                "the legging limit, orders in flight included"
            )
            assert may_stand <= self.most * leg.lots, "never more of a leg than the order is for"
        assert state.unmatched_steps <= self.limit

    def tick(self, seconds=1, books=None):
        self.books = books or self.books
        for _ in range(seconds):
            self.at += SECOND
            self.give(Tick(at_ns=self.at, levels=self.books[0], legs=self.books))

    def fill(self, child, lots=None, price=None):
        order = self.orders[child]
        lots = lots or next(each.leaves_lots for each in self.state.children if each.number == child)
        self.give(ChildFilled(at_ns=self.at, child=child, lots=lots, price_ticks=price or order.price_ticks))
        if all(each.number != child for each in self.state.children):
            del self.orders[child]

    def end(self, child, reason="immediate_or_cancel", *, is_rejected=False):
        del self.orders[child]
        self.give(ChildEnded(at_ns=self.at, child=child, reason=reason, is_rejected=is_rejected))

    def working(self):
        return [(order.task, order.leg, order.side, order.lots, order.price_ticks) for order in self.orders.values()]

    def newest(self):
        return max(self.orders)

    def trade_all(self):
        for child in list(self.orders):
            self.fill(child)


def test_all_legs_are_taken_at_once_as_far_as_the_limit_allows():
    desk = Desk()
    desk.tick()
    assert desk.working() == [(TAKE, 0, BUY, 3, 100), (TAKE, 1, SELL, 3, 90)]
    desk.trade_all()
    desk.tick()
    desk.trade_all()
    assert (desk.state.phase, desk.state.matched_steps) == (Phase.DONE, 6)


def test_nothing_is_taken_beyond_the_net_price():
    desk = Desk(books=(book(99, 101), book(90, 91)))
    desk.tick(10)
    assert desk.sent == []
    desk.tick(books=GOOD)
    assert len(desk.working()) == 2


def test_the_worst_price_that_is_touched_counts_not_the_first():
    deep = Levels(bids=(), asks=((100, 2), (102, 50)))
    desk = Desk(books=(deep, book(90, 91)))
    desk.tick()
    assert desk.working() == [(TAKE, 0, BUY, 2, 100), (TAKE, 1, SELL, 2, 90)]


def test_a_thin_leg_bounds_the_others():
    desk = Desk(spread(lots=(1, 2), limit=-80), books=(book(99, 100), book(90, 91, 5)))
    desk.tick()
    assert desk.working() == [(TAKE, 0, BUY, 2, 100), (TAKE, 1, SELL, 4, 90)]


def test_selling_takes_no_less():
    desk = Desk(spread(limit=-9, sides=(SELL, BUY)), books=(book(99, 100), book(89, 90)))
    desk.tick()
    assert desk.working() == [(TAKE, 0, SELL, 3, 99), (TAKE, 1, BUY, 3, 90)]
    desk = Desk(spread(limit=-10, sides=(SELL, BUY)), books=(book(99, 100), book(89, 90)))
    desk.tick()
    assert desk.working() == []


def half(desk, *, first=3, second=0):
    """One leg trades and the other is gone."""
    desk.tick()
    buy, sell = list(desk.orders)
    desk.fill(buy, first)
    if second:
        desk.fill(sell, second)
    desk.end(sell)
    return desk


def test_a_leg_that_stands_alone_is_hedged_within_the_net_price_before_anything_new():
    desk = half(Desk(), second=1)
    assert desk.state.unmatched_steps == 2
    desk.tick(books=(book(99, 100), book(89, 91)))
    assert desk.working() == [], "89 is beyond the net price"
    desk.tick(books=GOOD)
    assert desk.working() == [(HEDGE, 1, SELL, 2, 90)]
    desk.trade_all()
    assert (desk.state.unmatched_steps, desk.state.unmatched_since_ns) == (0, 0)


def test_what_a_better_fill_saved_may_be_spent_on_its_own_batch_and_no_other():
    desk = Desk()
    desk.tick()
    buy, sell = list(desk.orders)
    desk.fill(buy, price=97)
    desk.end(sell)
    desk.tick(2, books=(book(99, 100), book(87, 91)))
    assert desk.working() == [(HEDGE, 1, SELL, 3, 87)]
    desk.trade_all()
    desk.tick()
    assert desk.working() == [], "100 for 87 costs more than ten"


def test_late_legs_are_completed_within_the_slippage():
    desk = half(Desk())
    desk.tick(4, books=(book(99, 100), book(85, 91)))
    assert desk.working() == []
    desk.tick(2)
    assert desk.working() == [(COMPLETE, 1, SELL, 3, 85)]
    desk.trade_all()
    assert (desk.state.matched_steps, desk.state.phase) == (3, Phase.WORKING)


def test_late_legs_are_completed_in_parts_within_the_slippage_of_each():
    desk = half(Desk())
    desk.tick(6, books=(book(99, 100), book(85, 91, 1)))
    for _ in range(3):
        assert desk.working() == [(COMPLETE, 1, SELL, 1, 85)]
        desk.trade_all()
        desk.tick()
    assert desk.state.matched_steps == 3


def test_beyond_the_slippage_it_waits_loudly():
    desk = half(Desk())
    desk.tick(10, books=(book(99, 100), book(84, 91)))
    assert desk.working() == []
    standing = desk.state.standing
    assert (standing.problem, standing.is_late, standing.unmatched_steps) == (BEYOND_BOUND, True, 3)
    desk.tick(books=GOOD)
    assert desk.working() == [(COMPLETE, 1, SELL, 3, 90)]


def test_late_legs_are_unwound_where_the_order_says_so_and_that_ends_it():
    desk = half(Desk(spread(legging_rule=LeggingRule.UNWIND)))
    desk.tick(8, books=(book(94, 100), book(85, 91)))
    assert desk.working() == [] and desk.state.problem == BEYOND_BOUND, "six of loss are more than five"
    desk.tick(books=(book(95, 100), book(85, 91)))
    assert desk.working() == [(UNWIND, 0, SELL, 3, 95)]
    desk.trade_all()
    assert (desk.state.phase, desk.state.reason, desk.state.legs[0].net_lots) == (Phase.CANCELED, "legging_unwound", 0)


def test_an_unwind_in_parts_loses_no_more_than_the_slippage_of_all_of_it():
    desk = Desk(spread(40, lots=(4, 4), legging_steps=1, legging_rule=LeggingRule.UNWIND))
    half(desk, first=4).tick(6, books=(book(99, 100, 2), book(80, 91)))
    assert desk.working() == [(UNWIND, 0, SELL, 2, 99)]
    desk.trade_all()
    desk.tick(books=(book(98, 100), book(80, 91)))
    assert desk.working() == [] and desk.state.problem == BEYOND_BOUND, "two are lost, and four more are six"
    desk.tick(books=(book(99, 100), book(80, 91)))
    desk.trade_all()
    assert (desk.state.phase, desk.state.legs[0].net_lots) == (Phase.CANCELED, 0)


def test_an_unwind_that_the_market_spares_is_a_hedge():
    desk = half(Desk(spread(legging_rule=LeggingRule.UNWIND)))
    desk.tick(8, books=(book(80, 100), book(85, 91)))
    desk.tick(books=GOOD)
    assert desk.working() == [(HEDGE, 1, SELL, 3, 90)]


def test_the_quoting_leg_rests_where_the_others_make_the_net_price_good():
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    assert desk.working() == [(QUOTE, 0, BUY, 3, 100)]
    desk.tick(books=(book(99, 105), book(89, 91)))
    assert desk.working() == [], "a price that is too good for the others is taken back at once"
    desk.tick()
    assert desk.working() == [(QUOTE, 0, BUY, 3, 99)]
    child = desk.newest()
    desk.fill(child, 1)
    desk.tick()
    assert desk.working() == [(QUOTE, 0, BUY, 3, 99), (HEDGE, 1, SELL, 1, 89)]
    desk.fill(desk.newest())
    assert desk.state.matched_steps == 1


def test_a_quote_that_sells_asks_no_less_than_makes_it_good():
    desk = Desk(spread(limit=-10, sides=(SELL, BUY), quoting_leg=0, lots=(2, 3)), books=(book(9, 100), book(80, 91)))
    desk.tick()
    assert desk.working() == [(QUOTE, 0, SELL, 6, 142)], "two of 142 less three of 91 leave eleven, of 141 only nine"


def test_a_quote_is_withdrawn_while_its_fills_find_no_hedge():
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.fill(desk.newest(), 2)
    desk.tick(books=(book(99, 105), book(80, 91)))
    assert desk.working() == []
    desk.tick(6, books=(book(99, 105), book(86, 91)))
    assert desk.working() == [(COMPLETE, 1, SELL, 2, 86)]


def test_stale_books_stop_everything_and_take_the_quote_back():
    stale = Levels(bids=((90, 50),), asks=((91, 50),), is_fresh=False)
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.tick(books=(book(99, 105), stale))
    assert desk.working() == []
    desk = half(Desk())
    desk.tick(9, books=(book(99, 100), stale))
    assert desk.working() == [] and desk.state.problem == STALE
    desk.tick(books=GOOD)
    assert desk.state.problem == "" and len(desk.working()) == 1


def test_pause_takes_back_what_rests_and_resume_goes_on():
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.steer(AlgoAction.PAUSE)
    desk.tick(3)
    assert desk.working() == [] and desk.state.phase is Phase.PAUSED
    desk.steer(AlgoAction.WORK)
    desk.tick()
    assert len(desk.working()) == 1


def test_other_terms_count_from_the_next_look():
    desk = Desk(books=(book(99, 104), book(90, 91)))
    desk.tick(2)
    desk.steer(AlgoAction.WORK, multileg=spread(14, legging_steps=2), quantity=4)
    desk.tick()
    assert desk.working() == [(TAKE, 0, BUY, 2, 104), (TAKE, 1, SELL, 2, 90)]
    desk.trade_all()
    desk.steer(AlgoAction.WORK, quantity=1)
    assert (desk.state.phase, desk.state.quantity_steps) == (Phase.DONE, 2)


def test_a_lower_limit_takes_a_larger_quote_back():
    desk = Desk(spread(quoting_leg=0, legging_steps=5), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.is_slow = True
    child = desk.newest()
    desk.steer(AlgoAction.WORK, multileg=spread(quoting_leg=0, legging_steps=1))
    assert desk.sent[-1] == Cancel(child=child)
    desk.fill(child, 2)
    desk.tick()
    assert desk.working()[1:] == [(HEDGE, 1, SELL, 2, 90)]


def test_fills_of_a_quote_are_hedged_whole_while_another_leg_is_to_rest_instead():
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.is_slow = True
    desk.steer(AlgoAction.WORK, multileg=spread(quoting_leg=1))
    desk.fill(desk.newest(), 2)
    desk.tick()
    assert desk.working()[1:] == [(HEDGE, 1, SELL, 2, 90)]


def test_refusals_pause_what_is_whole_and_are_tried_again_where_it_is_not():
    desk = Desk()
    for _ in range(REJECTIONS_MAX):
        desk.tick(20)
        for child in list(desk.orders):
            desk.end(child, "margin_headroom", is_rejected=True)
    assert (desk.state.phase, desk.state.reason) == (Phase.PAUSED, "leg 1 refused: margin_headroom")
    desk = half(Desk())
    for _ in range(REJECTIONS_MAX + 2):
        desk.tick(40)
        desk.end(desk.newest(), "margin_headroom", is_rejected=True)
    assert (desk.state.phase, desk.state.problem) == (Phase.WORKING, "leg 2 refused: margin_headroom")
    desk.tick(40)
    desk.trade_all()
    assert (desk.state.unmatched_steps, desk.state.problem) == (0, "")


def test_a_quote_that_others_cancel_pauses_it():
    desk = Desk(spread(quoting_leg=0), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.end(desk.newest(), "kill_switch")
    assert (desk.state.phase, desk.state.reason) == (Phase.PAUSED, "order of leg 1 ended: kill_switch")


def test_orders_that_find_nothing_wait_a_second():
    desk = Desk()
    desk.tick()
    for child in list(desk.orders):
        desk.end(child)
    desk.give(Tick(at_ns=desk.at + SECOND // 2, levels=GOOD[0], legs=GOOD))
    assert desk.working() == []
    desk.tick()
    assert len(desk.working()) == 2
