"""The durable log of our orders at one venue: what was about to be sent, and every report. Synced before anyone hears.

A line is a CRC of the rest, then JSON. A torn last line was never acknowledged and is cut; any other damage is refused.
A log that has grown long is folded into what still matters of it.
"""

import logging
from decimal import Decimal
from pathlib import Path

import msgspec

from gateway.log_lines import LineDamaged, read_lines, whole_bytes, write_line
from gateway.owned_file import OwnedFile
from gateway.venues.execution import ExecutionReport, NewVenueOrder
from gateway.venues.folding import FoldedOrders
from gateway.venues.own_rfqs import OwnRfq
from wire.gateway_routes import AskVenueRfq

log = logging.getLogger(__name__)

RECORDS_MAX = 1_000_000
"""A log that is full takes no new orders. It is folded long before."""
FOLD_RECORDS = 100_000
FOLD_AGAIN_RECORDS = 1_000
"""After so many more where it could not be folded."""


class OrderLogDamaged(ValueError):
    """A line that was once whole is not what was written; the message says where."""


class OrderLogFailed(RuntimeError):
    """The log cannot be written: nothing may be sent any more."""


class OrderLogThere(ValueError):
    """A log that holds something does not begin anew: a person puts it aside first."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Positions when the log began. ``known``: ids of executions from ``since_ns`` on that are in them already."""

    positions: dict[str, Decimal]
    since_ns: int
    known: list[str]


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What of all records before it still matters. ``breaks``: by instrument, ours and the venue's."""

    orders: FoldedOrders
    rfqs: list[OwnRfq]
    breaks: dict[str, tuple[Decimal, Decimal]]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of them."""

    sent: NewVenueOrder | None = None
    report: ExecutionReport | None = None
    baseline: Baseline | None = None
    rfq: AskVenueRfq | None = None
    folded: Folded | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class OrderLog:
    """Append only. Blocking: an append is one write and one fdatasync.

    A gateway that slept through a takeover is told so before anything is sent (``gateway.owned_file``).
    """

    def __init__(self, path: Path) -> None:
        """Opens or begins it. Raises OrderLogDamaged, OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.records: list[Record] = []
        self._path = path
        self._file = OwnedFile(path, self._load)
        self.count = len(self.records)
        self._fold_at = FOLD_RECORDS
        self._is_failed = False

    def _load(self, data: bytes) -> int:
        whole = whole_bytes(data)
        try:
            self.records += read_lines(data[:whole], len(self.records) + 1, _decode)
        except LineDamaged as error:
            raise OrderLogDamaged(f"{self._path}: {error}") from error
        return whole

    def append(self, *records: Record) -> None:
        """Durable when it returns. Raises OrderLogFailed, then and for ever after."""
        if self._is_failed or self.count + len(records) > RECORDS_MAX:
            raise OrderLogFailed("the log of orders failed before, or is full")
        try:
            self._file.append(b"".join(_line(record) for record in records))
            self._file.sync()
        except OSError as error:
            self._is_failed = True
            raise OrderLogFailed(f"the log of orders cannot be written: {error.strerror}") from error
        self.count += len(records)

    @property
    def is_long(self) -> bool:
        """It should be folded."""
        return not self._is_failed and self.count >= self._fold_at

    def rewrite(self, *records: Record) -> bool:
        """Nothing but these are in it, in one step. False where it could not be written anew: it is as it was."""
        try:
            self._file.rewrite(b"".join(_line(record) for record in records))
        except OSError as error:
            log.warning("the log of orders stays as long as it is: %s", error)
            self._fold_at = self.count + FOLD_AGAIN_RECORDS
            return False
        self.count, self._fold_at = len(records), FOLD_RECORDS
        return True

    def close(self) -> None:
        self._file.close()


def _line(record: Record) -> bytes:
    return write_line(_encode(record))
