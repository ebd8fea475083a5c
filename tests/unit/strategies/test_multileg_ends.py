"""How multi-leg orders end before they are whole: by time, for want of a market, and by a person."""

from strategies.algos import Levels, Phase
from strategies.algos.multileg import STALE
from tests.unit.strategies.test_algos import SECOND
from tests.unit.strategies.test_multileg import COMPLETE, GOOD, HEDGE, SELL, Desk, book, half, spread
from wire.gateway_algos import AlgoAction


def test_immediate_takes_until_there_is_nothing_and_ends():
    desk = Desk(spread(is_immediate=True))
    desk.tick()
    desk.trade_all()
    desk.tick(books=(book(99, 110), book(90, 91)))
    assert (desk.state.phase, desk.state.reason, desk.state.matched_steps) == (Phase.CANCELED, "immediate_or_cancel", 3)


def test_an_order_that_expires_matches_what_stands_alone_first():
    desk = half(Desk(spread(expires_at_ns=4 * SECOND)))
    desk.tick(3, books=(book(99, 100), book(85, 91)))
    assert desk.working() == [(COMPLETE, 1, SELL, 3, 85)]
    desk.trade_all()
    assert (desk.state.phase, desk.state.reason) == (Phase.CANCELED, "expired")


def test_an_order_that_expires_with_nothing_alone_ends_without_a_market():
    stale = Levels(bids=((90, 50),), asks=((91, 50),), is_fresh=False)
    desk = Desk(spread(quoting_leg=0, expires_at_ns=4 * SECOND), books=(book(99, 105), book(90, 91)))
    desk.tick()
    desk.tick(2, books=(book(99, 105), stale))
    assert (desk.state.phase, desk.state.reason) == (Phase.CANCELED, "expired")


def test_immediate_does_not_wait_for_a_market_unless_a_leg_stands_alone():
    stale = (book(99, 100), Levels(bids=((90, 50),), asks=(), is_fresh=False))
    desk = Desk(spread(is_immediate=True), books=stale)
    desk.tick()
    assert (desk.state.phase, desk.state.reason, desk.sent) == (Phase.CANCELED, STALE, [])
    desk = half(Desk(spread(is_immediate=True)))
    desk.tick(2, books=stale)
    assert (desk.state.phase, desk.state.problem) == (Phase.WORKING, STALE)
    desk.tick(books=GOOD)
    assert desk.working() == [(HEDGE, 1, SELL, 3, 90)]


def test_a_paused_order_expires_unless_a_leg_stands_alone():
    desk = Desk(spread(expires_at_ns=9 * SECOND), books=(book(99, 104), book(90, 91)))
    desk.steer(AlgoAction.PAUSE)
    desk.tick(7)
    assert desk.state.phase is Phase.PAUSED
    desk.tick()
    assert (desk.state.phase, desk.state.reason) == (Phase.CANCELED, "expired")
    desk = half(Desk(spread(expires_at_ns=9 * SECOND)))
    desk.steer(AlgoAction.PAUSE)
    desk.tick(20)
    assert (desk.state.phase, desk.state.standing.is_late, desk.working()) == (Phase.PAUSED, True, [])
    desk.steer(AlgoAction.WORK)
    desk.tick(books=(book(99, 100), book(85, 91)))
    desk.trade_all()
    assert (desk.state.phase, desk.state.reason, desk.state.matched_steps) == (Phase.CANCELED, "expired", 3)


def test_cancel_ends_it_and_leaves_what_stands_alone_in_sight():
    desk = half(Desk())
    desk.steer(AlgoAction.CANCEL)
    assert (desk.state.phase, desk.state.standing.unmatched_steps) == (Phase.CANCELED, 3)
