"""Firms, desks, users, accounts and API keys: created, changed and revoked, each with its audit record."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import TypeVar

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Model

from accounts.models import Account, ApiKey, Desk, Firm, FirmKind, LegalEntity, Role, User
from accounts.services import entities, fix
from audit import services as audit_services
from common import db
from common.actor import Actor
from common.errors import Conflict, NotFound, Refusal
from wire import transport

check_legal_entity_move = entities.check_legal_entity_move
propose_legal_entity = entities.propose_legal_entity
decide_legal_entity = entities.decide_legal_entity
FixTerms = fix.FixTerms
SEQUENCE_MAX = fix.SEQUENCE_MAX
create_fix_session = fix.create_fix_session
publish_fix_session = fix.publish_fix_session
publish_fix_sessions_of = fix.publish_fix_sessions_of
renew_fix_secret = fix.renew_fix_secret
reset_fix_sequence = fix.reset_fix_sequence
revoke_fix_session = fix.revoke_fix_session
revoke_fix_sessions_of = fix.revoke_fix_sessions_of
store_fix_events = fix.store_fix_events

KEY_ID_BYTES = 9
SECRET_BYTES = 32
API_KEYS_PER_USER_MAX = 20
TOKEN_LENGTH_MAX = 200

Row = TypeVar("Row", bound=Model)


def create_firm(*, name: str, kind: FirmKind, actor: Actor, at: dt.datetime) -> Firm:
    """Raises Conflict where the name is taken."""
    with db.unit_of_work():
        firm = _insert(Firm(name=name, kind=kind), "firm_exists", f"There is a firm called {name}.")
        _record(firm, "firm.created", f"firm:{firm.pk}", actor, at, after={"name": name, "kind": str(kind)})
    return firm


def name_legal_entity(*, firm: Firm, name: str, actor: Actor, at: dt.datetime) -> None:
    """Put the firm into the legal entity of this name, unless it is in one; two administrators move it elsewhere."""
    with db.unit_of_work():
        if firm.legal_entity_id is None:
            firm.legal_entity = LegalEntity.objects.get_or_create(name=name)[0]
            firm.save(update_fields=["legal_entity"])
            _record(firm, "firm.changed", f"firm:{firm.pk}", actor, at, after={"legal_entity": name})


def create_desk(*, firm: Firm, name: str, actor: Actor, at: dt.datetime) -> Desk:
    with db.unit_of_work():
        desk = _insert(Desk(firm=firm, name=name), "desk_exists", f"{firm} has a desk called {name}.")
        _record(firm, "desk.created", f"desk:{desk.pk}", actor, at, after={"name": name})
    return desk


def create_account(*, desk: Desk, name: str, actor: Actor, at: dt.datetime) -> Account:
    with db.unit_of_work():
        draft = Account(firm_id=desk.firm_id, desk=desk, name=name)
        account = _insert(draft, "account_exists", f"{desk.firm} has an account called {name}.")
        after = {"name": name, "desk_id": desk.pk}
        _record(desk.firm, "account.created", f"account:{account.pk}", actor, at, after=after)
    return account


def create_user(
    *, username: str, password: str, firm: Firm, role: Role, actor: Actor, at: dt.datetime, desk: Desk | None = None
) -> User:
    """Raises Refusal for a weak password, Conflict where the name is taken."""
    user = User(username=username, firm=firm, desk=desk, role=role)
    user.is_staff = user.is_superuser = role == Role.ADMIN
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refusal("weak_password", " ".join(error.messages)) from error
    user.set_password(password)
    with db.unit_of_work():
        _insert(user, "user_exists", f"There is a user called {username}.")
        after = {"username": username, "role": str(role), "desk_id": desk.pk if desk else None}
        _record(firm, "user.created", f"user:{user.pk}", actor, at, after=after)
    return user


def create_api_key(*, user: User, actor: Actor, at: dt.datetime) -> tuple[str, str]:
    """(key id, secret). The secret is shown here and never again: only its SHA-256 is stored."""
    key_id, secret = secrets.token_urlsafe(KEY_ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    with db.unit_of_work():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        count = ApiKey.objects.filter(user=user, revoked_at__isnull=True).count()
        if count >= API_KEYS_PER_USER_MAX:
            raise Refusal(
                "too_many_api_keys", "Revoke a key before you make another.", value=count, bound=API_KEYS_PER_USER_MAX
            )
        ApiKey.objects.create(user=user, key_id=key_id, secret_sha256=_sha256(secret), created_at=at)
        _record(user.firm, "api_key.created", f"api_key:{key_id}", actor, at, after={"user_id": user.pk})
    return key_id, secret


def authenticate_api_key(token: str) -> User | None:
    """The active user of ``<key id>.<secret>``, or None."""
    key_id, dot, secret = token.partition(".")
    if not dot or len(token) > TOKEN_LENGTH_MAX or not token.isascii() or not token.isprintable():
        return None
    keys = ApiKey.objects.select_related("user__firm", "user__desk")
    key = keys.filter(key_id=key_id, revoked_at__isnull=True, user__is_active=True).first()
    if key is None or not hmac.compare_digest(bytes(key.secret_sha256), _sha256(secret)):
        return None
    return key.user


def revoke_api_key(*, user: User, key_id: str, actor: Actor, at: dt.datetime) -> None:
    """The key stops working at once and the sockets of its user are closed; a second call changes nothing."""
    with db.unit_of_work():
        keys = ApiKey.objects.select_for_update().filter(user=user, key_id=key_id)
        key = keys.first() if key_id.isprintable() else None
        if key is None:
            raise NotFound("unknown_api_key", f"You have no key {key_id}.", value=key_id)
        if key.revoked_at is None:
            key.revoked_at = at
            key.save(update_fields=["revoked_at"])
            _record(user.firm, "api_key.revoked", f"api_key:{key_id}", actor, at)
            db.notify(transport.REVOKED_NOTIFY, str(user.pk))


def end_sessions(*, user: User, actor: Actor, at: dt.datetime, reason: str = "") -> None:
    """Every session of the user ends now: its cookies no longer verify, its sockets are closed."""
    with db.unit_of_work():
        User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
        _record(user.firm, "user.sessions_ended", f"user:{user.pk}", actor, at, reason=reason)
        db.notify(transport.REVOKED_NOTIFY, str(user.pk))


def deactivate_user(*, user: User, actor: Actor, at: dt.datetime, reason: str) -> None:
    """No sign-in, no session, no key."""
    with db.unit_of_work():
        changed = User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
        if not changed:
            raise Conflict("user_inactive", f"{user} is not active.", value=user.pk)
        ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=at)
        revoke_fix_sessions_of(user=user, actor=actor, at=at, reason=reason)
        _record(user.firm, "user.deactivated", f"user:{user.pk}", actor, at, reason=reason)
        end_sessions(user=user, actor=actor, at=at, reason=reason)


def note_signed_in(*, user: User, actor: Actor, at: dt.datetime) -> None:
    with db.unit_of_work():
        _record(user.firm, "user.signed_in", f"user:{user.pk}", actor, at)


def note_signed_out(*, user: User, actor: Actor, at: dt.datetime) -> None:
    """Sockets ask again whether their session still stands; the one that signed out does not."""
    with db.unit_of_work():
        _record(user.firm, "user.signed_out", f"user:{user.pk}", actor, at)
        db.notify(transport.REVOKED_NOTIFY, str(user.pk))


def note_sign_in_failed(*, username: str, actor: Actor, at: dt.datetime) -> None:
    """How often one address or name may try is bounded before this is called (ACCOUNT_RATE_LIMITS)."""
    with db.unit_of_work():
        after = {"username": username[:64]}
        audit_services.record(
            stream="house", action="user.sign_in_failed", entity="user:0", actor=actor, at=at, after=after
        )


def note_administered(*, entity: Model, fields: dict[str, str], is_new: bool, actor: Actor, at: dt.datetime) -> None:
    """What an administrator created or changed in the admin: the new values, without secrets."""
    kind = entity._meta.model_name or ""
    firm = entity if isinstance(entity, Firm) else getattr(entity, "firm", None)
    verb = "created" if is_new else "changed"
    with db.unit_of_work():
        _record(firm, f"{kind}.{verb}", f"{kind}:{entity.pk}", actor, at, after=fields)


def _insert(row: Row, reason: str, message: str) -> Row:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(reason, message) from error
    return row


def _record(
    firm: Firm | None,
    action: str,
    entity: str,
    actor: Actor,
    at: dt.datetime,
    *,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    stream = f"firm:{firm.pk}" if firm else "house"
    values = dict(after) if after else None
    audit_services.record(stream=stream, action=action, entity=entity, actor=actor, at=at, after=values, reason=reason)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
