"""FIX sessions: created, changed, revoked, and what the gateway tells of them. The gateway hears of all by commands."""

import dataclasses
import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import roles
from accounts.models import Account, Firm, FixSession, FixSessionEvent, FixVersion, User
from audit import services as audit_services
from common import clock, db
from common.actor import SYSTEM, Actor
from common.errors import Conflict, Refusal
from streams import services as streams_services
from wire.fix_events import FixEvent
from wire.gateway_fix import ResetFixSequence, SetFixSession

TARGET = "PARLEY"
"""Our CompID: 56 of the client's messages."""
SECRET_BYTES = 32
FIX_SESSIONS_PER_FIRM_MAX = 32
SEQUENCE_MAX = 2**31 - 1
APPLICATION_VERSIONS = {FixVersion.FIX42: "4", FixVersion.FIX44: "6", FixVersion.FIX50SP2: "9"}
AUDITED = frozenset({"logged_on", "logged_out", "logon_refused", "reset", "revoked", "sequence_too_low"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class FixTerms:
    """What a session may do, and how fast."""

    may_send_orders: bool = False
    may_see_market_data: bool = False
    may_negotiate: bool = False
    gets_drop_copy: bool = False
    cancels_on_disconnect: bool = True
    messages_per_second: int = 100
    message_burst: int = 200


def create_fix_session(
    *, name: str, version: FixVersion, account: Account, terms: FixTerms, user: User, actor: Actor, at: dt.datetime
) -> tuple[FixSession, str]:
    """(session, secret). The secret is shown here and never again: only its SHA-256 is stored.

    Raises Refusal for a name or account that cannot be, Conflict where there is such a session.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session = FixSession(
        name=name, version=version, user=user, account=account, secret_sha256=_sha256(secret), created_at=at,
        **dataclasses.asdict(terms),
    )  # fmt: skip
    _check(session)
    with db.unit_of_work():
        _check_room(user.firm)
        try:
            with transaction.atomic():
                session.save(force_insert=True)
        except IntegrityError as error:
            raise Conflict("fix_session_exists", f"There is a session {session}.", value=name) from error
        after = {"name": name, "version": str(version), "user_id": user.pk, "account_id": account.pk}
        _record(session, "fix_session.created", actor, at, after=after | dataclasses.asdict(terms))
        publish_fix_session(session)
    return session, secret


def renew_fix_secret(*, session: FixSession, actor: Actor, at: dt.datetime) -> str:
    """The new secret; the old one stops working, and whoever is logged on with it is logged out."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with db.unit_of_work():
        session.secret_sha256 = _sha256(secret)
        session.save(update_fields=["secret_sha256"])
        _record(session, "fix_session.secret_renewed", actor, at)
        publish_fix_session(session)
    return secret


def revoke_fix_session(*, session: FixSession, actor: Actor, at: dt.datetime, reason: str = "") -> None:
    """It is logged out and never logs on again; a second call changes nothing."""
    with db.unit_of_work():
        row = FixSession.objects.select_for_update().get(pk=session.pk)
        if row.revoked_at is None:
            row.revoked_at, row.is_enabled = at, False
            row.save(update_fields=["revoked_at", "is_enabled"])
            _record(row, "fix_session.revoked", actor, at, reason=reason)
            publish_fix_session(row)


def revoke_fix_sessions_of(*, user: User, actor: Actor, at: dt.datetime, reason: str) -> None:
    for session in FixSession.objects.filter(user=user, revoked_at__isnull=True):
        revoke_fix_session(session=session, actor=actor, at=at, reason=reason)


def publish_fix_sessions_of(user: User) -> None:
    """Tell the gateway of a user who was changed: only who is active and in the account's firm stays logged on."""
    for session in FixSession.objects.select_related("account").filter(user=user, revoked_at__isnull=True):
        session.user = user
        publish_fix_session(session)


def reset_fix_sequence(
    *, session: FixSession, next_sender: int, next_target: int, actor: Actor, at: dt.datetime, reason: str
) -> None:
    """The session goes on with these numbers. Raises Refusal for numbers that cannot be, and without a reason."""
    if not reason.strip():
        raise Refusal("reason_missing", "Say why the numbers are changed.")
    for number in (next_sender, next_target):
        if not 1 <= number <= SEQUENCE_MAX:
            raise Refusal("sequence_out_of_range", "Numbers go from 1 to 2147483647.", value=number, bound=SEQUENCE_MAX)
    with db.unit_of_work():
        after = {"next_sender": next_sender, "next_target": next_target}
        _record(session, "fix_session.sequence_reset", actor, at, after=after, reason=reason)
        command_id = f"fix_reset:{session.pk}:{clock.to_ns(at)}"
        streams_services.send_to_gateway(
            ResetFixSequence(
                command_id=command_id, session_id=session.pk, next_sender=next_sender, next_target=next_target
            )
        )


def publish_fix_session(session: FixSession) -> None:
    """Tell the gateway what the session is now, when the unit of work commits; it may do no more than its user."""
    user, firm_id = session.user, session.account.firm_id
    is_standing = user.is_active and user.firm_id == firm_id
    grants = {
        "orders": session.may_send_orders and roles.may_trade(user),
        "market_data": session.may_see_market_data,
        "rfq": session.may_negotiate and roles.may_trade(user),
        "drop_copy": session.gets_drop_copy,
    }
    others = session.other_accounts.filter(firm_id=firm_id).order_by("id").values_list("id", flat=True)
    streams_services.send_to_gateway(
        SetFixSession(
            command_id=f"fix_session:{session.pk}:{secrets.token_hex(8)}",
            session_id=session.pk,
            name=session.name,
            begin_string=session.version,
            application_version=APPLICATION_VERSIONS[FixVersion(session.version)],
            sender=session.name,
            target=TARGET,
            secret_sha256=bytes(session.secret_sha256).hex(),
            firm_id=firm_id,
            user_id=user.pk,
            desk_id=session.account.desk_id,
            account_id=session.account_id,
            account_ids=[session.account_id, *(pk for pk in others if pk != session.account_id)],
            grants=[name for name, is_given in grants.items() if is_given],
            cancels_on_disconnect=session.cancels_on_disconnect,
            messages_per_second=session.messages_per_second,
            message_burst=session.message_burst,
            is_enabled=session.is_enabled and session.revoked_at is None and is_standing,
            opens_at_minute=_minute(session.opens_at),
            closes_at_minute=_minute(session.closes_at),
            resets_on_logon=session.resets_on_logon,
        )
    )


def store_fix_events(*, chronicle: str, events: Iterable[FixEvent]) -> int:
    """Store what is new of the gateway's chronicle, with its audit records. Returns the last number that is stored."""
    with db.unit_of_work():
        last = FixSessionEvent.objects.filter(chronicle=chronicle).order_by("-number").first()
        taken = last.number if last else 0
        for event in events:
            if event.number <= taken:
                continue
            session = FixSession.objects.select_related("user__firm").filter(pk=event.session_id).first()
            if session is not None:
                _store_event(session, chronicle, event)
            taken = event.number
    return taken


def _store_event(session: FixSession, chronicle: str, event: FixEvent) -> None:
    at = clock.from_ns(event.at_ns)
    FixSessionEvent.objects.create(
        session=session,
        chronicle=chronicle,
        number=event.number,
        at=at,
        event=event.event[:32],
        detail=event.detail[:256],
        address=event.address[:64],
    )
    if event.event in AUDITED:
        after = {"detail": event.detail[:256], "address": event.address[:64]}
        _record(session, f"fix_session.{event.event}", SYSTEM, at, after=after)


def _check(session: FixSession) -> None:
    try:
        session.full_clean(exclude=["secret_sha256"], validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise Refusal("fix_session_wrong", " ".join(error.messages), value=session.name) from error
    if session.user.firm_id is None:
        raise Refusal("no_firm", "The user of a FIX session belongs to a firm.", value=session.user_id)


def _check_room(firm: Firm | None) -> None:
    assert firm is not None, "checked before"
    Firm.objects.select_for_update(no_key=True).get(pk=firm.pk)
    count = FixSession.objects.filter(user__firm=firm, revoked_at__isnull=True).count()
    if count >= FIX_SESSIONS_PER_FIRM_MAX:
        raise Refusal(
            "too_many_fix_sessions", "Revoke a session before you make another.", value=count,
            bound=FIX_SESSIONS_PER_FIRM_MAX,
        )  # fmt: skip


def _minute(time: dt.time | None) -> int:
    return time.hour * 60 + time.minute if time else 0


def _record(
    session: FixSession,
    action: str,
    actor: Actor,
    at: dt.datetime,
    *,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit_services.record(
        stream=f"firm:{session.user.firm_id}", action=action, entity=f"fix_session:{session.pk}", actor=actor, at=at,
        after=dict(after) if after else None, reason=reason,
    )  # fmt: skip


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
