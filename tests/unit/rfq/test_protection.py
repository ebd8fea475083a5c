"""The window of a protection: what adds up, what is hit, and at which instant it is over."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfq.domain import protection
from rfq.domain.protection import Exposure, Limits, WindowFill

AT = dt.datetime(2026, 2, 10, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
TICK = dt.timedelta(microseconds=1)


def fill(quantity="1", delta="0", vega="0", seconds=0.0, *, is_pending=False):
    exposure = Exposure(quantity=Decimal(quantity), delta=Decimal(delta), vega=Decimal(vega))
    return WindowFill(exposure=exposure, at=AT - dt.timedelta(seconds=seconds), is_pending=is_pending)


@pytest.mark.parametrize(
    ("limits", "below", "reached", "name"),
    [
        ({"quantity": Decimal(3)}, [fill("2.99999999")], [fill("3")], "quantity"),
        ({"quantity": Decimal(3)}, [fill("1"), fill("1.9")], [fill("1"), fill("2")], "quantity"),
        ({"delta": Decimal(2)}, [fill(delta="-1.9999")], [fill(delta="-2")], "delta"),
        ({"delta": Decimal(2)}, [fill(delta="5"), fill(delta="-3.5")], [fill(delta="5"), fill(delta="-3")], "delta"),
        ({"vega": Decimal(100)}, [fill(vega="99.99")], [fill(vega="60"), fill(vega="40")], "vega"),
        ({"trade_count": 2}, [fill()], [fill(), fill()], "trade_count"),
    ],
)
def test_a_limit_is_hit_when_it_is_reached(limits, below, reached, name):
    bounds = Limits(interval=MINUTE, **limits)
    assert protection.find_hit_of_fills(below, bounds, AT) is None
    hit = protection.find_hit_of_fills(reached, bounds, AT)
    assert hit is not None
    assert (hit.limit.value, hit.bound) == (name, Decimal(next(iter(limits.values()))))


def test_a_fill_leaves_the_window_exactly_at_its_end():
    bounds = Limits(interval=MINUTE, trade_count=1)
    assert protection.find_hit_of_fills([fill()], bounds, AT + MINUTE - TICK) is not None
    assert protection.find_hit_of_fills([fill()], bounds, AT + MINUTE) is None


def test_what_is_pending_hits_nothing_and_lets_nothing_more_be_accepted():
    bounds = Limits(interval=MINUTE, quantity=Decimal(3))
    pending = [fill("1"), fill("2", is_pending=True, seconds=1_000)]
    assert protection.find_hit_of_fills(pending, bounds, AT) is None
    assert protection.find_hit_of_accepts(pending, bounds, AT) is not None
    assert protection.find_hit_of_accepts(pending[:1], bounds, AT) is None


def test_pending_fills_of_both_signs_count_by_the_worst_that_may_stand():
    pending = [fill(delta="3", is_pending=True), fill(delta="-4", is_pending=True), fill(delta="1")]
    assert protection.usage(pending).delta == Decimal(4)


def test_no_interval_is_no_protection():
    bounds = Limits(interval=dt.timedelta(0), trade_count=1)
    assert protection.find_hit_of_accepts([fill(is_pending=True)] * 5, bounds, AT) is None


amounts = st.decimals(min_value=-50, max_value=50, places=3)
fills = st.lists(
    st.builds(
        lambda quantity, delta, vega, seconds, is_pending: fill(
            str(abs(quantity)), str(delta), str(vega), seconds, is_pending=is_pending
        ),
        amounts, amounts, amounts, st.integers(0, 120), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def naive_usage(window, bounds):
    """Every way in which the pending ones may end, tried."""
    standing = [one for one in window if not one.is_pending and one.at > AT - bounds.interval]
    pending = [one for one in window if one.is_pending]
    worst = {"quantity": Decimal(0), "delta": Decimal(0), "vega": Decimal(0), "trade_count": 0}
    for chosen in range(2 ** len(pending)):
        stand = standing + [one for index, one in enumerate(pending) if chosen >> index & 1]
        worst["quantity"] = max(worst["quantity"], sum((one.exposure.quantity for one in stand), start=Decimal(0)))
        worst["delta"] = max(worst["delta"], abs(sum((one.exposure.delta for one in stand), start=Decimal(0))))
        worst["vega"] = max(worst["vega"], abs(sum((one.exposure.vega for one in stand), start=Decimal(0))))
        worst["trade_count"] = max(worst["trade_count"], len(stand))
    return worst


@given(window=fills)
def test_usage_is_the_worst_of_every_way_in_which_pending_fills_may_end(window):
    bounds = Limits(interval=MINUTE)
    used = protection.usage(protection.in_window(window, bounds, AT))
    assert {name: getattr(used, name) for name in ("quantity", "delta", "vega", "trade_count")} == naive_usage(
        window, bounds
    )


@given(window=fills, quantity=st.integers(1, 200), count=st.integers(1, 12))
def test_in_whatever_order_admitted_fills_end_one_alone_carries_the_window_across(window, quantity, count):
    """Accepts are admitted one after the other while nothing is reached; then all of them stand."""
    bounds = Limits(interval=MINUTE, quantity=Decimal(quantity), trade_count=count)
    admitted = []
    for one in window:
        if protection.find_hit_of_accepts(admitted, bounds, AT) is None:
            admitted.append(WindowFill(exposure=one.exposure, at=AT, is_pending=True))
    but_last = protection.usage(admitted[:-1])
    assert but_last.quantity < bounds.quantity or not admitted[:-1]
    assert but_last.trade_count < count
