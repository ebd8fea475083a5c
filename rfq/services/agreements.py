"""Agreements on last look between a maker and a taker: offered by one, agreed by the other, ended by either.

The house may do it in the stead of both, with two of its people: what one administrator offers, or wants ended, another
person of the house agrees to.
"""

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
from rfq.selectors import last_looks
from rfq.services import commands
from streams import services as streams
from wire.client import AgreeLastLook, EndLastLook, ProposeLastLook
from wire.facts import LastLookChanged

if TYPE_CHECKING:
    from accounts.models import User

TOLERANCE_BASIS_POINTS_MAX = 1_000
TOLERANCE_DIGITS = 2
ENTITY = "lastlook"


def propose_last_look(*, user: User, actor: Actor, message: ProposeLastLook, at: dt.datetime) -> int:
    """Offer an agreement; returns its id. An administrator offers in the stead of both firms, and nobody has agreed."""
    return commands.once(
        user_id=user.id, message=message, entity=ENTITY, act=lambda: _propose(user, actor, message, at)
    )


def agree_last_look(*, user: User, actor: Actor, message: AgreeLastLook, at: dt.datetime) -> int:
    """Put what the other firm, or another person of the house, offered in force, in place of an earlier agreement.

    Returns its id. Raises NotAllowed ``role`` and ``same_person``, NotFound, Conflict ``last_look_ended`` and
    ``already_agreed``.
    """
    return commands.once(user_id=user.id, message=message, entity=ENTITY, act=lambda: _agree(user, actor, message, at))


def end_last_look(*, user: User, actor: Actor, message: EndLastLook, at: dt.datetime) -> int:
    """End an agreement, or withdraw or decline an offer; returns its id. What is pending is finished under it.

    Of the house, the first person asks for the end of what is in force, and a second one ends it. Raises NotAllowed
    ``role`` and ``same_person``, NotFound, Conflict ``last_look_ended``.
    """
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
    if not roles.is_admin(user):
        _put_agreed(row, user.firm_id or 0, at)
    return _store(row, None, "last_look.proposed", (actor, message.command_id), at)


def _agree(user: User, actor: Actor, message: AgreeLastLook, at: dt.datetime) -> int:
    row = _lock(user, message.agreement_id)
    before = _content(row)
    if row.ended_at is not None:
        raise Conflict("last_look_ended", "The agreement has ended.", value=row.id)
    if roles.sees_every_firm(user):
        _agree_for_both(row, user, at)
    else:
        _agree_for_own(row, user.firm_id or 0, at)
    return _store(row, before, "last_look.agreed", (actor, message.command_id), at)


def _end(user: User, actor: Actor, message: EndLastLook, at: dt.datetime) -> int:
    row = _lock(user, message.agreement_id)
    before = _content(row)
    if row.ended_at is not None:
        raise Conflict("last_look_ended", "The agreement has ended.", value=row.id)
    is_house = roles.sees_every_firm(user)
    if is_house and not roles.is_admin(user) and not _waits_for_second(row):
        raise NotAllowed("role", "An administrator asks for the end first.", value=user.role, bound="admin")
    if is_house and _is_in_force(row) and row.end_asked_by_id is None:
        row.end_asked_by, row.end_asked_at = user, at
        return _store(row, before, "last_look.end_asked", (actor, message.command_id), at)
    _check_another(user, row.end_asked_by_id)
    row.ended_by, row.ended_at = user, at
    return _store(row, before, "last_look.ended", (actor, message.command_id), at)


def _agree_for_own(row: LastLookAgreement, firm_id: int, at: dt.datetime) -> None:
    agreed_at = row.maker_agreed_at if firm_id == row.maker_firm_id else row.taker_agreed_at
    if agreed_at is not None:
        raise Conflict("already_agreed", "Your firm has agreed already.", value=row.id)
    _put_agreed(row, firm_id, at)


def _agree_for_both(row: LastLookAgreement, user: User, at: dt.datetime) -> None:
    """The house agrees to nothing but its own offers: one of a firm is the other firm's to agree to."""
    if not roles.sees_every_firm(row.proposed_by):
        raise NotAllowed("role", "The other firm agrees to an offer of a firm.", value=user.role)
    if _is_in_force(row):
        raise Conflict("already_agreed", "The agreement is in force already.", value=row.id)
    _check_another(user, row.proposed_by_id)
    row.house_agreed_by = user
    row.maker_agreed_at = row.maker_agreed_at or at
    row.taker_agreed_at = row.taker_agreed_at or at


def _check_another(user: User, first_user_id: int | None) -> None:
    if first_user_id == user.pk:
        raise NotAllowed("same_person", "For the house it takes two people.", value=user.pk, bound="another person")


def _waits_for_second(row: LastLookAgreement) -> bool:
    """Whether one person of the house has said a word about it already."""
    if _is_in_force(row):
        return row.end_asked_by_id is not None
    return roles.sees_every_firm(row.proposed_by)


def _is_in_force(row: LastLookAgreement) -> bool:
    return row.maker_agreed_at is not None and row.taker_agreed_at is not None and row.ended_at is None


def _lock(user: User, agreement_id: int) -> LastLookAgreement:
    """Raises NotFound for what is not the user's firm's: the two are not told apart."""
    rows = LastLookAgreement.objects.select_related("maker_firm", "taker_firm", "proposed_by")
    row = rows.select_for_update(no_key=True, of=("self",)).filter(id=agreement_id).first()
    missing = NotFound("last_look_not_found", "There is no such agreement.", value=agreement_id)
    if row is None:
        raise missing
    if roles.sees_every_firm(user):
        return row
    if user.firm_id not in (row.maker_firm_id, row.taker_firm_id):
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
    if _is_in_force(row):
        for earlier in _in_force(row):
            was = _content(earlier)
            earlier.ended_at = at
            earlier.save()
            _tell(earlier, was, "last_look.ended", who, at)
    row.save()
    _tell(row, before, action, who, at)
    return row.id


def _in_force(row: LastLookAgreement) -> list[LastLookAgreement]:
    rows = LastLookAgreement.objects.select_related("maker_firm", "taker_firm", "proposed_by")
    others = rows.select_for_update(no_key=True, of=("self",)).filter(
        maker_firm_id=row.maker_firm_id,
        taker_firm_id=row.taker_firm_id,
        maker_agreed_at__isnull=False,
        taker_agreed_at__isnull=False,
        ended_at__isnull=True,
    )
    return list(others.exclude(id=row.id).order_by("id"))


def _tell(
    row: LastLookAgreement, before: dict[str, Any] | None, action: str, who: tuple[Actor, str], at: dt.datetime
) -> None:
    fact = LastLookChanged(last_look=last_looks.agreement_view(row))
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
        streams.publish_fact(firm_id=firm_id, fact=fact)


def _content(row: LastLookAgreement) -> dict[str, Any]:
    times = ("proposed_at", "maker_agreed_at", "taker_agreed_at", "end_asked_at", "ended_at")
    people = ("proposed_by_id", "house_agreed_by_id", "end_asked_by_id", "ended_by_id")
    return {
        "maker_firm_id": row.maker_firm_id,
        "taker_firm_id": row.taker_firm_id,
        "window_ms": row.window_ms,
        "tolerance_basis_points": str(row.tolerance_basis_points),
        **{name: getattr(row, name) for name in people},
        **{name: value.isoformat() if (value := getattr(row, name)) else None for name in times},
    }
