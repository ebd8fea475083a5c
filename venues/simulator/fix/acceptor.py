"""quickfix's acceptor as the venue uses it: polled on the venue's loop, so that no thread meets another.

It listens on every address and takes connections from loopback alone. Its numbers are files where ``store`` names a
folder, and outlive the process then; what was sent of prices is not kept to be sent again.
"""

import importlib.metadata
import tempfile
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import quickfix

SEPARATOR = "\x01"
BEGIN_STRING = "FIX.4.4"
HOST = "127.0.0.1"
UNKEPT = frozenset({"W", "X"})
HEARTBEATS_SECONDS_MAX = 60
SETTINGS = """[DEFAULT]
ConnectionType=acceptor
NonStopSession=Y
DataDictionary={dictionary}
UseDataDictionary=Y
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketNodelay=Y
AllowedRemoteAddresses={host}
PersistMessages=Y
TimeStampPrecision=6
{store}
"""
SESSION = """[SESSION]
BeginString={begin_string}
SenderCompID={venue}
TargetCompID={client}
"""
Field = tuple[int, str]


class Incoming:
    """A message of a client: the first of a tag counts."""

    def __init__(self, client_id: str, raw: str) -> None:
        self.client_id = client_id
        self.fields = [
            (int(tag), value) for tag, _, value in (each.partition("=") for each in raw.split(SEPARATOR)[:-1])
        ]
        self._first: dict[int, str] = {}
        for tag, value in self.fields:
            self._first.setdefault(tag, value)
        self.type = self._first[35]

    def find(self, tag: int) -> str:
        return self._first.get(tag, "")

    def all(self, tag: int) -> list[str]:
        """In their order, as of a group with one field an entry."""
        return [value for each, value in self.fields if each == tag]


class _Application(quickfix.Application):
    """Only notes what came: the front acts when quickfix has finished with it."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self._secrets = secrets
        self.came: deque[Incoming] = deque()
        self.left: deque[str] = deque()
        self.refuses_logons = False

    def onCreate(self, session: Any) -> None: ...  # noqa: N802 - quickfix's name

    def onLogon(self, session: Any) -> None: ...  # noqa: N802 - quickfix's name

    def onLogout(self, session: Any) -> None:  # noqa: N802 - quickfix's name
        self.left.append(_client_of(session))

    def toAdmin(self, message: Any, session: Any) -> None: ...  # noqa: N802 - quickfix's name

    def toApp(self, message: Any, session: Any) -> None: ...  # noqa: N802 - quickfix's name

    def fromAdmin(self, message: Any, session: Any) -> None:  # noqa: N802 - quickfix's name
        """A logon needs its client's secret, as Username (553) and Password (554)."""
        client_id = _client_of(session)
        given = Incoming(client_id, message.toString())
        if given.type != "A":
            return
        is_known = (given.find(553), given.find(554)) == (client_id, self._secrets[client_id])
        if self.refuses_logons or not is_known:
            raise quickfix.RejectLogon("come back later" if is_known else "invalid_credentials")

    def fromApp(self, message: Any, session: Any) -> None:  # noqa: N802 - quickfix's name
        self.came.append(Incoming(_client_of(session), message.toString()))


class Acceptor:
    """Raises quickfix.ConfigError, quickfix.RuntimeError where the port cannot be used."""

    def __init__(self, venue: str, secrets: Mapping[str, str], port: int, store: Path | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="venue-fix-", ignore_cleanup_errors=True)
        dictionary = specification("FIX44.xml")
        self._dictionary = quickfix.DataDictionary(str(dictionary))
        text = SETTINGS.format(
            dictionary=dictionary, port=port, host=HOST, store=f"FileStorePath={store}" if store else ""
        )
        for client in secrets:
            text += SESSION.format(begin_string=BEGIN_STRING, venue=venue, client=client)
        settings_file = Path(self._folder.name) / "settings"
        settings_file.write_text(text)
        self._settings = quickfix.SessionSettings(str(settings_file))
        self.application = _Application(secrets)
        self._store = quickfix.FileStoreFactory(self._settings) if store else quickfix.MemoryStoreFactory()
        self._acceptor = quickfix.SocketAcceptor(self.application, self._store, self._settings)
        self._ids = {client: quickfix.SessionID(BEGIN_STRING, venue, client) for client in secrets}
        self.clients = list(secrets)
        self.poll()

    def close(self) -> None:
        """Sessions are known by name in the whole process, and end with the acceptor. A logon that was rejected leaves
        a reference to it behind, so it is ended by hand.
        """
        acceptor, self._acceptor = self._acceptor, None
        acceptor.stop(True)
        acceptor.__swig_destroy__(acceptor)
        self._folder.cleanup()

    def poll(self) -> None:
        """Reads what is there, keeps sessions alive; returns at once."""
        self._acceptor.poll()

    def send(self, client_id: str, kind: str, fields: Iterable[Field]) -> None:
        """It takes its number now; a client that is away is told when it asks."""
        session = self._session(client_id)
        session.setPersistMessages(kind not in UNKEPT)
        quickfix.Session.sendToTarget(self._message(kind, fields), self._ids[client_id])
        session.setPersistMessages(True)

    def is_logged_on(self, client_id: str) -> bool:
        return bool(self._session(client_id).isLoggedOn())

    def cut(self, client_id: str) -> None:
        """Ends its connection without a word."""
        self._session(client_id).disconnect()

    def shift_sent(self, client_id: str, by: int) -> None:
        """The next message has a number that is so much off."""
        session = self._session(client_id)
        session.setNextSenderMsgSeqNum(max(1, session.getExpectedSenderNum() + by))

    def expect_again(self, client_id: str, count: int) -> None:
        """The last so many messages of the client count as not received."""
        session = self._session(client_id)
        session.setNextTargetMsgSeqNum(max(1, session.getExpectedTargetNum() - count))

    def _session(self, client_id: str) -> Any:
        return quickfix.Session.lookupSession(self._ids[client_id])

    def _message(self, kind: str, fields: Iterable[Field]) -> Any:
        """Read with the dictionary, so that groups are groups."""
        body = "".join(f"{tag}={value}{SEPARATOR}" for tag, value in fields)
        text = f"35={kind}{SEPARATOR}{body}"
        raw = f"8={BEGIN_STRING}{SEPARATOR}9={len(text.encode())}{SEPARATOR}{text}10=000{SEPARATOR}"
        return quickfix.Message(raw, self._dictionary, False)


def specification(name: str) -> Path:
    """A dictionary file that comes with quickfix. Raises FileNotFoundError."""
    for file in importlib.metadata.files("quickfix") or ():
        if file.name == name:
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError(f"quickfix was installed without {name}")


def _client_of(session: Any) -> str:
    return str(session.getTargetCompID().getValue())
