"""What a timer does to many RFQs: each in its own unit of work, none held up by another."""

from collections.abc import Callable, Iterable

import structlog
from django.db import DatabaseError

log = structlog.get_logger(__name__)


def move_each(rfq_ids: Iterable[int], move: Callable[[int], int]) -> int:
    """The sum of what ``move`` gives for each.

    One that cannot be moved does not hold up the others; its error is raised at the end. The database's errors are
    raised at once.
    """
    moved = 0
    failed: Exception | None = None
    for rfq_id in rfq_ids:
        try:
            moved += move(rfq_id)
        except DatabaseError:
            raise
        except Exception as error:
            log.exception("timer_failed", rfq_id=rfq_id)
            failed = error
    if failed is not None:
        raise failed
    return moved
