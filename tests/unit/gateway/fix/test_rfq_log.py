"""The log of RFQ messages: on disk before it returns, each message once, shown until it was taken."""

import asyncio
import os
from collections import deque
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest

from gateway.fix import rfq_log
from gateway.fix.message import Message
from gateway.fix.rfq_log import LogDamaged, LogFailed, LogFull, RfqLog
from gateway.owned_file import FileTaken
from tests.unit.gateway.fix.order_desk import session
from wire.fix_multileg import CancelMultileg
from wire.fix_rfq import FIX_RFQ_LOG, FIX_RFQ_TAKEN, FixEntry, FixRfqTaken, SessionWent

WHO, WENT = session(), SessionWent()


def message(sequence: int, *, is_redelivered: bool = False) -> Message:
    return Message(((35, "R"), (34, str(sequence))), 1_000 + sequence, is_redelivered=is_redelivered)


async def append(log: RfqLog, *sequences: int, is_redelivered: bool = False) -> None:
    for sequence in sequences:
        await log.append(session(), "DESK", message(sequence, is_redelivered=is_redelivered), WENT)


class Streams:
    """What the log needs of Valkey, in memory; ``flush`` forgets everything."""

    def __init__(self) -> None:
        self.flush()

    def flush(self) -> None:
        self.values: dict[str, Any] = {}
        self.entries: dict[int, FixEntry] = {}
        self._queued: list[Any] | None = None

    async def get(self, key: str) -> Any:
        return self.values.get(key)

    def xadd(self, _: str, fields: dict[str, bytes], id: str) -> Any:  # noqa: A002 - the client's name
        """Done at once, whether it is awaited or queued in a transaction."""
        number = int(id.partition("-")[0])
        assert number > max(self.entries, default=0), "the server refuses a number that is not larger"
        self.entries[number] = msgspec.json.decode(fields["m"], type=FixEntry)
        return asyncio.sleep(0) if self._queued is None else None

    async def xtrim(self, _: str, minid: str) -> None:
        self.entries = {n: entry for n, entry in self.entries.items() if n >= int(minid.partition("-")[0])}

    async def xrange(self, _: str, start: str, end: str) -> list[int]:
        return [n for n in self.entries if int(start[:-2]) <= n <= int(end[:-2])]

    def pipeline(self, *, transaction: bool) -> "Streams":
        assert transaction
        return self

    async def __aenter__(self) -> Self:
        self._queued = []
        return self

    async def __aexit__(self, *_: object) -> None:
        self._queued = None

    def delete(self, _: str) -> None:
        self.entries = {}

    def set(self, key: str, value: str) -> None:
        self.values[key] = value.encode()

    async def execute(self) -> None:
        """Everything is there already."""

    def take(self, log: RfqLog, number: int) -> None:
        self.values[FIX_RFQ_TAKEN] = msgspec.json.encode(FixRfqTaken(log=log.name, number=number))


def test_entries_have_gapless_numbers_over_restarts(tmp_path: Path) -> None:
    async def live() -> list[int]:
        first = RfqLog(tmp_path)
        await append(first, 2, 3)
        first.close()
        second = RfqLog(tmp_path)
        await append(second, 4)
        assert second.name == first.name
        return [entry.number for entry in second._after(0)]

    assert asyncio.run(live()) == [1, 2, 3]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_message_that_a_crash_delivers_again_is_kept_once(tmp_path: Path, restarts: bool) -> None:
    async def live() -> list[int]:
        log = RfqLog(tmp_path)
        await append(log, 2, 3)
        if restarts:
            log.close()
            log = RfqLog(tmp_path)
        await append(log, 2, 3, 4, is_redelivered=True)
        return [entry.sequence for entry in log._after(0)]

    assert asyncio.run(live()) == [2, 3, 4]


def test_a_torn_tail_is_left_out_and_damage_is_refused(tmp_path: Path) -> None:
    async def fill() -> None:
        log = RfqLog(tmp_path)
        await append(log, 2, 3)
        log.close()

    asyncio.run(fill())
    path = tmp_path / rfq_log.FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert [entry.number for entry in RfqLog(tmp_path)._after(0)] == [1]
    path.write_bytes(whole.replace(b'"number":1', b'"number":"'))
    with pytest.raises(LogDamaged):
        RfqLog(tmp_path)


def test_a_full_log_and_a_full_disk_refuse_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def live() -> list[int]:
        log = RfqLog(tmp_path)
        await append(log, 2)
        write = os.write
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
        with pytest.raises(LogFailed, match="No space left"):
            await append(log, 3)
        monkeypatch.setattr(os, "write", write)
        monkeypatch.setattr(rfq_log, "ENTRIES_MAX", 2)
        await append(log, 3)
        with pytest.raises(LogFull):
            await append(log, 4)
        for _ in range(2):
            await log.append(session(), "DESK", None, WENT)
        with pytest.raises(LogFull):
            await log.append(session(), "DESK", None, WENT)
        log.close()
        return [entry.sequence for entry in RfqLog(tmp_path)._after(0)]

    assert asyncio.run(live()) == [2, 3, 0, 0]


def test_what_the_desk_has_taken_is_not_shown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def live() -> tuple[list[int], list[int], list[int]]:
        log, streams = RfqLog(tmp_path), Streams()
        await append(log, 2, 3)
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        await append(log, 4)
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        shown = sorted(streams.entries)
        streams.take(log, 2)
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        monkeypatch.setattr(rfq_log, "REWRITE_BYTES", 0)
        log._leave_out_taken()
        log.close()
        return shown, sorted(streams.entries), [entry.number for entry in RfqLog(tmp_path)._after(2)]

    assert asyncio.run(live()) == ([1, 2, 3], [3], [3])


def test_a_flushed_server_is_given_all_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfq_log, "RESEND_AFTER_SECONDS", 0.0)

    async def live() -> tuple[list[int], bytes]:
        log, streams = RfqLog(tmp_path), Streams()
        await append(log, 2, 3)
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        streams.flush()
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        return sorted(streams.entries), streams.values[FIX_RFQ_LOG]

    entries, name = asyncio.run(live())
    assert entries == [1, 2]
    assert name == RfqLog(tmp_path).name.encode()


def test_what_cannot_be_synced_is_shown_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def live() -> list[int]:
        log, streams = RfqLog(tmp_path), Streams()
        await append(log, 2)
        monkeypatch.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(LogFailed, match="Input/output"):
            await append(log, 3)
        monkeypatch.undo()
        with pytest.raises(LogFailed, match="has failed"):
            await append(log, 4)
        await log._relay_once(streams)  # type: ignore[arg-type]  # as much of a client as it needs
        return sorted(streams.entries)

    assert asyncio.run(live()) == [1]


def test_who_slept_through_a_takeover_takes_no_message_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, replace = RfqLog(tmp_path), Path.replace
    asyncio.run(append(slept, 2))

    def late(beside: Path, target: Path) -> Path:
        """Between the new owner's reading and its taking the name."""
        asyncio.run(append(slept, 3))
        return replace(beside, target)

    monkeypatch.setattr(Path, "replace", late)
    owner = RfqLog(tmp_path)
    monkeypatch.undo()
    with pytest.raises(LogFailed, match="another gateway"):
        asyncio.run(append(slept, 4))
    asyncio.run(append(owner, 5))
    assert [entry.sequence for entry in owner._after(0)] == [2, 3, 5]
    assert [entry.sequence for entry in RfqLog(tmp_path)._after(0)] == [2, 3, 5]


def test_who_slept_through_a_takeover_shows_nothing_and_rewrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept, streams = RfqLog(tmp_path), Streams()
    asyncio.run(append(slept, 2))
    owner = RfqLog(tmp_path)
    asyncio.run(append(owner, 3))

    async def relay() -> None:
        async with asyncio.timeout(10):
            await slept.relay(streams)  # type: ignore[arg-type]  # as much of a client as it needs

    asyncio.run(relay())
    assert streams.values == {}
    monkeypatch.setattr(rfq_log, "REWRITE_BYTES", 0)
    with pytest.raises(FileTaken):
        slept._leave_out_taken()
    assert [entry.sequence for entry in RfqLog(tmp_path)._after(0)] == [2, 3]


def test_client_order_ids_outlive_the_entries_that_brought_them(tmp_path: Path) -> None:
    """A log that was written anew holds only what was not taken; one of before had no ids."""
    asked = CancelMultileg(original="M-1", client_order_id="C-1")

    async def live() -> None:
        log = RfqLog(tmp_path)
        await log.append(WHO, "who", None, asked)
        log._entries.clear()
        log._file.rewrite(log._content())
        log.close()

    asyncio.run(live())
    again = RfqLog(tmp_path)
    assert (again._entries, again.knows(WHO, "C-1"), again.knows(WHO, "M-1")) == (deque(), True, False)
    assert again.has_multilegs(WHO)
    again.close()
    (tmp_path / rfq_log.FILE_NAME).write_bytes(b'{"log":"a","last":7,"keys":[]}\n')
    before = RfqLog(tmp_path)
    assert (before._last, before.has_multilegs(WHO)) == (7, False)
