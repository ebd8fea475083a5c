"""Reservations of privately agreed trades: all legs for both sides, or none, named."""

import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

PERPETUAL_LEG = (d.PERPETUAL, d.BUY, 120_000, 8, d.ALICE, d.BOB)
OPTION_LEG = (d.OPTION, d.SELL, 500, 5, d.ALICE, d.BOB)


def holdings(desk: EngineDesk) -> dict[tuple[int, int], tuple[int, ...]]:
    return {row[:2]: row[2:] for row in desk.engine.positions()}


def test_a_reservation_counts_for_both_sides_until_it_is_confirmed(desk: EngineDesk) -> None:
    desk.reserve(1, PERPETUAL_LEG, OPTION_LEG)
    assert desk.said() == [(EventKind.BLOCK_RESERVED, (1,))]
    assert holdings(desk) == {
        (d.ALICE, d.PERPETUAL): (0, 8, 0),
        (d.ALICE, d.OPTION): (0, 0, 5),
        (d.BOB, d.PERPETUAL): (0, 0, 8),
        (d.BOB, d.OPTION): (0, 5, 0),
    }
    desk.confirm(1)
    assert desk.said() == [(EventKind.BLOCK_CONFIRMED, (1, 1))]
    assert holdings(desk) == {
        (d.ALICE, d.PERPETUAL): (8, 0, 0),
        (d.ALICE, d.OPTION): (-5, 0, 0),
        (d.BOB, d.PERPETUAL): (-8, 0, 0),
        (d.BOB, d.OPTION): (5, 0, 0),
    }


def test_each_leg_of_a_confirmed_block_has_its_execution_id(desk: EngineDesk) -> None:
    desk.reserve(1, PERPETUAL_LEG, OPTION_LEG)
    desk.reserve(2, PERPETUAL_LEG)
    desk.confirm(1)
    desk.confirm(2)
    assert desk.said()[2:] == [(EventKind.BLOCK_CONFIRMED, (1, 1)), (EventKind.BLOCK_CONFIRMED, (2, 3))]


def test_a_reservation_uses_up_the_position_limit(desk: EngineDesk) -> None:
    desk.limit(d.ALICE, max_position_lots=10)
    desk.reserve(1, PERPETUAL_LEG)
    desk.said()
    assert desk.answer(1, d.ALICE, d.BUY, 3, 119_000) == ("position", 11, 10)
    assert desk.answer(2, d.ALICE, d.BUY, 2, 119_000) == [EventKind.ORDER_ACCEPTED]
    desk.void(1)
    assert desk.said() == [(EventKind.BLOCK_VOIDED, (1,))]
    assert desk.answer(3, d.ALICE, d.BUY, 8, 119_000) == [EventKind.ORDER_ACCEPTED]


def test_one_leg_refused_holds_none_and_names_account_and_leg(desk: EngineDesk) -> None:
    desk.limit(d.BOB, max_position_lots=12)
    desk.said()
    before = desk.engine.positions()
    desk.reserve(1, PERPETUAL_LEG, OPTION_LEG, PERPETUAL_LEG)
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (1, d.BOB, 2, "position", 16, 12))]
    assert desk.engine.positions() == before


@pytest.mark.parametrize(
    ("leg", "refused"),
    [
        ((77, d.BUY, 120_000, 1, d.ALICE, d.BOB), (d.ALICE, 0, "unknown_instrument", 77, 0)),
        ((d.PERPETUAL, d.BUY, 120_000, 1, d.ALICE, 99), (99, 0, "no_limits", 99, 0)),
        ((d.PERPETUAL, d.BUY, 120_000, 1, d.ALICE, d.ALICE), (d.ALICE, 0, "self_trade", d.ALICE, 0)),
        ((d.PERPETUAL, d.BUY, 120_000, 0, d.ALICE, d.BOB), (d.ALICE, 0, "invalid_quantity", 0, 10**12)),
        ((d.PERPETUAL, d.BUY, 126_001, 1, d.ALICE, d.BOB), (d.ALICE, 0, "price_collar", 126_001, 126_000)),
        ((d.PERPETUAL, d.BUY, 113_999, 1, d.ALICE, d.BOB), (d.BOB, 0, "price_collar", 113_999, 114_000)),
    ],
)
def test_a_leg_that_may_not_trade_is_refused(
    desk: EngineDesk, leg: tuple[int, int, int, int, int, int], refused: tuple[object, ...]
) -> None:
    desk.reserve(1, leg)
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (1, *refused))]
    assert desk.engine.positions() == []


def test_a_trade_made_elsewhere_has_one_side_and_its_limits_hold(desk: EngineDesk) -> None:
    """Account 0 as the maker is nobody: no limits, no position. As the taker it may not trade."""
    elsewhere = (d.PERPETUAL, d.BUY, 120_000, 3, d.ALICE, 0)
    desk.reserve(1, elsewhere)
    desk.confirm(1)
    assert [kind for kind, _ in desk.said()] == [EventKind.BLOCK_RESERVED, EventKind.BLOCK_CONFIRMED]
    assert [(found[0], found[2]) for found in desk.engine.positions()] == [(d.ALICE, 3)]
    desk.reserve(2, (d.PERPETUAL, d.BUY, 120_000, 3, 0, d.ALICE))
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (2, 0, 0, "no_limits", 0, 0))]
    desk.limit(d.ALICE, max_position_lots=4)
    desk.said()
    desk.reserve(3, elsewhere)
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (3, d.ALICE, 0, "position", 6, 4))]
    desk.reserve(4, (d.PERPETUAL, d.SELL, 120_000, 3, d.ALICE, 0))
    desk.void(4)
    assert [kind for kind, _ in desk.said()] == [EventKind.BLOCK_RESERVED, EventKind.BLOCK_VOIDED]
    assert desk.answer(1, d.ALICE, d.BUY, 1, 119_000) == [EventKind.ORDER_ACCEPTED]


def test_a_killed_maker_refuses_the_block(desk: EngineDesk) -> None:
    desk.engine.set_kill_switch(desk.now, desk.next_sequence(), d.FIRM, 2, True)
    desk.said()
    desk.reserve(1, PERPETUAL_LEG)
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (1, d.BOB, 0, "kill_switch", d.FIRM, 2))]


def test_a_void_that_comes_first_refuses_the_late_reservation(desk: EngineDesk) -> None:
    desk.void(1)
    desk.reserve(1, PERPETUAL_LEG)
    desk.confirm(1)
    assert desk.said() == [
        (EventKind.BLOCK_VOIDED, (1,)),
        (EventKind.BLOCK_REFUSED, (1, 0, 0, "voided", 1, 0)),
        (EventKind.BLOCK_REFUSED, (1, 0, 0, "voided", 1, 0)),
    ]
    assert desk.engine.positions() == []


def test_a_late_reservation_is_refused(desk: EngineDesk) -> None:
    desk.reserve(1, PERPETUAL_LEG, valid_until=desk.now - 1)
    assert desk.said() == [(EventKind.BLOCK_REFUSED, (1, 0, 0, "command_expired", desk.now, desk.now - 1))]


def test_what_is_confirmed_stays_confirmed(desk: EngineDesk) -> None:
    desk.reserve(1, PERPETUAL_LEG)
    desk.reserve(1, PERPETUAL_LEG)
    desk.confirm(1)
    desk.confirm(1)
    desk.void(1)
    desk.reserve(1, PERPETUAL_LEG)
    desk.confirm(2)
    refused = EventKind.BLOCK_REFUSED
    assert desk.said() == [
        (EventKind.BLOCK_RESERVED, (1,)),
        (refused, (1, 0, 0, "duplicate_reservation", 1, 0)),
        (EventKind.BLOCK_CONFIRMED, (1, 1)),
        (refused, (1, 0, 0, "already_confirmed", 1, 0)),
        (refused, (1, 0, 0, "already_confirmed", 1, 0)),
        (refused, (1, 0, 0, "duplicate_reservation", 1, 0)),
        (refused, (2, 0, 0, "unknown_reservation", 2, 0)),
    ]
    assert holdings(desk)[d.ALICE, d.PERPETUAL] == (8, 0, 0)


def test_an_instrument_with_a_reservation_is_not_forgotten(desk: EngineDesk) -> None:
    desk.reserve(1, OPTION_LEG)
    desk.engine.deliver(desk.now, d.EXPIRY, d.OPTION, 60_000 * d.MICRO)
    desk.said()
    desk.engine.settle_instrument(desk.now, desk.next_sequence(), d.OPTION, "x")
    assert desk.said() == [(EventKind.COMMAND_REFUSED, ("x", "reservation_pending", 1, 0))]
    desk.confirm(1)
    desk.engine.settle_instrument(desk.now, desk.next_sequence(), d.OPTION, "y")
    assert desk.said() == [(EventKind.BLOCK_CONFIRMED, (1, 1)), (EventKind.INSTRUMENT_SETTLED, (d.OPTION,))]
