"""The journal: what was released is never lost, what is damaged is named, what fails stops everything."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import parley_core
import pytest

from tests.unit.core import engine_desk as d
from tests.unit.core.engine_desk import EngineDesk, EventTuple

RECORD_HEADER_BYTES = 24
SEGMENT_HEADER_BYTES = 64


def busy_desk(folder: Path, orders: int = 300, **options: int | bool) -> tuple[EngineDesk, list[EventTuple]]:
    """A desk after a random day, and everything that it said."""
    desk = EngineDesk(folder, **options)
    desk.list_instruments()
    desk.quote(d.PERPETUAL, 120_000, [(119_999, 20)], [(120_001, 20)])
    for account in d.FIRMS:
        desk.limit(account)
    rng = random.Random(7)
    said: list[EventTuple] = []
    for order in range(1, orders + 1):
        desk.place(
            order, rng.choice((d.ALICE, d.BOB)), rng.randint(0, 1), rng.randint(1, 9), 120_000 + rng.randint(-5, 5)
        )
        if order % 50 == 0:
            desk.reserve(order, (d.PERPETUAL, d.BUY, 120_000, 3, d.ALICE, d.BOB))
            desk.cancel(order - 3)
            said += desk.events()
    return desk, said + desk.events()


def place_until(desk: EngineDesk, said: list[EventTuple], is_done: Callable[[], bool]) -> None:
    """Appends what orders say and releases all but its end, until it is done: snapshots are written beside that."""
    orders = itertools.count(10_000)
    deadline = time.monotonic() + 20
    while not is_done():
        assert time.monotonic() < deadline, f"not after {next(orders) - 10_000:,} orders"
        for order in itertools.islice(orders, 50):
            desk.place(order, d.CAROL, d.BUY, 1, 110_000)
        said += desk.events()
        desk.engine.release_events(len(said) - 300)


def await_snapshot(folder: Path) -> None:
    deadline = time.monotonic() + 20
    while not any(folder.glob("*.snapshot")):
        assert time.monotonic() < deadline, sorted(each.name for each in folder.iterdir())
        time.sleep(0.01)


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def record_offsets(segment: Path) -> list[tuple[int, int]]:
    """(offset, bytes) of each record."""
    content, at, found = segment.read_bytes(), SEGMENT_HEADER_BYTES, []
    while payload := int.from_bytes(content[at : at + 4], "little"):
        size = RECORD_HEADER_BYTES + payload
        found.append((at, size))
        at += size
    return found


def unclean_copy(desk: EngineDesk, folder: Path, *, is_snapshot_needed: bool = False) -> Path:
    """The folder as a killed process leaves it: no snapshot of stop()."""
    copy = folder / "copy"
    if is_snapshot_needed:
        await_snapshot(folder / "journal")
    shutil.copytree(folder / "journal", copy, ignore=shutil.ignore_patterns("*.temporary", "*.prepared"))
    desk.engine.stop()
    return copy


def remove_marks(folder: Path) -> None:
    """As after a power loss: what the journal knows to be durable is noted without a sync."""
    for mark in folder.glob("*.durable"):
        mark.unlink()


def test_events_are_gapless_and_indexed_within_their_record(tmp_path: Path) -> None:
    desk, said = busy_desk(tmp_path)
    assert [event[0] for event in said] == list(range(1, len(said) + 1))
    assert [event[1:3] for event in said] == sorted({event[1:3] for event in said})
    assert all(
        event[2] == 1 or event[1:3] == (before[1], before[2] + 1) for before, event in zip(said, said[1:], strict=False)
    )
    assert desk.engine.event_number == len(said)
    desk.engine.stop()


def test_replay_from_genesis_and_from_snapshots_gives_the_live_state(tmp_path: Path) -> None:
    desk, said = busy_desk(tmp_path / "journal", snapshot_interval=40, segment_bytes=4_096)
    live = desk.engine.state_hash()
    assert len(segments(tmp_path / "journal")) > 3
    copy = unclean_copy(desk, tmp_path, is_snapshot_needed=True)
    assert parley_core.replay(copy, True) == parley_core.replay(copy, False)
    assert parley_core.replay(copy, True)[::2] == (live, len(said))
    recovered = EngineDesk(copy)
    assert recovered.engine.state_hash() == live
    assert recovered.engine.command_sequence == desk.sequence
    recovered.engine.stop()


def test_a_recovered_engine_goes_on_as_if_nothing_happened(tmp_path: Path) -> None:
    desk, _ = busy_desk(tmp_path / "journal", snapshot_interval=40)
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "journal", copy, ignore=shutil.ignore_patterns("*.temporary", "*.prepared"))
    twin = EngineDesk(copy, snapshot_interval=40)
    for each in (desk, twin):
        each.place(1_000, d.BOB, d.BUY, 500, 120_005)
        each.engine.cancel_all(each.now, each.next_sequence(), d.ALL, 0)
    assert desk.events() == twin.events()
    assert desk.engine.state_hash() == twin.engine.state_hash()
    for each in (desk, twin):
        each.engine.stop()


@pytest.mark.parametrize("snapshot_interval", [40, 200_000])
def test_events_from_equals_what_drain_gave_also_in_another_life(tmp_path: Path, snapshot_interval: int) -> None:
    desk, said = busy_desk(tmp_path / "journal", snapshot_interval=snapshot_interval)
    assert desk.engine.events_from(1, 10**6) == said
    desk.engine.stop()
    again = parley_core.Engine(tmp_path / "journal")
    assert again.events_from(1, 10**6) == said
    assert again.events_from(100, 7) == said[99:106]
    assert again.events_from(len(said), 7) == said[-1:]
    assert again.events_from(len(said) + 1, 7) == []
    again.stop()


def test_only_one_engine_holds_a_folder(tmp_path: Path) -> None:
    first = parley_core.Engine(tmp_path)
    with pytest.raises(parley_core.JournalLocked):
        parley_core.Engine(tmp_path)
    first.stop()
    parley_core.Engine(tmp_path).stop()


def test_a_torn_tail_that_nobody_was_told_about_is_cut(tmp_path: Path) -> None:
    """Power was lost in the middle of a write: the mark of what is durable stands before it."""
    desk, _ = busy_desk(tmp_path / "journal", orders=60)
    copy = unclean_copy(desk, tmp_path)
    (segment,) = segments(copy)
    *_, (offset, size) = record_offsets(segment)
    whole = segment.read_bytes()
    remove_marks(copy)
    for kept in (1, RECORD_HEADER_BYTES, size // 2):
        torn = tmp_path / f"torn-{kept}"
        shutil.copytree(copy, torn, ignore=shutil.ignore_patterns("*.snapshot"))
        (torn / segment.name).write_bytes(whole[: offset + kept].ljust(len(whole), b"\0"))
        engine = parley_core.Engine(torn)
        assert ", 0 bytes of torn tail cut" not in engine.recovery
        assert engine.command_sequence == desk.sequence - 1
        engine.stop()
        assert parley_core.replay(torn)[0] == engine.state_hash()
        assert (torn / segment.name).stat().st_size <= offset


def test_a_tail_that_was_acknowledged_is_damage_when_it_is_gone(tmp_path: Path) -> None:
    desk, _ = busy_desk(tmp_path / "journal", orders=60)
    last = desk.engine.journal_sequence
    copy = unclean_copy(desk, tmp_path)
    (segment,) = segments(copy)
    *_, (offset, _) = record_offsets(segment)
    os.truncate(segment, offset)
    os.truncate(segment, 1 << 20)
    with pytest.raises(parley_core.JournalDamaged, match="gone") as caught:
        parley_core.Engine(copy)
    assert caught.value.sequence == last


def test_every_flipped_byte_is_named_with_its_record(tmp_path: Path) -> None:
    desk, _ = busy_desk(tmp_path / "journal", orders=60)
    copy = unclean_copy(desk, tmp_path)
    (segment,) = segments(copy)
    whole = segment.read_bytes()
    rng = random.Random(3)
    for has_mark in (True, False):
        if not has_mark:
            remove_marks(copy)
        records = record_offsets(segment)[: None if has_mark else -60]
        for number, (offset, size) in enumerate(records, start=1):
            broken = bytearray(whole)
            broken[offset + rng.randrange(size)] ^= 1 << rng.randrange(8)
            segment.write_bytes(broken)
            with pytest.raises(parley_core.JournalDamaged) as caught:
                parley_core.Engine(copy)
            assert caught.value.sequence == number
    segment.write_bytes(whole)
    parley_core.Engine(copy).stop()


@pytest.mark.parametrize("damage", ["deleted", "doubled", "swapped"])
def test_records_that_went_elsewhere_are_damage(tmp_path: Path, damage: str) -> None:
    desk, _ = busy_desk(tmp_path / "journal", orders=60)
    copy = unclean_copy(desk, tmp_path)
    (segment,) = segments(copy)
    whole = segment.read_bytes()
    (a, size_a), (b, size_b) = record_offsets(segment)[30:32]
    first, second = whole[a : a + size_a], whole[b : b + size_b]
    middle = {"deleted": second, "doubled": first + first + second, "swapped": second + first}[damage]
    segment.write_bytes(whole[:a] + middle + whole[b + size_b :])
    with pytest.raises(parley_core.JournalDamaged) as caught:
        parley_core.Engine(copy)
    assert caught.value.sequence == {"deleted": 31, "doubled": 32, "swapped": 31}[damage]


def test_a_missing_segment_is_damage(tmp_path: Path) -> None:
    desk, _ = busy_desk(tmp_path / "journal", segment_bytes=4_096)
    copy = unclean_copy(desk, tmp_path)
    for snapshot in copy.glob("*.snapshot"):
        snapshot.unlink()
    gone = segments(copy)[1]
    first = int.from_bytes(gone.read_bytes()[24:32], "little")
    gone.unlink()
    with pytest.raises(parley_core.JournalDamaged) as caught:
        parley_core.Engine(copy)
    assert caught.value.sequence == first


def test_a_damaged_snapshot_is_passed_over_and_said(tmp_path: Path) -> None:
    desk, _ = busy_desk(tmp_path / "journal", snapshot_interval=40)
    live = desk.engine.state_hash()
    copy = unclean_copy(desk, tmp_path, is_snapshot_needed=True)
    newest = max(copy.glob("*.snapshot"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    engine = parley_core.Engine(copy)
    assert f"snapshot {int(newest.stem[:20])} passed over: its bytes are damaged" in engine.recovery
    assert engine.state_hash() == live
    engine.stop()


def test_released_segments_are_removed_and_others_kept(tmp_path: Path) -> None:
    options = {"segment_bytes": 4_096, "retained_segments": 2, "fsync": False}
    desk, said = busy_desk(tmp_path, **options)
    assert segments(tmp_path)[0].stem == "0000000001-0000000001"
    place_until(desk, said, lambda: segments(tmp_path)[0].stem > "0000000001-0000000001")
    before = desk.engine.state_hash()
    number = desk.engine.event_number
    desk.engine.stop()
    again = parley_core.Engine(tmp_path, segment_bytes=4_096, retained_segments=2)
    assert again.state_hash() == before
    assert [event[0] for event in again.events_from(number - 200, 300)] == list(range(number - 200, number + 1))
    with pytest.raises(parley_core.EventsReleased):
        again.events_from(1)
    again.stop()


BURST = """
import os, sys
import parley_core
from tests.unit.core import engine_desk as d
desk = d.EngineDesk(sys.argv[1], snapshot_interval=500, segment_bytes=20_000)
desk.list_instruments()
desk.quote(d.PERPETUAL, 120_000)
for account in d.FIRMS:
    desk.limit(account)
order = 0
while True:
    is_behind = desk.sequence - desk.engine.command_sequence > 20_000  # a slow disk: the engine takes no more than so many
    for _ in range(0 if is_behind else 20):
        order += 1
        desk.place(order, d.ALICE if order % 3 else d.BOB, order % 2, 3, 120_000 + order % 5)
    for event in desk.engine.drain():
        os.write(1, (repr(event) + "\\n").encode())
"""


def run_until(script: str, folder: Path, enough: int) -> list[str]:
    """What the script printed until it was killed with SIGKILL, whole lines only."""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)], stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout is not None
        output = b""
        while output.count(b"\n") < enough:
            piece = os.read(process.stdout.fileno(), 1 << 16)
            assert piece, "the script ended by itself"
            output += piece
        process.send_signal(signal.SIGKILL)
        output += process.stdout.read()
    return output[: output.rindex(b"\n")].decode().split("\n")


@pytest.mark.parametrize("enough", [50, 1_000, 4_000])
def test_no_released_event_is_lost_when_the_process_is_killed(tmp_path: Path, enough: int) -> None:
    released = run_until(BURST, tmp_path, enough)
    engine = parley_core.Engine(tmp_path)
    kept = [repr(event) for event in engine.events_from(1, len(released))]
    assert len(kept) >= enough
    assert kept == released
    assert engine.event_number >= len(released)
    assert parley_core.replay(tmp_path, True)[0] == engine.state_hash()
    engine.stop()


FULL_DISK = """
import resource, signal, sys, time
import parley_core
from tests.unit.core import engine_desk as d
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
desk = d.EngineDesk(sys.argv[1])
desk.open_market()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
order = 0
try:
    while True:
        order += 1
        desk.place(order, d.ALICE, d.BUY, 1, 119_000)
        desk.engine.flush(30)
except parley_core.EngineHalted as error:
    said = desk.engine.drain(10**6)
    print(desk.engine.state, "|", error.reason, "|", order, "|", len(said), "|", desk.engine.flush(0.1))
"""


def test_a_full_disk_halts_the_engine_and_acknowledges_nothing_more(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    state, reason, order, said, flushed = result.stdout.strip().split(" | ")
    assert state == "halted: journal"
    assert reason.startswith("halted: journal: write: File too large")
    assert int(said) == int(order) - 2, "the order whose record was not written has no event, nor has any after it"
    assert flushed == "False"
    engine = parley_core.Engine(tmp_path)
    assert len(engine.working_orders()) == int(said)
    assert parley_core.replay(tmp_path, True)[0] == engine.state_hash()
    engine.stop()
