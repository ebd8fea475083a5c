"""What the dispatcher does for accounts: it stores what the gateway tells of FIX sessions."""

import datetime as dt
import logging

import msgspec

from accounts import services
from common import valkey
from wire.fix_events import FIX_EVENTS, FIX_EVENTS_STORED, FixEventsStored, FixEventWindow

log = logging.getLogger(__name__)


def take_fix_events(at: dt.datetime) -> int:
    """Store what is new and show how far it is stored. Returns how many events the window held."""
    del at
    client = valkey.client()
    try:
        shown = client.get(FIX_EVENTS)
        if shown is None:
            return 0
        window = msgspec.json.decode(shown, type=FixEventWindow)
        number = services.store_fix_events(chronicle=window.chronicle, events=window.events)
        client.set(FIX_EVENTS_STORED, msgspec.json.encode(FixEventsStored(chronicle=window.chronicle, number=number)))
    except valkey.Unreachable as error:
        log.warning("FIX events: Valkey is unreachable (%s)", error)
        return 0
    except msgspec.DecodeError as error:
        log.warning("FIX events: what the gateway shows cannot be read: %s", error)
        return 0
    return len(window.events)


SLOW_TIMERS = (take_fix_events,)
