"""What becomes of an order: one state machine for every transport.

leaves + cumulative + canceled = quantity, always. The gateway's events are the truth; one that comes twice, late or
out of order changes nothing that a newer one has said.
"""

import dataclasses

from wire.units import TERMINAL_ORDER_STATES, OrderState

AWAITING_STATES = frozenset({OrderState.PENDING_NEW, OrderState.PENDING_CANCEL})
"""States in which an answer of the gateway is due."""
EXPIRED_REASONS = frozenset({"expired"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderStatus:
    """Where an order stands. Quantities are lots; canceled counts everything that will not trade any more."""

    state: OrderState
    quantity_lots: int
    cumulative_lots: int = 0
    canceled_lots: int = 0
    is_cancel_requested: bool = False
    reason: str = ""
    reason_value: str = ""
    reason_bound: str = ""

    def __post_init__(self) -> None:
        assert self.quantity_lots > 0
        assert min(self.cumulative_lots, self.canceled_lots, self.leaves_lots) >= 0, f"quantities of {self}"
        assert self.is_terminal == (self.leaves_lots == 0), f"an order ends exactly when nothing is left: {self}"
        assert (self.state is OrderState.FILLED) == (self.cumulative_lots == self.quantity_lots), f"filled: {self}"

    @property
    def leaves_lots(self) -> int:
        return self.quantity_lots - self.cumulative_lots - self.canceled_lots

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL_ORDER_STATES


def placed(quantity_lots: int) -> OrderStatus:
    """A new order, on its way to the gateway."""
    return OrderStatus(state=OrderState.PENDING_NEW, quantity_lots=quantity_lots)


def accept(status: OrderStatus) -> OrderStatus:
    """The gateway has the order."""
    if status.is_terminal:
        return status
    return dataclasses.replace(status, state=_working_state(status))


def restate(status: OrderStatus, *, quantity_lots: int) -> OrderStatus:
    """The order is for more or fewer lots from now on: amended, or cut by the engine."""
    if status.is_terminal or quantity_lots <= status.cumulative_lots + status.canceled_lots:
        return status
    return dataclasses.replace(status, quantity_lots=quantity_lots, reason="", reason_value="", reason_bound="")


def reject_amend(status: OrderStatus, *, reason: str, value: str, bound: str) -> OrderStatus:
    """The order stays what it was, and says why."""
    if status.is_terminal:
        return status
    why = f"amend rejected: {reason}"
    return dataclasses.replace(status, reason=why, reason_value=value, reason_bound=bound)


def reject(status: OrderStatus, *, reason: str, value: str, bound: str) -> OrderStatus:
    """The gateway refused the order; one that worked already cannot be refused any more."""
    if status.is_terminal or status.cumulative_lots:
        return status
    return dataclasses.replace(
        status,
        state=OrderState.REJECTED,
        canceled_lots=status.quantity_lots,
        reason=reason,
        reason_value=value,
        reason_bound=bound,
    )


def execute(status: OrderStatus, *, cumulative_lots: int, leaves_lots: int) -> OrderStatus:
    """A fill after which ``cumulative_lots`` have traded and ``leaves_lots`` still work."""
    assert 0 < cumulative_lots <= status.quantity_lots
    assert leaves_lots >= 0
    assert cumulative_lots + leaves_lots <= status.quantity_lots, "more traded and left than was ordered"
    if cumulative_lots <= status.cumulative_lots or status.is_terminal:
        return status
    if cumulative_lots == status.quantity_lots:
        return dataclasses.replace(status, state=OrderState.FILLED, cumulative_lots=cumulative_lots, canceled_lots=0)
    traded = dataclasses.replace(status, cumulative_lots=cumulative_lots, state=OrderState.PARTIALLY_FILLED)
    return dataclasses.replace(traded, state=_working_state(traded))


def cancel(status: OrderStatus, *, reason: str, cumulative_lots: int, canceled_lots: int) -> OrderStatus:
    """What was left is canceled; the event also says how much had traded before."""
    assert cumulative_lots + canceled_lots == status.quantity_lots, "a cancel accounts for the whole quantity"
    if status.is_terminal or not canceled_lots:
        return status
    assert cumulative_lots >= status.cumulative_lots, "a cancel knows every fill before it"
    state = OrderState.EXPIRED if reason in EXPIRED_REASONS else OrderState.CANCELED
    return dataclasses.replace(
        status, state=state, cumulative_lots=cumulative_lots, canceled_lots=canceled_lots, reason=reason
    )


def request_cancel(status: OrderStatus) -> OrderStatus:
    """The client asks for a cancel; of an order that ended nothing is asked."""
    if status.is_terminal:
        return status
    return dataclasses.replace(status, state=OrderState.PENDING_CANCEL, is_cancel_requested=True)


def reject_cancel(status: OrderStatus, *, reason: str) -> OrderStatus:
    """The gateway did not cancel: the order works on."""
    if status.is_terminal or not status.is_cancel_requested:
        return status
    kept = dataclasses.replace(status, is_cancel_requested=False, reason=f"cancel rejected: {reason}")
    return dataclasses.replace(kept, state=_working_state(kept))


def lose_sight(status: OrderStatus) -> OrderStatus:
    """Nobody answered in time: until an event says so, the state is unknown."""
    if status.state not in AWAITING_STATES:
        return status
    return dataclasses.replace(status, state=OrderState.UNKNOWN)


def _working_state(status: OrderStatus) -> OrderState:
    if status.is_cancel_requested:
        return OrderState.PENDING_CANCEL
    return OrderState.PARTIALLY_FILLED if status.cumulative_lots else OrderState.NEW
