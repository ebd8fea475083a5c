"""The page of algorithms: desks whose parent orders take two people, deployment caps, volume curves."""

import uuid
from typing import Any

import msgspec
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from common import rest
from compliance import algo_selectors as selectors
from compliance.selectors import names_of_users
from compliance.views import act_on, administrators, attempt, carry_out, decide, overseers, show_page, typed_words
from orders import services as orders_services
from wire.algos import STRATEGIES, strategy_id_of
from wire.client_parents import DecideParentPolicy, ProposeParentPolicy
from wire.limits import COMMAND_ID_LENGTH_MAX

FIELD_LENGTH_MAX = 32


@require_GET
@overseers
def algos(request: HttpRequest) -> HttpResponse:
    """What is in force; htmx asks for the caps alone, again and again, to see what the gateway said."""
    context: dict[str, Any] = {"caps": selectors.list_caps(), "titles": [title for _, title in selectors.CAP_FIELDS]}
    if getattr(request, "htmx", False):
        return render(request, "compliance/_caps.html", context)
    policies = selectors.list_policies()
    waiting = [row for row in policies if row.waiting]
    context |= {
        "policies": policies,
        "waiting": waiting,
        "people": names_of_users(row.waiting.proposed_by_id for row in waiting),
        "curves": selectors.list_curves(),
        "is_admin": getattr(request.user, "role", "") == "admin",
        "command_id": f"page-{uuid.uuid4()}",
    }
    return show_page(request, "compliance/algos.html", "algos", context)


@require_POST
@administrators
def propose_policy(request: HttpRequest, desk_id: int) -> HttpResponse:
    """Propose that parent orders of a desk take two people, or one."""

    def propose() -> None:
        values = {"desk_id": desk_id, "takes_two": request.POST.get("takes_two") == "1"}
        message = rest.convert({**typed_words(request), **values}, ProposeParentPolicy)
        act_on(request, orders_services.propose_policy, message)

    attempt(request, propose, "Parent orders: the change waits for a second person; until then nothing changes.")
    return redirect("compliance:algos")


@require_POST
@overseers
def decide_policy(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The second person's word, or the first one's withdrawal."""
    done = "approved: it counts for what is staged from now on"
    decide(request, proposal_id, DecideParentPolicy, orders_services.decide_policy, of="Parent orders", approved=done)
    return redirect("compliance:algos")


@require_POST
@administrators
def set_caps(request: HttpRequest, strategy_id: int) -> HttpResponse:
    """Deployment caps of one algorithm; the gateway answers a moment later."""
    names = {strategy_id_of(algo): algo.value for algo in STRATEGIES}
    if strategy_id not in names:
        raise Http404(f"there is no algorithm {strategy_id}")
    typed = {name: request.POST.get(name, "").strip()[:FIELD_LENGTH_MAX] for name, _ in selectors.CAP_FIELDS}
    try:
        command_id = request.POST.get("command_id", "")[:COMMAND_ID_LENGTH_MAX]
        message = selectors.caps_message(strategy_id, command_id, typed)
    except msgspec.ValidationError as error:
        messages.error(request, f"invalid_form: {error}")
    else:
        carry_out(request, message, f"Caps of {names[strategy_id]}: set; the gateway is told.")
    return redirect("compliance:algos")
