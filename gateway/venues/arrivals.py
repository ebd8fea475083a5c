"""Orders that left and of which nobody heard: until when each of them may still arrive at its venue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway import clock
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.execution import Execution, OrderView

log = logging.getLogger(__name__)

WAITING_MAX = 10_000
Placed = tuple[OrderView, list[Execution]]


class Arrivals:
    """``seconds_max``: after so long a request that the venue does not know was never taken there."""

    def __init__(self, seconds_max: float) -> None:
        self.seconds_max = seconds_max
        self._until: dict[str, float] = {}

    async def place(
        self,
        client_order_id: str,
        send: Callable[[], Awaitable[Placed]],
        find: Callable[[str, str], Awaitable[list[OrderView]]],
    ) -> Placed:
        """Sends it once, and asks for it where no answer came. Raises Refused; NoAnswer where nobody has it."""
        self.left(client_order_id)
        try:
            placed = await send()
        except NoAnswer as no_answer:
            log.warning("%s: no answer, it is asked for: %s", client_order_id, no_answer)
            found = await find(client_order_id, "")
            if not found:
                raise
            return found[0], []
        except Refused:
            self.answered(client_order_id)
            raise
        self.answered(client_order_id)
        return placed

    def left(self, client_order_id: str) -> None:
        """It is on its way."""
        self._until[client_order_id] = clock.monotonic() + self.seconds_max
        if len(self._until) > WAITING_MAX:
            del self._until[next(iter(self._until))]

    def answered(self, client_order_id: str) -> None:
        self._until.pop(client_order_id, None)

    async def wait(self, client_order_id: str) -> bool:
        """Until it cannot arrive any more, for all who wait; False where there was nothing to wait for."""
        seconds = self._until.get(client_order_id, 0.0) - clock.monotonic()
        if seconds <= 0:
            self.answered(client_order_id)
            return False
        await asyncio.sleep(seconds)
        return True
