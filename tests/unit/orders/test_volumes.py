"""Volume curves: a mean of days, cut to the time of an order."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.volumes import DAY_NS, SHARES, Volume, count_parts, cut, measure

HOUR_NS = DAY_NS // 24


def trade(day, hour, quantity):
    return Volume(at_ns=day * DAY_NS + hour * HOUR_NS, quantity=Decimal(quantity))


def test_every_day_counts_alike_however_much_traded_on_it():
    found = measure([trade(1, 0, 1), trade(1, 12, 1), trade(2, 12, 1000), trade(2, 13, 0)], parts=2)
    assert found.parts == [SHARES // 4, 3 * SHARES // 4]
    assert (found.days, found.observations, found.volume, found.first_ns) == (2, 3, 1002, DAY_NS)
    assert measure([trade(1, 0, 0)]) is None


def test_an_hour_is_spread_evenly_and_ends_with_its_day():
    found = measure([Volume(at_ns=23 * HOUR_NS, quantity=Decimal(6), span_ns=2 * HOUR_NS)], parts=48)
    assert [(number, part) for number, part in enumerate(found.parts) if part] == [(46, SHARES // 2), (47, SHARES // 2)]


def test_a_cut_runs_over_midnight():
    parts = [0] * 24
    parts[23], parts[0] = 3, 1
    assert cut(parts, period_ns=DAY_NS, start_ns=23 * HOUR_NS, duration_ns=2 * HOUR_NS, count=4) == (
        1500,
        1500,
        500,
        500,
    )


@given(
    st.lists(st.integers(0, SHARES), min_size=1, max_size=288), st.integers(0, 10**19), st.integers(1, DAY_NS),
    st.integers(1, 288),
)  # fmt: skip
def test_a_cut_adds_up_to_the_volume_of_its_time(parts, start_ns, duration_ns, count):
    volumes = cut(parts, period_ns=DAY_NS, start_ns=start_ns, duration_ns=duration_ns, count=count)
    (whole,) = cut(parts, period_ns=DAY_NS, start_ns=start_ns, duration_ns=duration_ns, count=1)
    assert sum(volumes) == whole
    assert min(volumes) >= 0
    assert len(volumes) == count


def test_parts_of_an_order_are_minutes_at_the_finest():
    assert [count_parts(seconds) for seconds in (1, 600, 86_400)] == [1, 10, 288]
