"""Recompute every chain from its first record, in bounded memory, and say where the first damage is.

Reads only; works on any copy of the tables. A record changed, removed, inserted or reordered breaks the chain at its
sequence number; a tail cut off is seen against the head, and, where the head was cut too, against the checkpoints.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from audit.domain import chain
from audit.models import AuditCheckpoint, AuditHead, AuditRecord
from common import db

ROWS_AT_ONCE = 1_000


@dataclasses.dataclass(frozen=True)
class Damage:
    """``sequence``: the first number of ``stream`` at which the trail is not what was written."""

    stream: str
    sequence: int
    why: str

    def __str__(self) -> str:
        return f"{self.stream} at {self.sequence}: {self.why}"


@dataclasses.dataclass(frozen=True)
class Verification:
    streams: int
    records: int
    checkpoints: int
    damages: tuple[Damage, ...]
    """The first damage of each damaged stream."""


def verify(stream: str = "") -> Verification:
    """Verify one stream, or all of them and the checkpoints, as they stand at one instant."""
    with db.one_instant():
        return _verify(stream)


def _verify(stream: str) -> Verification:
    heads = {
        name: (sequence, bytes(sha256))
        for name, sequence, sha256 in AuditHead.objects.values_list("stream", "sequence", "sha256")
        if not stream or name == stream
    }
    records = AuditRecord.objects.filter(stream=stream) if stream else AuditRecord.objects.all()
    rows: Iterator[Any] = records.order_by("stream", "sequence").values().iterator(chunk_size=ROWS_AT_ONCE)
    damages: list[Damage] = []
    seen: set[str] = set()
    count = 0
    for name, group in groupby(rows, key=lambda row: str(row["stream"])):
        seen.add(name)
        counter = _Counter(group)
        damage = _first_damage(name, counter, heads.get(name))
        count += counter.drain()
        if damage:
            damages.append(damage)
    damages.extend(
        Damage(name, 1, f"all {heads[name][0]} records are missing")
        for name in sorted(heads.keys() - seen)
        if heads[name][0]
    )
    checkpoints = 0
    if not stream:
        checkpoints, broken = _verify_checkpoints({damage.stream for damage in damages})
        damages.extend(broken)
    return Verification(len(seen | heads.keys()), count, checkpoints, tuple(damages))


class _Counter:
    """Counts what passes through."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows = iter(rows)
        self.count = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self

    def __next__(self) -> dict[str, Any]:
        row = next(self._rows)
        self.count += 1
        return row

    def drain(self) -> int:
        for _ in self:
            continue
        return self.count


def _first_damage(stream: str, rows: Iterable[dict[str, Any]], head: tuple[int, bytes] | None) -> Damage | None:
    expected, previous = 1, chain.GENESIS_SHA256
    for row in rows:
        sequence = row["sequence"]
        if sequence != expected:
            return Damage(stream, min(sequence, expected), f"expected record {expected}, found {sequence}")
        if bytes(row["previous_sha256"]) != previous:
            return Damage(stream, sequence, "it does not continue the record before it")
        sha256 = chain.record_sha256(row, sequence, previous)
        if bytes(row["sha256"]) != sha256:
            return Damage(stream, sequence, "its content does not have the hash that was stored")
        expected, previous = sequence + 1, sha256
    return _head_damage(stream, expected - 1, previous, head)


def _head_damage(stream: str, last: int, sha256: bytes, head: tuple[int, bytes] | None) -> Damage | None:
    """The head against the last record that is there."""
    if head is None:
        return Damage(stream, 1, "the chain has no head")
    if head[0] != last:
        return Damage(stream, min(last, head[0]) + 1, f"the head says {head[0]} records, {last} are there")
    if head[1] != sha256:
        return Damage(stream, last, "the head has another hash than the last record")
    return None


def _verify_checkpoints(already_damaged: set[str]) -> tuple[int, list[Damage]]:
    """Every checkpoint's root over its heads, and every head in it against the record it names."""
    damages: dict[str, Damage] = {}
    proven: dict[str, int] = {}
    count = 0
    for checkpoint in AuditCheckpoint.objects.order_by("id").iterator(chunk_size=ROWS_AT_ONCE):
        count += 1
        heads = [(stream, sequence, bytes.fromhex(sha256)) for stream, sequence, sha256 in checkpoint.heads]
        root = chain.merkle_root([chain.leaf_sha256(*head) for head in heads])
        if root != bytes(checkpoint.root_sha256):
            damages.setdefault("checkpoint", Damage("checkpoint", checkpoint.id, "the Merkle root does not hold"))
        for stream, sequence, sha256 in heads:
            if stream in already_damaged or proven.get(stream) == sequence:
                continue
            proven[stream] = sequence
            if sequence and not _record_has(stream, sequence, sha256):
                why = f"it is not the record that checkpoint {checkpoint.id} saw"
                damages.setdefault(stream, Damage(stream, sequence, why))
    return count, list(damages.values())


def _record_has(stream: str, sequence: int, sha256: bytes) -> bool:
    return AuditRecord.objects.filter(stream=stream, sequence=sequence, sha256=sha256).exists()
