"""How clients of a simulated venue sign in: by secret, by signature, by refresh token."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from venues.simulator.json_rpc.errors import INVALID_CREDENTIALS, invalid_params
from wire.units import NANOSECONDS_PER_MS

TOKEN_SECONDS = 900
TOKENS_MAX = 1_000
SIGNATURE_AGE_MS_MAX = 60_000
SCOPE = "session:default trade:read_write account:read"


class AuthParams(msgspec.Struct, kw_only=True):
    grant_type: str
    client_id: str = ""
    client_secret: str = ""
    timestamp: int = 0
    signature: str = ""
    nonce: str = ""
    data: str = ""
    refresh_token: str = ""


class Doorkeeper:
    """Knows who may come in. Tokens live in memory."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """``known``: client id to secret."""
        self._known = dict(known)
        self._refresh: dict[str, str] = {}

    def admit(self, params: AuthParams) -> tuple[str, dict[str, Any]]:
        """(client id, what the venue answers). Raises RpcError."""
        client_id = self._identify(params)
        while len(self._refresh) >= TOKENS_MAX:
            self._refresh.pop(next(iter(self._refresh)))
        token = secrets.token_urlsafe(24)
        self._refresh[token] = client_id
        answer = {
            "access_token": secrets.token_urlsafe(24),
            "refresh_token": token,
            "expires_in": TOKEN_SECONDS,
            "scope": SCOPE,
            "token_type": "bearer",
        }
        return client_id, answer

    def _identify(self, params: AuthParams) -> str:
        if params.grant_type == "refresh_token":
            client_id = self._refresh.pop(params.refresh_token, "")
            if not client_id:
                raise INVALID_CREDENTIALS
            return client_id
        secret = self._known.get(params.client_id, "")
        checks = {"client_credentials": _is_secret, "client_signature": _is_signature}
        if params.grant_type not in checks:
            raise invalid_params(f"grant_type {params.grant_type!r} is not known")
        if not secret or not checks[params.grant_type](params, secret):
            raise INVALID_CREDENTIALS
        return params.client_id


def _is_secret(params: AuthParams, secret: str) -> bool:
    return hmac.compare_digest(params.client_secret, secret)


def _is_signature(params: AuthParams, secret: str) -> bool:
    """Documented as HMAC-SHA256 of timestamp, nonce and data, each on a line."""
    if abs(time.time_ns() // NANOSECONDS_PER_MS - params.timestamp) > SIGNATURE_AGE_MS_MAX:
        return False
    text = f"{params.timestamp}\n{params.nonce}\n{params.data}"
    expected = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(params.signature, expected)
