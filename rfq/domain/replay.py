"""An RFQ as bytes, and its life again from the calls of rules that were stored."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from common.decimals import plain_text
from common.errors import Refusal
from rfq.domain import execution as execution  # noqa: PLC0414 - fills the table of rules
from rfq.domain import negotiation as negotiation  # noqa: PLC0414 - fills the table of rules
from rfq.domain import rules
from rfq.domain import triggers as triggers  # noqa: PLC0414 - fills the table of rules
from rfq.domain.records import RfqRecord


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredStep:
    """``state_sha256``: of the record after the step; empty where several steps were written together."""

    sequence: int
    kind: str
    arguments: Mapping[str, Any]
    state_sha256: bytes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """``sequence``: the step after which the replay left what was stored; None: only the end differs."""

    sequence: int | None
    field: str
    replayed: str
    stored: str

    def __str__(self) -> str:
        where = "at the end" if self.sequence is None else f"at step {self.sequence}"
        return f"{where}: {self.field}: replayed {self.replayed}, stored {self.stored}"


def to_content(rfq: RfqRecord) -> dict[str, Any]:
    """The record as JSON values: decimals without trailing zeros, times in UTC with microseconds."""
    content: dict[str, Any] = json.loads(to_bytes(rfq))
    return content


def to_bytes(rfq: RfqRecord) -> bytes:
    """One record, one sequence of bytes."""
    values = msgspec.to_builtins(dataclasses.replace(rfq, steps=()), builtin_types=(Decimal, dt.datetime))
    del values["steps"]
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_leaf).encode()


def state_sha256(rfq: RfqRecord) -> bytes:
    return hashlib.sha256(to_bytes(rfq)).digest()


def first_step(rfq: RfqRecord) -> rules.Step:
    """The step that a new RFQ begins with."""
    return rules.Step(kind=rules.CREATED, arguments={"rfq": to_content(rfq)})


def replay(stored: Iterable[StoredStep]) -> tuple[list[RfqRecord], Difference | None]:
    """The record after each step, up to the first difference."""
    records: list[RfqRecord] = []
    for expected, step in enumerate(stored, start=1):
        if step.sequence != expected:
            return records, _differs(expected, "sequence", expected, step.sequence)
        try:
            after = _after(records, step)
        except (Refusal, AssertionError, ValueError, TypeError, KeyError) as error:
            return records, _differs(expected, step.kind, f"{type(error).__name__}: {error}", "done")
        if after is None:
            return records, _differs(expected, step.kind, "nothing changed", "done")
        records.append(after)
        if step.state_sha256 and step.state_sha256 != state_sha256(after):
            found = state_sha256(after).hex()
            return records, _differs(expected, "state_sha256", found, step.state_sha256.hex())
    return records, None if records else _differs(1, "sequence", "a first step", "none")


def compare(replayed: RfqRecord, stored: RfqRecord) -> Difference | None:
    """The first field, by name, in which the two differ."""
    was, now = _flat(to_content(replayed)), _flat(to_content(stored))
    for field in sorted(was.keys() | now.keys()):
        if was.get(field) != now.get(field):
            return _differs(None, field, was.get(field), now.get(field))
    return None


def _after(records: list[RfqRecord], step: StoredStep) -> Any:
    if not records:
        if step.kind != rules.CREATED:
            raise ValueError(f"an RFQ begins with {rules.CREATED}")
        return msgspec.convert(step.arguments["rfq"], RfqRecord)
    return rules.perform(records[-1], step.kind, step.arguments)


def _differs(sequence: int | None, field: str, replayed: object, stored: object) -> Difference:
    return Difference(sequence=sequence, field=field, replayed=str(replayed), stored=str(stored))


def _leaf(value: object) -> str:
    """What JSON has no word for."""
    if isinstance(value, Decimal):
        return plain_text(value)
    assert isinstance(value, dt.datetime), "a record holds no other values"
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        pairs = [(f"{path}.{name}" if path else name, inner) for name, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return {path: str(value)}
    found = {path: f"{len(pairs)} of them"} if isinstance(value, list) else {}
    for name, inner in pairs:
        found |= _flat(inner, name)
    return found
