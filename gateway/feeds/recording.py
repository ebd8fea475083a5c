"""Plays recorded option chains, futures and perpetual marks, snapshot by snapshot.

The market clock of a recording stands at the last recorded instant, a snapshot or an 08:00 UTC expiry, so that a
mark is never priced at a time for which it was not made. ``speed`` says how fast one follows the other: market
seconds per wall second, or in steps on request.
"""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from gateway import clock
from gateway.feeds.chain_files import ChainFile, RecordingError, list_chain_files, read_chain, read_snapshot_index
from gateway.feeds.delivery import average_index
from gateway.feeds.future_files import FutureMarks, read_future_marks
from gateway.feeds.recording_quotes import future_marks, quote_snapshot, snapshot_index
from gateway.feeds.updates import FeedStatus, MarketUpdate
from wire.instruments import EXPIRY_HOUR_UTC
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND

log = logging.getLogger(__name__)

PACE_CHECK_SECONDS = 0.1
STEPS_WAITING_MAX = 100_000
SPEED_MAX = 10_000_000.0
DAY_NS = 86_400 * NANOSECONDS_PER_SECOND


@dataclasses.dataclass(frozen=True, slots=True)
class Instant:
    """A snapshot of the schedule: when it was taken, its id and its file."""

    at_ns: int
    snapshot: str
    path: Path


class RecordingFeed:
    """See ``gateway.feeds.updates.Feed``. ``speed`` None plays in steps."""

    source = "recording"

    def __init__(
        self, folder: Path, *, speed: float | None, start_ns: int = 0, end_ns: int = 2**63 - 1, after_ns: int = 0
    ) -> None:
        """Reads the schedule. ``after_ns``: where an earlier run stopped; its last snapshot is shown again first.

        Raises RecordingError where there is nothing that can be played.
        """
        self.folder = folder
        self.status = FeedStatus(state="playing" if speed else "waiting")
        self._speed = speed
        self._steps = 0
        self._wake = asyncio.Event()
        self._index: dict[str, tuple[list[int], list[float]]] = {}
        self._futures: FutureMarks = read_future_marks(folder)
        self._schedule = [i for i in self._read_schedule() if start_ns <= i.at_ns <= end_ns]
        if not self._schedule:
            raise RecordingError(f"The recording {folder} has no snapshot between the times that were asked for.")
        self._resumed = sum(instant.at_ns <= after_ns for instant in self._schedule)
        self._schedule = self._schedule[max(0, self._resumed - 1) :]
        self._market_time_ns = after_ns if self._resumed else self._schedule[0].at_ns
        self._file: ChainFile | None = None
        self._snapshots: dict[str, pl.DataFrame] = {}
        self._note_faults(self._futures.rows_refused, self._futures.faults)

    def _read_schedule(self) -> list[Instant]:
        instants: dict[str, Instant] = {}
        series: dict[str, dict[int, float]] = {}
        for path in list_chain_files(self.folder):
            for snapshot, at, coin, price in read_snapshot_index(path).iter_rows():
                at_ns = round(at.timestamp() * 1_000_000) * 1_000
                instant = instants.setdefault(snapshot, Instant(at_ns, snapshot, path))
                if instant.path == path and price is not None:
                    series.setdefault(coin, {})[instant.at_ns] = price
        for coin, prices in series.items():
            times = sorted(prices)
            self._index[coin] = (times, [prices[at_ns] for at_ns in times])
        return sorted(instants.values(), key=lambda instant: (instant.at_ns, instant.snapshot))

    async def updates(self) -> AsyncIterator[MarketUpdate]:
        """Each snapshot of the schedule, and before it the expiries that lie between it and the one before."""
        for number, instant in enumerate(self._schedule):
            is_repeat = number == 0 and self._resumed > 0
            if not is_repeat:
                await self._wait_for_step()
                async for update in self._pass_expiries(instant):
                    yield update
                if number:
                    await self._wait_until(instant.at_ns)
            rows = await self._load(instant)
            self._market_time_ns = max(self._market_time_ns, instant.at_ns)
            if rows is None:
                continue
            yield await asyncio.to_thread(self._make_update, instant, rows)
        await self._wait_for_step()
        self.status.state = "finished"

    def _make_update(self, instant: Instant, rows: pl.DataFrame) -> MarketUpdate:
        assert self._file is not None, "a snapshot was loaded from a file"
        index = snapshot_index(rows)
        recorded_marks = self._futures.marks.get(instant.at_ns // NANOSECONDS_PER_MS, {})
        marks = future_marks(rows, recorded_marks, index, instant.at_ns)
        recorded = self._file.recorded_by_snapshot[instant.snapshot]
        status = self.status
        status.marker = instant.snapshot
        status.updates_played += 1
        status.rows_recorded += recorded
        status.rows_ingested += rows.height
        status.rows_refused += recorded - rows.height
        status.null_bids += rows["bid_price"].null_count()
        status.null_asks += rows["ask_price"].null_count()
        return MarketUpdate(
            market_time_ns=self._market_time_ns,
            index_prices=index,
            quotes=quote_snapshot(rows, marks, index),
            is_complete=True,
            marker=instant.snapshot,
        )

    async def _pass_expiries(self, instant: Instant) -> AsyncIterator[MarketUpdate]:
        for expiry_at_ns in expiries_between(self._market_time_ns, instant.at_ns):
            await self._wait_until(expiry_at_ns)
            self._market_time_ns = expiry_at_ns
            yield MarketUpdate(market_time_ns=expiry_at_ns)

    async def _load(self, instant: Instant) -> pl.DataFrame | None:
        """Good rows of a snapshot; None where its file turned out to be unreadable, which the status then says."""
        if self._file is None or self._file.path != instant.path:
            try:
                self._file = await asyncio.to_thread(read_chain, instant.path)
            except RecordingError as error:
                self._note_faults(1, [error])
                return None
            parts = self._file.rows.partition_by("snapshot", as_dict=True)
            self._snapshots = {str(key[0]): part for key, part in parts.items()}
            self._note_faults(self._file.rows_refused, self._file.faults)
            nameless = self._file.recorded_by_snapshot.get(None, 0)
            self.status.rows_recorded += nameless
            self.status.rows_refused += nameless
        return self._snapshots.get(instant.snapshot, self._file.rows.clear())

    def _note_faults(self, count: int, faults: Sequence[object]) -> None:
        if not count:
            return
        self.status.detail = f"{count} refused; first: {faults[0] if faults else 'unnamed'}"
        for fault in faults:
            log.warning("recording row refused: %s", fault)

    async def _wait_for_step(self) -> None:
        while self._speed is None and not self._steps:
            self.status.state = "waiting"
            self._wake.clear()
            await self._wake.wait()
        if self._speed is None:
            self._steps -= 1
        self.status.state = "playing"

    async def _wait_until(self, market_ns: int) -> None:
        """Sleep as long as the market takes, at this speed, from where its clock stands to ``market_ns``."""
        waited_from = clock.monotonic()
        missing = (market_ns - self._market_time_ns) / NANOSECONDS_PER_SECOND
        while missing > 0 and self._speed is not None:
            await asyncio.sleep(min(PACE_CHECK_SECONDS, missing / self._speed))
            now = clock.monotonic()
            if self._speed is not None:
                missing -= (now - waited_from) * self._speed
            waited_from = now

    def find_delivery_price(self, coin: str, expiry_at_ns: int) -> float | None:
        times, prices = self._index.get(coin, ([], []))
        return average_index(times, prices, expiry_at_ns)

    def apply_control(self, control: Mapping[str, object]) -> None:
        step, speed = control.get("step"), control.get("speed")
        if isinstance(step, int) and not isinstance(step, bool) and 0 < step <= STEPS_WAITING_MAX:
            self._steps = min(self._steps + step, STEPS_WAITING_MAX)
        elif speed == "step":
            self._speed = None
        elif isinstance(speed, int | float) and not isinstance(speed, bool) and 0 < speed <= SPEED_MAX:
            self._speed = float(speed)
        else:
            log.warning("feed control %s is neither a step nor a speed that a recording can play", dict(control))
        self._wake.set()

    def position(self) -> dict[str, object]:
        return {"folder": str(self.folder.resolve()), "market_time_ns": self._market_time_ns}


def expiries_between(after_ns: int, until_ns: int) -> list[int]:
    """Every 08:00 UTC in (after, until]."""
    offset = EXPIRY_HOUR_UTC * 3_600 * NANOSECONDS_PER_SECOND
    first = (after_ns - offset) // DAY_NS + 1
    last = (until_ns - offset) // DAY_NS
    return [day * DAY_NS + offset for day in range(first, last + 1)]
