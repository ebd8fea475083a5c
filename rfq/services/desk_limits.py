"""Bounds of firms on the desk, checked: rates, open RFQs, live quotes, and who may not trade with whom in law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection

from accounts import selectors as accounts_selectors
from common.errors import Conflict, Refusal
from rfq.domain import rates
from rfq.domain.execution import Plan
from rfq.domain.records import RfqRecord
from rfq.models import Acceptance, Quote, Rfq
from rfq.selectors.protection import desk_limits_of
from wire.units import QuoteState, RfqState

_EXECUTIONS, _QUOTES = 7_011, 7_012
"""First halves of advisory locks: one firm's trades, or its new quotes, are counted one after the other."""


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
