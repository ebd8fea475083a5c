import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.feeds.delivery import DELIVERY_WINDOW_NS, average_index

EXPIRY = 1_770_364_800 * 10**9
MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ("samples", "average"),
    [
        ([(-120, 100.0), (60, 100.0)], 100.0),
        ([(-30, 100.0), (0, 200.0)], 150.0),
        ([(-60, 100.0), (0, 160.0)], 145.0),
        ([(-30, 100.0), (-15, 130.0), (0, 100.0)], 115.0),
        ([(-90, 70.0)], 70.0),
        ([(15, 80.0)], 80.0),
        ([(-15, 100.0), (0, 120.0)], 105.0),
    ],
)
def test_average_of_the_last_half_hour(samples: list[tuple[int, float]], average: float) -> None:
    times = [EXPIRY + minutes * MINUTE for minutes, _ in samples]

    assert average_index(times, [price for _, price in samples], EXPIRY) == pytest.approx(average)


def test_nothing_known_gives_nothing() -> None:
    assert average_index([], [], EXPIRY) is None


@given(
    st.lists(st.tuples(st.integers(-200, 100), st.floats(1, 1e6)), min_size=1, max_size=20, unique_by=lambda s: s[0])
)
def test_average_lies_within_the_samples(samples: list[tuple[int, float]]) -> None:
    ordered = sorted(samples)
    prices = [price for _, price in ordered]

    average = average_index([EXPIRY + m * MINUTE for m, _ in ordered], prices, EXPIRY)

    assert average is not None
    assert min(prices) * (1 - 1e-9) <= average <= max(prices) * (1 + 1e-9)
    assert DELIVERY_WINDOW_NS == 30 * MINUTE
