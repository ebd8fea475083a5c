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


LATER = ("FIX.4.4", "FIX.5.0SP2")
"""Versions that can speak of structures, requests for quotes and positions."""
ANY_GRANT = "drop_copy, market_data, orders or rfq"
TEXT = FieldRule(58, "Text", "N", "`name: words`, with value and bound where a rule or a control refused.")
ACCOUNT = FieldRule(
    1, "Account", "N", "One of the session's accounts, by number; the session's own where it is left out."
)


def of_request(tag: int, name: str, required: str = "Y") -> FieldRule:
    """An id that an answer carries."""
    return FieldRule(tag, name, required, "Of the request.")


def comes_back(tag: int, name: str, required: str = "Y") -> FieldRule:
    """An id that the sender chooses."""
    return FieldRule(tag, name, required, "Comes back.")
