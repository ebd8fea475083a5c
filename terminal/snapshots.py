"""A firm's state and the sequence it stands at, read in one transaction, so that snapshot + facts = fresh snapshot."""

from typing import Any

import msgspec

from common import db
from streams import selectors as streams_selectors
from terminal import registry

_encode = msgspec.json.Encoder().encode


def read_snapshot(firm_id: int, role: str) -> tuple[int, str]:
    """(sequence, JSON of ``{"orders": [...], "fills": [...], ...}``)."""
    state: dict[str, list[Any]] = {}
    with db.one_instant():
        sequence = streams_selectors.head(firm_id)
        for selector in registry.snapshot_selectors():
            state.update(selector(firm_id, role))
    return sequence, _encode(state).decode()
