import pytest

from terminal import limits
from terminal.window import TokenBucket, UnknownFrame, Window


def test_window_closes_at_the_frame_bound_and_opens_on_acknowledgement() -> None:
    window = Window()
    for number in range(limits.WINDOW_FRAMES_MAX):
        assert window.is_open
        window.send_frame(10, float(number))
    assert not window.is_open
    window.acknowledge(1, 300.0)
    assert window.is_open
    assert window.unacknowledged_bytes == 10 * (limits.WINDOW_FRAMES_MAX - 1)


def test_window_closes_at_the_byte_bound() -> None:
    window = Window()
    window.send_frame(limits.WINDOW_BYTES_MAX, 0.0)
    assert not window.is_open
    window.acknowledge(1, 1.0)
    assert (window.is_open, window.unacknowledged_bytes) == (True, 0)


def test_answers_are_acknowledged_with_the_next_frame() -> None:
    window = Window()
    window.send_frame(10, 0.0)
    for _ in range(limits.ANSWERS_PER_PROBE):
        assert not window.wants_probe
        window.send_answer(5)
    assert window.wants_probe
    window.acknowledge(1, 1.0)
    assert window.unacknowledged_bytes == 5 * limits.ANSWERS_PER_PROBE
    window.send_frame(20, 2.0)
    assert not window.wants_probe
    window.acknowledge(2, 3.0)
    assert window.unacknowledged_bytes == 0


def test_client_that_asks_and_never_acknowledges_is_overrun() -> None:
    window = Window()
    for number in range(limits.ANSWERS_UNACKNOWLEDGED_MAX):
        window.send_answer(1)
        if window.wants_probe:
            window.send_frame(1, float(number))
    assert not window.is_overrun
    window.send_answer(1)
    assert window.is_overrun
    window.acknowledge(window.frame, 1.0)
    assert not window.is_overrun


@pytest.mark.parametrize("frame", [-1, 3, 10**30])
def test_unknown_frame_is_named(frame: int) -> None:
    window = Window()
    window.send_frame(1, 0.0)
    window.send_frame(1, 0.0)
    with pytest.raises(UnknownFrame):
        window.acknowledge(frame, 1.0)


def test_stall_counts_from_the_last_progress() -> None:
    window = Window()
    assert window.stalled_seconds(5.0) == 0.0
    window.send_frame(limits.WINDOW_BYTES_MAX, 10.0)
    assert window.stalled_seconds(13.0) == 3.0
    window.send_frame(1, 13.0)
    window.acknowledge(1, 14.0)
    assert window.stalled_seconds(20.0) == 0.0


def test_bucket_gives_burst_then_rate() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0.0)
    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.25) for _ in range(3)] == [True, True, False]
