"""What the socket does to baskets; ``orders.handlers`` offers it with the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from common import clock
from common.actor import Actor
from orders import services
from wire.client import ClientMessage, CommandAccepted
from wire.client_baskets import PlaceBasket, PreviewBasket

if TYPE_CHECKING:
    from accounts.models import User


def preview_basket(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PreviewBasket)
    del actor
    preview = services.preview_basket(user=user, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, result=msgspec.Raw(msgspec.json.encode(preview)))


def place_basket(user: User, actor: Actor, message: ClientMessage) -> CommandAccepted:
    assert isinstance(message, PlaceBasket)
    basket = services.place_basket(user=user, actor=actor, message=message, at=clock.now())
    return CommandAccepted(command_id=message.command_id, entity="basket", entity_id=basket.pk)


SOCKET_HANDLERS: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage], CommandAccepted]] = {
    PreviewBasket: preview_basket,
    PlaceBasket: place_basket,
}
