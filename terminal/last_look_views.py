"""Agreements on last look between two firms: offered, agreed, ended; and the published rates of their use."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts import roles
from accounts import selectors as accounts_selectors
from common import rest
from common.actor import Actor
from common.errors import NotFound, Refusal
from common.permissions import require_role
from rfq import handlers
from rfq.selectors import last_looks
from terminal.views import ADMIN, CLIENT, COMPLIANCE, TRADER, navigation
from wire.client import AgreeLastLook, Command, EndLastLook, ProposeLastLook
from wire.last_looks import LastLookAgreementView
from wire.limits import LAST_LOOK_WINDOW_MS_MAX

OFFER_FIELDS = ("command_id", "window_ms", "tolerance_basis_points")
parties = require_role(TRADER, CLIENT, ADMIN)
deciders = require_role(TRADER, CLIENT, COMPLIANCE, ADMIN)


@require_GET
@require_role(TRADER, CLIENT, COMPLIANCE, ADMIN)
def agreements(request: HttpRequest) -> HttpResponse:
    """The agreements of the user's firm, of all firms for the house, and the published rates."""
    user = _user(request)
    makers = accounts_selectors.maker_firms()
    context = {
        "agreements": _rows(user),
        "rates": last_looks.list_rates(),
        "makers": makers if user.role in (TRADER, ADMIN) else [],
        "takers": _takers() if user.role == ADMIN else [],
        "window_ms_max": LAST_LOOK_WINDOW_MS_MAX,
        "command_id": f"page-{uuid.uuid4()}",
        "navigation": navigation(request, "last_looks"),
    }
    return render(request, "record/last_looks.html", context)


@require_POST
@parties
def propose(request: HttpRequest) -> HttpResponse:
    """Offer an agreement. A maker names the taker by its name: there is no list of takers for makers to read."""
    try:
        typed = {name: request.POST.get(name, "").strip() for name in OFFER_FIELDS}
        message = rest.convert({**typed, **_firms(request)}, ProposeLastLook, strict=False)
        _perform(request, message)
    except Refusal as refusal:
        _tell(request, refusal)
    else:
        second = "another person of the house" if _user(request).role == ADMIN else "the other firm"
        messages.success(request, f"The offer is made; it is in force once {second} agrees.")
    return redirect("last_looks")


@require_POST
@deciders
def agree(request: HttpRequest, agreement_id: int) -> HttpResponse:
    return _decide(request, AgreeLastLook, agreement_id, "The agreement is in force.")


@require_POST
@deciders
def end(request: HttpRequest, agreement_id: int) -> HttpResponse:
    done = "The agreement has ended; what is pending is finished under it."
    if _is_end_begun(_user(request), agreement_id):
        done = "The agreement stays in force until another person of the house ends it."
    return _decide(request, EndLastLook, agreement_id, done)


def _is_end_begun(user: Any, agreement_id: int) -> bool:
    """Whether the house's first person asks for the end of what is in force now."""
    if not roles.sees_every_firm(user):
        return False
    found = [view for view in last_looks.list_agreements(user) if view.agreement_id == agreement_id]
    return any(view.state == "in_force" and not view.is_end_asked for view in found)


def _decide(request: HttpRequest, kind: type[Command], agreement_id: int, done: str) -> HttpResponse:
    try:
        values = {"command_id": request.POST.get("command_id", ""), "agreement_id": agreement_id}
        _perform(request, rest.convert(values, kind))
    except Refusal as refusal:
        _tell(request, refusal)
    else:
        messages.success(request, done)
    return redirect("last_looks")


def _perform(request: HttpRequest, message: Command) -> None:
    user = _user(request)
    address = request.META.get("REMOTE_ADDR", "")
    handlers.perform(user, Actor(user_id=user.pk, firm_id=user.firm_id, via="page", remote_address=address), message)


def _firms(request: HttpRequest) -> dict[str, str | int]:
    """Maker and taker of an offer: who asks is one of the two, unless the house puts it in force for both."""
    user = _user(request)
    maker = request.POST.get("maker_firm_id", "")
    if user.role == CLIENT:
        return {"maker_firm_id": user.firm_id or 0, "taker_firm_id": _taker_by_name(request.POST.get("taker_name", ""))}
    taker = request.POST.get("taker_firm_id", "") if user.role == ADMIN else user.firm_id or 0
    return {"maker_firm_id": maker, "taker_firm_id": taker}


def _taker_by_name(name: str) -> int:
    wanted = name.strip().casefold()
    for firm in _takers():
        if firm.name.casefold() == wanted:
            return int(firm.pk)
    raise NotFound("unknown_taker", "There is no such taker.", value=name.strip()[:64])


def _takers() -> list[Any]:
    return [firm for firm in accounts_selectors.list_firms() if firm.kind == "taker"]


def _rows(user: Any) -> list[dict[str, Any]]:
    views = last_looks.list_agreements(user)
    if not roles.sees_every_firm(user):
        return [_row_for_party(user, view) for view in views]
    own = last_looks.list_own_asks(user)
    return [_row_for_house(user, view, is_own=view.agreement_id in own) for view in views]


def _row_for_party(user: Any, view: LastLookAgreementView) -> dict[str, Any]:
    """``waits_for``: whose word is missing. ``may_agree``, ``may_end``: what the reader can do about it."""
    missing = _missing(view)
    is_mine = any(firm_id == user.firm_id for firm_id, _ in missing)
    end_word = "End" if not missing else "Decline" if is_mine else "Withdraw"
    return {
        "view": view,
        "waits_for": ", ".join("you" if firm_id == user.firm_id else name for firm_id, name in missing),
        "may_agree": view.state == "proposed" and is_mine,
        "may_end": view.state != "ended",
        "end_word": end_word,
    }


def _row_for_house(user: Any, view: LastLookAgreementView, *, is_own: bool) -> dict[str, Any]:
    """``is_own``: the reader was the first of the house, so that another one has the second word."""
    is_proposed = view.state == "proposed"
    may_second = not is_own and (view.is_of_house if is_proposed else view.is_end_asked)
    may_begin = user.role == ADMIN and not view.is_end_asked
    in_force_word = "End" if view.is_end_asked else "Ask to end"
    missing = ", ".join(name for _, name in _missing(view))
    return {
        "view": view,
        "waits_for": "another person of the house" if view.is_of_house else missing,
        "may_agree": is_proposed and may_second,
        "may_end": view.state != "ended" and (may_second or may_begin),
        "end_word": "Withdraw" if is_proposed else in_force_word,
    }


def _missing(view: LastLookAgreementView) -> list[tuple[int, str]]:
    """Firms that have not agreed."""
    parties = (
        (view.maker_firm_id, view.maker_name, view.has_maker_agreed),
        (view.taker_firm_id, view.taker_name, view.has_taker_agreed),
    )
    return [(firm_id, name) for firm_id, name, has_agreed in parties if not has_agreed]


def _tell(request: HttpRequest, refusal: Refusal) -> None:
    compared = f" ({refusal.value}, bound {refusal.bound})" if refusal.value and refusal.bound else ""
    messages.error(request, f"{refusal.reason}: {refusal.message}{compared}")


def _user(request: HttpRequest) -> Any:
    return request.user
