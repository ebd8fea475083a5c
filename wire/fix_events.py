"""What happens to FIX sessions, told by the gateway to the database: a window of a chronicle with gapless numbers.

The gateway keeps the chronicle on disk and shows, twice a second, what follows the number that the receiver has shown
as stored. Whoever stores looks at the number: a window that is seen twice is stored once, and a lost one comes again.
"""

import msgspec

FIX_EVENTS = "gateway.fix.events"
"""JSON of ``FixEventWindow``."""
FIX_EVENTS_STORED = "gateway.fix.events.stored"
"""JSON of ``FixEventsStored``."""
WINDOW_EVENTS_MAX = 200


class FixEvent(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    at_ns: int
    session_id: int
    event: str
    detail: str
    address: str


class FixEventWindow(msgspec.Struct, frozen=True, kw_only=True):
    chronicle: str
    events: list[FixEvent]


class FixEventsStored(msgspec.Struct, frozen=True, kw_only=True):
    chronicle: str
    number: int
