"""The durable log of the hot path: its orders, what the venue said, how it was steered. One file for all sessions.

Every record has a number, gapless for ever, under which the engine takes what is told of it. At the beginning of
another session of the venue the file is folded into what still matters.
"""

import threading
from collections import deque
from pathlib import Path

import msgspec

from gateway.hot.book import HotBook, NotOurs
from gateway.hot.facts import AnyFact
from gateway.log_lines import LineDamaged, read_lines, whole_bytes, write_line
from gateway.owned_file import OwnedFile
from gateway.venues.order_log import OrderLogDamaged, OrderLogFailed
from wire.pairs import AnyPairTold, PairListed, SteerPairs

RECORDS_MAX = 2_000_000
"""A log that is full takes nothing more, so that no order leaves."""
NEARLY_FULL = RECORDS_MAX * 9 // 10
"""From here on no pair enters."""
FILE_NAME = "hot.log"


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: of the last record before. ``kept``: with their numbers. ``realized``: ticks of each pair before its
    kept round trip.
    """

    number: int
    listed: list[PairListed]
    realized: list[int]
    kept: list[tuple[int, AnyFact]]
    commands: list[tuple[int, SteerPairs]]
    is_entering: bool
    session: str
    next_sequence: int
    command_sequence: int
    last_order_id: int


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Exactly one of them; ``at_ns`` and ``command_sequence`` of a command."""

    fact: AnyFact | None = None
    listed: PairListed | None = None
    command: SteerPairs | None = None
    folded: Folded | None = None
    at_ns: int = 0
    command_sequence: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


class HotLog:
    """Append only. Writing is blocking, an append is one write and one fdatasync, in any thread, one at a time; what
    is read or told is of the loop that owns the log.

    ``told``: of records that ``forget_told`` has not named yet, with their numbers.
    """

    def __init__(self, directory: Path, taken: int) -> None:
        """``taken``: the last number that the engine took. Raises OrderLogDamaged, OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.book = HotBook()
        self.told: deque[tuple[int, AnyPairTold]] = deque()
        self.number = self.command_sequence = self.records = 0
        self.first_number = 1
        """Of what can still be told."""
        self._taken = taken
        self._path = directory / FILE_NAME
        self._writing = threading.Lock()
        self._is_failed = False
        self._file = OwnedFile(self._path, self._load)

    def append(self, records: list[Record]) -> None:
        """Durable when it returns; ``take`` them then. Raises OrderLogFailed, then and for ever after."""
        with self._writing:
            if self._is_failed or self.records + len(records) > RECORDS_MAX:
                raise OrderLogFailed("the log of the hot path failed before, or is full")
            try:
                self._file.append(b"".join(write_line(_encode(record)) for record in records))
                self._file.sync()
            except OSError as error:
                self._is_failed = True
                raise OrderLogFailed(f"the log of the hot path cannot be written: {error.strerror}") from error

    def take(self, record: Record) -> AnyPairTold:
        """A record that is durable: into the book, under the next number. Raises NotOurs."""
        self.number += 1
        self.records += 1
        if record.fact is not None:
            told = self.book.take(self.number, record.fact)
        elif record.listed is not None:
            told = self.book.list_pair(record.listed)
        else:
            assert record.command is not None, "a record has one content"
            self.command_sequence = max(self.command_sequence, record.command_sequence)
            told = self.book.take_command(record.command, record.at_ns)
        if self.number > self._taken:
            self.told.append((self.number, told))
        return told

    def forget_told(self, number: int) -> None:
        """The engine has taken everything up to this number."""
        self._taken = max(self._taken, number)
        while self.told and self.told[0][0] <= number:
            self.told.popleft()

    @property
    def is_nearly_full(self) -> bool:
        return self.records >= NEARLY_FULL

    def fold(self) -> bool:
        """Only what matters stays. Not before the engine has taken everything, nor where it cannot be written: False.

        Raises FileTaken.
        """
        if self._is_failed or self.told or self._taken < self.number:
            return False
        self.book.forget_trips()
        folded = Record(folded=self._folded())
        with self._writing:
            self._file.rewrite(write_line(_encode(folded)))
        self.records = 1
        return True

    def close(self) -> None:
        self._file.close()

    def _folded(self) -> Folded:
        book = self.book
        return Folded(
            number=self.number,
            listed=[pair.listed for pair in book.pairs],
            realized=[pair.realized_ticks for pair in book.pairs],
            kept=list(book.kept()),
            commands=[(self.command_sequence, command) for command in book.commands],
            is_entering=book.is_entering,
            session=book.session,
            next_sequence=book.next_sequence,
            command_sequence=self.command_sequence,
            last_order_id=book.last_order_id,
        )

    def _load(self, data: bytes) -> int:
        whole = whole_bytes(data)
        try:
            for record in read_lines(data[:whole], self.records + 1, _decode):
                if record.folded is not None:
                    self._unfold(record.folded)
                else:
                    self.take(record)
        except (LineDamaged, NotOurs) as error:
            raise OrderLogDamaged(f"{self._path}: {error}") from error
        return whole

    def _unfold(self, folded: Folded) -> None:
        """Raises NotOurs where it does not begin the file."""
        if self.records:
            raise NotOurs(f"line {self.records + 1} is folded, and not the first")
        book = self.book
        for listed in folded.listed:
            book.list_pair(listed)
        for number, fact in folded.kept:
            book.take(number, fact)
        for pair, realized in zip(book.pairs, folded.realized, strict=True):
            pair.realized_ticks = realized
        book.commands = [command for _, command in folded.commands]
        book.is_entering = folded.is_entering
        book.session, book.next_sequence = folded.session, folded.next_sequence
        book.last_order_id = max(book.last_order_id, folded.last_order_id)
        self.number, self.records = folded.number, 1
        self.first_number = folded.number + 1
        self.command_sequence = folded.command_sequence
