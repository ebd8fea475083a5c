"""What the tests of protections and sessions share."""

import pytest

from common.errors import Refusal
from rfq import selectors
from rfq.models import Quote
from tests.integration.rfq.world import CALL, leg, side
from wire import gateway

ONE = [leg(CALL)]
ASK = {"bid": None, "ask": side("0.0511")}


def ask(world, quantity="1", **changes):
    """An RFQ for one call with Cobalt's quote in it; (RFQ, quote)."""
    rfq_id = world.create(legs=ONE, quantity=quantity, **changes)
    return rfq_id, world.quote(rfq_id, **ASK)


def fill(world, rfq_id):
    for trade in selectors.get_record(rfq_id).trades:
        world.event(gateway.BlockReserved(reservation_id=trade.trade_id))


def refuse(world, rfq_id):
    trade = selectors.get_record(rfq_id).trades[0]
    world.event(
        gateway.BlockRefused(
            reservation_id=trade.trade_id, account_id=0, reason="kill_switch", value=0, bound=0, leg_index=0
        )
    )


def refused(call, *arguments, **keywords):
    with pytest.raises(Refusal) as caught:
        call(*arguments, **keywords)
    return caught.value


def quote_state(quote_id):
    row = Quote.objects.get(id=quote_id)
    return row.state, row.reason
