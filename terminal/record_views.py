"""Pages about what happened on the desk: history, an RFQ and its documents, tape, scores. Each role its own view."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET, require_POST

from accounts import selectors as accounts_selectors
from common import clock, rest
from common.actor import Actor
from common.errors import NotFound, Refusal
from common.permissions import require_role
from compliance.domain.criteria import BadCriterion, Criteria, read_criteria
from rfq import handlers
from rfq import services as rfq_services
from rfq.selectors import confirmations, corrections, history, replays, scores, tape
from terminal.views import ADMIN, CLIENT, COMPLIANCE, TRADER, navigation
from wire.client_corrections import DecideCorrection, RequestCorrection
from wire.facts import RfqView
from wire.units import RfqState

anybody = require_role(TRADER, CLIENT, COMPLIANCE, ADMIN)
overseers = require_role(COMPLIANCE, ADMIN)
PAGE = 50
FORMS = ("json", "html")
NET_DECIMALS, INDEX_DECIMALS = 6, 2
CONTENT_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


@require_GET
@anybody
def rfq_history(request: HttpRequest) -> HttpResponse:
    """RFQs that match the form, newest first."""
    problem, found = "", []
    try:
        filters = _filters(request)
        found = history.list_history(_user(request), filters, before_id=_number(request, "before_id"), limit=PAGE)
    except BadCriterion as error:
        problem = str(error)
    query = request.GET.copy()
    query["before_id"] = str(found[-1].rfq_id) if found else ""
    context = {
        "found": found,
        "problem": problem,
        "form": request.GET,
        "states": [state.value for state in RfqState],
        "firms": [firm.name for firm in accounts_selectors.list_firms()] if _oversees(request) else [],
        "older": query.urlencode() if len(found) == PAGE else "",
    }
    return _page(request, "record/history.html", "rfq_history", context)


@require_GET
@anybody
def rfq_record(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """One RFQ from its first step on, with everything as it stood."""
    told = _found(lambda: history.get_history(_user(request), rfq_id))
    oversees = _oversees(request)
    corrected = corrections.list_corrections(_user(request), rfq_id)
    trades = _trades(told.view, corrected)
    context = {
        "told": told,
        "rfq": told.view,
        "market": [_sight(row) for row in told.sightings],
        "trades": trades,
        "trade_ids": [each["trade"].trade_id for each in trades if each["may_be_corrected"]],
        "corrections": corrected,
        "command_id": f"page-{uuid.uuid4()}",
        "has_pack": _has_pack(told.view),
        "replay": _found(lambda: replays.replay_rfq(rfq_id)) if oversees else None,
        "oversees": oversees,
    }
    return _page(request, "record/rfq.html", "rfq_history", context)


@require_POST
@anybody
def rfq_pack(request: HttpRequest, rfq_id: int, form: str) -> HttpResponse:
    """Produce the best-execution pack; its hash is recorded."""
    return _document(request, form, lambda: _produce(request, rfq_services.produce_pack, rfq_id=rfq_id))


@require_POST
@anybody
def trade_confirmation(request: HttpRequest, trade_id: int, form: str) -> HttpResponse:
    """Produce the confirmation of a trade; its hash is recorded."""
    return _document(request, form, lambda: _produce(request, rfq_services.produce_confirmation, trade_id=trade_id))


@require_POST
@anybody
def ask_correction(request: HttpRequest, rfq_id: int, trade_id: int) -> HttpResponse:
    """Ask that a trade is taken back, or, where prices are given, priced anew."""
    prices = request.POST.get("leg_prices", "").split()
    typed = {"command_id": request.POST.get("command_id", ""), "reason": request.POST.get("reason", "")}
    values = {**typed, "trade_id": trade_id, "leg_prices": prices or None}
    return _correct(request, rfq_id, values, RequestCorrection, "The request waits for a second person.")


@require_POST
@overseers
def decide_correction(request: HttpRequest, rfq_id: int, correction_id: int) -> HttpResponse:
    """The second person's word."""
    typed = {"command_id": request.POST.get("command_id", ""), "reason": request.POST.get("reason", "")}
    is_approved = request.POST.get("decision") == "approve"
    values = {**typed, "correction_id": correction_id, "is_approved": is_approved}
    done = "Approved; the gateway is asked." if is_approved else "Refused."
    return _correct(request, rfq_id, values, DecideCorrection, done)


def _correct(request: HttpRequest, rfq_id: int, values: dict[str, Any], kind: type[Any], done: str) -> HttpResponse:
    try:
        handlers.correct(_user(request), _actor(request), rest.convert(values, kind))
    except Refusal as refusal:
        compared = f" ({refusal.value}, bound {refusal.bound})" if refusal.value and refusal.bound else ""
        messages.error(request, f"{refusal.reason}: {refusal.message}{compared}")
    else:
        messages.success(request, done)
    return redirect("rfq_record", rfq_id=rfq_id)


@require_GET
@anybody
def block_tape(request: HttpRequest) -> HttpResponse:
    """The public tape, the same for everybody."""
    lines = tape.list_newest(before=_number(request, "before"), limit=PAGE)
    context = {"lines": lines, "older": lines[-1].sequence if lines and lines[-1].sequence > 1 else 0}
    return _page(request, "record/tape.html", "block_tape", context)


@require_GET
@anybody
def desk_scores(request: HttpRequest) -> HttpResponse:
    """Scores of the makers and takers that the reader may know of."""
    problem, found = "", []
    try:
        criteria = _criteria(request)
        found = scores.list_scores(_user(request), since=criteria.after, until=criteria.before)
    except BadCriterion as error:
        problem = str(error)
    context = {
        "problem": problem,
        "form": request.GET,
        "groups": [(kind, [one for one in found if one.kind == kind]) for kind in (scores.MAKER, scores.TAKER)],
        "charts": [_chart(one) for one in found],
        "config": {"plotlyUrl": static("vendor/plotly.min.js")},
    }
    return _page(request, "record/scores.html", "desk_scores", context)


def _has_pack(view: RfqView) -> bool:
    return view.role != "maker" and view.state not in (RfqState.OPEN, RfqState.PENDING_FILL)


def _sight(row: Any) -> dict[str, Any]:
    """One instant of the market for the page: figures, or why there are none."""
    missing = row.content["missing"]
    nets = {"mark_net": row.mark_net, "model_net": row.model_net, "lit_bid": row.lit_bid, "lit_ask": row.lit_ask}
    texts = {name: _figure(value, NET_DECIMALS) for name, value in nets.items()}
    texts["index_price"] = _figure(row.index_price, INDEX_DECIMALS)
    return {
        "row": row,
        "figures": [{"text": text, "why": missing.get(name, "")} for name, text in texts.items()],
        "ages": ", ".join(
            f"{leg['ticker_age_ms']} ms" if leg["ticker_age_ms"] is not None else "none" for leg in row.content["legs"]
        ),
    }


def _figure(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"


def _trades(view: RfqView, corrected: list[corrections.Correction]) -> list[dict[str, Any]]:
    """Trades of the reader with the maker's name as the reader knows it, and what corrections made of them.

    ``may_be_corrected``: neither busted nor waiting for another correction.
    """
    makers = {quote.quote_id: quote.maker_name for quote in view.quotes}
    confirmed = set(confirmations.list_trade_ids(view))
    told = []
    for trade in view.trades:
        of_trade = [one for one in corrected if one.trade_id == trade.trade_id]
        words = [one.word for one in of_trade if one.word]
        is_confirmed = trade.trade_id in confirmed
        told.append(
            {
                "trade": trade,
                "maker": makers.get(trade.quote_id, ""),
                "is_confirmed": is_confirmed,
                "corrected": words[-1] if words else "",
                "may_be_corrected": is_confirmed and "busted" not in words and not any(one.is_open for one in of_trade),
            }
        )
    return told


def _chart(score: scores.Score) -> dict[str, Any]:
    figures = {
        figure.name: [figure.estimate.value, figure.estimate.low, figure.estimate.high, figure.estimate.count]
        for figure in score.figures
    }
    return {"kind": score.kind, "name": score.name, "figures": figures}


def _filters(request: HttpRequest) -> history.Filters:
    criteria = _criteria(request)
    state = request.GET.get("state", "")
    if state and state not in {each.value for each in RfqState}:
        raise BadCriterion("state", state, "a state")
    firm_ids = None
    if criteria.firm and _oversees(request):
        wanted = criteria.firm.lower()
        firm_ids = tuple(firm.pk for firm in accounts_selectors.list_firms() if wanted in firm.name.lower())
    structure = request.GET.get("structure", "").strip()
    if not structure.isprintable():
        raise BadCriterion("structure", structure, "printable text")
    return history.Filters(
        state=RfqState(state) if state else None,
        structure=structure,
        instrument=criteria.instrument,
        firm_ids=firm_ids,
        after=criteria.after,
        before=criteria.before,
    )


def _criteria(request: HttpRequest) -> Criteria:
    return read_criteria({name: request.GET.get(name, "") for name in ("firm", "instrument", "after", "before")})


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _produce(request: HttpRequest, service: Callable[..., Any], **what: int) -> Any:
    return service(user=_user(request), actor=_actor(request), at=clock.now(), **what)


def _actor(request: HttpRequest) -> Actor:
    user, address = _user(request), request.META.get("REMOTE_ADDR", "")
    return Actor(user_id=user.pk, firm_id=user.firm_id, via="page", remote_address=address)


def _document(request: HttpRequest, form: str, produce: Callable[[], Any]) -> HttpResponse:
    if form not in FORMS:
        raise Http404("there is no such form")
    document = _found(produce)
    headers = {
        "Content-Disposition": f'attachment; filename="parley-{document.name}.{form}"',
        "X-Content-SHA256": getattr(document, f"{form}_sha256"),
    }
    return HttpResponse(getattr(document, form), content_type=CONTENT_TYPES[form], headers=headers)


def _found(read: Callable[[], Any]) -> Any:
    """What was asked for; a page that is not there where the reader may not know of it."""
    try:
        return read()
    except NotFound as error:
        raise Http404(error.message) from error
    except Refusal as refusal:
        raise Http404(f"{refusal.reason}: {refusal.message}") from refusal


def _oversees(request: HttpRequest) -> bool:
    return _user(request).role in (COMPLIANCE, ADMIN)


def _page(request: HttpRequest, template: str, current: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {**context, "navigation": navigation(request, current)})


def _user(request: HttpRequest) -> Any:
    return request.user
