"""API keys that lie in files."""

from pathlib import Path

import msgspec


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """``token``: ``<key id>.<secret>``; ``account_id``: what is traded on. Other parts of the file are left alone."""

    token: str
    account_id: int
    firm_id: int = 0
    firm: str = ""


def read_key(path: str | Path) -> Key:
    """Raises OSError where the file cannot be read, ValueError where it is not a key."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Key)
    except msgspec.DecodeError as error:
        raise ValueError(f"the key file {path} is not a key: {error}") from error
