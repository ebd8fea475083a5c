"""The sessions that may connect, in a file of the gateway's state folder: changed by commands, durable before a
command's number is taken.
"""

import os
from pathlib import Path

import msgspec

from gateway.fix.handler import Grant, Session
from wire.gateway_fix import SetFixSession

FILE_NAME = "sessions.json"
SESSIONS_MAX = 256


class RegistryDamaged(ValueError):
    """The file exists and cannot be read."""


class RegistryFull(ValueError):
    """There is no room for another session."""


class SessionRegistry:
    """What ``SetFixSession`` said last of each session."""

    def __init__(self, directory: Path) -> None:
        """Raises RegistryDamaged, OSError."""
        self._path = directory / FILE_NAME
        self.specs: dict[int, SetFixSession] = {}
        if self._path.exists():
            try:
                specs = msgspec.json.decode(self._path.read_bytes(), type=list[SetFixSession])
            except msgspec.DecodeError as error:
                raise RegistryDamaged(f"{self._path} cannot be read: {error}") from error
            self.specs = {spec.session_id: spec for spec in specs}

    def put(self, spec: SetFixSession) -> None:
        """Durable when it returns. Raises RegistryFull, OSError."""
        if spec.session_id not in self.specs and len(self.specs) >= SESSIONS_MAX:
            raise RegistryFull(f"There are {SESSIONS_MAX} FIX sessions already.")
        self.specs[spec.session_id] = spec
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(list(self.specs.values())))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def session_of(spec: SetFixSession) -> Session:
    return Session(
        session_id=spec.session_id,
        name=spec.name,
        begin_string=spec.begin_string,
        application_version=spec.application_version,
        sender=spec.sender,
        target=spec.target,
        firm_id=spec.firm_id,
        user_id=spec.user_id,
        desk_id=spec.desk_id,
        account_id=spec.account_id,
        account_ids=tuple(spec.account_ids),
        grants=frozenset(Grant(grant) for grant in spec.grants),
        cancels_on_disconnect=spec.cancels_on_disconnect,
    )
