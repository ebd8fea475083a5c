"""Talk to Parley from Python: typed messages over REST and the socket, and a gapless stream of the firm's facts."""

from parley_client import messages
from parley_client.connection import (
    Connected,
    Disconnected,
    FactArrived,
    FramesArrived,
    Happening,
    OutcomeUnknown,
    ParleyClient,
    Refused,
    SnapshotTaken,
    Unauthorized,
)
from parley_client.desk import Desk
from parley_client.keys import Key, read_key
from parley_client.session import Session

__all__ = [
    "Connected",
    "Desk",
    "Disconnected",
    "FactArrived",
    "FramesArrived",
    "Happening",
    "Key",
    "OutcomeUnknown",
    "ParleyClient",
    "Refused",
    "Session",
    "SnapshotTaken",
    "Unauthorized",
    "messages",
    "read_key",
]
