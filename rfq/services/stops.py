"""Kill switches and trading states of persons: the gateway's check of a block knows accounts, not who agreed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import selectors as accounts_selectors
from common.errors import Conflict
from rfq.domain.records import RfqRecord
from risk import selectors as risk_selectors
from wire.units import ControlScope

if TYPE_CHECKING:
    from accounts.models import Account, User


def check_user(user: User) -> None:
    """Raises Conflict ``kill_switch`` or ``trading_state`` where the user or its desk may take no new risk."""
    stop = risk_selectors.find_stop_of_person(user)
    if stop is None:
        return
    scope = f"{stop.scope}:{stop.scope_id}"
    if stop.is_killed:
        raise Conflict("kill_switch", "A kill switch is engaged.", value=scope)
    raise Conflict("trading_state", "Trading is not active.", value=scope, bound=stop.trading_state)


def check_quote(account: Account, rfq: RfqRecord) -> None:
    """Raises Conflict ``kill_switch`` where one covers the firm, the account, its desk or a leg."""
    scopes = [
        (ControlScope.ALL, 0),
        (ControlScope.FIRM, account.firm_id),
        (ControlScope.DESK, account.desk_id),
        (ControlScope.ACCOUNT, account.pk),
        *((ControlScope.INSTRUMENT, leg.instrument_id) for leg in rfq.legs),
    ]
    killed = risk_selectors.find_killed_scope(scopes)
    if killed is not None:
        raise Conflict("kill_switch", "A kill switch is engaged.", value=f"{killed[0].value}:{killed[1]}")


def check_maker(user_id: int) -> None:
    """The same for who made a quote; why is not the taker's to know."""
    try:
        check_user(accounts_selectors.get_user(user_id))
    except Conflict as refusal:
        raise Conflict("maker_stopped", "The maker cannot trade now.") from refusal
