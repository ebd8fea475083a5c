"""Plays the recorded raw frames of one instrument of a JSON venue through the core's decoders into a book of levels.

A recording is a text file, plain or gzip, of lines ``<receive time in UTC nanoseconds> <frame>``, as the venue sent it;
REST snapshots lie between the frames of the stream. The core checks sequences, joins snapshots and deltas, and says
when the book is stale (see docs/feeds.md).
"""

import dataclasses
import gzip
from pathlib import Path

import numpy as np
import parley_core
from numpy.typing import NDArray

from gateway.feeds.updates import Floats

RECORDING_BYTES_MAX = 2 * 1024**3
"""Of one file, unpacked; it is held in memory while it plays."""

Updates = NDArray[np.void]


class FramesRefused(ValueError):
    """A recording that cannot be played: too large, or a line that is no frame."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FrameStream:
    """A recorded file and whose frames it holds.

    ``venue`` as ``parley_core.VenueFeed`` names it, ``symbol`` as the venue spells it. ``price_tick`` and ``lot`` are
    decimals in quote and base currency; quantities of books may be finer than the lot that orders need.
    """

    path: Path
    venue: str
    symbol: str
    price_tick: str
    lot: str


@dataclasses.dataclass(frozen=True, slots=True)
class TopOfBook:
    """Best levels first, up to the number asked for: prices in quote currency, quantities in base currency."""

    bid_prices: Floats
    bid_quantities: Floats
    ask_prices: Floats
    ask_quantities: Floats

    @property
    def mid_price(self) -> float:
        return float(self.bid_prices[0] + self.ask_prices[0]) / 2


class FramePlayer:
    """One recording and its book. Time is an argument: the player has no clock."""

    def __init__(self, stream: FrameStream) -> None:
        """Reads the file. Raises FramesRefused where it is too large or begins with no receive time, OSError."""
        self.stream = stream
        self.feed = parley_core.VenueFeed(stream.venue)
        self.slot = self.feed.list_instrument(stream.symbol, stream.price_tick, stream.lot)
        self._lines = memoryview(read_recording(stream.path))
        self._at = 0
        self.lines_played = 0
        self._tick, self._lot = float(stream.price_tick), float(stream.lot)
        self.next_at_ns = self._find_next()

    def play_until(self, until_ns: int) -> int:
        """Applies the frames received at ``until_ns`` or before; their number. FramesRefused where one is malformed."""
        taken, lines, refused = self.feed.apply_recording(self._lines[self._at :], self.slot, until_ns)
        self._at += taken
        self.lines_played += lines
        self.next_at_ns = self._find_next()
        if refused:
            raise FramesRefused(
                f"{self.stream.path.name}: {refused} of {lines} lines are no frames of {self.stream.venue}."
            )
        return lines

    def _find_next(self) -> int | None:
        """When the next frame was received, in UTC nanoseconds; None at the end."""
        if self._at == len(self._lines):
            return None
        head = bytes(self._lines[self._at : self._at + 20]).split(b" ", 1)[0]
        if not head.isdigit():
            raise FramesRefused(f"{self.stream.path.name}: byte {self._at} begins no line with a receive time.")
        return int(head)

    @property
    def is_live(self) -> bool:
        return not self.feed.is_stale(self.slot)

    def find_top(self, levels: int) -> TopOfBook | None:
        """The best levels of both sides; None while the book is stale or a side is empty."""
        if not self.is_live:
            return None
        (bids, bid_lots), (asks, ask_lots) = self.feed.depth(self.slot, levels)
        if not bids or not asks:
            return None
        return TopOfBook(
            np.multiply(bids, self._tick),
            np.multiply(bid_lots, self._lot),
            np.multiply(asks, self._tick),
            np.multiply(ask_lots, self._lot),
        )


def read_recording(path: Path) -> bytes:
    """The lines of a recording, unpacked, the last one ended. Raises FramesRefused where they are too many."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        lines = file.read(RECORDING_BYTES_MAX + 1)
    if len(lines) > RECORDING_BYTES_MAX:
        raise FramesRefused(f"{path.name} has more than {RECORDING_BYTES_MAX:,} bytes.")
    return lines if lines.endswith(b"\n") or not lines else lines + b"\n"
