import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain import lifecycle
from orders.domain.lifecycle import OrderStatus, placed
from wire.units import OrderState

STEPS = {
    "accept": lifecycle.accept,
    "reject": lambda status: lifecycle.reject(status, reason="position", value="7", bound="5"),
    "fill3": lambda status: lifecycle.execute(status, cumulative_lots=3, leaves_lots=7),
    "fill5": lambda status: lifecycle.execute(status, cumulative_lots=5, leaves_lots=5),
    "fill10": lambda status: lifecycle.execute(status, cumulative_lots=10, leaves_lots=0),
    "cancel": lambda status: lifecycle.cancel(
        status, reason="requested", cumulative_lots=status.cumulative_lots, canceled_lots=10 - status.cumulative_lots
    ),
    "cancel5": lambda status: lifecycle.cancel(status, reason="requested", cumulative_lots=5, canceled_lots=5),
    "expire": lambda status: lifecycle.cancel(status, reason="expired", cumulative_lots=0, canceled_lots=10),
    "ask": lifecycle.request_cancel,
    "refuse_cancel": lambda status: lifecycle.reject_cancel(status, reason="unknown_order"),
    "silence": lifecycle.lose_sight,
}


def after(*names, status=None):
    status = status or placed(10)
    for name in names:
        status = STEPS[name](status)
    return status


@pytest.mark.parametrize(
    ("steps", "state", "cumulative", "canceled", "leaves"),
    [
        ([], "pending_new", 0, 0, 10),
        (["accept"], "new", 0, 0, 10),
        (["reject"], "rejected", 0, 10, 0),
        (["accept", "fill3"], "partially_filled", 3, 0, 7),
        (["accept", "fill3", "fill10"], "filled", 10, 0, 0),
        (["accept", "cancel"], "canceled", 0, 10, 0),
        (["accept", "fill3", "cancel"], "canceled", 3, 7, 0),
        (["accept", "expire"], "expired", 0, 10, 0),
        (["ask"], "pending_cancel", 0, 0, 10),
        (["ask", "accept"], "pending_cancel", 0, 0, 10),
        (["accept", "ask", "fill3"], "pending_cancel", 3, 0, 7),
        (["accept", "ask", "fill10"], "filled", 10, 0, 0),
        (["accept", "ask", "cancel"], "canceled", 0, 10, 0),
        (["accept", "ask", "refuse_cancel"], "new", 0, 0, 10),
        (["accept", "fill3", "ask", "refuse_cancel"], "partially_filled", 3, 0, 7),
        (["silence"], "unknown", 0, 0, 10),
        (["silence", "accept"], "new", 0, 0, 10),
        (["silence", "reject"], "rejected", 0, 10, 0),
        (["silence", "fill10"], "filled", 10, 0, 0),
        (["silence", "ask"], "pending_cancel", 0, 0, 10),
        (["accept", "silence"], "new", 0, 0, 10),
        (["accept", "ask", "silence"], "unknown", 0, 0, 10),
        (["accept", "ask", "silence", "fill3"], "pending_cancel", 3, 0, 7),
        (["accept", "ask", "silence", "cancel"], "canceled", 0, 10, 0),
        # repeated, late and out of order
        (["accept", "accept"], "new", 0, 0, 10),
        (["accept", "fill5", "fill3"], "partially_filled", 5, 0, 5),
        (["accept", "fill3", "fill3"], "partially_filled", 3, 0, 7),
        (["fill3", "accept"], "partially_filled", 3, 0, 7),
        (["fill10", "accept"], "filled", 10, 0, 0),
        (["accept", "cancel5", "fill5"], "canceled", 5, 5, 0),
        (["accept", "cancel5", "fill3"], "canceled", 5, 5, 0),
        (["accept", "cancel", "cancel5", "accept", "reject", "ask", "silence"], "canceled", 0, 10, 0),
        (["reject", "accept", "ask"], "rejected", 0, 10, 0),
        (["accept", "fill3", "reject"], "partially_filled", 3, 0, 7),
        (["accept", "refuse_cancel"], "new", 0, 0, 10),
    ],
)
def test_events_move_the_order(steps, state, cumulative, canceled, leaves):
    status = after(*steps)
    found = (status.state.value, status.cumulative_lots, status.canceled_lots, status.leaves_lots)
    assert found == (state, cumulative, canceled, leaves)


def test_reasons_are_kept():
    status = after("reject")
    assert (status.reason, status.reason_value, status.reason_bound) == ("position", "7", "5")
    assert after("accept", "cancel").reason == "requested"


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=15))
def test_quantities_always_add_up_and_ends_are_final(names):
    status = placed(10)
    for name in names:
        try:
            following = STEPS[name](status)
        except AssertionError:
            continue  # an event that contradicts a newer one
        assert following.leaves_lots + following.cumulative_lots + following.canceled_lots == 10
        assert following.cumulative_lots >= status.cumulative_lots
        if status.is_terminal:
            assert following == status
        assert STEPS[name](following) == following
        status = following


@pytest.mark.parametrize(
    ("state", "cumulative", "canceled"),
    [("new", 10, 0), ("filled", 9, 1), ("canceled", 3, 3), ("new", -1, 0), ("partially_filled", 8, 3), ("rejected", 0, 0)],
)
def test_impossible_standings_cannot_be_made(state, cumulative, canceled):
    with pytest.raises(AssertionError):
        OrderStatus(state=OrderState(state), quantity_lots=10, cumulative_lots=cumulative, canceled_lots=canceled)
