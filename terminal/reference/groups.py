"""Which messages the reference lists under which title."""

import typing
from typing import Any

from wire import client, facts, market
from wire.instruments import InstrumentView

TITLES = {
    "": ("Connection", "Sent by a client at any time."),
    "order": ("Orders", "Commands of traders."),
    "rfq": ("Requests for quote", "Commands of takers and makers."),
    "session": ("Session", "What a connection asks for itself."),
    "risk": ("Limits and previews", "Commands of risk; previews change nothing."),
    "control": ("Controls", "Kill switches, and what releases them."),
}
"""By the first word of a command's tag. What has no title here is listed under its own word."""
ANSWERS = (
    client.Hello
    | client.Pong
    | client.CommandAccepted
    | client.CommandRefused
    | client.Snapshot
    | client.FactMessage
    | client.MarketFrames
)

ANSWERS_OF_REST = (InstrumentView,)
"""What only REST answers with, and a client needs from the start."""


def list_messages() -> list[tuple[str, str, tuple[type, ...]]]:
    """(title, what it is, structs): commands by area, then what the server sends."""
    by_area: dict[str, list[type]] = {area: [] for area in TITLES}
    for message in typing.get_args(client.AnyClientMessage):
        by_area.setdefault(area_of(message), []).append(message)
    commands = [
        (*TITLES.get(area, (area.capitalize(), "Commands.")), tuple(messages))
        for area, messages in by_area.items()
        if messages
    ]
    return [
        *commands,
        ("Answers", "What the server sends.", typing.get_args(ANSWERS)),
        ("Facts", "What `fact` carries: the firm's gapless stream.", typing.get_args(facts.AnyFact)),
        ("Market data", "What `market` carries: the latest value of each key.", _frames()),
    ]


def area_of(message: Any) -> str:
    return str(message.__struct_config__.tag).rpartition(".")[0]


def _frames() -> tuple[type, ...]:
    return (*typing.get_args(market.AnyFrame), facts.RiskFrame)
