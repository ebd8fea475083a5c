"""An order on its way: never over-filled, whatever order the reports of its venues come in."""

import random

import parley_core
import pytest

SECOND = 10**9
NOW = 1_800_000_000 * SECOND


def books(*prices: int, lots: int = 100) -> list[parley_core.RouteVenue]:
    return [
        parley_core.RouteVenue(parley_core.RouteTerms(number), [(price, lots)])
        for number, price in enumerate(prices, start=1)
    ]


class Desk:
    """An execution with its router and a market of books."""

    def __init__(self, asked: int, *prices: int, **rules: int) -> None:
        self.execution = parley_core.RouteExecution(asked, **rules)
        self.router = parley_core.Router()
        self.order = parley_core.RouteOrder(0, asked)
        self.venues = books(*prices)

    def plan(self, at: int = NOW) -> dict[int, tuple[int, int]]:
        """{child: (venue, units)}"""
        sent = self.execution.plan(at, self.router, self.order, self.venues)
        return {child.child_id: (child.order.venue_id, child.order.quantity_units) for child in sent}

    def units(self) -> tuple[int, int, int, int]:
        """(filled, held, reserved, free)"""
        run = self.execution
        return run.filled_units, run.held_units, run.reserved_units, run.free_units


def test_a_sweep_reaches_all_venues_at_once_and_nothing_leaves_twice() -> None:
    desk = Desk(250, 10, 11, 12)
    assert desk.plan() == {1: (1, 100), 2: (2, 100), 3: (3, 50)}
    assert desk.units() == (0, 0, 250, 0)
    assert desk.plan() == {}


def test_what_a_venue_refuses_goes_to_the_others_until_its_time_is_over() -> None:
    desk = Desk(50, 10, 11, exclude_ns=5 * SECOND)
    assert desk.plan() == {1: (1, 50)}
    assert desk.execution.on_reject(NOW, 1) == "accepted"
    assert desk.execution.on_reject(NOW, 1) == "duplicate"
    assert desk.plan() == {2: (2, 50)}
    assert desk.execution.on_done(NOW, 2, 20) == "accepted"
    assert desk.units() == (0, 0, 20, 30)
    assert desk.execution.on_fill(2, 1, 20) == "accepted"
    assert desk.plan(NOW + 5 * SECOND) == {3: (1, 30)}


def test_a_venue_that_filled_in_part_is_charged_more_for_a_time() -> None:
    desk = Desk(60, 1_000, 1_001, penalty_ppm=5_000, penalize_ns=SECOND)
    assert desk.plan() == {1: (1, 60)}
    desk.execution.on_fill(1, 1, 10)
    desk.execution.on_done(NOW, 1, 10)
    assert desk.plan() == {2: (2, 50)}
    desk.execution.on_done(NOW, 2, 0)
    assert desk.plan(NOW + SECOND) == {3: (1, 50)}


def test_a_silent_venue_keeps_its_quantity_reserved_and_its_late_fill_counts() -> None:
    desk = Desk(100, 10, 11, answer_within_ns=SECOND)
    desk.plan()
    assert desk.execution.on_time(NOW + SECOND - 1) == 0
    assert desk.execution.on_time(NOW + SECOND) == 1
    assert desk.execution.children[0].state == "unknown"
    assert desk.plan(NOW + SECOND) == {}
    desk.execution.on_fill(1, 7, 40)
    assert desk.units() == (40, 0, 60, 0)
    assert desk.execution.on_done(NOW + 2 * SECOND, 1, 70) == "accepted"
    assert desk.units() == (40, 0, 30, 30)
    assert desk.plan(NOW + 2 * SECOND) == {2: (2, 30)}
    assert desk.execution.on_fill(1, 8, 30) == "accepted"
    assert desk.units() == (70, 0, 30, 0)


def test_a_bust_is_held_and_routed_anew_only_when_released() -> None:
    desk = Desk(100, 10)
    desk.plan()
    assert desk.execution.on_bust(1, 5) == "unknown_execution"
    assert desk.execution.on_fill(1, 5, 30) == "accepted"
    assert desk.execution.on_fill(1, 6, 70) == "accepted"
    assert desk.execution.on_bust(1, 5) == "duplicate"
    desk.execution.on_done(NOW, 1, 100)
    assert desk.units() == (70, 30, 0, 0)
    assert desk.plan() == {}
    desk.execution.release_busts()
    assert (desk.execution.units_out, desk.execution.units_in) == (100, 130)
    assert desk.plan() == {2: (1, 30)}


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([("on_done", NOW, 1, 40), ("on_fill", 1, 1, 41)], "contradiction"),
        ([("on_fill", 1, 1, 101)], "overfill"),
        ([("on_done", NOW, 1, 101)], "overfill"),
        ([("on_fill", 1, 1, 10), ("on_reject", NOW, 1)], "contradiction"),
        ([("on_fill", 1, 1, 10), ("on_done", NOW, 1, 9)], "contradiction"),
        ([("on_done", NOW, 1, 40), ("on_done", NOW, 1, 41)], "contradiction"),
        ([("on_reject", NOW, 1), ("on_fill", 1, 1, 1)], "contradiction"),
        ([("on_fill", 2, 1, 1)], "unknown_child"),
    ],
)
def test_a_venue_that_contradicts_itself_stops_the_order(reports: list, outcome: str) -> None:
    desk = Desk(100, 10, 11)
    desk.plan()
    outcomes = [getattr(desk.execution, name)(*arguments) for name, *arguments in reports]
    assert outcomes[-1] == outcome
    assert desk.execution.halt == "contradiction"
    assert desk.plan() == {}


def test_nothing_leaves_after_cancel_deadline_or_the_last_round() -> None:
    canceled, late, tired = Desk(100, 10), Desk(100, 10, deadline_ns=NOW), Desk(100, 10, rounds_max=1, exclude_ns=0)
    canceled.execution.cancel()
    assert (canceled.plan(), late.plan()) == ({}, {})
    assert canceled.execution.halt == "canceled"
    tired.plan()
    tired.execution.on_reject(NOW, 1)
    assert (tired.plan(), tired.execution.free_units) == ({}, 100)


class Market:
    """Venues that tell the truth, and a network that delays, doubles and reorders what they say."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.reports: list[tuple] = []
        self.filled = self.busted = 0
        self.next_execution = 0

    def take(self, child_id: int, units: int) -> None:
        """The venue works the child to its end; its reports lie around from now on."""
        fate = self.dice.random()
        if fate < 0.2:
            self.reports.append(("on_reject", child_id))
            return
        target = units if fate < 0.5 else self.dice.randint(0, units)
        left = target
        while left:
            part = self.dice.randint(1, left)
            left -= part
            self.next_execution += 1
            self.filled += part
            self.reports.append(("on_fill", child_id, self.next_execution, part))
            if self.dice.random() < 0.1:
                self.busted += part
                self.reports.append(("on_bust", child_id, self.next_execution))
        self.reports.append(("on_done", child_id, target))

    def deliver(self, execution: parley_core.RouteExecution, now: int) -> str:
        place = self.dice.randrange(len(self.reports))
        name, *arguments = self.reports[place]
        if self.dice.random() < 0.8:
            del self.reports[place]
        timed = [now, *arguments] if name in {"on_reject", "on_done"} else arguments
        return getattr(execution, name)(*timed)


def run_order(seed: int) -> tuple[parley_core.RouteExecution, Market]:
    market, dice = Market(seed), random.Random(-seed - 1)
    asked, now = dice.randint(1, 400), NOW
    desk = Desk(asked, 10, 11, 12, 13, exclude_ns=3, penalize_ns=2, answer_within_ns=4, rounds_max=40)
    for _ in range(200):
        now += dice.randint(0, 3)
        for child_id, (_, units) in desk.plan(now).items():
            market.take(child_id, units)
        for _ in range(dice.randint(0, 3)):
            if market.reports:
                assert market.deliver(desk.execution, now) in {"accepted", "duplicate", "unknown_execution"}
        desk.execution.on_time(now)
        check(desk, market, asked)
    while market.reports:
        market.deliver(desk.execution, now)
        check(desk, market, asked)
    return desk.execution, market


def check(desk: Desk, market: Market, asked: int) -> None:
    filled, held, reserved, free = desk.units()
    assert min(held, reserved, free) >= 0
    assert filled + held + reserved + free == asked
    assert market.filled <= asked  # what the venues really did, reported or not
    assert desk.execution.units_out <= desk.execution.units_in


def test_no_order_of_reports_fills_more_than_asked() -> None:
    complete = 0
    for seed in range(400):
        execution, market = run_order(seed)
        assert execution.halt == "none"
        assert (execution.filled_units, execution.held_units) == (market.filled - market.busted, market.busted), seed
        assert execution.reserved_units == 0
        complete += execution.free_units == 0
    assert complete > 300


def test_the_same_reports_give_the_same_children() -> None:
    def children(seed: int) -> list[tuple]:
        execution, _ = run_order(seed)
        return [(c.child_id, c.order.venue_id, c.order.quantity_units, c.seen_units, c.state) for c in execution.children]

    assert [children(seed) for seed in range(30)] == [children(seed) for seed in range(30)]
