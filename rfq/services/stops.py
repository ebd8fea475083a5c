"""Kill switches and trading states of persons: the gateway's check of a block knows accounts, not who agreed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import selectors as accounts_selectors
from common.errors import Conflict
from risk import selectors as risk_selectors

if TYPE_CHECKING:
    from accounts.models import User


def check_user(user: User) -> None:
    """Raises Conflict ``kill_switch`` or ``trading_state`` where the user or its desk may take no new risk."""
    stop = risk_selectors.find_stop_of_person(user)
    if stop is None:
        return
    scope = f"{stop.scope}:{stop.scope_id}"
    if stop.is_killed:
        raise Conflict("kill_switch", "A kill switch is engaged.", value=scope)
    raise Conflict("trading_state", "Trading is not active.", value=scope, bound=stop.trading_state)


def check_maker(user_id: int) -> None:
    """The same for who made a quote; why is not the taker's to know."""
    try:
        check_user(accounts_selectors.get_user(user_id))
    except Conflict as refusal:
        raise Conflict("maker_stopped", "The maker cannot trade now.") from refusal
