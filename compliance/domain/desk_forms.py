"""The row by which an administrator proposes the bounds of a firm on the RFQ desk."""

from collections.abc import Mapping
from typing import Any

import msgspec

from common.errors import Refusal
from wire.client_protection import ProposeDeskLimits
from wire.limits import COMMAND_ID_LENGTH_MAX
from wire.protection import DeskBounds, DeskLimitsProposalView

TEXT_LENGTH_MAX = 16
REASON_LENGTH_MAX = 200
DESK_FIELDS = (
    ("create_per_minute_max", "RFQs a minute"),
    ("execute_per_minute_max", "Trades a minute"),
    ("open_rfqs_max", "Open RFQs"),
    ("live_quotes_max", "Live quotes"),
    ("band_ticks", "Band, ticks"),
    ("band_percent", "Band, %"),
)
FLAG = "is_band_confirmable"


def read_desk_limits(firm_id: int, typed: Mapping[str, str]) -> ProposeDeskLimits:
    """What was typed, as a message. Raises Refusal ``invalid_form``, saying which field and why."""
    values: dict[str, Any] = {name: typed.get(name, "").strip()[:TEXT_LENGTH_MAX] for name, _ in DESK_FIELDS}
    values |= {"firm_id": firm_id, FLAG: bool(typed.get(FLAG))}
    values["command_id"] = typed.get("command_id", "")[:COMMAND_ID_LENGTH_MAX]
    values["reason"] = typed.get("reason", "").strip()[:REASON_LENGTH_MAX]
    try:
        return msgspec.convert(values, ProposeDeskLimits, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_form", str(error)) from error


def changes_of(bounds: DeskBounds, proposed: DeskLimitsProposalView) -> list[tuple[str, str, str]]:
    """Title, what is in force and what is proposed, of each bound that would change."""
    named = [*DESK_FIELDS, (FLAG, "Confirmable")]
    pairs = [(title, _words(getattr(bounds, name)), _words(getattr(proposed, name))) for name, title in named]
    return [(title, was, becomes) for title, was, becomes in pairs if was != becomes]


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
