"""What a person sends about the pairs of the hot path; ``wire.client`` offers the messages."""

from typing import Annotated

import msgspec

from wire.client_types import Command
from wire.pairs import SYMBOL_LENGTH_MAX, PairsAction

_Symbol = Annotated[str, msgspec.Meta(max_length=SYMBOL_LENGTH_MAX)]
_Venue = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class SteerPairs(Command, tag="pairs.steer"):
    """``first``, ``second``: of the pair; left out where the action is about all: entering_on, entering_off."""

    venue: _Venue
    action: PairsAction
    first: _Symbol = ""
    second: _Symbol = ""
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
