"""The taker's side: ask makers for a price, and withdraw the request."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from accounts import roles
from accounts import selectors as accounts_selectors
from common.actor import Actor
from common.errors import NotAllowed
from rfq import publishers, selectors
from rfq.domain import negotiation
from rfq.domain.audience import check_anonymous, choose_makers, draw_aliases
from rfq.domain.records import LegRecord
from rfq.models import Rfq, RfqAllocation, RfqInvitation, RfqLeg
from rfq.services import changes, commands, desk_limits
from rfq.services.hedges import check_hedge_price
from rfq.services.terms import CheckedTerms, check_terms
from wire.client import CancelRfq, CreateRfq, RfqTerms
from wire.units import Audience

if TYPE_CHECKING:
    from accounts.models import User

_ADVISORY_SPACE = 7_001
"""First half of the advisory lock that one taker firm's creations wait for, so that its caps hold exactly."""
_lots = random.SystemRandom()


def create_rfq(*, user: User, actor: Actor, message: CreateRfq, at: dt.datetime) -> int:
    """Ask makers for a firm quote; returns the RFQ's id."""
    check_may_ask(user)
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: open_rfq(user, actor, message, at))


def cancel_rfq(*, user: User, actor: Actor, message: CancelRfq, at: dt.datetime) -> int:
    """Withdraw an open RFQ and with it every quote; returns the RFQ's id."""
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _cancel(user, actor, message, at))


def check_may_ask(user: User) -> None:
    if not roles.is_trader(user):
        raise NotAllowed("role", "Only traders ask for quotes.", value=user.role, bound="trader")


def check_taker(user: User, taker_firm_id: int, maker_firm_ids: Sequence[int], rfq_id: int) -> None:
    """Outsiders learn nothing; the other parties learn that this is the taker's to do."""
    if user.firm_id == taker_firm_id and roles.is_trader(user):
        return
    if user.firm_id == taker_firm_id or user.firm_id in maker_firm_ids:
        raise NotAllowed("not_the_taker", "Only a trader of the firm that asked can do this.", value=user.role)
    raise selectors.not_found(rfq_id)


def open_rfq(user: User, actor: Actor, message: RfqTerms, at: dt.datetime, *, rfq_id: int | None = None) -> int:
    """Send a request to its makers, inside a unit of work. rfq_id: the draft's whose life goes on."""
    terms = check_terms(user, message)
    makers = ask_makers(message, terms.account.firm_id)
    check_anonymous(len(makers), is_taker_anonymous=message.is_taker_anonymous)
    check_hedge_price(terms.legs)
    lock_firm(terms.account.firm_id)
    desk_limits.check_create(terms.account.firm_id, at)
    rfq = _insert(user, message, terms, at, rfq_id or changes.next_id("rfq_rfq"))
    RfqLeg.objects.bulk_create(_leg_row(rfq.id, index, leg) for index, leg in enumerate(terms.legs))
    RfqAllocation.objects.bulk_create(
        RfqAllocation(rfq_id=rfq.id, account_id=share.account_id, quantity=share.quantity)
        for share in terms.allocations
    )
    RfqInvitation.objects.bulk_create(
        RfqInvitation(rfq_id=rfq.id, maker_firm_id=firm_id, alias_number=number)
        for firm_id, number in zip(makers, draw_aliases(len(makers), _lots), strict=True)
    )
    cause = publishers.Cause(action="rfq.created", actor=actor, at=at, command_id=message.command_id)
    changes.write_new(selectors.get_record(rfq.id), cause)
    return rfq.id


def ask_makers(message: RfqTerms, own_firm_id: int) -> list[int]:
    """Firm ids of the makers that the request's audience comes to now."""
    group_id = message.maker_group_id
    same = accounts_selectors.firms_of_same_entity(own_firm_id)
    is_open = message.audience is Audience.ALL
    makers = choose_makers(
        message.audience,
        chosen=message.maker_firm_ids,
        group=None if group_id is None else selectors.get_maker_group(own_firm_id, group_id).maker_firm_ids,
        eligible={firm.id for firm in accounts_selectors.maker_firms()} - (same if is_open else set()),
        own_firm_id=own_firm_id,
    )
    desk_limits.check_entities(makers, own_firm_id)
    return makers


def lock_firm(firm_id: int) -> None:
    """Until the transaction ends no other of the firm counts its requests, drafts or groups."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ADVISORY_SPACE, firm_id])


def _insert(user: User, message: RfqTerms, terms: CheckedTerms, at: dt.datetime, rfq_id: int) -> Rfq:
    return Rfq.objects.create(
        id=rfq_id,
        taker_firm_id=terms.account.firm_id,
        account_id=terms.account.id,
        user_id=user.id,
        label=message.label,
        structure=terms.structure,
        quote_currency=terms.quote_currency,
        quantity=terms.quantity,
        side=message.side.value if message.side else "",
        audience=message.audience.value,
        is_taker_anonymous=message.is_taker_anonymous,
        are_makers_anonymous=message.are_makers_anonymous,
        created_at=at,
        tradable_at=at + dt.timedelta(milliseconds=settings.RFQ_GRACE_MS),
        expires_at=at + dt.timedelta(seconds=message.life_seconds),
        updated_at=at,
    )


def _leg_row(rfq_id: int, index: int, leg: LegRecord) -> RfqLeg:
    return RfqLeg(
        rfq_id=rfq_id,
        leg_index=index,
        instrument_id=leg.instrument_id,
        side=leg.side.value,
        ratio=leg.ratio,
        is_hedge=leg.is_hedge,
        fixed_price=leg.fixed_price,
    )


def _cancel(user: User, actor: Actor, message: CancelRfq, at: dt.datetime) -> int:
    before = changes.get_locked_by(message.rfq_id, user.firm_id)
    check_taker(user, before.taker_firm_id, before.maker_firm_ids, before.rfq_id)
    after = negotiation.cancel_rfq(before, at=at)
    cause = publishers.Cause(action="rfq.canceled", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return before.rfq_id
