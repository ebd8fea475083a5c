"""Where the market of this state folder stands: which source, how far, the next instrument id. Written atomically."""

import os
import threading
from pathlib import Path

import msgspec

FILE_NAME = "market.json"
_writing = threading.Lock()


class MarketPosition(msgspec.Struct, kw_only=True):
    """``feed`` is what ``Feed.position`` said; a state folder holds one source for ever."""

    source: str
    next_instrument_id: int = 1
    feed: dict[str, object] = msgspec.field(default_factory=dict)


class PositionFileDamaged(ValueError):
    """The file exists and cannot be read."""


def load_position(directory: Path) -> MarketPosition | None:
    """None where nothing was ever played here. Raises PositionFileDamaged."""
    path = directory / FILE_NAME
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=MarketPosition)
    except msgspec.DecodeError as error:
        raise PositionFileDamaged(f"{path} cannot be read: {error}") from error


def save_position(directory: Path, position: MarketPosition) -> None:
    """Durable when it returns: written beside, synced, renamed; one writer at a time, whichever thread it is in."""
    path = directory / FILE_NAME
    beside = path.with_suffix(".new")
    with _writing:
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(position))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
