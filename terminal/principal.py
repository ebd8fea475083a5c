"""Who stands behind a socket: admitted once, and looked at again several times a second. Runs in threads."""

import dataclasses
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.models import Session
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import roles
from accounts import services as accounts_services
from common.actor import Actor, session_name


@dataclasses.dataclass(frozen=True)
class Principal:
    """``session_key`` or ``token`` says by what the user was admitted."""

    user: Any
    actor: Actor
    session_key: str
    token: str

    @property
    def user_id(self) -> int:
        return int(self.user.pk)

    @property
    def firm_id(self) -> int:
        return int(self.user.firm_id or 0)

    @property
    def role(self) -> str:
        return str(self.user.role)

    @property
    def sees_every_account(self) -> bool:
        return roles.sees_every_firm(self.user)


def is_origin_allowed(headers: dict[bytes, bytes]) -> bool:
    """A browser's page must come from this host or from a trusted origin; without Origin only an API key may ask."""
    host = headers.get(b"host", b"").decode("latin1")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get(b"origin", b"").decode("latin1")
    if not origin:
        return b"authorization" in headers
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def admit(headers: dict[bytes, bytes], remote_address: str) -> Principal | None:
    """The principal of a bearer token or of a session cookie; None where neither is good."""
    session_key = token = ""
    authorization = headers.get(b"authorization", b"").decode("latin1")
    if authorization:
        scheme, _, token = authorization.partition(" ")
        user = accounts_services.authenticate_api_key(token) if scheme.lower() == "bearer" and token else None
    else:
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin1"))
        session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")
        user = _user_of_session(session_key) if session_key else None
    if user is None or not user.is_active:
        return None
    session = session_name(token=token, session_key=session_key)
    actor = Actor(user_id=user.pk, firm_id=user.firm_id, via="socket", remote_address=remote_address, session=session)
    return Principal(user=user, actor=actor, session_key=session_key, token=token)


def find_ended(principals: Iterable[Principal]) -> list[Principal]:
    """Those whose session or key has ended, or whose user is not what it was when admitted."""
    asked = list(principals)
    users = auth.get_user_model().objects.in_bulk({principal.user_id for principal in asked})
    sessions = {principal.session_key for principal in asked if principal.session_key}
    alive = set(
        Session.objects.filter(session_key__in=sessions, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )
    return [
        principal
        for principal in asked
        if not _is_good(principal, users.get(principal.user_id), has_session=principal.session_key in alive)
    ]


def _is_good(principal: Principal, user: Any, *, has_session: bool) -> bool:
    was = principal.user
    if user is None or not user.is_active:
        return False
    if (user.role, user.firm_id) != (was.role, was.firm_id):
        return False
    if principal.token:
        return accounts_services.authenticate_api_key(principal.token) is not None
    return has_session and user.get_session_auth_hash() == was.get_session_auth_hash()


def _user_of_session(session_key: str) -> Any:
    request = HttpRequest()
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(session_key)
    user = auth.get_user(request)
    return user if user.is_authenticated else None
