"""A folder of recorded frames: ``streams.json`` says which file holds whose frames, and what they are to the desk."""

from pathlib import Path

import msgspec

from gateway.feeds.chain_files import RecordingError
from gateway.feeds.frame_player import FramesRefused, FrameStream
from gateway.feeds.frames import FramesFeed

MANIFEST = "streams.json"
STREAMS_MAX = 1_000


class StreamEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file. Exactly one of ``index`` (a coin, from a spot stream) and ``contract`` (our name of it) is given."""

    file: str
    venue: str
    symbol: str
    price_tick: str
    lot: str
    index: str = ""
    contract: str = ""


def has_frames(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def open_frames(folder: Path, *, speed: float | None, start_ns: int, end_ns: int, after_ns: int) -> FramesFeed:
    """The feed of a folder. Raises RecordingError, whose message is a sentence, for what cannot be played."""
    if speed is None:
        raise RecordingError(f"The recording {folder} holds frames, which cannot be played in steps.")
    index: dict[str, FrameStream] = {}
    contracts: dict[str, FrameStream] = {}
    for entry in _read_manifest(folder):
        streams, name = (index, entry.index) if entry.index else (contracts, entry.contract)
        if bool(entry.index) == bool(entry.contract) or name in streams:
            raise RecordingError(f"{folder / MANIFEST}: {entry.file} needs an index or a contract, and one of its own.")
        streams[name] = _stream_of(folder, entry)
    try:
        feed = FramesFeed(index, contracts, speed=speed, folder=folder, end_ns=end_ns)
        feed.skip_until(max(start_ns, after_ns))
    except (FramesRefused, OSError, ValueError) as error:
        raise RecordingError(f"The recording {folder} cannot be played: {error}") from error
    return feed


def _read_manifest(folder: Path) -> list[StreamEntry]:
    try:
        entries = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=list[StreamEntry])
    except (OSError, msgspec.DecodeError) as error:
        raise RecordingError(f"{folder / MANIFEST} cannot be read: {error}") from error
    if not 0 < len(entries) <= STREAMS_MAX:
        raise RecordingError(f"{folder / MANIFEST} names {len(entries)} streams, not 1 to {STREAMS_MAX}.")
    return entries


def _stream_of(folder: Path, entry: StreamEntry) -> FrameStream:
    path = folder / entry.file
    if path.parent != folder:
        raise RecordingError(f"{folder / MANIFEST}: {entry.file} is not a file of this folder.")
    return FrameStream(path=path, venue=entry.venue, symbol=entry.symbol, price_tick=entry.price_tick, lot=entry.lot)
