"""What one client may be owed: its acknowledgement window, and the rates at which it may ask. Pure; time is given."""

from collections import deque

from terminal import limits


class UnknownFrame(ValueError):
    """An acknowledgement of a frame that was never sent."""


class Window:
    """Counts what was sent and not yet acknowledged. The server never has more than this in buffers for a client."""

    def __init__(self) -> None:
        self.frame = 0
        """Number of the newest frame."""
        self.unacknowledged_bytes = 0
        self._sizes: deque[tuple[int, int]] = deque()
        self._loose_bytes = 0
        self._loose_answers = 0
        self._owed_answers = 0
        self._answers: deque[tuple[int, int]] = deque()
        self._progress_at = 0.0

    @property
    def is_open(self) -> bool:
        return len(self._sizes) < limits.WINDOW_FRAMES_MAX and self.unacknowledged_bytes < limits.WINDOW_BYTES_MAX

    @property
    def wants_probe(self) -> bool:
        """Whether answers have piled up that no later frame lets the client acknowledge."""
        return self._loose_answers >= limits.ANSWERS_PER_PROBE

    @property
    def is_overrun(self) -> bool:
        """Whether the client asks on and on and acknowledges none of the answers."""
        return self._owed_answers > limits.ANSWERS_UNACKNOWLEDGED_MAX

    def send_frame(self, size: int, now: float) -> None:
        """A numbered frame of ``size`` bytes goes out; everything sent before it is acknowledged with it."""
        self.frame += 1
        if not self._sizes:
            self._progress_at = now
        self._sizes.append((self.frame, size + self._loose_bytes))
        self._answers.append((self.frame, self._loose_answers))
        self.unacknowledged_bytes += size
        self._loose_bytes = self._loose_answers = 0

    def send_answer(self, size: int) -> None:
        """An answer goes out; it has no number and is acknowledged with the next frame."""
        self._loose_bytes += size
        self._loose_answers += 1
        self._owed_answers += 1
        self.unacknowledged_bytes += size

    def acknowledge(self, frame: int, now: float) -> None:
        """The client has drawn everything up to ``frame``. Raises UnknownFrame."""
        if not 0 <= frame <= self.frame:
            raise UnknownFrame(frame)
        while self._sizes and self._sizes[0][0] <= frame:
            self.unacknowledged_bytes -= self._sizes.popleft()[1]
            self._owed_answers -= self._answers.popleft()[1]
            self._progress_at = now

    def stalled_seconds(self, now: float) -> float:
        """How long the window has been full without an acknowledgement; 0 while it is open."""
        return 0.0 if self.is_open or not self._sizes else now - self._progress_at


class TokenBucket:
    """``rate`` per second on average, ``burst`` at once."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one token; False where none is left."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
