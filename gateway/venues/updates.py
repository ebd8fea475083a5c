"""Updates of the core's books that an adapter writes itself: a record a level (``parley_core.update_dtype``)."""

import numpy as np
import numpy.typing as npt
import parley_core

LEVEL, CLEAR = 0, 3
PART_OF_SNAPSHOT, LAST_OF_MESSAGE = 1, 2
Updates = npt.NDArray[np.void]


def blank_updates(count: int, at_ns: int) -> Updates:
    updates: Updates = np.zeros(count, parley_core.update_dtype())
    updates["venue_time_ns"] = updates["receive_time_ns"] = at_ns
    return updates


def blank_snapshot(levels: int, slot: int, at_ns: int) -> Updates:
    """An empty book, then that many levels to be filled in, the first at 1."""
    updates = blank_updates(levels + 1, at_ns)
    updates["flags"] = PART_OF_SNAPSHOT
    updates["flags"][-1] |= LAST_OF_MESSAGE
    updates["instrument_slot"] = slot
    updates["kind"][0] = CLEAR
    return updates
