"""Kill switches and trading states of persons: the gateway's check of a block knows accounts, not who agreed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accounts import selectors as accounts_selectors
from common.errors import Conflict
from rfq.domain.records import RfqRecord
from risk import selectors as risk_selectors
from wire.units import ControlScope

if TYPE_CHECKING:
    from accounts.models import Account, User

Scope = tuple[ControlScope, int]


def check_user(user: User) -> None:
    """Raises Conflict ``kill_switch`` or ``trading_state`` where the user or its desk may take no new risk."""
    _refuse_person(risk_selectors.list_stops(_persons(user)))


def check_quote(user: User, account: Account, rfq: RfqRecord) -> None:
    """The same, and ``kill_switch`` where one covers the firm, the account, its desk or a leg."""
    persons = _persons(user)
    scopes: list[Scope] = [
        (ControlScope.ALL, 0),
        (ControlScope.FIRM, account.firm_id),
        (ControlScope.DESK, account.desk_id),
        (ControlScope.ACCOUNT, account.pk),
        *((ControlScope.INSTRUMENT, leg.instrument_id) for leg in rfq.legs),
    ]
    stops = {stop.scope: stop for stop in risk_selectors.list_stops([*persons, *scopes])}
    _refuse_person([stops[scope] for scope in persons if scope in stops])
    for scope in scopes:
        if scope in stops and stops[scope].is_killed:
            raise Conflict("kill_switch", "A kill switch is engaged.", value=_name(scope))


def _persons(user: User) -> list[Scope]:
    desk: list[Scope] = [] if user.desk_id is None else [(ControlScope.DESK, user.desk_id)]
    return [*desk, (ControlScope.USER, user.pk)]


def _refuse_person(stops: Sequence[risk_selectors.Stop]) -> None:
    """By a kill switch first, else by a trading state."""
    for stop in sorted(stops, key=lambda stop: not stop.is_killed):
        if stop.is_killed:
            raise Conflict("kill_switch", "A kill switch is engaged.", value=_name(stop.scope))
        bound = stop.trading_state.value
        raise Conflict("trading_state", "Trading is not active.", value=_name(stop.scope), bound=bound)


def _name(scope: Scope) -> str:
    return f"{scope[0].value}:{scope[1]}"


def check_maker(user_id: int) -> None:
    """The same for who made a quote; why is not the taker's to know."""
    try:
        check_user(accounts_selectors.get_user(user_id))
    except Conflict as refusal:
        raise Conflict("maker_stopped", "The maker cannot trade now.") from refusal
