"""The page of FIX sessions: who is connected, how far their numbers are, what happened; an operator sets numbers."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from accounts import selectors as accounts_selectors
from accounts import services as accounts_services
from common import clock
from common.errors import NotFound, Refusal
from compliance.views import administrators, as_actor, overseers, show_page
from fixdesk import selectors as fixdesk_selectors

EVENTS_SHOWN = 100
NEGOTIATIONS_SHOWN = 50


@require_GET
@overseers
def sessions(request: HttpRequest) -> HttpResponse:
    """What the gateway says of each session now, what was negotiated by FIX, and the newest events."""
    states = accounts_selectors.fix_states()
    rows = [{"session": row, "state": states.get(row.pk)} for row in accounts_selectors.list_fix_sessions()]
    context = {
        "rows": rows,
        "is_gateway_known": bool(states) or not rows,
        "events": accounts_selectors.list_fix_events(EVENTS_SHOWN),
        "negotiations": fixdesk_selectors.list_newest(NEGOTIATIONS_SHOWN),
        "may_reset": getattr(request.user, "role", "") == "admin",
    }
    return show_page(request, "compliance/fix.html", "fix", context)


@require_POST
@administrators
def reset(request: HttpRequest, session_id: int) -> HttpResponse:
    """Set the next numbers of a session; it is logged out."""
    try:
        session = accounts_selectors.get_fix_session(session_id)
        accounts_services.reset_fix_sequence(
            session=session,
            next_sender=_number(request, "next_sender"),
            next_target=_number(request, "next_target"),
            actor=as_actor(request),
            at=clock.now(),
            reason=request.POST.get("reason", "")[:200],
        )
    except NotFound as error:
        raise Http404(error.message) from error
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{session} goes on with the new numbers.")
    return redirect("compliance:fix")


def _number(request: HttpRequest, name: str) -> int:
    """Raises Refusal."""
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(accounts_services.SEQUENCE_MAX))):
        raise Refusal("sequence_not_a_number", f"{text[:20]!r} is not a number of a message.", value=text[:20])
    return int(text)
