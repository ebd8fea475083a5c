"""Compliance pages: find, look back, prove; and the second person who releases a kill switch."""

import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import selectors as accounts_selectors
from audit import verify as audit_verify
from common import clock, rest
from common.actor import Actor
from common.errors import NotFound, Refusal
from common.permissions import require_role
from compliance import selectors
from compliance.domain.control_forms import BY_NAME, FORMS, read_message
from compliance.domain.criteria import FIELDS, BadCriterion, Criteria, read_criteria
from compliance.domain.desk_forms import DESK_FIELDS, read_desk_limits
from orders import selectors as orders_selectors
from orders import services as orders_services
from rfq.services import desk_proposals
from risk import selectors as risk_selectors
from risk import services as risk_services
from wire.client import ApproveOverride
from wire.client_controls import ApproveRelease, RequestRelease
from wire.client_protection import DecideDeskLimits
from wire.limits import COMMAND_ID_LENGTH_MAX

RELEASE_WORD = "RELEASE"
REASON_LENGTH_MAX = 200
overseers = require_role("compliance", "admin")
administrators = require_role("admin")
PAGES = (
    ("compliance:search", "Search"),
    ("compliance:books", "Settlement"),
    ("compliance:controls", "Controls"),
    ("compliance:settings", "Limits"),
    ("compliance:algos", "Algos"),
    ("compliance:trail", "Audit trail"),
    ("compliance:fix", "FIX"),
    ("compliance:venues", "Venues"),
    ("rfq_history", "RFQ history"),
    ("block_tape", "Tape"),
    ("desk_scores", "Scores"),
    ("last_looks", "Last look"),
)


@require_GET
@overseers
def search(request: HttpRequest) -> HttpResponse:
    """The search form and what it finds; htmx asks for the results alone."""
    criteria, problem = Criteria(), ""
    try:
        criteria = read_criteria(request.GET)
    except BadCriterion as error:
        problem = str(error)
    found = None if problem else selectors.search(request.user, criteria)
    context = {
        "form": {name: request.GET.get(name, "") for name in FIELDS},
        "criteria": criteria,
        "problem": problem,
        "found": found,
        "user_names": selectors.names_of_orders(found.orders) if found else {},
        "firms": [firm.name for firm in accounts_selectors.list_firms()],
        "users": selectors.list_user_names(),
    }
    is_partial = bool(getattr(request, "htmx", False))
    return show_page(request, "compliance/_results.html" if is_partial else "compliance/search.html", "search", context)


@require_GET
@overseers
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    timeline = _timeline(selectors.order_timeline, request, order_id)
    export_url = reverse("compliance:export_order", args=[order_id])
    return _timeline_page(request, timeline, export_url)


@require_GET
@overseers
def rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    timeline = _timeline(selectors.rfq_timeline, request, rfq_id)
    export_url = reverse("compliance:export_rfq", args=[rfq_id])
    return _timeline_page(request, timeline, export_url)


@require_GET
@overseers
def export_order(request: HttpRequest, order_id: int) -> HttpResponse:
    return _export(_timeline(selectors.order_timeline, request, order_id))


@require_GET
@overseers
def export_rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    return _export(_timeline(selectors.rfq_timeline, request, rfq_id))


@require_GET
@overseers
def books(request: HttpRequest) -> HttpResponse:
    """Ledger check and netting cycles."""
    context = {"books": selectors.books(), "accounts": selectors.names_of_accounts()}
    return show_page(request, "compliance/books.html", "books", context)


@require_GET
@overseers
def controls(request: HttpRequest) -> HttpResponse:
    """Kill switches by scope, and the releases that wait for a second person."""
    releases = risk_selectors.list_open_releases()
    user: Any = request.user
    overrides = orders_selectors.list_open_overrides(user)
    context = {
        "states": risk_selectors.list_control_states(),
        "releases": releases,
        "overrides": overrides,
        "people": selectors.names_of_users(
            [row.requested_by_user_id for row in releases] + [row.requested_by_user_id for row in overrides]
        ),
        "firms": {firm.pk: firm.name for firm in accounts_selectors.list_firms()},
        "word": RELEASE_WORD,
        "command_id": f"page-{uuid.uuid4()}",
    }
    return show_page(request, "compliance/controls.html", "controls", context)


@require_POST
@overseers
def approve(request: HttpRequest, release_id: int) -> HttpResponse:
    """The second person: a typed word, a reason of their own; refused for the one who asked."""
    if request.POST.get("word", "").strip().upper() != RELEASE_WORD:
        messages.error(request, f"Type {RELEASE_WORD} to release.")
        return redirect("compliance:controls")
    message = ApproveRelease(
        command_id=request.POST.get("command_id", "")[:COMMAND_ID_LENGTH_MAX],
        release_id=release_id,
        reason=request.POST.get("reason", "")[:REASON_LENGTH_MAX],
    )
    carry_out(request, message, f"Release {release_id} is approved; the gateway is told.")
    return redirect("compliance:controls")


@require_POST
@overseers
def approve_override(request: HttpRequest, override_id: int) -> HttpResponse:
    """The second person lets one rejected order pass one control."""
    typed = {name: request.POST.get(name, "")[:REASON_LENGTH_MAX] for name in ("command_id", "reason")}
    user: Any = request.user
    try:
        message = rest.convert({**typed, "override_id": override_id}, ApproveOverride)
        order = orders_services.approve_override(user=user, actor=as_actor(request), message=message, at=clock.now())
    except Refusal as refusal:
        messages.error(request, f"{refusal.reason}: {refusal.message}")
    else:
        messages.success(request, f"Override {override_id} is approved; order {order.pk} is on its way.")
    return redirect("compliance:controls")


@require_POST
@overseers
def ask_to_enable(request: HttpRequest) -> HttpResponse:
    """Ask that what a throttle disabled may trade again; another person approves."""
    names = ("command_id", "scope", "scope_id", "reason")
    typed = {name: request.POST.get(name, "")[:REASON_LENGTH_MAX] for name in names}
    message: Any = None
    try:
        message = msgspec.convert({**typed, "control": "disabled_scope"}, RequestRelease, strict=False)
    except msgspec.ValidationError as error:
        messages.error(request, f"invalid_form: {error}")
    if message is not None:
        carry_out(request, message, "The request waits for a second person.")
    return redirect("compliance:controls")


@require_GET
@overseers
def settings(request: HttpRequest) -> HttpResponse:
    """Limits of scopes, permissions, states, phases and bands: what is set, and the forms that set it."""
    rows = risk_selectors.list_control_settings()
    scopes = selectors.list_scopes()
    desks = selectors.list_desk_limits()
    waiting = [row.waiting.proposed_by_user_id for row in desks if row.waiting]
    context = {
        "settings": rows,
        "people": selectors.names_of_users([*(row.set_by_user_id for row in rows), *waiting]),
        "scopes": scopes,
        "names": {one.value: one.name for one in scopes},
        "forms": FORMS if getattr(request.user, "role", "") == "admin" else (),
        "desks": desks,
        "is_waiting": bool(waiting),
        "desk_titles": [title for _, title in DESK_FIELDS],
        "command_id": f"page-{uuid.uuid4()}",
    }
    return show_page(request, "compliance/settings.html", "settings", context)


@require_POST
@administrators
def set_control(request: HttpRequest, name: str) -> HttpResponse:
    """Set the control of the form; the gateway answers a moment later."""
    form = BY_NAME.get(name)
    if form is None:
        raise Http404(f"there is no control {name}")
    try:
        message = read_message(form, request.POST)
    except Refusal as refusal:
        messages.error(request, f"{refusal.reason}: {refusal.message}")
    else:
        carry_out(request, message, f"{form.title}: set; the gateway is told.")
    return redirect("compliance:settings")


@require_POST
@administrators
def propose_desk_limits(request: HttpRequest, firm_id: int) -> HttpResponse:
    """Propose the bounds of a firm on the RFQ desk."""

    def propose() -> None:
        message = read_desk_limits(firm_id, request.POST)
        act_on(request, desk_proposals.propose_desk_limits, message)

    attempt(request, propose, "RFQ desk: the change waits for a second person; until then nothing changes.")
    return redirect("compliance:settings")


@require_POST
@overseers
def decide_desk_limits(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The second person's word on proposed bounds, or the first one's withdrawal."""
    done = "approved: the bounds are in force"
    decide(request, proposal_id, DecideDeskLimits, desk_proposals.decide_desk_limits, of="RFQ desk", approved=done)
    return redirect("compliance:settings")


def decide(
    request: HttpRequest, proposal_id: int, message_type: Any, service: Callable[..., object], *, of: str, approved: str
) -> None:
    """Take a person's word on a proposal; ``approved`` tells what a yes changes."""
    is_approved = request.POST.get("decision") == "approve"
    done = approved if is_approved else "not approved: nothing changes"

    def act() -> None:
        message = rest.convert(
            {**typed_words(request), "proposal_id": proposal_id, "is_approved": is_approved}, message_type
        )
        act_on(request, service, message)

    attempt(request, act, f"{of}: change {proposal_id} is {done}.")


def carry_out(request: HttpRequest, message: Any, done: str) -> None:
    """Do it, and say on the next page that it is done or why not."""
    user: Any = request.user
    attempt(request, lambda: risk_services.carry_out(user, as_actor(request), message, clock.now()), done)


def act_on(request: HttpRequest, service: Callable[..., object], message: Any) -> None:
    """The message to a service, in the name of who asks; its refusals pass through."""
    service(user=request.user, actor=as_actor(request), message=message, at=clock.now())


def typed_words(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:REASON_LENGTH_MAX] for name in ("command_id", "reason")}


def attempt(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Say on the next page that it is done, or why not."""
    try:
        act()
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(request, done)


def tell_refusal(request: HttpRequest, refusal: Refusal) -> None:
    compared = f" ({refusal.value}, bound {refusal.bound})" if refusal.value and refusal.bound else ""
    messages.error(request, f"{refusal.reason}: {refusal.message}{compared}")


@require_GET
@overseers
def trail(request: HttpRequest) -> HttpResponse:
    """State of the audit trail; verifying it reads all of it, so it waits for a click."""
    return show_page(request, "compliance/trail.html", "trail", {"checkpoint": selectors.last_checkpoint()})


@require_POST
@overseers
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute every chain."""
    return show_page(request, "compliance/_verification.html", "trail", {"verification": audit_verify.verify()})


def as_actor(request: HttpRequest) -> Actor:
    user: Any = request.user
    return Actor(user_id=user.pk, firm_id=user.firm_id, via="page", remote_address=request.META.get("REMOTE_ADDR", ""))


def _timeline(
    read: Callable[[Any, int], selectors.Timeline], request: HttpRequest, entity_id: int
) -> selectors.Timeline:
    try:
        return read(request.user, entity_id)
    except NotFound as error:
        raise Http404(error.message) from error


def _timeline_page(request: HttpRequest, timeline: selectors.Timeline, export_url: str) -> HttpResponse:
    context = {"timeline": timeline, "export_url": export_url, "accounts": selectors.names_of_accounts()}
    return show_page(request, "compliance/timeline.html", "search", context)


def _export(timeline: selectors.Timeline) -> HttpResponse:
    body = msgspec.json.format(msgspec.json.encode(selectors.export(timeline)), indent=2)
    name = timeline.entity.replace(":", "-")
    headers = {"Content-Disposition": f'attachment; filename="parley-{name}.json"'}
    return HttpResponse(body, content_type="application/json", headers=headers)


def show_page(request: HttpRequest, template: str, current: str, context: dict[str, Any]) -> HttpResponse:
    navigation = [
        {"url": reverse(name), "title": title, "is_current": name == f"compliance:{current}"} for name, title in PAGES
    ]
    if getattr(request.user, "role", "") == "admin":
        navigation.append({"url": reverse("admin:index"), "title": "Administration", "is_current": False})
    return render(request, template, {**context, "navigation": navigation})
