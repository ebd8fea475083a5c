"""An order beyond the money behind it: refused by the engine at the lot at which the pages say that margin ends."""

from decimal import Decimal

import pytest

from audit.models import AuditRecord
from common import clock
from common.actor import SYSTEM
from orders import services as orders_services
from risk import services
from settlement import services as settlement_services
from tests import builders
from tests.integration.risk.gate import MARK, NAME, WIDE, place, play, settle
from wire.client import CancelOrder
from wire.units import Side

pytestmark = pytest.mark.django_db


def most_lots(desk):
    """What the margin preview of the pages allows."""
    play()

    def is_allowed(lots):
        leg = services.PreviewLeg(instrument_name=NAME, signed_quantity=Decimal(lots), price=Decimal(MARK))
        figures = services.preview_margin(account_id=desk.account.id, legs=[leg], require_fresh=False).after
        return figures.initial_margin <= figures.equity

    lowest, beyond = 0, 10**6
    assert not is_allowed(beyond)
    while beyond - lowest > 1:
        middle = (lowest + beyond) // 2
        lowest, beyond = (middle, beyond) if is_allowed(middle) else (lowest, middle)
    return lowest


def test_passes_at_the_headroom_and_is_refused_one_lot_above(venue, perpetual, desk):
    lots = most_lots(desk)
    assert lots > 100
    accepted = place(venue, desk, perpetual, lots)
    assert accepted.state == "new"
    message = CancelOrder(command_id="c1", order_id=accepted.pk)
    orders_services.cancel_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    refused = place(venue, desk, perpetual, lots + 1)
    assert (refused.state, refused.reason, refused.reason_bound) == ("rejected", "margin_headroom", "0.00 USD")
    short = Decimal(refused.reason_value.removeprefix("margin after ").removesuffix(" USD"))
    assert -10 < short < 0
    record = AuditRecord.objects.filter(entity=f"order:{refused.pk}", action="order.rejected").get()
    assert record.reason == "margin_headroom"
    assert record.after["reason_value"] == refused.reason_value


def test_money_that_comes_in_is_headroom_at_once(venue, perpetual, desk):
    lots = most_lots(desk) + 1
    assert place(venue, desk, perpetual, lots).reason == "margin_headroom"
    settlement_services.deposit(
        account_id=desk.account.id, asset="USDC", amount=Decimal(100), at=clock.now(), command_id="more"
    )
    settle(venue)
    assert place(venue, desk, perpetual, lots).state == "new"


def test_what_works_counts_and_closing_always_passes(venue, perpetual, desk):
    lots = most_lots(desk)
    play()
    message = builders.limit_order(perpetual, desk.account, quantity=str(lots // 2), price=str(MARK + 10))
    orders_services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    assert venue.engine.positions()
    assert place(venue, desk, perpetual, lots // 2 + 2).reason == "margin_headroom"
    assert place(venue, desk, perpetual, lots // 2, Side.SELL).state == "new"


def test_an_account_without_money_opens_nothing(venue, perpetual):
    poor = builders.trading_firm()
    services.set_limits(account_id=poor.account.id, actor=SYSTEM, at=clock.now(), **WIDE)
    settle(venue)
    assert place(venue, poor, perpetual, 1).reason == "margin_headroom"
