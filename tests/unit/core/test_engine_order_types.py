"""Every type of order survives a snapshot and a replay, and goes on as if nothing had happened."""

import random
import shutil
from pathlib import Path
from typing import Any

import parley_core
import pytest
from parley_core import EventKind

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk

STOP, STOP_LIMIT, PEG = 2, 3, 4
FOK, GTD, DAY = 2, 3, 4
CONTINUOUS, CALL = 0, 1
MARK_TRIGGER = 1
CANCEL_OLDEST, CANCEL_BOTH, DECREMENT = 1, 2, 3
MARK = 120_000
MINUTE = 60 * d.SECOND


def terms_of(desk: EngineDesk, rng: random.Random, side: int) -> dict[str, Any]:
    """The terms of one type of order, at random."""
    away = 1 if side == d.BUY else -1
    return rng.choice(
        [
            {},
            {"time_in_force": FOK},
            {"time_in_force": GTD, "expires_at_ns": desk.now + rng.randint(1, 5) * MINUTE},
            {"time_in_force": DAY},
            {"display_lots": 2},
            {"time_in_force": d.IOC, "minimum_lots": 3},
            {"is_reduce_only": True},
            {"is_post_only": True},
            {"order_type": STOP_LIMIT, "stop_ticks": MARK + away * rng.randint(1, 6)},
            {"order_type": STOP_LIMIT, "stop_ticks": MARK + away * rng.randint(1, 6), "trigger": MARK_TRIGGER},
            {"order_type": PEG, "peg_reference": 1, "peg_offset_ticks": -away * rng.randint(0, 3)},
            {"self_match": rng.choice([CANCEL_OLDEST, CANCEL_BOTH, DECREMENT])},
        ]
    )


def place(desk: EngineDesk, rng: random.Random, order: int) -> None:
    side = rng.randint(0, 1)
    terms = terms_of(desk, rng, side)
    order_type = terms.pop("order_type", d.LIMIT)
    account = rng.choice((d.ALICE, d.BOB, d.CAROL))
    desk.engine.place_order(
        desk.now, desk.next_sequence(), desk.now, order, account, 101, 1, d.FIRMS[account], d.PERPETUAL,
        side, order_type, terms.pop("time_in_force", d.GTC), rng.randint(3, 12), MARK + rng.randint(-4, 4), **terms,
    )  # fmt: skip


def trade(desk: EngineDesk, rng: random.Random, orders: range) -> None:
    """A piece of a day: orders of every type, amends, cancels, moving quotes, an auction now and then."""
    for order in orders:
        desk.now += rng.randint(0, 20) * d.SECOND
        mark = MARK + rng.randint(-6, 6)
        desk.quote(d.PERPETUAL, mark, [(mark - 1, 5)], [(mark + 1, 5)])
        place(desk, rng, order)
        if order % 7 == 0:
            amended = max(1, order - rng.randint(0, 30))
            desk.engine.amend_order(desk.now, desk.next_sequence(), desk.now, amended, rng.randint(1, 12), None)
        if order % 11 == 0:
            desk.cancel(max(1, order - 5))
        if order % 60 == 0:
            desk.engine.set_instrument_phase(desk.now, desk.next_sequence(), d.PERPETUAL, CALL)
        if order % 60 == 10:
            desk.engine.set_instrument_phase(desk.now, desk.next_sequence(), d.PERPETUAL, CONTINUOUS)


def opened(folder: Path) -> EngineDesk:
    desk = EngineDesk(folder, snapshot_interval=50)
    desk.list_instruments()
    desk.quote(d.PERPETUAL, MARK, [(MARK - 1, 20)], [(MARK + 1, 20)])
    for account in d.FIRMS:
        desk.limit(account)
    desk.engine.set_price_bands(desk.now, desk.next_sequence(), d.PERPETUAL, MARK, 1_000, 500)
    return desk


@pytest.mark.parametrize("seed", range(4))
def test_a_day_of_every_type_goes_on_from_a_snapshot(tmp_path: Path, seed: int) -> None:
    desk, rng = opened(tmp_path / "journal"), random.Random(seed)
    trade(desk, rng, range(1, 301))
    kinds = {kind for kind, _ in desk.said()}
    assert {EventKind.ORDER_TRIGGERED, EventKind.ORDER_AMENDED, EventKind.ORDER_EXECUTED} <= kinds
    now, state = desk.now, rng.getstate()
    desk.engine.stop()
    twin_folder = tmp_path / "replayed"
    shutil.copytree(tmp_path / "journal", twin_folder, ignore=shutil.ignore_patterns("*.snapshot"))
    from_snapshot, replayed = EngineDesk(tmp_path / "journal"), EngineDesk(twin_folder)
    assert ", 0 records replayed" in from_snapshot.engine.recovery
    assert "state at 0," in replayed.engine.recovery
    said = []
    for each in (from_snapshot, replayed):
        each.now = now
        rng.setstate(state)
        trade(each, rng, range(301, 401))
        said.append(each.events())
    assert len(said[0]) > 100
    assert said[0] == said[1]
    assert from_snapshot.engine.state_hash() == replayed.engine.state_hash()
    for each in (from_snapshot, replayed):
        each.engine.stop()
    assert parley_core.replay(twin_folder, True) == parley_core.replay(tmp_path / "journal", True)
