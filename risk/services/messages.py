"""Clients' messages into the services, the same for socket and REST, and the answers back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from accounts import selectors as accounts
from common.actor import Actor
from common.errors import Refusal
from market import selectors as market
from risk.services import controls, limits, settings
from risk.services import preview as margin_preview
from wire.client import (
    ApproveRelease,
    ClientMessage,
    CommandAccepted,
    EngageKillSwitch,
    PreviewMargin,
    RequestRelease,
    RfqLeg,
    SetLimits,
)
from wire.client_controls import AnyControlSetting
from wire.limits import QUANTITY_LOTS_MAX
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import User

_encode = msgspec.json.Encoder().encode


def carry_out(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    """Do what one of the messages of ``KINDS`` asks for. Raises Refusal."""
    return _SERVICES[type(message)](user, actor, message, at)


def _preview_margin(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, PreviewMargin)
    preview = preview_of(user, message)
    return CommandAccepted(
        command_id=message.command_id,
        entity="account",
        entity_id=message.account_id,
        result=msgspec.Raw(_encode(preview)),
    )


def preview_of(user: User, message: PreviewMargin) -> margin_preview.MarginPreview:
    """Raises NotFound where the account is not the user's to see, or an instrument does not exist."""
    if roles.sees_every_firm(user):
        account = accounts.get_account(message.account_id)
    else:
        account = accounts.get_account_for(user, message.account_id)
    quantity = Decimal(message.quantity)
    if quantity <= 0:
        raise Refusal("quantity_not_positive", "a quantity is greater than zero", value=message.quantity, bound="> 0")
    legs = _preview_legs(message.legs, message.side, quantity)
    return margin_preview.preview_margin(account_id=account.pk, legs=legs, require_fresh=False)


def _preview_legs(legs: Sequence[RfqLeg], side: Side, quantity: Decimal) -> list[margin_preview.PreviewLeg]:
    """What buying or selling ``quantity`` units of the structure trades, at marks."""
    return [
        margin_preview.PreviewLeg(
            instrument_name=leg.instrument_name, signed_quantity=leg.side.sign * side.sign * _contracts(leg, quantity)
        )
        for leg in legs
    ]


def _contracts(leg: RfqLeg, quantity: Decimal) -> Decimal:
    """Of the leg. Raises NotFound for an unknown instrument, and Refusal for more than anybody could trade."""
    instrument = market.get_instrument(leg.instrument_name)
    contracts, bound = leg.ratio * quantity, QUANTITY_LOTS_MAX * instrument.lot_size
    if contracts > bound:
        raise Refusal(
            "quantity_too_large", f"the quantity of {instrument.name} is too large", value=contracts, bound=bound
        )
    return contracts


def _set_limits(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, SetLimits)
    row = limits.set_limits(
        account_id=message.account_id,
        coin=message.coin,
        max_order_quantity_lots=message.max_order_quantity_lots,
        max_order_value=Decimal(message.max_order_value),
        max_position_lots=message.max_position_lots,
        max_position_value=Decimal(message.max_position_value),
        price_collar_basis_points=message.price_collar_basis_points,
        actor=actor,
        at=at,
        command_id=message.command_id,
    )
    return CommandAccepted(command_id=message.command_id, entity="limits", entity_id=row.pk)


def _engage_kill_switch(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, EngageKillSwitch)
    row = controls.engage_kill_switch(
        user=user,
        actor=actor,
        scope=message.scope,
        scope_id=message.scope_id,
        command_id=message.command_id,
        at=at,
    )
    return CommandAccepted(command_id=message.command_id, entity="kill_switch", entity_id=row.pk)


def _request_release(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, RequestRelease)
    row = controls.request_release(
        user=user,
        actor=actor,
        scope=message.scope,
        scope_id=message.scope_id,
        reason=message.reason,
        command_id=message.command_id,
        at=at,
        control=message.control,
    )
    return CommandAccepted(command_id=message.command_id, entity="release", entity_id=row.pk)


def _set_control(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, AnyControlSetting)
    row = settings.set_control(user=user, actor=actor, message=message, at=at)
    return CommandAccepted(command_id=message.command_id, entity="control", entity_id=row.pk)


def _approve_release(user: User, actor: Actor, message: ClientMessage, at: dt.datetime) -> CommandAccepted:
    assert isinstance(message, ApproveRelease)
    row = controls.approve_release(
        user=user,
        actor=actor,
        release_id=message.release_id,
        reason=message.reason,
        command_id=message.command_id,
        at=at,
    )
    return CommandAccepted(command_id=message.command_id, entity="release", entity_id=row.pk)


_SERVICES: dict[type[ClientMessage], Callable[[User, Actor, ClientMessage, dt.datetime], CommandAccepted]] = {
    PreviewMargin: _preview_margin,
    SetLimits: _set_limits,
    EngageKillSwitch: _engage_kill_switch,
    RequestRelease: _request_release,
    ApproveRelease: _approve_release,
    **dict.fromkeys(settings.KINDS, _set_control),
}
KINDS = tuple(_SERVICES)
