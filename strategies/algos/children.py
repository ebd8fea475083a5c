"""What every parent order does with its orders at work, whatever they are for."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from strategies.algos.inputs import Cancel
from strategies.algos.state import WorkingOrder
from wire.units import NANOSECONDS_PER_SECOND

RETRY_WAIT_MAX_S = 32
"""What was refused and must be sent is sent again after 1 s, 2 s, 4 s and so on up to this."""

Order = TypeVar("Order", bound=WorkingOrder)


def find_child(children: Iterable[Order], number: int) -> Order | None:
    return next((child for child in children if child.number == number), None)


def change_child(children: Iterable[Order], number: int, **changes: object) -> tuple[Order, ...]:
    """One of them is something else from now on; of one that is gone nothing changes."""
    return tuple(msgspec.structs.replace(child, **changes) if child.number == number else child for child in children)


def restate_child(children: Iterable[Order], number: int, leaves_lots: int) -> tuple[Order, ...]:
    """One of them may trade only so much more."""
    return tuple(
        msgspec.structs.replace(child, lots=child.filled_lots + leaves_lots) if child.number == number else child
        for child in children
    )


def ask_cancels(children: tuple[Order, ...], due: Iterable[Order]) -> tuple[tuple[Order, ...], tuple[Cancel, ...]]:
    """(all of them as they are then, the cancels of those ``due``): each asked once, and only once it has an order."""
    numbers = sorted(child.number for child in due if child.order_id and not child.is_cancel_asked)
    for number in numbers:
        children = change_child(children, number, is_cancel_asked=True)
    return children, tuple(Cancel(child=number) for number in numbers)


def retry_wait_ns(rejected_in_a_row: int) -> int:
    """From a refusal to the next try."""
    return min(1 << min(rejected_in_a_row - 1, 10), RETRY_WAIT_MAX_S) * NANOSECONDS_PER_SECOND
