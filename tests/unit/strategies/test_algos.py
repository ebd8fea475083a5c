"""Every algorithm against a small market: schedules, limits, and what people and markets do to them."""

import math

import msgspec
import pytest

from strategies.algos import (
    Cancel,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    Enter,
    Levels,
    MarketTraded,
    Phase,
    Steer,
    Tick,
    almgren_chriss_urgency,
    make_plan,
    scheduled_lots,
    step,
)
from strategies.algos.machine import REJECTIONS_MAX
from wire.algos import ALGORITHMS, AlgoName
from wire.gateway_algos import AlgoAction, AlgoTerms
from wire.units import PegReference, Side

SECOND = 10**9
BOOK = Levels(bids=((100, 50), (99, 80)), asks=((102, 40), (103, 90)))


def terms(algo=AlgoName.TWAP, **changes):
    values = {
        "algo": algo, "side": Side.BUY, "quantity_lots": 120, "duration_ns": 60 * SECOND, "slice_ns": 10 * SECOND,
        "participation_basis_points": 2_000, "volume_curve": (), "urgency_milli": 2_000, "display_lots": 0,
        "peg_reference": PegReference.PRIMARY, "peg_offset_ticks": 0, "trigger_ticks": 0, "limit_ticks": 0,
        "max_participation_basis_points": 0, "max_child_lots": 0,
    }  # fmt: skip
    return AlgoTerms(**{**values, **changes})


class Market:
    """Says yes to every child; resting ones trade when ``trade`` says so, the others at once."""

    def __init__(self, given, book=BOOK, *, fills=True):
        self.book, self.fills, self.orders, self.inputs = book, fills, {}, []
        self.state = None
        self.sent = []
        self.give(Steer(at_ns=0, action=AlgoAction.WORK, terms=given, levels=book))

    def give(self, given):
        self.inputs.append(given)
        self.state, actions = step(self.state, given)
        for action in actions:
            self.sent.append((given.at_ns, action))
            self.answer(given.at_ns, action)

    def answer(self, at, action):
        if isinstance(action, Cancel):
            del self.orders[action.child]
            self.give(ChildEnded(at_ns=at, child=action.child, reason="requested"))
            return
        self.orders[action.child] = action
        self.give(ChildEntered(at_ns=at, child=action.child, order_id=1_000 + action.child))
        if not action.is_passive:
            del self.orders[action.child]
            traded = action.lots if self.fills else 0
            if traded:
                self.give(ChildFilled(at_ns=at, child=action.child, lots=traded, price_ticks=action.price_ticks))
            else:
                self.give(ChildEnded(at_ns=at, child=action.child, reason="immediate_or_cancel"))

    def trade(self, at):
        """Whatever rests is filled."""
        for child in list(self.orders.values()):
            del self.orders[child.child]
            self.give(ChildFilled(at_ns=at, child=child.child, lots=child.lots, price_ticks=child.price_ticks))

    def levels(self):
        """The book with what rests of the parent."""
        is_buy = self.state.terms.side is Side.BUY
        side = dict(self.book.bids if is_buy else self.book.asks)
        for child in self.orders.values():
            side[child.price_ticks] = side.get(child.price_ticks, 0) + child.lots
        best_first = tuple(sorted(side.items(), reverse=is_buy))
        return msgspec.structs.replace(self.book, **{"bids" if is_buy else "asks": best_first})

    def run(self, until_s, *, trades=False, every_ns=SECOND, from_s=0):
        for at in range(from_s * SECOND, until_s * SECOND, every_ns):
            self.give(Tick(at_ns=at, levels=self.levels()))
            if trades:
                self.trade(at)
            if self.state.is_ended:
                return

    def entered(self):
        return [action for _, action in self.sent if isinstance(action, Enter)]

    def steer(self, at, action, **changes):
        given = msgspec.structs.replace(self.state.terms, **changes)
        self.give(Steer(at_ns=at, action=action, terms=given, levels=self.book))


def test_shortfall_schedule_is_the_closed_form_of_almgren_and_chriss():
    quantity, count, kappa_t = 10**9, 60, 3.0
    given = terms(AlgoName.SHORTFALL, quantity_lots=quantity, slice_ns=SECOND, urgency_milli=3_000)
    plan = make_plan(given)
    for number, (at, lots) in enumerate(plan, 1):
        held = math.sinh(kappa_t * (1 - number / count)) / math.sinh(kappa_t) * quantity
        assert at == number * SECOND
        assert lots == pytest.approx(quantity - held, abs=2)


def test_shortfall_schedule_solves_the_difference_equation_of_the_paper():
    """x_{j-1} - 2 x_j + x_{j+1} = kappa~^2 tau^2 x_j, equation (16), with kappa~^2 = lambda sigma^2 / eta~."""
    given = {"risk_aversion": 2e-6, "volatility": 0.3, "temporary_impact": 2.5e-6, "permanent_impact": 2.5e-7}
    seconds, count, quantity = 60.0, 60, 10**12
    urgency = almgren_chriss_urgency(**given, seconds=seconds, slices=count)
    plan = make_plan(
        terms(AlgoName.SHORTFALL, quantity_lots=quantity, slice_ns=SECOND, urgency_milli=round(urgency * 1_000))
    )
    held = [quantity] + [quantity - lots for _, lots in plan]
    impact = 2.5e-6 * (1 - 2.5e-7 / (2 * 2.5e-6))
    squared = 2e-6 * 0.3**2 / impact
    for before, now, after in zip(held, held[1:], held[2:], strict=False):
        assert before - 2 * now + after == pytest.approx(squared * now, rel=2e-3, abs=10)


def test_no_urgency_is_a_straight_line_and_volumes_shape_the_curve():
    assert make_plan(terms(AlgoName.SHORTFALL, urgency_milli=0)) == make_plan(terms())
    plan = make_plan(terms(AlgoName.VWAP, volume_curve=(1, 2, 3)))
    assert [lots for _, lots in plan] == [10, 20, 40, 60, 90, 120]
    assert scheduled_lots(plan, 25 * SECOND) == 30
    assert scheduled_lots(plan, 99 * SECOND) == 120


@pytest.mark.parametrize(
    "changes",
    [
        {"algo": AlgoName.TWAP},
        {"algo": AlgoName.VWAP, "volume_curve": (7, 7)},
        {"algo": AlgoName.SHORTFALL, "urgency_milli": 0},
        {"algo": AlgoName.SHORTFALL, "urgency_milli": 1},
    ],
)
def test_a_shorter_last_slice_has_less_to_do(changes):
    plan = make_plan(terms(**changes, duration_ns=60 * SECOND, slice_ns=25 * SECOND))
    assert plan == ((25 * SECOND, 50), (50 * SECOND, 100), (60 * SECOND, 120))


def test_twap_rests_first_and_takes_what_the_slices_before_left():
    market = Market(terms())
    market.run(63)
    assert market.state.phase is Phase.DONE
    assert market.state.executed_lots == 120
    first = market.entered()[0]
    assert (first.lots, first.price_ticks, first.is_passive) == (20, 100, True)
    assert {child.price_ticks for child in market.entered() if not child.is_passive} == {102}
    assert not market.orders


def test_twap_that_is_filled_at_rest_never_crosses():
    market = Market(terms())
    market.run(61, trades=True)
    assert (market.state.phase, market.state.executed_tick_lots) == (Phase.DONE, 120 * 100)
    assert all(child.is_passive for child in market.entered())


@pytest.mark.parametrize("algo", [AlgoName.TWAP, AlgoName.VWAP, AlgoName.SHORTFALL])
def test_schedules_are_followed_within_a_slice(algo):
    market = Market(terms(algo, volume_curve=(5, 1, 3)))
    for at in range(0, 60 * SECOND, SECOND // 2):
        market.give(Tick(at_ns=at, levels=market.levels()))
        number, into = divmod(at, 10 * SECOND)
        due = market.state.plan[number - 1][1] if number else 0
        assert into < SECOND or due == market.state.executed_lots
        assert market.state.executed_lots + market.state.working_lots <= market.state.plan[number][1]


def test_pov_follows_the_market_and_never_runs_ahead():
    market = Market(terms(AlgoName.POV, quantity_lots=10_000, duration_ns=600 * SECOND))
    for at in range(120):
        market.give(MarketTraded(at_ns=at * SECOND, lots=40, price_ticks=101))
        market.give(Tick(at_ns=at * SECOND, levels=market.levels()))
        assert market.state.executed_lots <= market.state.market_lots // 4
    assert market.state.executed_lots >= market.state.market_lots // 4 - 110


EAGER = {"participation_basis_points": 9_000, "display_lots": 120, "trigger_ticks": 110}
"""With these every algorithm would trade more than the caps of the tests allow."""


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_participation_cap_holds_for_every_algorithm(algo):
    market = Market(terms(algo, **EAGER, max_participation_basis_points=1_000))
    market.run(30)
    assert not market.entered()
    market.give(MarketTraded(at_ns=30 * SECOND, lots=90, price_ticks=101))
    market.run(60, from_s=30)
    assert market.state.executed_lots + market.state.working_lots == 10


@pytest.mark.parametrize("algo", ALGORITHMS)
@pytest.mark.parametrize(("side", "cap"), [(Side.BUY, 99), (Side.SELL, 103)])
def test_price_cap_holds_for_every_algorithm(algo, side, cap):
    trigger = 110 if side is Side.BUY else 90
    market = Market(terms(algo, **{**EAGER, "trigger_ticks": trigger}, side=side, limit_ticks=cap))
    market.give(MarketTraded(at_ns=0, lots=900, price_ticks=101))
    market.run(55)
    assert {child.price_ticks for child in market.entered()} == (set() if algo is AlgoName.SNIPER else {cap})


def test_a_tighter_price_cap_takes_what_rests_beyond_it_away():
    market = Market(terms(slice_ns=60 * SECOND))
    market.run(3)
    assert {child.price_ticks for child in market.orders.values()} == {100}
    market.steer(3 * SECOND, AlgoAction.WORK, limit_ticks=98)
    market.run(6, from_s=3)
    assert {child.price_ticks for child in market.orders.values()} == {98}


def test_at_the_price_cap_it_rests_and_the_rest_ends_with_its_time():
    market = Market(terms(limit_ticks=99))
    market.run(90)
    assert {child.price_ticks for child in market.entered()} == {99}
    assert all(child.is_passive for child in market.entered())
    assert (market.state.phase, market.state.reason, market.state.executed_lots) == (Phase.DONE, "duration_over", 0)
    assert not market.orders


def test_no_child_is_larger_than_its_cap():
    market = Market(terms(max_child_lots=7))
    market.run(90)
    assert max(child.lots for child in market.entered()) == 7
    assert market.state.executed_lots == 120


def test_selling_mirrors_buying():
    market = Market(terms(side=Side.SELL))
    market.run(90)
    assert {child.price_ticks for child in market.entered() if child.is_passive} == {102}
    assert {child.price_ticks for child in market.entered() if not child.is_passive} == {100}


def test_iceberg_shows_one_part_at_a_time():
    market = Market(terms(AlgoName.ICEBERG, display_lots=30, limit_ticks=100))
    market.run(3)
    assert [child.lots for child in market.entered()] == [30]
    market.run(10, trades=True, from_s=3)
    assert [child.lots for child in market.entered()] == [30, 30, 30, 30]
    assert market.state.phase is Phase.DONE


def test_peg_follows_the_others_and_not_itself():
    market = Market(terms(AlgoName.PEG, peg_offset_ticks=1))
    market.run(2)
    assert market.entered()[-1].price_ticks == 101
    market.run(4, from_s=2)
    assert len(market.entered()) == 1, "its own order is no reason to move"
    market.book = Levels(bids=((98, 50),), asks=((102, 40),))
    market.run(6, from_s=4)
    assert [child.price_ticks for child in market.entered()] == [101, 99]
    assert len(market.orders) == 1


def test_peg_does_not_follow_itself_where_a_venue_fills_before_it_says_new():
    others = Levels(bids=((100, 50),), asks=((110, 40),))
    given = terms(AlgoName.PEG, peg_offset_ticks=1)
    state, _ = step(None, Steer(at_ns=0, action=AlgoAction.WORK, terms=given, levels=others))
    state, [entered] = step(state, Tick(at_ns=SECOND, levels=others))
    assert entered.price_ticks == 101
    state, _ = step(state, ChildEntered(at_ns=SECOND, child=entered.child, order_id=7, is_routed=True))
    state, _ = step(state, ChildFilled(at_ns=SECOND, child=entered.child, lots=1, price_ticks=101))
    with_own = msgspec.structs.replace(others, bids=((101, entered.lots - 1), *others.bids))
    _, actions = step(state, Tick(at_ns=5 * SECOND, levels=with_own))
    assert actions == (), "what rests there is its own"


def test_peg_to_the_mid_stays_on_the_passive_side():
    for side, price in ((Side.BUY, 100), (Side.SELL, 101)):
        book = Levels(bids=((99, 5),), asks=((102, 5),))
        market = Market(terms(AlgoName.PEG, side=side, peg_reference=PegReference.MID), book)
        market.run(1)
        assert market.entered()[-1].price_ticks == price


def test_sniper_waits_for_its_price_and_takes_no_more_than_is_offered():
    market = Market(terms(AlgoName.SNIPER, trigger_ticks=101))
    market.run(5)
    assert not market.entered()
    market.book = Levels(bids=((100, 50),), asks=((101, 33),))
    market.run(6, from_s=5)
    assert [(child.lots, child.price_ticks, child.is_passive) for child in market.entered()] == [(33, 101, False)]


def test_pause_cancels_and_resume_catches_up():
    market = Market(terms())
    market.run(5)
    market.steer(5 * SECOND, AlgoAction.PAUSE)
    assert (market.state.phase, market.orders) == (Phase.PAUSED, {})
    count = len(market.entered())
    market.run(30, from_s=5)
    assert len(market.entered()) == count
    market.steer(30 * SECOND, AlgoAction.WORK)
    market.run(40, from_s=30)
    assert market.state.executed_lots == 60


def test_changed_terms_make_a_new_schedule():
    market = Market(terms())
    market.steer(SECOND, AlgoAction.WORK, duration_ns=120 * SECOND)
    assert len(market.state.plan) == 12
    market.run(200, from_s=1)
    assert (market.state.phase, market.state.executed_lots) == (Phase.DONE, 120)


def test_cancel_ends_it_once_nothing_works():
    market = Market(terms())
    market.run(5)
    market.steer(5 * SECOND, AlgoAction.CANCEL)
    assert (market.state.phase, market.orders) == (Phase.CANCELED, {})
    before = market.state
    market.give(Tick(at_ns=6 * SECOND, levels=BOOK))
    assert market.state == before


def test_a_child_on_its_way_is_canceled_once_it_has_an_order():
    state, _ = step(None, Steer(at_ns=0, action=AlgoAction.WORK, terms=terms(), levels=BOOK))
    state, (enter,) = step(state, Tick(at_ns=1, levels=BOOK))
    state, actions = step(state, Steer(at_ns=2, action=AlgoAction.CANCEL, terms=terms(), levels=BOOK))
    assert (state.phase, actions) == (Phase.CANCELING, ())
    state, _ = step(state, ChildEntered(at_ns=3, child=enter.child, order_id=9))
    state, actions = step(state, Tick(at_ns=4, levels=BOOK))
    assert actions == (Cancel(child=enter.child),)
    state, actions = step(state, Tick(at_ns=5, levels=BOOK))
    assert actions == (), "each is asked once"
    state, _ = step(state, ChildFilled(at_ns=6, child=enter.child, lots=20, price_ticks=100))
    assert (state.phase, state.executed_lots) == (Phase.CANCELED, 20)


def test_rejections_make_it_wait_and_then_pause_with_the_reason():
    state, _ = step(None, Steer(at_ns=0, action=AlgoAction.WORK, terms=terms(), levels=BOOK))
    at = sent = 0
    while state.phase is Phase.WORKING:
        at += SECOND // 4
        state, actions = step(state, Tick(at_ns=at, levels=BOOK))
        for action in actions:
            sent += 1
            ended = ChildEnded(at_ns=at, child=action.child, reason="deployment_cap", is_rejected=True)
            state, _ = step(state, ended)
    assert (state.phase, state.reason) == (Phase.PAUSED, "deployment_cap")
    assert (state.rejected, sent) == (REJECTIONS_MAX, REJECTIONS_MAX)
    assert at >= (REJECTIONS_MAX - 1) * SECOND


def test_nothing_is_sent_on_a_stale_book():
    market = Market(terms(), msgspec.structs.replace(BOOK, is_fresh=False))
    market.run(30)
    assert not market.entered()


def test_the_same_inputs_make_the_same_orders():
    market = Market(terms(AlgoName.SHORTFALL))
    market.run(90)
    state, sent = None, []
    for given in market.inputs:
        state, actions = step(state, given)
        sent += [(given.at_ns, action) for action in actions]
    assert (state, sent) == (market.state, market.sent)


def test_an_algorithm_begins_with_a_steer():
    with pytest.raises(TypeError):
        step(None, Tick(at_ns=0, levels=BOOK))
