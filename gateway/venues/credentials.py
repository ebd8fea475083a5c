"""Keys of venues: from the environment or a file that its owner alone may read. Never in a database, never in a log."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

FILE_BYTES_MAX = 16 << 10


class CredentialsRefused(ValueError):
    """A secret that cannot be used; the message is a sentence without it."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Shows itself without the secret."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials(key={self.key!r})"


class Named(Protocol):
    """A venue as its credentials are found: by its name, or in ``secret_file``."""

    @property
    def name(self) -> str: ...

    @property
    def secret_file(self) -> str: ...


def find_credentials(entry: Named, environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """None where there are none: the venue's public data need none. Raises CredentialsRefused."""
    if entry.secret_file:
        return read_secret(Path(entry.secret_file))
    prefix = f"PARLEY_VENUE_{entry.name.upper()}"
    key, secret = environment.get(f"{prefix}_KEY", ""), environment.get(f"{prefix}_SECRET", "")
    if bool(key) != bool(secret):
        raise CredentialsRefused(f"{prefix}_KEY and {prefix}_SECRET must both be set, or neither.")
    return Credentials(key=key, secret=secret) if key else None


def read_secret(path: Path) -> Credentials:
    """Raises CredentialsRefused where others may read it, it is another user's, or it holds no key and secret."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise CredentialsRefused(f"The secret {path} cannot be read: {error.strerror}.") from error
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise CredentialsRefused(f"The secret {path} may be read by others: make it 0600.")
    if status.st_uid not in (os.geteuid(), 0):
        raise CredentialsRefused(f"The secret {path} belongs to another user.")
    try:
        return msgspec.json.decode(content[:FILE_BYTES_MAX], type=Credentials)
    except msgspec.DecodeError:
        raise CredentialsRefused(f"The secret {path} holds no JSON with a key and a secret.") from None
