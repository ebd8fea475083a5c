"""Trades that people book over REST: the socket's messages, the same services."""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from orders import desk_trade_handlers, desk_trade_selectors
from wire import client_desk_trades as messages
from wire.client import ClientMessage, CommandAccepted
from wire.desk_trade_views import DeskTradeView

if TYPE_CHECKING:
    from accounts.models import User

router = Router(tags=["booked trades"])


@router.get("/desk_trades", openapi_extra=rest.describe(response=list[DeskTradeView]))
def list_desk_trades(request: HttpRequest) -> HttpResponse:
    """Fills entered by hand, their corrections, and allocations of the firm, newest first."""
    return rest.answer(desk_trade_selectors.list_desk_trades(_user(request)))


def _offer(path: str, message_type: type[ClientMessage], text: str) -> None:
    handler = desk_trade_handlers.SOCKET_HANDLERS[message_type]

    def act(request: HttpRequest) -> HttpResponse:
        message = rest.decode(request, message_type)
        return rest.answer(handler(_user(request), rest.actor(request), message), status=202)

    act.__name__, act.__doc__ = f"{path}_desk_trade", text
    described = rest.describe(request=message_type, response=CommandAccepted, status=202)
    router.post(f"/desk_trades/{path}", openapi_extra=described, operation_id=f"orders_{path}_desk_trade")(act)


_offer("enter", messages.EnterFill, "Write down a fill that was made elsewhere, for another person to approve.")
_offer("correct", messages.CorrectFill, "Ask that such a fill be taken back, or become another.")
_offer("decide", messages.DecideDeskTrade, "Another person's word.")
_offer("allocate", messages.AllocateTrade, "Share what an order traded out to accounts of the firm.")
_offer("undo", messages.UndoAllocation, "Book an allocation the other way round.")


def _user(request: HttpRequest) -> "User":
    """Who asks: the API lets nobody in who is not signed in."""
    return cast("User", request.user)
