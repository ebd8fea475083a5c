"""Protections, sessions and bounds of firms over REST."""

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts import roles
from accounts import selectors as accounts
from common import rest
from common.errors import NotAllowed
from rfq import handlers
from rfq.selectors import protection
from wire.client import Command, CommandAccepted
from wire.client_protection import (
    DecideDeskLimits,
    Heartbeat,
    ProposeDeskLimits,
    ResetProtection,
    SetCancelOnDisconnect,
    SetDeadMan,
    SetProtection,
)
from wire.protection import DeskLimitsProposalView, DeskLimitsView, ProtectionView, SessionView

router = Router(tags=["protection"])


class ProtectionState(msgspec.Struct, frozen=True, kw_only=True):
    """What protects the caller's firm. ``session``: the name of the caller's own session.

    deadlines: when each armed dead-man timer runs out, in ns, by session; it moves with heartbeats, which are no facts.
    """

    session: str
    protections: list[ProtectionView]
    sessions: list[SessionView]
    deadlines: dict[str, int]
    desk_limits: DeskLimitsView


@router.get("/protection", openapi_extra=rest.describe(response=ProtectionState))
def get_protection(request: HttpRequest) -> HttpResponse:
    """Protections, sessions and bounds of your firm."""
    firm_id = getattr(request.user, "firm_id", None) or 0
    return rest.answer(
        ProtectionState(
            session=rest.actor(request).session,
            protections=protection.list_protections(firm_id),
            sessions=protection.list_sessions(firm_id),
            deadlines=protection.deadlines_of(firm_id),
            desk_limits=protection.desk_limits_of_firms([firm_id])[0],
        )
    )


@router.post("/protection", openapi_extra=rest.describe(request=SetProtection, response=CommandAccepted))
def set_protection(request: HttpRequest) -> HttpResponse:
    """Set the limits of your firm in a coin."""
    return _perform(request, SetProtection)


@router.post("/protection/reset", openapi_extra=rest.describe(request=ResetProtection, response=CommandAccepted))
def reset_protection(request: HttpRequest) -> HttpResponse:
    """Thaw your firm in a coin, with an empty window."""
    return _perform(request, ResetProtection)


@router.post("/session/dead-man", openapi_extra=rest.describe(request=SetDeadMan, response=CommandAccepted))
def set_dead_man(request: HttpRequest) -> HttpResponse:
    """Arm the dead-man timer of this session."""
    return _perform(request, SetDeadMan)


@router.post("/session/heartbeat", openapi_extra=rest.describe(request=Heartbeat, response=CommandAccepted))
def take_heartbeat(request: HttpRequest) -> HttpResponse:
    """Re-arm it."""
    return _perform(request, Heartbeat)


@router.post(
    "/session/cancel-on-disconnect",
    openapi_extra=rest.describe(request=SetCancelOnDisconnect, response=CommandAccepted),
)
def set_cancel_on_disconnect(request: HttpRequest) -> HttpResponse:
    """Withdraw the quotes of this session with its last socket."""
    return _perform(request, SetCancelOnDisconnect)


@router.get("/desk-limits", openapi_extra=rest.describe(response=list[DeskLimitsView]))
def list_desk_limits(request: HttpRequest) -> HttpResponse:
    """Bounds of every firm; for the house."""
    _check_house(request)
    return rest.answer(protection.desk_limits_of_firms(firm.pk for firm in accounts.list_firms()))


@router.post("/desk-limits", openapi_extra=rest.describe(request=ProposeDeskLimits, response=CommandAccepted))
def propose_desk_limits(request: HttpRequest) -> HttpResponse:
    """Propose the bounds of a firm; for an administrator. Another person of the house puts them in force."""
    return _perform(request, ProposeDeskLimits)


@router.get("/desk-limits/proposals", openapi_extra=rest.describe(response=list[DeskLimitsProposalView]))
def list_desk_proposals(request: HttpRequest) -> HttpResponse:
    """Bounds that wait for a second person; for the house."""
    _check_house(request)
    return rest.answer(protection.list_desk_proposals())


@router.post("/desk-limits/decision", openapi_extra=rest.describe(request=DecideDeskLimits, response=CommandAccepted))
def decide_desk_limits(request: HttpRequest) -> HttpResponse:
    """The second person's word on proposed bounds; their proposer may withdraw them."""
    return _perform(request, DecideDeskLimits)


def _check_house(request: HttpRequest) -> None:
    if not roles.sees_every_firm(request.user):  # type: ignore[arg-type]  # authenticated by the API
        raise NotAllowed("not_authorized", "The bounds of every firm are the house's to see.")


def _perform(request: HttpRequest, kind: type[Command]) -> HttpResponse:
    return rest.answer(handlers.perform(request.user, rest.actor(request), rest.decode(request, kind)))  # type: ignore[arg-type]  # authenticated by the API
