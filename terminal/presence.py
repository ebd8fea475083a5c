"""Whose sockets a web process holds, said to the desk; in the hub's threads."""

import datetime as dt

from common import clock
from rfq.services import sessions


def say(names: list[str], process: str) -> int:
    return sessions.note_connected(names, process, clock.now())


def leave(name: str, process: str, at: dt.datetime) -> bool:
    """``at``: when its last socket went."""
    return sessions.note_disconnected(name, process, at)
