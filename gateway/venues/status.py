"""How a connection to a venue stands, for the screen and for whoever routes."""

import dataclasses
import statistics
from collections import deque

LATENCIES_MAX = 64


@dataclasses.dataclass(slots=True)
class LinkStatus:
    """``state``: connecting, syncing (connected, not every book whole), live, down, failed (the adapter itself, until
    a restart). ``heard_at_ns``: wall clock of the last frame. ``detail``: why it is not live.
    """

    state: str = "connecting"
    detail: str = ""
    heard_at_ns: int = 0
    connected_at_ns: int = 0
    connects: int = 0
    frames: int = 0
    frames_refused: int = 0
    refused_now: int = 0
    """Of ``frames_refused``: on this connection."""
    gaps: int = 0
    """Losses found in books, each of which was asked for anew."""
    trades: int = 0
    latencies_ms: deque[float] = dataclasses.field(default_factory=lambda: deque(maxlen=LATENCIES_MAX))

    def opened(self, at_ns: int) -> None:
        self.state, self.detail = "syncing", ""
        self.connected_at_ns = self.heard_at_ns = at_ns
        self.connects += 1
        self.refused_now = 0

    def lost(self, why: str) -> None:
        self.state, self.detail = "down", why
        self.latencies_ms.clear()

    @property
    def latency_ms(self) -> float | None:
        """Median round trip of the latest probes."""
        return statistics.median(self.latencies_ms) if self.latencies_ms else None
