"""Pairs over REST: the message of the socket, into the same service; and what is shown of them."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest, valkey
from common.errors import Refusal
from pairs import handlers, selectors
from wire.client import CommandAccepted
from wire.client_pairs import SteerPairs
from wire.pair_views import PairOrderView, PairPositionView, PairsDeskView, PairView
from wire.pairs import PairsShown

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["pairs"])


class Unavailable(Refusal):
    """The gateway cannot be asked now."""

    status = 503


@router.get("/pairs", openapi_extra=rest.describe(response=list[PairView]))
def list_pairs(request: HttpRequest, *, is_retired: bool = False) -> HttpResponse:
    """The firm's pairs, those of every firm for the house; ``is_retired``: also those no longer traded."""
    return rest.answer(selectors.list_pairs(_user(request), is_retired=is_retired))


@router.get("/pairs/desks", openapi_extra=rest.describe(response=list[PairsDeskView]))
def list_desks(request: HttpRequest) -> HttpResponse:
    """Where pairs are traded, and for whom."""
    return rest.answer(selectors.list_desks(_user(request)))


@router.get("/pairs/live", openapi_extra=rest.describe(response=PairsShown))
def get_live(request: HttpRequest) -> HttpResponse:
    """The pairs as the gateway sees them now: z-scores, legs, profit. null where no gateway shows any."""
    try:
        return rest.answer(selectors.find_shown(_user(request)))
    except valkey.Unreachable as error:
        raise Unavailable("pairs_unseen", "the gateway cannot be seen", value="unreachable") from error


@router.get("/pairs/positions", openapi_extra=rest.describe(response=list[PairPositionView]))
def list_positions(request: HttpRequest) -> HttpResponse:
    """Shares by symbol, of all pairs together."""
    return rest.answer(selectors.list_positions(_user(request)))


@router.get("/pairs/{int:pair_id}/orders", openapi_extra=rest.describe(response=list[PairOrderView]))
def list_orders(request: HttpRequest, pair_id: int, before: int | None = None) -> HttpResponse:
    """Orders of one pair with their fills, newest first; ``before``: an order id to page from."""
    return rest.answer(selectors.list_orders(_user(request), pair_id, before=before))


@router.post("/pairs/steer", openapi_extra=rest.describe(request=SteerPairs, response=CommandAccepted, status=202))
def steer_pairs(request: HttpRequest) -> HttpResponse:
    """Disable, enable or unwind a pair; let pairs enter or not. What became of it is a fact."""
    message = rest.decode(request, SteerPairs)
    return rest.answer(handlers.steer_pairs(_user(request), rest.actor(request), message), status=202)


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
