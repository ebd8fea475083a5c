"""Compliance pages: find, look back, prove. They change nothing."""

from collections.abc import Callable
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import selectors as accounts_selectors
from audit import verify as audit_verify
from common.errors import NotFound
from common.permissions import require_role
from compliance import selectors
from compliance.domain.criteria import FIELDS, BadCriterion, Criteria, read_criteria

overseers = require_role("compliance", "admin")
PAGES = (("compliance:search", "Search"), ("compliance:books", "Settlement"), ("compliance:trail", "Audit trail"))


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
    return _page(request, "compliance/_results.html" if is_partial else "compliance/search.html", "search", context)


@require_GET
@overseers
def order(request: HttpRequest, order_id: int) -> HttpResponse:
    timeline = _timeline(selectors.order_timeline, request, order_id)
    export_url = reverse("compliance:export_order", args=[order_id])
    return _page(request, "compliance/timeline.html", "search", {"timeline": timeline, "export_url": export_url})


@require_GET
@overseers
def rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    timeline = _timeline(selectors.rfq_timeline, request, rfq_id)
    export_url = reverse("compliance:export_rfq", args=[rfq_id])
    return _page(request, "compliance/timeline.html", "search", {"timeline": timeline, "export_url": export_url})


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
    return _page(request, "compliance/books.html", "books", {"books": selectors.books()})


@require_GET
@overseers
def trail(request: HttpRequest) -> HttpResponse:
    """State of the audit trail; verifying it reads all of it, so it waits for a click."""
    return _page(request, "compliance/trail.html", "trail", {"checkpoint": selectors.last_checkpoint()})


@require_POST
@overseers
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute every chain."""
    return _page(request, "compliance/_verification.html", "trail", {"verification": audit_verify.verify()})


def _timeline(
    read: Callable[[Any, int], selectors.Timeline], request: HttpRequest, entity_id: int
) -> selectors.Timeline:
    try:
        return read(request.user, entity_id)
    except NotFound as error:
        raise Http404(error.message) from error


def _export(timeline: selectors.Timeline) -> HttpResponse:
    body = msgspec.json.format(msgspec.json.encode(selectors.export(timeline)), indent=2)
    name = timeline.entity.replace(":", "-")
    headers = {"Content-Disposition": f'attachment; filename="parley-{name}.json"'}
    return HttpResponse(body, content_type="application/json", headers=headers)


def _page(request: HttpRequest, template: str, current: str, context: dict[str, Any]) -> HttpResponse:
    navigation = [
        {"url": reverse(name), "title": title, "is_current": name == f"compliance:{current}"} for name, title in PAGES
    ]
    if getattr(request.user, "role", "") == "admin":
        navigation.append({"url": reverse("admin:index"), "title": "Administration", "is_current": False})
    return render(request, template, {**context, "navigation": navigation})
