"""Sessions in the database, for keys that could be ours."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A cookie that is no key of ours asks for nothing: PostgreSQL would refuse a NUL in it with an error."""

    def _validate_session_key(self, key: str | None) -> bool:
        is_long_enough = bool(super()._validate_session_key(key))  # type: ignore[misc]  # the stubs leave it out
        return is_long_enough and str(key).isascii() and str(key).isalnum()
