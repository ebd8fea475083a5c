"""Which ids of sessions stand for what."""

from collections.abc import Sequence

import msgspec

from fixdesk.models import FixQuote, FixRequest


class NegotiationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request or a quote that came by FIX. ``client_id``: QuoteReqID of a request, QuoteID of a quote."""

    session: str
    what: str
    client_id: str
    rfq_id: int
    structure: str
    state: str


def list_newest(count: int) -> list[NegotiationRow]:
    """Requests and quotes of all sessions, so many of each, newest RFQs first."""
    asked = FixRequest.objects.select_related("session", "rfq").order_by("-id")[:count]
    quoted = FixQuote.objects.select_related("session", "rfq", "quote").order_by("-id")[:count]
    rows = [
        NegotiationRow(
            session=str(row.session), what="request", client_id=row.request_id, rfq_id=row.rfq_id,
            structure=row.rfq.structure, state=row.rfq.state,
        )
        for row in asked
    ]  # fmt: skip
    rows += [
        NegotiationRow(
            session=str(row.session), what="quote", client_id=row.client_quote_id, rfq_id=row.rfq_id,
            structure=row.rfq.structure, state=row.quote.state,
        )
        for row in quoted
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row.rfq_id, reverse=True)


def own_quote_ids(rfq_id: int, session_ids: Sequence[int]) -> dict[int, str]:
    """By session, the id of its own quote for the RFQ, the newest one it gave; where another session of the firm has
    quoted since, the quote is that one's.
    """
    newest = FixQuote.objects.filter(rfq_id=rfq_id, session_id__in=list(session_ids)).order_by("id").last()
    return {} if newest is None else {newest.session_id: newest.client_quote_id}
