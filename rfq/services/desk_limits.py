"""Bounds of firms on the desk: rates, open RFQs, live quotes, and who may not trade with whom in law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from django.db import connection

from accounts import roles
from accounts import selectors as accounts_selectors
from audit import services as audit
from common.actor import Actor
from common.errors import Conflict, NotAllowed, Refusal
from rfq.domain import rates
from rfq.domain.execution import Plan
from rfq.domain.records import RfqRecord
from rfq.models import Acceptance, DeskLimits, Quote, Rfq
from rfq.selectors.protection import desk_limits_of, desk_limits_view
from rfq.services import commands
from streams import services as streams
from wire.client_protection import SetDeskLimits
from wire.facts import DeskLimitsChanged
from wire.units import QuoteState, RfqState

if TYPE_CHECKING:
    from accounts.models import User

BAND_PERCENT_MAX = Decimal(1_000)
_EXECUTIONS, _QUOTES = 7_011, 7_012
"""First halves of advisory locks: one firm's trades, or its new quotes, are counted one after the other."""


def set_desk_limits(*, user: User, actor: Actor, message: SetDeskLimits, at: dt.datetime) -> int:
    """In force at once; only an administrator. Returns the firm's id. Raises NotAllowed, NotFound, Refusal."""
    if not roles.is_admin(user):
        raise NotAllowed("not_authorized", "Only an admin sets the bounds of firms.", value=user.role, bound="admin")
    return commands.once(user_id=user.id, message=message, entity="firm", act=lambda: _set(actor, message, at))


def check_create(firm_id: int, at: dt.datetime) -> None:
    """Refuses ``rfq_rate`` and ``rfq_open_count``. The firm's requests are counted by nobody else meanwhile."""
    bounds = desk_limits_of(firm_id)
    mine = Rfq.objects.filter(taker_firm_id=firm_id)
    newest = mine.filter(created_at__gt=at - rates.MINUTE).order_by("-created_at")
    times = list(newest.values_list("created_at", flat=True)[: bounds.create_per_minute_max])
    rates.check_rate("rfq_rate", "RFQs", times, bounds.create_per_minute_max, at)
    live = mine.filter(state__in=[RfqState.OPEN.value, RfqState.PENDING_FILL.value]).count()
    if live >= bounds.open_rfqs_max:
        raise Refusal("rfq_open_count", "Too many open RFQs.", value=live + 1, bound=bounds.open_rfqs_max)


def check_execute(firm_id: int, at: dt.datetime) -> None:
    """Refuses ``execute_rate``; counted are trades that were asked of the gateway, whatever it answered."""
    _lock(_EXECUTIONS, firm_id)
    bound = desk_limits_of(firm_id).execute_per_minute_max
    mine = Acceptance.objects.filter(rfq__taker_firm_id=firm_id, accepted_at__gt=at - rates.MINUTE)
    times = list(mine.order_by("-accepted_at").values_list("accepted_at", flat=True)[:bound])
    rates.check_rate("execute_rate", "trades", times, bound, at)


def check_live_quotes(firm_id: int, bound: int) -> None:
    """Refuses ``live_quotes``: one more active quote than the firm may have. Others of the firm wait meanwhile."""
    _lock(_QUOTES, firm_id)
    live = Quote.objects.filter(maker_firm_id=firm_id, state=QuoteState.ACTIVE.value).count()
    if live >= bound:
        raise Refusal("live_quotes", "Too many live quotes.", value=live + 1, bound=bound)


def check_entities(maker_firm_ids: Iterable[int], taker_firm_id: int) -> None:
    """Refuses ``same_legal_entity`` where a maker that was named belongs to the taker's legal entity."""
    same = accounts_selectors.firms_of_same_entity(taker_firm_id)
    for firm_id in maker_firm_ids:
        if firm_id in same:
            raise Conflict("same_legal_entity", "This maker is of your own legal entity.", value=firm_id)


def find_same_entity(rfq: RfqRecord, plan: Plan) -> dict[int, Refusal]:
    """By quote id, of planned makers that have come into the taker's legal entity since they were asked.

    Of an anonymous maker that would say who it is: it cannot trade now, and why is not the taker's to know.
    """
    why = Conflict("same_legal_entity", "This maker is of your own legal entity.")
    if rfq.are_makers_anonymous:
        why = Conflict("maker_stopped", "The maker cannot trade now.")
    same = accounts_selectors.firms_of_same_entity(rfq.taker_firm_id)
    planned = {fill.quote_id for fill in plan.fills}
    return {quote.quote_id: why for quote in rfq.quotes if quote.maker_firm_id in same and quote.quote_id in planned}


def _lock(space: int, firm_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [space, firm_id])


def _set(actor: Actor, message: SetDeskLimits, at: dt.datetime) -> int:
    firm = accounts_selectors.get_firm(message.firm_id)
    percent = Decimal(message.band_percent)
    if percent > BAND_PERCENT_MAX:
        raise Refusal("band_percent", "No band is that wide.", value=percent, bound=BAND_PERCENT_MAX)
    row = DeskLimits.objects.select_for_update(no_key=True).filter(firm_id=firm.pk).first()
    was = None if row is None else msgspec.to_builtins(desk_limits_view(row))
    row = row or DeskLimits(firm_id=firm.pk)
    for name in (*_COUNTS, "is_band_confirmable"):
        setattr(row, name, getattr(message, name))
    row.band_percent = percent
    row.save()
    view = desk_limits_view(row)
    audit.record(
        stream=f"firm:{firm.pk}",
        action="desk_limits.set",
        entity=f"firm:{firm.pk}",
        actor=actor,
        at=at,
        before=was,
        after=msgspec.to_builtins(view),
        command_id=message.command_id,
    )
    streams.publish_fact(firm_id=firm.pk, fact=DeskLimitsChanged(desk_limits=view))
    return firm.pk


_COUNTS = ("create_per_minute_max", "execute_per_minute_max", "open_rfqs_max", "live_quotes_max", "band_ticks")
