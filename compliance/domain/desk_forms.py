"""The row by which an administrator sets the bounds of a firm on the RFQ desk."""

from collections.abc import Mapping
from typing import Any

import msgspec

from common.errors import Refusal
from wire.client_protection import SetDeskLimits
from wire.limits import COMMAND_ID_LENGTH_MAX

TEXT_LENGTH_MAX = 16
DESK_FIELDS = (
    ("create_per_minute_max", "RFQs a minute"),
    ("execute_per_minute_max", "Trades a minute"),
    ("open_rfqs_max", "Open RFQs"),
    ("live_quotes_max", "Live quotes"),
    ("band_ticks", "Band, ticks"),
    ("band_percent", "Band, %"),
)
FLAG = "is_band_confirmable"


def read_desk_limits(firm_id: int, typed: Mapping[str, str]) -> SetDeskLimits:
    """What was typed, as a message. Raises Refusal ``invalid_form``, saying which field and why."""
    values: dict[str, Any] = {name: typed.get(name, "").strip()[:TEXT_LENGTH_MAX] for name, _ in DESK_FIELDS}
    values |= {"firm_id": firm_id, FLAG: bool(typed.get(FLAG))}
    values["command_id"] = typed.get("command_id", "")[:COMMAND_ID_LENGTH_MAX]
    try:
        return msgspec.convert(values, SetDeskLimits, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("invalid_form", str(error)) from error
