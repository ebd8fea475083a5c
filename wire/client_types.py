"""What every message of a client is made of; ``wire.client`` offers it with the messages."""

from typing import Annotated

import msgspec

from wire.limits import COMMAND_ID_LENGTH_MAX

# ``$(?!\n)``: the end itself. A bare ``$`` would let a line feed pass at the end.
CommandIdText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=COMMAND_ID_LENGTH_MAX, pattern=r"^[A-Za-z0-9._:-]+$(?!\n)")
]
DecimalText = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^-?[0-9]+(\.[0-9]+)?$(?!\n)")]
QuantityText = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?$(?!\n)")]
NameText = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$(?!\n)")]
EntityId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
ReasonText = Annotated[
    str, msgspec.Meta(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$(?!\n)")
]


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What a client sends."""


class Command(ClientMessage):
    command_id: CommandIdText
