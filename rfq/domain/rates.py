"""How many of something a firm may do in a minute, and when it may again."""

import datetime as dt
from collections.abc import Sequence

from common.errors import Refusal

MINUTE = dt.timedelta(minutes=1)


def check_rate(reason: str, what: str, times: Sequence[dt.datetime], count_max: int, at: dt.datetime) -> None:
    """times: of what was done, newest first. Refuses the next one in the minute, with the seconds until it passes."""
    recent = [time for time in times if time > at - MINUTE]
    if len(recent) < count_max:
        return
    again = recent[count_max - 1] + MINUTE - at
    raise Refusal(
        reason,
        f"Too many {what} in a minute; try again in {again.total_seconds():.1f} s.",
        value=len(recent) + 1,
        bound=count_max,
    )
