"""Price bands, the pause they call, the call auction and its uncrossing: what passes and what fails at each boundary."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

CONTINUOUS, CALL, HALTED = 0, 1, 2
REFERENCE = 120_000
WIDTH = 100  # basis points: 1,200 ticks
UPPER, LOWER = 121_200, 118_800

E = EventKind


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[EngineDesk]:
    desk = EngineDesk(tmp_path / "journal")
    desk.open_market()
    yield desk
    desk.engine.stop()


def set_bands(desk: EngineDesk, *, static: int = 0, dynamic: int = 0, pauses: bool = False) -> None:
    desk.engine.set_price_bands(
        desk.now, desk.next_sequence(), d.PERPETUAL, REFERENCE, static, dynamic, pauses, "bands"
    )


def set_phase(desk: EngineDesk, phase: int) -> list[tuple[EventKind, tuple[object, ...]]]:
    desk.engine.set_instrument_phase(desk.now, desk.next_sequence(), d.PERPETUAL, phase)
    return desk.said()


def executed(said: list[tuple[EventKind, tuple[object, ...]]]) -> int:
    return sum(kind is E.ORDER_EXECUTED for kind, _ in said)


def place_and_hear(desk: EngineDesk, *order: int) -> list[tuple[EventKind, tuple[object, ...]]]:
    desk.place(*order)  # type: ignore[arg-type]  order, account, side, lots, price
    return desk.said()


@pytest.mark.parametrize("kind", ["static", "dynamic"])
@pytest.mark.parametrize(
    ("taker", "price", "is_traded"),
    [
        (d.BUY, UPPER, True),
        (d.BUY, UPPER + 1, False),
        (d.SELL, LOWER, True),
        (d.SELL, LOWER - 1, False),
    ],
)
def test_bands_let_trade_at_the_band_and_cancel_a_tick_beyond(
    desk: EngineDesk, kind: str, taker: int, price: int, *, is_traded: bool
) -> None:
    set_bands(desk, static=WIDTH if kind == "static" else 0, dynamic=WIDTH if kind == "dynamic" else 0)
    assert [kind for kind, _ in desk.said()] == [E.PRICE_BANDS_SET]
    place_and_hear(desk, 1, d.ALICE, 1 - taker, 5, price)
    said = place_and_hear(desk, 2, d.BOB, taker, 5, price)
    if is_traded:
        assert executed(said) == 2
        assert E.ORDER_CANCELED not in [kind for kind, _ in said]
    else:
        assert said[-1] == (E.ORDER_CANCELED, (2, "price_band", 5, 0))
        assert executed(said) == 0


def test_bands_trade_what_is_inside_before_they_cancel_the_rest(desk: EngineDesk) -> None:
    set_bands(desk, static=WIDTH)
    for order, price in ((1, UPPER), (2, UPPER + 1)):
        desk.place(order, d.ALICE, d.SELL, 5, price)
    desk.said()
    said = place_and_hear(desk, 3, d.BOB, d.BUY, 8, UPPER + 1)
    assert executed(said) == 2
    assert said[-1] == (E.ORDER_CANCELED, (3, "price_band", 3, 5))


def test_dynamic_band_moves_with_the_last_trade_and_the_static_one_does_not(desk: EngineDesk) -> None:
    set_bands(desk, dynamic=WIDTH)
    desk.place(1, d.ALICE, d.SELL, 1, UPPER)
    desk.place(2, d.BOB, d.BUY, 1, UPPER)
    desk.place(3, d.ALICE, d.SELL, 1, UPPER + 1)
    desk.said()
    assert executed(place_and_hear(desk, 4, d.BOB, d.BUY, 1, UPPER + 1)) == 2
    set_bands(desk, static=WIDTH)
    desk.place(5, d.ALICE, d.SELL, 1, UPPER + 1)
    desk.said()
    assert place_and_hear(desk, 6, d.BOB, d.BUY, 1, UPPER + 1)[-1] == (E.ORDER_CANCELED, (6, "price_band", 1, 0))


@pytest.mark.parametrize(("price", "pauses"), [(UPPER, False), (UPPER + 1, True)])
def test_bands_that_pause_call_an_auction_only_beyond_the_band(desk: EngineDesk, price: int, *, pauses: bool) -> None:
    set_bands(desk, static=WIDTH, pauses=True)
    place_and_hear(desk, 1, d.ALICE, d.SELL, 5, price)
    said = place_and_hear(desk, 2, d.BOB, d.BUY, 5, price)
    called = (E.INSTRUMENT_PHASE_CHANGED, (d.PERPETUAL, CALL, 0, 0))
    assert (called in said) is pauses
    assert executed(said) == (0 if pauses else 2)
    assert desk.engine.indicative(d.PERPETUAL) == ((price, 5, 0) if pauses else None)


def test_pause_collects_and_uncrosses_at_the_price_of_most_volume(desk: EngineDesk) -> None:
    set_bands(desk, static=WIDTH, pauses=True)
    desk.place(1, d.ALICE, d.SELL, 5, UPPER + 10)
    desk.place(2, d.BOB, d.BUY, 5, UPPER + 10)
    assert (E.INSTRUMENT_PHASE_CHANGED, (d.PERPETUAL, CALL, 0, 0)) in desk.said()
    desk.place(3, d.ALICE, d.SELL, 4, UPPER - 100)
    desk.place(4, d.BOB, d.BUY, 3, UPPER - 50)
    assert executed(desk.said()) == 0
    assert desk.engine.indicative(d.PERPETUAL) == (UPPER + 10, 5, -4)
    desk.place(5, d.BOB, d.BUY, 4, UPPER + 10)
    desk.said()
    assert desk.engine.indicative(d.PERPETUAL) == (UPPER + 10, 9, 0)
    said = set_phase(desk, CONTINUOUS)
    assert said[-1] == (E.INSTRUMENT_PHASE_CHANGED, (d.PERPETUAL, CONTINUOUS, UPPER + 10, 9))
    assert executed(said) == 6  # three pairs, of 4, 1 and 4 lots
    assert all(UPPER + 10 in payload for kind, payload in said if kind is E.ORDER_EXECUTED)
    assert desk.engine.indicative(d.PERPETUAL) is None


def test_uncrossing_moves_the_static_reference_to_its_price(desk: EngineDesk) -> None:
    set_bands(desk, static=WIDTH, pauses=True)
    desk.place(1, d.ALICE, d.SELL, 5, UPPER + 10)
    desk.place(2, d.BOB, d.BUY, 5, UPPER + 10)
    desk.said()
    set_phase(desk, CONTINUOUS)
    beyond = (UPPER + 10) * (10_000 + WIDTH) // 10_000
    for order, price, is_traded in ((3, beyond, True), (5, beyond + 1, False)):
        desk.place(order, d.ALICE, d.SELL, 1, price)
        desk.said()
        assert executed(place_and_hear(desk, order + 1, d.BOB, d.BUY, 1, price)) == (2 if is_traded else 0)


@pytest.mark.parametrize(("bid", "crosses"), [(REFERENCE, True), (REFERENCE - 1, False)])
def test_call_uncrosses_only_what_crosses(desk: EngineDesk, bid: int, *, crosses: bool) -> None:
    set_phase(desk, CALL)
    desk.place(1, d.ALICE, d.SELL, 2, REFERENCE)
    desk.place(2, d.BOB, d.BUY, 2, bid)
    assert executed(desk.said()) == 0
    said = set_phase(desk, CONTINUOUS)
    assert executed(said) == (2 if crosses else 0)
    expected = (d.PERPETUAL, CONTINUOUS, REFERENCE, 2) if crosses else (d.PERPETUAL, CONTINUOUS, 0, 0)
    assert said[-1] == (E.INSTRUMENT_PHASE_CHANGED, expected)


def test_uncrossing_does_not_let_an_account_trade_with_itself(desk: EngineDesk) -> None:
    set_phase(desk, CALL)
    desk.place(1, d.ALICE, d.SELL, 2, REFERENCE)
    desk.place(2, d.ALICE, d.BUY, 2, REFERENCE)
    desk.said()
    said = set_phase(desk, CONTINUOUS)
    assert executed(said) == 0
    assert (E.ORDER_CANCELED, (2, "self_match", 2, 0)) in said


@pytest.mark.parametrize(("phase", "is_taken"), [(CALL, True), (HALTED, False)])
def test_orders_are_taken_in_a_call_and_refused_in_a_halt(desk: EngineDesk, phase: int, *, is_taken: bool) -> None:
    set_phase(desk, phase)
    assert (place_and_hear(desk, 1, d.ALICE, d.BUY, 1, REFERENCE)[0][0] is E.ORDER_ACCEPTED) is is_taken


@pytest.mark.parametrize(
    ("static", "dynamic", "is_taken"),
    [(10_000, 0, True), (10_001, 0, False), (0, 10_000, True), (0, 10_001, False), (0, 0, True), (-1, 0, False)],
)
def test_bands_are_from_nothing_to_all_of_the_price(
    desk: EngineDesk, static: int, dynamic: int, *, is_taken: bool
) -> None:
    set_bands(desk, static=static, dynamic=dynamic)
    wide = max(static, dynamic) if max(static, dynamic) > 10_000 else min(static, dynamic)
    taken = (E.PRICE_BANDS_SET, (d.PERPETUAL, REFERENCE, static, dynamic, False))
    assert desk.said() == [taken if is_taken else (E.COMMAND_REFUSED, ("bands", "invalid_terms", wide, 10_000))]


@pytest.mark.parametrize("instrument", [d.PERPETUAL, 99])
def test_bands_and_phases_of_an_unknown_instrument_are_refused(desk: EngineDesk, instrument: int) -> None:
    desk.engine.set_price_bands(desk.now, desk.next_sequence(), instrument, REFERENCE, 1, 1)
    desk.engine.set_instrument_phase(desk.now, desk.next_sequence(), instrument, CALL)
    refused = [kind for kind, _ in desk.said()] == [E.COMMAND_REFUSED, E.COMMAND_REFUSED]
    assert refused is (instrument != d.PERPETUAL)
