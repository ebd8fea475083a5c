"""Pass on an RFQ, and tell its taker once the grace is over."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import roles
from audit import services as audit
from common import db
from common.actor import Actor
from common.errors import Conflict, NotAllowed
from makers import selectors
from makers.models import RfqPass
from rfq import selectors as rfq_selectors
from rfq import services as rfq_services
from rfq.selectors import audience
from rfq.services import commands
from streams import services as streams
from wire.client import CancelQuote, PassRfq
from wire.facts_makers import RfqPassed
from wire.units import QuoteState, RfqState

if TYPE_CHECKING:
    from accounts.models import User

TOLD_AT_ONCE_MAX = 200
"""Passes that one run of the timer tells; the next run takes the rest."""


def pass_rfq(*, user: User, actor: Actor, message: PassRfq, at: dt.datetime) -> int:
    """The firm does not quote, for a reason that it and compliance keep; returns the RFQ's id.

    A quote that stands is withdrawn. The firm may still quote later.
    """
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _pass(user, actor, message, at))


def tell_takers(at: dt.datetime) -> int:
    """Tell each taker whose grace is over who passes; returns how many passes were told."""
    rows = selectors.list_untold(TOLD_AT_ONCE_MAX)
    if not rows:
        return 0
    with db.unit_of_work():
        ids = [row.id for row in rows]
        mine = set(RfqPass.objects.select_for_update().filter(id__in=ids, is_told=False).values_list("id", flat=True))
        RfqPass.objects.filter(id__in=mine).update(is_told=True)
        told = [row for row in rows if row.id in mine]
        takers = audience.takers_of({row.rfq_id for row in told})
        for row, view in zip(told, selectors.told_pass_views(told), strict=True):
            streams.publish_fact(firm_id=takers[row.rfq_id], fact=RfqPassed(rfq_pass=view))
    return len(told)


def _pass(user: User, actor: Actor, message: PassRfq, at: dt.datetime) -> int:
    rfq = rfq_selectors.get_record(message.rfq_id)
    firm_id = user.firm_id or 0
    if firm_id not in rfq.maker_firm_ids:
        raise rfq_selectors.not_found(message.rfq_id)
    if not roles.may_trade(user):
        raise NotAllowed("role", "Only makers and traders pass.", value=user.role, bound="client")
    if rfq.state is not RfqState.OPEN:
        raise Conflict("rfq_not_open", "The RFQ is no longer open.", value=rfq.state.value, bound="open")
    earlier = RfqPass.objects.filter(rfq_id=rfq.rfq_id, maker_firm_id=firm_id).first()
    row, _ = RfqPass.objects.update_or_create(
        rfq_id=rfq.rfq_id,
        maker_firm_id=firm_id,
        defaults={"reason": message.reason.value, "at": at, "is_told": earlier is not None and earlier.is_told},
    )
    audit.record(
        stream=f"firm:{firm_id}",
        action="rfq.passed",
        entity=f"rfq:{rfq.rfq_id}",
        actor=actor,
        at=at,
        before={"reason": earlier.reason} if earlier else None,
        after={"reason": row.reason},
        command_id=message.command_id,
        reason=row.reason,
    )
    # Before the withdrawal: an auto-quoter that saw the quote gone first would quote again.
    streams.publish_fact(firm_id=firm_id, fact=RfqPassed(rfq_pass=selectors.own_pass_view(row)))
    quote = rfq.find_quote_of(firm_id)
    if quote is not None and quote.state is QuoteState.ACTIVE:
        withdrawal = CancelQuote(command_id=f"{message.command_id[:50]}.withdraw", quote_id=quote.quote_id)
        rfq_services.cancel_quote(user=user, actor=actor, message=withdrawal, at=at)
    return rfq.rfq_id
