"""The rule of last look: one tolerance for either side, so that a maker cannot keep only what moved in its favor."""

from decimal import Decimal

from common.errors import Conflict, Refusal
from rfq.domain.records import LastLookRecord
from wire.negotiation import LastLookReason

MOVE_DIGITS = 4


def moved_basis_points(look: LastLookRecord, value: Decimal | None) -> Decimal | None:
    """How far the structure's value moved since the accept, in basis points of one underlying; None without marks."""
    if value is None or look.reference_value is None or not look.unit_value:
        return None
    return round((value - look.reference_value) / look.unit_value * 10_000, MOVE_DIGITS)


def judge(
    look: LastLookRecord, moved: Decimal | None, *, is_confirmed: bool, reason: LastLookReason | None
) -> LastLookReason | None:
    """Why the trade is rejected; None where it stands.

    Beyond the tolerance it is rejected whatever the maker says. Within it the maker may still reject for a reason of
    its own, but not on price: that is refused as ``within_tolerance`` and the answer remains open.
    """
    if is_confirmed and reason is not None:
        raise Refusal("reason", "A quote that is confirmed has no reason.", value=reason.value)
    if not is_confirmed and reason is None:
        raise Refusal("reason", "Taking a price back needs a reason.", bound=", ".join(LastLookReason))
    if moved is not None and abs(moved) > look.tolerance_basis_points:
        return LastLookReason.PRICE_TOLERANCE
    if reason is LastLookReason.PRICE_TOLERANCE and moved is not None:
        raise Conflict(
            "within_tolerance",
            "The market has not left the tolerance.",
            value=f"{abs(moved)} bp",
            bound=f"{look.tolerance_basis_points} bp",
        )
    return reason
