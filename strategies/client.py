"""The maker's connection: the Python client of Parley, with the types of ``wire``."""

import msgspec
from parley_client import connection
from parley_client.connection import (
    Connected,
    Disconnected,
    FactArrived,
    FramesArrived,
    Happening,
    OutcomeUnknown,
    Refused,
    SnapshotTaken,
    Unauthorized,
)

from wire import client as messages
from wire.facts import AnyFact, BalanceView, FillView, OrderView, PositionView, RfqView
from wire.quoting import CounterpartyStatistics, PassView, QuoterView

__all__ = [
    "Connected",
    "Disconnected",
    "FactArrived",
    "FramesArrived",
    "Happening",
    "OutcomeUnknown",
    "ParleyClient",
    "Refused",
    "SnapshotTaken",
    "State",
    "Unauthorized",
]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds. Tolerates parts that the maker does not need."""

    orders: list[OrderView] = []
    fills: list[FillView] = []
    rfqs: list[RfqView] = []
    positions: list[PositionView] = []
    balances: list[BalanceView] = []
    quoters: list[QuoterView] = []
    counterparties: list[CounterpartyStatistics] = []
    passes: list[PassView] = []


DECODERS = connection.Decoders(
    answer=msgspec.json.Decoder(
        messages.Hello
        | messages.Pong
        | messages.CommandAccepted
        | messages.CommandRefused
        | messages.FactMessage
        | messages.Snapshot
        | messages.MarketFrames
    ).decode,
    fact=msgspec.json.Decoder(AnyFact).decode,
    state=msgspec.json.Decoder(State).decode,
)


class ParleyClient(connection.ParleyClient):
    """``url`` of the web process, ``token`` ``<key id>.<secret>``."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(url, token, decoders=DECODERS)
