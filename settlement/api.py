"""Positions, balances and the ledger over REST."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts import roles
from accounts import selectors as accounts
from common import rest
from common.errors import NotAllowed
from settlement import selectors
from settlement.selectors import NettingCycleView, TransferView
from wire.facts import BalanceView, PositionView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["settlement"])


@router.get("/settlement/positions", openapi_extra=rest.describe(response=list[PositionView]))
def list_positions(request: HttpRequest, account_id: int | None = None) -> HttpResponse:
    """Open positions of the firm, or of one of its accounts."""
    return rest.answer(selectors.list_positions(_own_accounts(request, account_id)))


@router.get("/settlement/balances", openapi_extra=rest.describe(response=list[BalanceView]))
def list_balances(request: HttpRequest, account_id: int | None = None) -> HttpResponse:
    """Balances of the firm, or of one of its accounts."""
    return rest.answer(selectors.list_balances(_own_accounts(request, account_id)))


@router.get("/settlement/transfers", openapi_extra=rest.describe(response=list[TransferView]))
def list_transfers(
    request: HttpRequest, account_id: int | None = None, before: int | None = None, limit: int = 200
) -> HttpResponse:
    """The statement, newest first; ``before``: a transfer id to page from."""
    ids = _own_accounts(request, account_id)
    return rest.answer(selectors.list_transfers(ids, before=before, limit=max(1, limit)))


@router.get("/settlement/cycles", openapi_extra=rest.describe(response=list[NettingCycleView]))
def list_cycles(request: HttpRequest, before: int | None = None, limit: int = 50) -> HttpResponse:
    """Netting cycles with the obligations of every owner: compliance and admin only."""
    if not roles.sees_every_firm(_user(request)):
        raise NotAllowed("not_authorized", "only compliance sees every firm's obligations", value=_user(request).role)
    return rest.answer(selectors.list_cycles(before=before, limit=max(1, limit)))


def _own_accounts(request: HttpRequest, account_id: int | None) -> list[int]:
    """The asker's accounts; for compliance and admin any account. Raises NotFound for another firm's."""
    user = _user(request)
    if account_id is not None:
        is_free = roles.sees_every_firm(user)
        account = accounts.get_account(account_id) if is_free else accounts.get_account_for(user, account_id)
        return [account.pk]
    return [account.pk for account in accounts.accounts_of(user)]


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
