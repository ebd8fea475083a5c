"""Where allauth asks us: no sign-up, and each sign-in, sign-out and failure leaves its audit record."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest

from accounts import services
from accounts.models import User
from common import clock
from common.actor import Actor


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Users are made by their firm's administrator."""
        del request
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        services.note_signed_in(user=user, actor=_actor(request, user), at=clock.now())

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            services.note_signed_out(user=user, actor=_actor(request, user), at=clock.now())

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        username = str(credentials.get("username") or "")
        services.note_sign_in_failed(username=username, actor=_actor(request, None), at=clock.now())


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors as allauth makes them; the seed is encrypted at rest with the key of the installation."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _actor(request: HttpRequest, user: User | None) -> Actor:
    return Actor(
        user_id=user.pk if user else None,
        firm_id=user.firm_id if user else None,
        via="page",
        remote_address=request.META.get("REMOTE_ADDR", ""),
    )


def _cipher() -> Fernet:
    digest = hashlib.sha256(b"accounts.second_factor" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
