"""What may be taken of a request at a venue, and what became of an acceptance."""

from decimal import Decimal

import pytest

from common.errors import Refusal
from orders.domain.venue_rfqs import acceptance_state, check_takable
from wire.units import OrderState, Side
from wire.venue_rfqs import VenueQuote, VenueRfqState

TICK = Decimal("0.0005")


def quote(price: str, quantity: str = "10", *, is_all_or_none: bool = False) -> VenueQuote:
    return VenueQuote(price=Decimal(price), quantity=Decimal(quantity), is_all_or_none=is_all_or_none)


@pytest.mark.parametrize(("legs", "expected"), [
    ([(OrderState.FILLED, 10), (OrderState.FILLED, 20)], "filled"),
    ([(OrderState.FILLED, 10), (OrderState.PENDING_NEW, 0)], "accepting"),
    ([(OrderState.REJECTED, 0), (OrderState.UNKNOWN, 0)], "accepting"),
    ([(OrderState.FILLED, 10), (OrderState.PARTIALLY_FILLED, 5)], "accepting"),
    ([(OrderState.REJECTED, 0), (OrderState.REJECTED, 0)], "refused"),
    ([(OrderState.FILLED, 10), (OrderState.REJECTED, 0)], "uneven"),
    ([(OrderState.CANCELED, 3), (OrderState.REJECTED, 0)], "uneven"),
    ([(OrderState.CANCELED, 3), (OrderState.CANCELED, 3)], "uneven"),
])  # fmt: skip
def test_an_acceptance_is_what_its_legs_are_together(legs, expected):
    assert acceptance_state([(state, Decimal(executed)) for state, executed in legs]) == expected


@pytest.mark.parametrize(("side", "quotes", "price", "best"), [
    (Side.BUY, [quote("0.02"), quote("0.021")], "0.02", "0.02"),
    (Side.SELL, [quote("0.02"), quote("0.019")], "0.019", "0.02"),
    (Side.BUY, [quote("0.02", "4"), quote("0.021", "6")], "0.03", "0.02"),
    (Side.BUY, [quote("-0.01")], "0.04", "-0.01"),
    (Side.SELL, [quote("60000")], "54000", "60000"),
])  # fmt: skip
def test_what_is_quoted_for_the_whole_quantity_may_be_taken(side, quotes, price, best):
    assert check_takable(VenueRfqState.OPEN, quotes, Decimal(10), side, Decimal(price), TICK) == Decimal(best)


@pytest.mark.parametrize(("side", "quotes", "price", "reason"), [
    (Side.BUY, [], "0.02", "no_quote"),
    (Side.BUY, [quote("0.02", "4"), quote("0.021", "5")], "0.03", "no_quote"),
    (Side.BUY, [quote("0.02", "4"), quote("0.021", "6", is_all_or_none=True)], "0.03", "no_quote"),
    (Side.BUY, [quote("0.02")], "0.0199", "price_not_crossing"),
    (Side.SELL, [quote("0.02")], "0.0201", "price_not_crossing"),
    (Side.BUY, [quote("0.02")], "0.0701", "price_too_far"),
    (Side.SELL, [quote("-0.01")], "-0.0601", "price_too_far"),
    (Side.SELL, [quote("60000")], "53999", "price_too_far"),
])  # fmt: skip
def test_what_cannot_be_taken_is_refused_by_name(side, quotes, price, reason):
    with pytest.raises(Refusal) as refused:
        check_takable(VenueRfqState.OPEN, quotes, Decimal(10), side, Decimal(price), TICK)
    assert refused.value.reason == reason
