"""What the message reference is made of.

``required``: ``Y``, ``N``, or in words when. A field that is not in a message's row is accepted where the standard
defines it for the message, and not looked at.
"""

import dataclasses

IN, OUT = "in", "out"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldRule:
    tag: int
    name: str
    required: str
    meaning: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MessageRule:
    """``direction``: as the gateway sees it. ``versions``: which speak it."""

    type: str
    name: str
    direction: str
    grant: str
    meaning: str
    fields: tuple[FieldRule, ...]
    versions: tuple[str, ...] = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")
