"""Bad recording files: through the feed, through the gateway's start and through ``trading_month``."""

import dataclasses
import datetime as dt
import gc
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import parley_core
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from gateway import __main__ as gateway_main
from gateway.feeds.chain_files import RecordingError
from gateway.feeds.recording import RecordingFeed
from tests.integration.bad_input.fingerprint import differences, fingerprint
from tests.integration.bad_input.scene import Scene
from tests.unit.gateway.chains import AT, ROW, put, row, write_chain

ROOT = Path(__file__).parents[3]
CHAIN = "deribit_option_chain_202602.parquet"
FUTURES = {
    "snapshot_timestamp_ms": [int(AT.timestamp() * 1000)], "futures_instrument_name": ["BTC-27MAR26"],
    "term_mark_price_final": [79_257.5],
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class File:
    """A folder that cannot be played: what is in it, and the sentence that says so."""

    name: str
    write: Callable[[Path], object]
    says: str


@dataclasses.dataclass(frozen=True)
class Row:
    """A row that is refused while the good one beside it is played."""

    name: str
    changes: dict[str, Any]
    column: str
    value: str
    why: str


def futures(**changes: list[Any]) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        write_chain(folder, [row()])
        columns = {key: value for key, value in {**FUTURES, **changes}.items() if value}
        pl.DataFrame(columns).write_csv(folder / "term_futures_marks_x.csv.gz", compression="gzip")

    return write


def without(column: str) -> Callable[[Path], object]:
    return lambda folder: write_chain(folder, [{key: value for key, value in ROW.items() if key != column}])


def holding(content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / CHAIN).write_bytes(content)


def chain(**changes: Any) -> Callable[[Path], object]:
    return lambda folder: write_chain(folder, [row(**changes)])


FILES = [
    File("no folder", lambda folder: folder.rmdir(), "does not exist"),
    File("empty folder", lambda folder: None, "holds no option chain"),
    File("a folder in the place of a file", lambda folder: (folder / CHAIN).mkdir(), "cannot be read"),
    File("not parquet", holding(b"PAR1 and nothing else"), "cannot be read"),
    File("empty file", holding(b""), "cannot be read"),
    File("cut short", lambda folder: holding(write_chain(folder, [row()]).read_bytes()[:-200])(folder), "cannot be read"),
    File("no price", without("mark_price"), f"{CHAIN} lacks the column mark_price."),
    File("no time", without("timestamp"), f"{CHAIN} lacks the column timestamp."),
    File("strike in words", chain(strike="eighty"), f"{CHAIN}, column strike: String is not a number."),
    File("name as a number", chain(instrument_name=7), f"{CHAIN}, column instrument_name: Int64 is not text."),
    File("time as text", chain(timestamp="yesterday"), f"{CHAIN}, column timestamp: String is not a time."),
    File("time without a zone", chain(timestamp=AT.replace(tzinfo=None)), f"{CHAIN}, column timestamp: the times have no time zone."),
    File("no row", lambda folder: write_chain(folder, [row()]) and pl.read_parquet(folder / CHAIN).head(0).write_parquet(folder / CHAIN), "has no snapshot"),
    File("futures without a price", futures(term_mark_price_final=[]), "lacks the column term_mark_price_final"),
    File("futures with a price in words", futures(term_mark_price_final=["x"]), "is not a number"),
    File("futures at half a millisecond", futures(snapshot_timestamp_ms=[0.5]), "not a whole number of ms"),
]  # fmt: skip

ROWS = [
    Row("bid above ask", {"bid_price": 0.9}, "bid_price", "0.9", "bid above ask"),
    Row("negative bid", {"bid_price": -0.001}, "bid_price", "-0.001", "must be above 0"),
    Row("ask zero", {"ask_price": 0.0, "bid_price": None}, "ask_price", "0", "must be above 0"),
    Row("NaN", {"ask_price": math.nan}, "ask_price", "nan", "not a finite number"),
    Row("infinite", {"underlying": math.inf}, "underlying", "inf", "not a finite number"),
    Row("negative volatility", {"implied_volatility": -0.5}, "implied_volatility", "-0.5", "must not be negative"),
    Row("no index", {"index_price": None}, "index_price", "None", "missing"),
    Row("unknown name", {"instrument_name": "DOGE-6FEB26-1-C"}, "instrument_name", "DOGE-6FEB26-1-C", "not the name of an option"),
    Row("name of a date that is none", {"instrument_name": "BTC-31FEB26-80000-C"}, "instrument_name", "BTC-31FEB26-80000-C", "not the name of an option"),
    Row("strike of another name", {"strike": 81_000.0}, "strike", "81000", "contradicts the name"),
    Row("neither call nor put", {"option_type": "straddle"}, "option_type", "straddle", "neither call nor put"),
    Row("expired before", {"timestamp": dt.datetime(2026, 2, 6, 8, tzinfo=dt.UTC)}, "expiry_datetime", "2026-02-06 08:00:00+00:00", "expired before it was recorded"),
]  # fmt: skip

MONTHS = [
    ("month that was not recorded", chain(), "1999-01", "no recorded option chain of 1999-01 in"),
    ("month that is none", chain(), "february", "no recorded option chain of february in"),
    ("month that climbs out", chain(), "../../2026-02", "no recorded option chain of ../../2026-02 in"),
    ("no folder", lambda folder: folder.rmdir(), "2026-02", "no recorded option chain of 2026-02 in"),
    ("not parquet", holding(b"PAR1 and nothing else"), "2026-02", f"{CHAIN} cannot be read"),
    ("no price", without("mark_price"), "2026-02", f"{CHAIN} lacks the column mark_price."),
    ("strike in words", chain(strike="eighty"), "2026-02", f"{CHAIN}, column strike: String"),
    ("time without a zone", chain(timestamp=AT.replace(tzinfo=None)), "2026-02", f"{CHAIN}, column timestamp: Datetime"),
    ("time missing", lambda folder: write_chain(folder, [row(), put(timestamp=None)]), "2026-02", f"{CHAIN}, column timestamp: missing in 1 rows."),
]  # fmt: skip
CASES = [*FILES, *FILES[:6], *ROWS, *MONTHS]
"""The first files are tried at both ends: in the feed, and in the start of the whole gateway."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recording").mkdir()
    return tmp_path / "recording"


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_a_file_that_the_feed_refuses(folder: Path, case: File) -> None:
    case.write(folder)
    before = contents(folder)
    with pytest.raises(RecordingError) as refused:
        RecordingFeed(folder, speed=1e7)
    assert case.says in str(refused.value)
    assert contents(folder) == before


@pytest.mark.parametrize("case", FILES[:6], ids=lambda case: case.name)
def test_a_file_that_the_gateway_refuses_to_start_on(
    folder: Path, case: File, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3 and one sentence; the journal, with an instrument listed, is as it was."""
    case.write(folder)
    state = folder.parent / "state"
    before = journal_of(state, is_new=True)
    monkeypatch.setattr(sys, "argv", ["gateway", "--state", str(state), "--recording", str(folder)])
    assert gateway_main.main() == gateway_main.EXIT_RECORDING
    told = capsys.readouterr().err
    assert told.startswith("gateway: ") and case.says in told and told.count("\n") == 1
    assert journal_of(state) == before
    assert not (state / "gateway" / "market.json").exists()


@pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
async def test_a_row_that_the_feed_refuses(folder: Path, case: Row) -> None:
    """It is named and counted, its neighbor is played, and the file is as it was."""
    write_chain(folder, [put(), row(**case.changes)])
    before = contents(folder)
    feed = RecordingFeed(folder, speed=1e7)
    names = {name for update in [each async for each in feed.updates()] if update.quotes for name in update.quotes.names}
    assert ("BTC-6FEB26-80000-P" in names, str(case.changes.get("instrument_name", ROW["instrument_name"])) in names) == (True, False)
    assert (feed.status.rows_recorded, feed.status.rows_ingested, feed.status.rows_refused) == (2, 1, 1)
    assert feed.status.detail == f"1 refused; first: {CHAIN}, row 2, column {case.column}, value {case.value}: {case.why}"
    assert contents(folder) == before


@pytest.mark.parametrize(("name", "write", "month", "says"), MONTHS, ids=[month[0] for month in MONTHS])
def test_a_month_that_is_refused(
    scene: Scene, folder: Path, name: str, write: Callable[[Path], object], month: str, says: str
) -> None:
    write(folder)
    before = fingerprint()
    with pytest.raises(CommandError) as refused:
        call_command("trading_month", "--recording", str(folder), "--month", month, "--report", str(folder.parent / "out"))
    assert says in str(refused.value) and "\n" not in str(refused.value)
    assert differences(before, fingerprint()) == {}
    assert not (folder.parent / "out").exists(), "nothing was started"


def test_month_of_another_century_from_the_shell(folder: Path) -> None:
    """As a person types it: exit code 1, one sentence, no trace."""
    arguments = ["--recording", str(folder), "--month", "1999-01", "--report", str(folder.parent / "out")]
    done = subprocess.run(
        [sys.executable, "manage.py", "trading_month", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"CommandError: no recorded option chain of 1999-01 in {folder}\n"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def journal_of(state: Path, *, is_new: bool = False) -> tuple[object, ...]:
    """Everything that the engine's state amounts to."""
    directory = state / "gateway" / "journal"
    directory.mkdir(parents=True, exist_ok=True)
    gc.collect()
    engine = parley_core.Engine(str(directory))
    engine.start()
    if is_new:
        engine.set_index(1, 0, 70_000_000_000)
        assert engine.flush(5.0)
    found = (engine.state_hash(), engine.journal_sequence, engine.event_number, engine.command_sequence)
    engine.stop()
    return found
