"""Orders that left and of which nobody heard: until when each of them may still arrive at its venue."""

import asyncio

from gateway import clock

WAITING_MAX = 10_000


class Arrivals:
    """``seconds_max``: after so long a request that the venue does not know was never taken there."""

    def __init__(self, seconds_max: float) -> None:
        self.seconds_max = seconds_max
        self._until: dict[str, float] = {}

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
