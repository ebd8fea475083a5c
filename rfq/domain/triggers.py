"""The taker's resting limits: hidden from every maker, one per side; the RFQ trades when quotes reach one."""

import dataclasses
import datetime as dt
from decimal import Decimal

from common.errors import Conflict, Refusal
from rfq.domain.allocation import allocate, size_step
from rfq.domain.execution import standing
from rfq.domain.records import RfqRecord, TriggerRecord
from rfq.domain.rules import rule
from rfq.domain.transitions import check_open
from wire.negotiation import TriggerState
from wire.units import RfqState, Side

REASON_REQUESTED = "requested"


@rule
def set_trigger(rfq: RfqRecord, *, trigger: TriggerRecord, at: dt.datetime) -> RfqRecord:
    """It takes the place of the one on the same side. Allowed in the grace: it can fire at the end of that."""
    check_open(rfq, at)
    if rfq.side not in (None, trigger.side):
        raise Refusal("side_not_asked", "The RFQ asks for the other side.", value=trigger.side.value, bound=rfq.side)
    others = tuple(each for each in rfq.triggers if each.side is not trigger.side)
    return dataclasses.replace(rfq, triggers=(*others, trigger))


@rule
def cancel_trigger(rfq: RfqRecord, *, side: Side, reason: str = REASON_REQUESTED) -> RfqRecord:
    """Refuses ``no_trigger`` where none rests on that side."""
    resting = rfq.find_trigger(side)
    if resting is None:
        raise Conflict("no_trigger", "No trigger rests on this side.", value=side.value)
    ended = dataclasses.replace(resting, state=TriggerState.CANCELED, reason=reason)
    triggers = tuple(ended if each is resting else each for each in rfq.triggers)
    return dataclasses.replace(rfq, triggers=triggers)


def list_crossed(rfq: RfqRecord, *, at: dt.datetime) -> list[TriggerRecord]:
    """Those for which the standing quotes fill the whole size within the limit, the older first."""
    if rfq.state is not RfqState.OPEN or not rfq.tradable_at <= at < rfq.expires_at:
        return []
    resting = (each for each in rfq.triggers if each.state is TriggerState.UNTRIGGERED)
    in_order = sorted(resting, key=lambda each: (each.created_at, each.trigger_id))
    return [each for each in in_order if _fills(rfq, each.side, each.limit_price, at)]


def _fills(rfq: RfqRecord, side: Side, limit_price: Decimal, at: dt.datetime) -> bool:
    offers = standing(rfq, side=side, limit_price=limit_price, at=at)
    step = size_step(rfq.legs)
    return bool(offers) and allocate(offers, side=side, quantity=rfq.quantity, step=step) is not None
