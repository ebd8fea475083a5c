"""Facts of firms into news for their FIX sessions: each firm's own gapless stream, so each its own view alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from accounts import selectors as accounts
from common import db
from fixdesk import selectors
from fixdesk.domain import news as told
from fixdesk.models import FirmCursor, FixQuote, FixRequest, ToldView
from fixdesk.services import following, multilegs
from fixdesk.services.intake import tell
from settlement import selectors as settlement
from streams import selectors as streams
from streams.selectors import StoredFact
from wire.facts import AnyFact, BlockFilled, FillView, OrderFilled, RfqChanged, RfqPassed, RfqView
from wire.fix_multileg import MultilegEvent, MultilegTold
from wire.fix_rfq import AnyFixNews, StatusTold, TradeTold, request_name
from wire.parent_views import ParentChanged
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import FixSession

FACTS_MAX = 100
"""Facts of a firm that one transaction tells of."""

_decode_fact = msgspec.json.Decoder(AnyFact).decode
_decode_view = msgspec.json.Decoder(RfqView).decode


def step() -> int:
    """Tell what is new, firm by firm. Returns how many facts were read; 0: nothing waits."""
    sessions = accounts.list_sessions_told_of_rfqs()
    positions = following.positions(sessions)
    read = 0
    for firm_id, facts in sorted(streams.facts_after_each(positions, FACTS_MAX).items()):
        own = [session for session in sessions if session.account.firm_id == firm_id]
        _tell_firm(firm_id, positions[firm_id], facts, own)
        read += len(facts)
    return read


def _tell_firm(firm_id: int, after: int, facts: list[StoredFact], sessions: list[FixSession]) -> None:
    with db.unit_of_work():
        moved = FirmCursor.objects.filter(firm_id=firm_id, sequence=after).update(sequence=facts[-1].sequence)
        assert moved == 1, "another dispatcher has told these facts"
        for fact in facts:
            for session_id, news in _news_of(firm_id, fact, sessions):
                tell(session_id, news)


def _news_of(firm_id: int, fact: StoredFact, sessions: list[FixSession]) -> list[tuple[int, list[AnyFixNews]]]:
    decoded = _decode_fact(fact.payload)
    if isinstance(decoded, RfqChanged):
        return _of_view(firm_id, decoded.rfq, [session for session in sessions if session.may_negotiate])
    if isinstance(decoded, BlockFilled) and decoded.fill.rfq_id is not None:
        copies = [session.pk for session in sessions if session.gets_drop_copy]
        return _of_fill(firm_id, decoded.fill, decoded.fill.rfq_id, copies)
    if isinstance(decoded, RfqPassed):
        return _of_pass(firm_id, decoded)
    if isinstance(decoded, OrderFilled | ParentChanged):
        return _of_multileg(decoded, [session.pk for session in sessions if session.gets_drop_copy])
    return []


def _of_multileg(fact: OrderFilled | ParentChanged, copies: list[int]) -> list[tuple[int, list[AnyFixNews]]]:
    """To the session that entered the order, and of the structure to the firm's drop copies: they get the reports of
    its legs' orders themselves.
    """
    of = multilegs.news_of(fact)
    if of is None:
        return []
    session_id, news = of
    copied: list[AnyFixNews] = [
        msgspec.structs.replace(each, is_copy=True)
        for each in news
        if isinstance(each, MultilegTold) and each.event is not MultilegEvent.PENDING_CANCEL
    ]
    return [(session_id, news), *((copy, copied) for copy in copies if copy != session_id)]


def _of_view(firm_id: int, view: RfqView, sessions: list[FixSession]) -> list[tuple[int, list[AnyFixNews]]]:
    row = ToldView.objects.select_for_update().filter(firm_id=firm_id, rfq_id=view.rfq_id).first()
    before = _decode_view(row.view) if row is not None else None
    kept = msgspec.json.encode(view).decode()
    ToldView.objects.update_or_create(firm_id=firm_id, rfq_id=view.rfq_id, defaults={"view": kept})
    if view.role == "taker":
        request = _request_of(firm_id, view.rfq_id)
        if request is None:
            return []
        ids = told.TakerIds(request.request_id, _response_of(request, view)[0], _counters_of(request, view))
        return [(request.session_id, told.to_taker(before, view, ids))]
    quotes = selectors.own_quote_ids(view.rfq_id, [session.pk for session in sessions])
    return [(session.pk, told.to_maker(before, view, quotes.get(session.pk, ""))) for session in sessions]


def _of_fill(firm_id: int, fill: FillView, rfq_id: int, copies: list[int]) -> list[tuple[int, list[AnyFixNews]]]:
    """To the session that asked, or the one that quoted last, if there is one; and to the firm's drop copies."""
    row = ToldView.objects.filter(firm_id=firm_id, rfq_id=rfq_id).first()
    if row is None:
        return []
    view = _decode_view(row.view)
    own = _own_of(firm_id, view)
    news = TradeTold(
        fill=fill,
        order_id=request_name(rfq_id),
        is_multileg=len(view.legs) > 1,
        reversed_execution_id=settlement.find_reversed(fill) or 0,
        client_order_id=own.client_order_id,
        quote_id=own.quote_id,
        response_id=own.response_id,
    )
    told_of: list[tuple[int, list[AnyFixNews]]] = [] if own.session_id is None else [(own.session_id, [news])]
    copy = msgspec.structs.replace(news, is_copy=True)
    return told_of + [(session_id, [copy]) for session_id in copies if session_id != own.session_id]


class Own(NamedTuple):
    """The session of a firm that is in an RFQ, None without one, and its own ids."""

    session_id: int | None = None
    client_order_id: str = ""
    quote_id: str = ""
    response_id: str = ""


def _own_of(firm_id: int, view: RfqView) -> Own:
    if view.role == "taker":
        request = _request_of(firm_id, view.rfq_id)
        if request is None:
            return Own()
        response_id, client_order_id = _response_of(request, view)
        return Own(request.session_id, client_order_id=client_order_id, response_id=response_id)
    quote = FixQuote.objects.filter(rfq_id=view.rfq_id, session__account__firm_id=firm_id).last()
    return Own() if quote is None else Own(quote.session_id, quote_id=quote.client_quote_id)


def _request_of(firm_id: int, rfq_id: int) -> FixRequest | None:
    """By which a session of that firm asked: a fact of a maker's stream is no news of its taker's."""
    return FixRequest.objects.filter(rfq_id=rfq_id, session__account__firm_id=firm_id).first()


def _response_of(request: FixRequest, view: RfqView) -> tuple[str, str]:
    """(QuoteRespID, ClOrdID) of what trades: the counter that was reached, or the response that took quotes."""
    if not any(told.is_fired(trigger, view) for trigger in view.triggers):
        return request.response_id, request.client_order_id
    counter = request.counters.filter(side=view.accepted_side).order_by("id").last()
    return (counter.response_id, counter.client_order_id) if counter else ("", "")


def _counters_of(request: FixRequest, view: RfqView) -> dict[Side, str]:
    """The newest counter of each side, where a limit rests or rested."""
    if not view.triggers:
        return {}
    return {Side(counter.side): counter.response_id for counter in request.counters.order_by("id")}


def _of_pass(firm_id: int, fact: RfqPassed) -> list[tuple[int, list[AnyFixNews]]]:
    """A maker does not quote, as the taker may know it; the maker's own fact of it is told to nobody."""
    request = _request_of(firm_id, fact.rfq_pass.rfq_id)
    if request is None:
        return []
    told_pass = StatusTold(status="pass", request_id=request.request_id, party=fact.rfq_pass.maker_name)
    return [(request.session_id, [told_pass])]
