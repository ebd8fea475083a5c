"""Who asks, and through which entrance."""

import dataclasses
import hashlib


@dataclasses.dataclass(frozen=True, kw_only=True)
class Actor:
    """``via``: socket, rest, page, gateway, timer, system. ``user_id`` is None where no person or key acts.

    ``session``: the API key or the signed-in browser through which a person acts; see ``session_name``.
    """

    user_id: int | None
    firm_id: int | None
    via: str
    remote_address: str = ""
    session: str = ""


GATEWAY = Actor(user_id=None, firm_id=None, via="gateway")
TIMER = Actor(user_id=None, firm_id=None, via="timer")
SYSTEM = Actor(user_id=None, firm_id=None, via="system")


def session_name(*, token: str = "", session_key: str = "") -> str:
    """``key:<key id>`` or ``browser:<hash>``, the same over every connection; empty without either. No secret in it."""
    if token:
        return f"key:{token.partition('.')[0]}"
    if session_key:
        return f"browser:{hashlib.sha256(session_key.encode()).hexdigest()[:16]}"
    return ""
