"""What the socket does to baskets; ``orders.handlers`` offers it with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from common import clock
from common.actor import Actor
from orders import services
from orders.command_handlers import Handler, accepting
from wire.client import ClientMessage, CommandAccepted
from wire.client_baskets import PlaceBasket, PreviewBasket

if TYPE_CHECKING:
    from accounts.models import User


def preview_basket(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PreviewBasket)
    del actor
    preview = services.preview_basket(user=user, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(preview)))


place_basket = accepting("basket", services.place_basket)

SOCKET_HANDLERS: dict[type[ClientMessage], Handler] = {
    PreviewBasket: preview_basket,
    PlaceBasket: place_basket,
}
