"""API keys on REST and sockets: ``Authorization: Bearer <key id>.<secret>``."""

from accounts import services
from accounts.models import User

SCHEME = "bearer"


def authenticate_bearer(header: str | None) -> User | None:
    """The user whose key the header carries; None for no header, another scheme, or a key that does not work."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != SCHEME or not token:
        return None
    return services.authenticate_api_key(token.strip())
