"""Which ids of sessions stand for what."""

from collections.abc import Sequence

from fixdesk.models import FixQuote


def own_quote_ids(rfq_id: int, session_ids: Sequence[int]) -> dict[int, str]:
    """By session, the id of its own quote for the RFQ, the newest one it gave; where another session of the firm has
    quoted since, the quote is that one's.
    """
    newest = FixQuote.objects.filter(rfq_id=rfq_id, session_id__in=list(session_ids)).order_by("id").last()
    return {} if newest is None else {newest.session_id: newest.client_quote_id}
