"""Tell the parties and the audit what changed, from the record before and the record after.

A firm gets a fact exactly when its own view changed: what a view does not contain cannot leak, not even by the
existence of a fact, and the facts of a firm always amount to its snapshot.
"""

import dataclasses
import datetime as dt
from typing import Any

import msgspec

from audit import services as audit
from common.actor import Actor
from rfq.domain import views
from rfq.domain.records import QuoteRecord, RfqRecord
from streams import services as streams
from wire.facts import RfqChanged


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cause:
    """Who did what, when, by which command and why."""

    action: str
    actor: Actor
    at: dt.datetime
    command_id: str = ""
    reason: str = ""


def publish(before: RfqRecord | None, after: RfqRecord, cause: Cause) -> None:
    """Facts for each party and audit records for the RFQ and each quote that changed."""
    for firm_id in after.party_firm_ids if before is None else views.list_readers(before, after):
        if before is None or views.differs(before, after, firm_id):
            view = views.view_for_firm(after, firm_id)
            assert view is not None, "a party has its view"
            streams.publish_fact(firm_id=firm_id, fact=RfqChanged(rfq=view))
    _record_rfq(before, after, cause)
    for quote in after.quotes:
        if before is None or quote != before.find_quote(quote.quote_id):
            _record_quote(before, quote, after, cause)


def _record_rfq(before: RfqRecord | None, after: RfqRecord, cause: Cause) -> None:
    if before is not None and views.is_change_of_quotes(before, after):
        return
    was, now = (_rfq_content(before) if before else None), _rfq_content(after)
    if was == now:
        return
    audit.record(
        stream=f"firm:{after.taker_firm_id}",
        action=cause.action,
        entity=f"rfq:{after.rfq_id}",
        actor=cause.actor,
        at=cause.at,
        before=was,
        after=now,
        command_id=cause.command_id,
        reason=cause.reason or after.reason,
    )


def _record_quote(before: RfqRecord | None, quote: QuoteRecord, after: RfqRecord, cause: Cause) -> None:
    earlier = before.find_quote(quote.quote_id) if before else None
    audit.record(
        stream=f"firm:{quote.maker_firm_id}",
        action=cause.action if cause.action.startswith("quote.") else f"quote.{quote.state.value}",
        entity=f"quote:{quote.quote_id}",
        actor=cause.actor,
        at=cause.at,
        before=_quote_content(earlier, before) if before and earlier else None,
        after=_quote_content(quote, after),
        command_id=cause.command_id,
        reason=cause.reason or quote.reason,
    )


def _rfq_content(rfq: RfqRecord) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(views.compliance_view(dataclasses.replace(rfq, quotes=())))
    del content["quotes"]
    content["is_tradable"] = rfq.is_tradable
    content["trades"] = [_plain(dataclasses.asdict(trade)) for trade in rfq.trades]
    return content


def _quote_content(quote: QuoteRecord, rfq: RfqRecord) -> dict[str, Any]:
    view = msgspec.to_builtins(views.compliance_quote_view(rfq, quote))
    return {**view, "account_id": quote.prices.account_id, "user_id": quote.prices.user_id}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, int | str | None) else str(value) for name, value in values.items()}
