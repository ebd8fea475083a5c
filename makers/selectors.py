"""Reads of the makers' desk, each for one firm."""

from collections.abc import Sequence

import msgspec
from django.db.models import F, QuerySet

from common import clock
from makers.models import Counterparty, Decision, Quoter, RfqPass
from rfq.selectors import audience
from wire.quoting import (
    COUNTERPARTIES_MAX,
    CounterpartyStatistics,
    KeptDecision,
    PassView,
    QuoteDecision,
    QuoterView,
    QuotingParameters,
)

PASSES_SHOWN_MAX = 500
DECISIONS_SHOWN_MAX = 50


def find_quoter(firm_id: int) -> QuoterView | None:
    row = Quoter.objects.select_related("changed_by").filter(firm_id=firm_id).first()
    return None if row is None else quoter_view(row)


def get_quoter(firm_id: int) -> QuoterView:
    """Version 0, of defaults, where nothing was set."""
    return find_quoter(firm_id) or QuoterView(
        firm_id=firm_id,
        version=0,
        parameters=QuotingParameters(),
        changed_at_ns=0,
        changed_by="",
        version_in_force=0,
        in_force_at_ns=0,
    )


def quoter_view(row: Quoter) -> QuoterView:
    return QuoterView(
        firm_id=row.firm_id,
        version=row.version,
        parameters=msgspec.convert(row.parameters, QuotingParameters),
        changed_at_ns=clock.to_ns(row.changed_at),
        changed_by=row.changed_by.username if row.changed_by else "",
        version_in_force=row.version_in_force,
        in_force_at_ns=clock.to_ns(row.in_force_at) if row.in_force_at else 0,
    )


def list_counterparties(firm_id: int) -> list[CounterpartyStatistics]:
    """The most quoted first."""
    rows = Counterparty.objects.filter(firm_id=firm_id).order_by("-quotes", "taker_firm_id")[:COUNTERPARTIES_MAX]
    return [counterparty_view(row) for row in rows]


def counterparty_view(row: Counterparty) -> CounterpartyStatistics:
    return CounterpartyStatistics(
        taker_firm_id=row.taker_firm_id,
        taker_name=row.taker_name,
        quotes=row.quotes,
        hits=row.hits,
        markouts=row.markouts,
        markout_sum=row.markout_sum,
    )


def list_decisions(firm_id: int, quote_id: int) -> list[KeptDecision]:
    """Of the firm's own quote, newest version first; empty for anybody else's."""
    rows = Decision.objects.filter(quote_id=quote_id, quote__maker_firm_id=firm_id).order_by("-version")
    return [
        KeptDecision(quote_id=quote_id, version=row.version, decision=msgspec.convert(row.content, QuoteDecision))
        for row in rows[:DECISIONS_SHOWN_MAX]
    ]


def passes_of_maker(firm_id: int) -> QuerySet[RfqPass]:
    return RfqPass.objects.filter(maker_firm_id=firm_id).select_related("maker_firm")


def passes_told_to(firm_id: int) -> QuerySet[RfqPass]:
    return RfqPass.objects.filter(rfq__taker_firm_id=firm_id, is_told=True).select_related("maker_firm")


def own_pass_view(row: RfqPass) -> PassView:
    return PassView(
        rfq_id=row.rfq_id,
        maker_firm_id=row.maker_firm_id,
        maker_name=row.maker_firm.name,
        reason=row.reason,
        at_ns=clock.to_ns(row.at),
    )


def told_pass_views(rows: Sequence[RfqPass]) -> list[PassView]:
    """As the taker may see them: no reason, and an alias where makers are anonymous to it."""
    aliases = audience.maker_aliases({row.rfq_id for row in rows})
    return [_told_pass_view(row, aliases.get((row.rfq_id, row.maker_firm_id))) for row in rows]


def _told_pass_view(row: RfqPass, alias: str | None) -> PassView:
    return PassView(
        rfq_id=row.rfq_id,
        maker_firm_id=row.maker_firm_id if alias is None else None,
        maker_name=row.maker_firm.name if alias is None else alias,
        reason="",
        at_ns=clock.to_ns(row.at),
    )


def snapshot(firm_id: int, role: str) -> dict[str, list[QuoterView] | list[CounterpartyStatistics] | list[PassView]]:
    """What the facts of this app amount to for one firm."""
    quoter = find_quoter(firm_id)
    made = passes_of_maker(firm_id).order_by("-id")[:PASSES_SHOWN_MAX]
    told = passes_told_to(firm_id).order_by("-id")[:PASSES_SHOWN_MAX]
    return {
        "quoters": [quoter] if quoter else [],
        "counterparties": list_counterparties(firm_id),
        "passes": [*map(own_pass_view, made), *told_pass_views(list(told))],
    }


def list_untold(limit: int) -> list[RfqPass]:
    """Passes whose taker may be told now, oldest first."""
    rows = RfqPass.objects.filter(is_told=False, rfq__is_tradable=True).annotate(taker_firm_id=F("rfq__taker_firm_id"))
    return list(rows.select_related("maker_firm").order_by("id")[:limit])
