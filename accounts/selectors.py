"""Reads. What belongs to another firm does not exist for the asker."""

import json
from typing import Any

from django.db.models import Q

from accounts import roles
from accounts.models import Account, ApiKey, Desk, Firm, FirmKind, FixSession, FixSessionEvent, FixVersion, User
from common import valkey
from common.errors import NotFound
from wire.transport import GATEWAY_HEARTBEAT


def get_user(user_id: int) -> User:
    """Active or not; raises NotFound."""
    try:
        return User.objects.select_related("firm", "desk").get(pk=user_id)
    except User.DoesNotExist as error:
        raise NotFound("unknown_user", f"There is no user {user_id}.", value=user_id) from error


def get_account_for(user: User, account_id: int) -> Account:
    """The account, if it belongs to the firm of ``user``; raises NotFound for any other."""
    account = None
    if user.is_active and user.firm_id is not None:
        account = Account.objects.select_related("firm", "desk").filter(pk=account_id, firm_id=user.firm_id).first()
    if account is None:
        raise NotFound("unknown_account", f"You have no account {account_id}.", value=account_id)
    return account


def get_account(account_id: int) -> Account:
    """For the system itself (projections, timers, risk); whoever asks for a person calls ``get_account_for``."""
    try:
        return Account.objects.select_related("firm", "desk").get(pk=account_id)
    except Account.DoesNotExist as error:
        raise NotFound("unknown_account", f"There is no account {account_id}.", value=account_id) from error


def list_accounts(firm_id: int | None = None) -> list[Account]:
    """The accounts of a firm, or of every firm, in the order of their id."""
    accounts = Account.objects.select_related("firm", "desk").order_by("id")
    return list(accounts if firm_id is None else accounts.filter(firm_id=firm_id))


def accounts_of(user: User) -> list[Account]:
    """What the user may look at: the accounts of its firm, none without a firm; for compliance and admin, all."""
    if roles.sees_every_firm(user):
        return list_accounts()
    return [] if user.firm_id is None else list_accounts(user.firm_id)


def get_firm(firm_id: int) -> Firm:
    try:
        return Firm.objects.get(pk=firm_id)
    except Firm.DoesNotExist as error:
        raise NotFound("unknown_firm", f"There is no firm {firm_id}.", value=firm_id) from error


def get_desk(desk_id: int) -> Desk:
    try:
        return Desk.objects.get(pk=desk_id)
    except Desk.DoesNotExist as error:
        raise NotFound("unknown_desk", f"There is no desk {desk_id}.", value=desk_id) from error


def find_firm(name: str) -> Firm | None:
    return Firm.objects.filter(name=name).first()


def people_of(firm_id: int | None) -> list[User]:
    """Users of a firm, none without a firm, in the order of their names."""
    return [] if firm_id is None else list(User.objects.filter(firm_id=firm_id).order_by("username"))


def list_firms() -> list[Firm]:
    return list(Firm.objects.order_by("id"))


def list_desks() -> list[Desk]:
    """Of every firm, in the order of their id."""
    return list(Desk.objects.select_related("firm").order_by("id"))


def list_people() -> list[User]:
    """Users of every firm, active or not, in the order of their id."""
    return list(User.objects.select_related("firm").order_by("id"))


def maker_firms() -> list[Firm]:
    """Every firm that may be asked for a quote, in the order of its name."""
    return list(Firm.objects.filter(kind=FirmKind.MAKER).order_by("name"))


def firms_of_same_entity(firm_id: int) -> set[int]:
    """Ids of the other firms of the firm's legal entity, none where it has none."""
    entity = Firm.objects.filter(pk=firm_id).values("legal_entity_id")
    others = Firm.objects.filter(legal_entity_id__in=entity, legal_entity_id__isnull=False).exclude(pk=firm_id)
    return set(others.values_list("pk", flat=True))


def list_api_keys(user: User) -> list[ApiKey]:
    """Newest first, revoked ones too."""
    return list(ApiKey.objects.filter(user=user).order_by("-created_at", "-id"))


def get_fix_session(session_id: int) -> FixSession:
    """Raises NotFound."""
    try:
        return FixSession.objects.select_related("user__firm", "account").get(pk=session_id)
    except FixSession.DoesNotExist as error:
        raise NotFound("unknown_fix_session", f"There is no FIX session {session_id}.", value=session_id) from error


def list_fix_sessions() -> list[FixSession]:
    """Of every firm, in the order of their name; revoked ones last."""
    sessions = FixSession.objects.select_related("user__firm", "account")
    return list(sessions.order_by("revoked_at", "name", "version"))


def list_sessions_told_of_rfqs() -> list[FixSession]:
    """Sessions that may negotiate, or get copies of what is traded, in the order of their id."""
    sessions = FixSession.objects.select_related("account").filter(is_enabled=True, revoked_at__isnull=True)
    told = sessions.filter(Q(may_negotiate=True) | Q(gets_drop_copy=True))
    return list(told.exclude(version=FixVersion.FIX42).order_by("id"))


def fix_states() -> dict[int, dict[str, Any]]:
    """What the gateway's heartbeat says of each session, by its id; nothing where there is no gateway."""
    try:
        shown = valkey.client().get(GATEWAY_HEARTBEAT)
    except valkey.Unreachable:
        return {}
    told = json.loads(shown) if shown else {}
    return {row["session_id"]: row for row in told.get("fix", {}).get("sessions", ())}


def list_fix_events(count: int) -> list[FixSessionEvent]:
    """The newest of all sessions."""
    return list(FixSessionEvent.objects.select_related("session").order_by("-at", "-id")[:count])
