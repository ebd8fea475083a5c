"""Agreements on last look between a maker and a taker: offered by one, agreed by the other, ended by either."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from accounts import roles
from accounts import selectors as accounts_selectors
from audit import services as audit
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from rfq.domain.prices import to_decimal
from rfq.models import LastLookAgreement
from rfq.services import commands
from wire.client import AgreeLastLook, EndLastLook, ProposeLastLook

if TYPE_CHECKING:
    from accounts.models import User

TOLERANCE_BASIS_POINTS_MAX = 1_000
TOLERANCE_DIGITS = 2
ENTITY = "lastlook"


def propose_last_look(*, user: User, actor: Actor, message: ProposeLastLook, at: dt.datetime) -> int:
    """Offer an agreement; returns its id. An administrator's is agreed by both sides at once."""
    return commands.once(
        user_id=user.id, message=message, entity=ENTITY, act=lambda: _propose(user, actor, message, at)
    )


def agree_last_look(*, user: User, actor: Actor, message: AgreeLastLook, at: dt.datetime) -> int:
    """Put what the other firm offered in force, in place of an earlier agreement; returns its id."""
    return commands.once(user_id=user.id, message=message, entity=ENTITY, act=lambda: _agree(user, actor, message, at))


def end_last_look(*, user: User, actor: Actor, message: EndLastLook, at: dt.datetime) -> int:
    """End an agreement, or withdraw or decline an offer; returns its id. What is pending is finished under it."""
    return commands.once(user_id=user.id, message=message, entity=ENTITY, act=lambda: _end(user, actor, message, at))


def _propose(user: User, actor: Actor, message: ProposeLastLook, at: dt.datetime) -> int:
    firms = (message.maker_firm_id, message.taker_firm_id)
    _check_side(user, firms)
    _check_kinds(*firms)
    row = LastLookAgreement.objects.create(
        maker_firm_id=message.maker_firm_id,
        taker_firm_id=message.taker_firm_id,
        window_ms=message.window_ms,
        tolerance_basis_points=_tolerance(message.tolerance_basis_points),
        proposed_at=at,
        proposed_by=user,
    )
    for firm_id in firms:
        if roles.is_admin(user) or user.firm_id == firm_id:
            _put_agreed(row, firm_id, at)
    return _store(row, None, "last_look.proposed", (actor, message.command_id), at)


def _agree(user: User, actor: Actor, message: AgreeLastLook, at: dt.datetime) -> int:
    row = _lock(user, message.agreement_id)
    before = _content(row)
    if row.ended_at is not None:
        raise Conflict("last_look_ended", "The agreement has ended.", value=row.id)
    firm_id = user.firm_id or 0
    agreed_at = row.maker_agreed_at if firm_id == row.maker_firm_id else row.taker_agreed_at
    if agreed_at is not None:
        raise Conflict("already_agreed", "Your firm has agreed already.", value=row.id)
    _put_agreed(row, firm_id, at)
    return _store(row, before, "last_look.agreed", (actor, message.command_id), at)


def _end(user: User, actor: Actor, message: EndLastLook, at: dt.datetime) -> int:
    row = _lock(user, message.agreement_id)
    before = _content(row)
    if row.ended_at is not None:
        raise Conflict("last_look_ended", "The agreement has ended.", value=row.id)
    row.ended_at = at
    return _store(row, before, "last_look.ended", (actor, message.command_id), at)


def _lock(user: User, agreement_id: int) -> LastLookAgreement:
    """Raises NotFound for what is not the user's firm's: the two are not told apart."""
    row = LastLookAgreement.objects.select_for_update(no_key=True).filter(id=agreement_id).first()
    missing = NotFound("last_look_not_found", "There is no such agreement.", value=agreement_id)
    if row is None:
        raise missing
    if not roles.is_admin(user) and user.firm_id not in (row.maker_firm_id, row.taker_firm_id):
        raise missing
    _check_side(user, (row.maker_firm_id, row.taker_firm_id))
    return row


def _check_side(user: User, firm_ids: tuple[int, int]) -> None:
    if roles.is_admin(user) or (roles.may_trade(user) and user.firm_id in firm_ids):
        return
    raise NotAllowed("role", "One of the two firms, or an administrator, does this.", value=user.role)


def _check_kinds(maker_firm_id: int, taker_firm_id: int) -> None:
    if maker_firm_id not in {firm.id for firm in accounts_selectors.maker_firms()}:
        raise NotFound("unknown_maker", "There is no such maker.", value=maker_firm_id)
    taker = accounts_selectors.get_firm(taker_firm_id)
    if taker.kind != "taker":
        raise NotFound("unknown_taker", "There is no such taker.", value=taker_firm_id)


def _tolerance(text: str) -> Decimal:
    tolerance = to_decimal("tolerance", text)
    if tolerance > TOLERANCE_BASIS_POINTS_MAX or tolerance != round(tolerance, TOLERANCE_DIGITS):
        bound = f"0 to {TOLERANCE_BASIS_POINTS_MAX}, {TOLERANCE_DIGITS} decimal places"
        raise Refusal("tolerance", "The tolerance is out of bounds.", value=text, bound=bound)
    return tolerance


def _put_agreed(row: LastLookAgreement, firm_id: int, at: dt.datetime) -> None:
    if firm_id == row.maker_firm_id:
        row.maker_agreed_at = at
    else:
        row.taker_agreed_at = at


def _store(
    row: LastLookAgreement, before: dict[str, Any] | None, action: str, who: tuple[Actor, str], at: dt.datetime
) -> int:
    """One that comes into force ends the earlier one of the two firms; both firms' trails tell of it."""
    if row.maker_agreed_at and row.taker_agreed_at and row.ended_at is None:
        for earlier in _in_force(row):
            was = _content(earlier)
            earlier.ended_at = at
            earlier.save()
            _record(earlier, was, "last_look.ended", who, at)
    row.save()
    _record(row, before, action, who, at)
    return row.id


def _in_force(row: LastLookAgreement) -> list[LastLookAgreement]:
    others = LastLookAgreement.objects.select_for_update(no_key=True).filter(
        maker_firm_id=row.maker_firm_id,
        taker_firm_id=row.taker_firm_id,
        maker_agreed_at__isnull=False,
        taker_agreed_at__isnull=False,
        ended_at__isnull=True,
    )
    return list(others.exclude(id=row.id).order_by("id"))


def _record(
    row: LastLookAgreement, before: dict[str, Any] | None, action: str, who: tuple[Actor, str], at: dt.datetime
) -> None:
    for firm_id in (row.maker_firm_id, row.taker_firm_id):
        audit.record(
            stream=f"firm:{firm_id}",
            action=action,
            entity=f"last_look:{row.id}",
            actor=who[0],
            at=at,
            before=before,
            after=_content(row),
            command_id=who[1],
        )


def _content(row: LastLookAgreement) -> dict[str, Any]:
    times = ("proposed_at", "maker_agreed_at", "taker_agreed_at", "ended_at")
    return {
        "maker_firm_id": row.maker_firm_id,
        "taker_firm_id": row.taker_firm_id,
        "window_ms": row.window_ms,
        "tolerance_basis_points": str(row.tolerance_basis_points),
        **{name: value.isoformat() if (value := getattr(row, name)) else None for name in times},
    }
