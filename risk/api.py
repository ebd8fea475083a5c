"""Margin, surfaces, limits and controls over REST."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts import roles
from accounts import selectors as accounts
from common import clock, rest
from common.errors import NotAllowed, NotFound
from risk import publishers, selectors, services
from risk.selectors.controls import ControlSettingView, ControlStateView, ReleaseView
from risk.selectors.limits import LimitSetView
from risk.services import MarginPreview
from wire.client import (
    ApproveRelease,
    Command,
    CommandAccepted,
    EngageKillSwitch,
    PreviewMargin,
    RequestRelease,
    SetLimits,
)
from wire.client_controls import AnyControlSetting
from wire.facts import RiskFrame
from wire.instruments import COINS
from wire.market import Surface

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["risk"])


@router.get("/risk/accounts/{account_id}", openapi_extra=rest.describe(response=RiskFrame))
def get_account(request: HttpRequest, account_id: int) -> HttpResponse:
    """Live risk of one account, computed now."""
    (own,) = _accounts(request, account_id)
    risk, marks = selectors.account_risk(own)
    now_ns = clock.now_ns()
    return rest.answer(
        publishers.risk_frame(own, risk, at_ns=now_ns, market_time_ns=marks.market_time_ns or now_ns)
    )


@router.post("/risk/preview", openapi_extra=rest.describe(request=PreviewMargin, response=MarginPreview))
def preview_margin(request: HttpRequest) -> HttpResponse:
    """Margin before and after a structure were traded at its marks. Changes nothing."""
    return rest.answer(services.preview_of(_user(request), rest.decode(request, PreviewMargin)))


@router.get("/risk/surfaces/{coin}", openapi_extra=rest.describe(response=Surface))
def get_surface(request: HttpRequest, coin: str) -> HttpResponse:
    """The newest fitted surface of the coin."""
    if coin not in COINS:
        raise NotFound("unknown_coin", f"{coin} is not one of {', '.join(COINS)}", value=coin, bound=", ".join(COINS))
    found = selectors.surface(coin)
    if found is None:
        raise NotFound("no_surface", f"no surface of {coin} has been fitted", value=coin)
    return rest.answer(found)


@router.get("/risk/limits", openapi_extra=rest.describe(response=list[LimitSetView]))
def list_limits(request: HttpRequest, account_id: int | None = None, *, history: bool = False) -> HttpResponse:
    """Limits of the asker's accounts; compliance and admin see everybody's. ``history``: every change."""
    return rest.answer(selectors.list_limits(_accounts(request, account_id), history=history))


@router.post("/risk/limits", openapi_extra=rest.describe(request=SetLimits, response=CommandAccepted))
def set_limits(request: HttpRequest) -> HttpResponse:
    """Set limits of an account: admin only."""
    return _carry_out(request, SetLimits)


@router.get("/risk/controls", openapi_extra=rest.describe(response=list[ControlStateView]))
def list_controls(request: HttpRequest) -> HttpResponse:
    """Kill switches and trading states of every scope: compliance and admin only."""
    _require_house(request)
    return rest.answer(selectors.list_control_states())


@router.get("/risk/controls/releases", openapi_extra=rest.describe(response=list[ReleaseView]))
def list_releases(request: HttpRequest) -> HttpResponse:
    """Releases that wait for a second person: compliance and admin only."""
    _require_house(request)
    return rest.answer(selectors.list_open_releases())


@router.post("/risk/controls/kill", openapi_extra=rest.describe(request=EngageKillSwitch, response=CommandAccepted))
def engage_kill_switch(request: HttpRequest) -> HttpResponse:
    """Cancel every order in scope and block new ones."""
    return _carry_out(request, EngageKillSwitch)


@router.post(
    "/risk/controls/releases", openapi_extra=rest.describe(request=RequestRelease, response=CommandAccepted)
)
def request_release(request: HttpRequest) -> HttpResponse:
    """Ask for the release of a kill switch, with a reason."""
    return _carry_out(request, RequestRelease)


@router.post(
    "/risk/controls/releases/approve", openapi_extra=rest.describe(request=ApproveRelease, response=CommandAccepted)
)
def approve_release(request: HttpRequest) -> HttpResponse:
    """Release a kill switch that another person asked to be released."""
    return _carry_out(request, ApproveRelease)


@router.get("/risk/settings", openapi_extra=rest.describe(response=list[ControlSettingView]))
def list_settings(request: HttpRequest, *, history: bool = False) -> HttpResponse:
    """What administrators set beside the limits of accounts: compliance and admin only."""
    _require_house(request)
    return rest.answer(selectors.list_control_settings(history=history))


@router.post("/risk/settings", openapi_extra=rest.describe(request=AnyControlSetting, response=CommandAccepted))
def set_control(request: HttpRequest) -> HttpResponse:
    """Limits of a scope, a permission, an authorization, a trading state, a phase or price bands, by ``type``."""
    message: Command = rest.decode(request, cast("type[Command]", AnyControlSetting))
    return rest.answer(services.carry_out(_user(request), rest.actor(request), message, clock.now()))


def _carry_out(request: HttpRequest, kind: type[Command]) -> HttpResponse:
    message = rest.decode(request, kind)
    return rest.answer(services.carry_out(_user(request), rest.actor(request), message, clock.now()))


def _accounts(request: HttpRequest, account_id: int | None) -> list[int]:
    """The asker's accounts, or the one asked for; compliance and admin may ask for any. Raises NotFound."""
    user = _user(request)
    if account_id is None:
        return [account.pk for account in accounts.accounts_of(user)]
    is_free = roles.sees_every_firm(user)
    account = accounts.get_account(account_id) if is_free else accounts.get_account_for(user, account_id)
    return [account.pk]


def _require_house(request: HttpRequest) -> None:
    user = _user(request)
    if not roles.sees_every_firm(user):
        raise NotAllowed("not_authorized", "only the house sees controls", value=user.role)


def _user(request: HttpRequest) -> "User":
    """Routes of the API are reached by authenticated users only."""
    return cast("User", request.user)
