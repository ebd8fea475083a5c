"""What a record's hash is taken over, and the Merkle root over all chains.

The canonical form of a record is JSON with sorted keys and no spaces. It must survive PostgreSQL's jsonb unchanged,
so before and after hold no floats, no NUL characters and only text keys.
"""

import datetime as dt
import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

GENESIS_SHA256 = bytes(32)
CONTENT_BYTES_MAX = 262_144
"""Canonical JSON of ``before`` or of ``after``."""
FIELDS = (
    "stream", "at", "action", "entity", "user_id", "firm_id", "via", "remote_address", "command_id", "reason",
    "before", "after",
)  # fmt: skip
"""What the caller of ``audit.services.record`` says; the sequence and the hashes are added."""


class NotCanonical(ValueError):
    """A value that would not come back from the database as it went in."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, text as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_content(name: str, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A copy of ``value`` made of JSON values only. Raises NotCanonical naming the path of what is not one."""
    if value is None:
        return None
    content: dict[str, Any] = _plain(name, value)
    size = len(canonical_json(content).encode())
    if size > CONTENT_BYTES_MAX:
        raise NotCanonical(name, f"{size} bytes are more than {CONTENT_BYTES_MAX}")
    return content


def record_sha256(fields: Mapping[str, Any], sequence: int, previous_sha256: bytes) -> bytes:
    """SHA-256 over the previous hash and the canonical JSON of the record. ``fields`` holds at least FIELDS."""
    content = {name: fields[name] for name in FIELDS}
    content["sequence"] = sequence
    content["at"] = fields["at"].astimezone(dt.UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(previous_sha256 + canonical_json(content).encode()).digest()


def leaf_sha256(stream: str, sequence: int, sha256: bytes) -> bytes:
    """Merkle leaf of one chain's head (RFC 6962: leaves and nodes are hashed with different first bytes)."""
    return hashlib.sha256(b"\x00" + canonical_json([stream, sequence, sha256.hex()]).encode()).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over ``leaves`` in their order (RFC 6962 section 2.1); of none at all: SHA-256 of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + merkle_root(leaves[:split]) + merkle_root(leaves[split:])).digest()


def _plain(path: str, value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(path, value.value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(path, value)
    if isinstance(value, Mapping):
        return {_key(path, key): _plain(f"{path}.{key}", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(f"{path}[{index}]", item) for index, item in enumerate(value)]
    raise NotCanonical(path, f"{type(value).__name__} is not an exact JSON value; write it as text")


def _key(path: str, key: Any) -> str:
    if not isinstance(key, str):
        raise NotCanonical(path, f"the key {key!r} is not text")
    return _text(path, str(key))


def _text(path: str, text: str) -> str:
    if "\x00" in text:
        raise NotCanonical(path, "PostgreSQL stores no NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(path, "the text is not valid Unicode") from error
    return str(text)
