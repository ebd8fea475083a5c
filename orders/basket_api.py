"""Baskets over REST: the socket's messages, the same services."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import basket_handlers, basket_selectors
from wire.basket_views import BasketResult, BasketView
from wire.client import CommandAccepted
from wire.client_baskets import PlaceBasket, PreviewBasket

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["baskets"])


@router.post("/baskets/preview", openapi_extra=rest.describe(request=PreviewBasket, response=CommandAccepted))
def preview_basket(request: HttpRequest) -> HttpResponse:
    """What a file of orders would send: ``result`` is a ``BasketPreview``. Changes nothing."""
    message = rest.decode(request, PreviewBasket)
    return rest.answer(basket_handlers.preview_basket(_user(request), rest.actor(request), message))


@router.post("/baskets", openapi_extra=rest.describe(request=PlaceBasket, response=CommandAccepted, status=201))
def place_basket(request: HttpRequest) -> HttpResponse:
    """Place the chosen rows of a file, all or none."""
    message = rest.decode(request, PlaceBasket)
    return rest.answer(basket_handlers.place_basket(_user(request), rest.actor(request), message), status=201)


@router.get("/baskets", openapi_extra=rest.describe(response=list[BasketView]))
def list_baskets(request: HttpRequest) -> HttpResponse:
    """The firm's newest baskets."""
    return rest.answer(basket_selectors.list_baskets(_user(request)))


@router.get("/baskets/{int:basket_id}", openapi_extra=rest.describe(response=BasketResult))
def get_basket(request: HttpRequest, basket_id: int) -> HttpResponse:
    """One basket with what has become of each row."""
    return rest.answer(basket_selectors.get_basket(_user(request), basket_id))


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
