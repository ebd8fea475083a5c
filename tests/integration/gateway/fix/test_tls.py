"""The FIX port by TLS: with a certificate of the gateway alone, and with clients that must show theirs."""

import contextlib
import datetime as dt
import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.fix import acceptor
from gateway.fix.tls import Tls, TlsRefused, names_of, open_context
from gateway.settings import parse_arguments
from tests.integration.gateway.fix.client import HOST, WAIT_SECONDS, Client, Disconnected, value
from tests.integration.gateway.fix.desk import SECRET, Desk, session

DAY = dt.timedelta(days=1)


class Authority:
    """Signs certificates; its own is ``<folder>/authority.pem``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{folder.name} authority")])
        own = self._built(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))
        self.path = folder / "authority.pem"
        self.path.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *extensions: x509.ExtensionType) -> Tls:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._built(subject, key, *extensions)
        files = Tls(certificate=self._folder / f"{name}.pem", key=self._folder / f"{name}.key")
        files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        with os.fdopen(os.open(files.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(pem)
        return files

    def _built(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self._name, subject_name=subject, public_key=key.public_key(),
            serial_number=x509.random_serial_number(), not_valid_before=now - DAY, not_valid_after=now + DAY,
        )  # fmt: skip
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())


class TlsClient(Client):
    """Verifies the gateway; shows a certificate of its own where it has one."""

    def __init__(self, port: int, authority: Path, shown: Tls | None = None, sender: str = "CLIENT1") -> None:
        super().__init__(port, sender=sender, secret=SECRET)
        self._context = ssl.create_default_context(cafile=str(authority))
        if shown is not None:
            self._context.load_cert_chain(shown.certificate, shown.key)

    def connect(self) -> None:
        super().connect()
        assert self._socket is not None
        self._socket = self._context.wrap_socket(self._socket, server_hostname=HOST)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def own(authority: Authority) -> Tls:
    """The gateway's."""
    return authority.issue("gateway", x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]))


def test_a_session_lives_by_tls_and_the_clear_is_refused(tmp_path: Path, authority: Authority, own: Tls) -> None:
    with Desk(tmp_path / "fix", session(), tls=open_context(own)) as desk:
        with TlsClient(desk.port, authority.path) as client:
            assert value(client.log_on(), 35) == "A"
            for number in range(20):
                client.send("D", (11, f"o{number}"), (55, "BTC"), (54, 1), (60, "20260101-00:00:00"), (38, 1), (40, 1))
            assert [value(client.receive("B"), 148) for _ in range(20)] == desk.news.orders
            client.log_out()
        with Client(desk.port, sender="CLIENT1", secret=SECRET) as clear, pytest.raises(Disconnected):
            clear.log_on()
        stranger = ssl.create_default_context()
        with (
            socket.create_connection((HOST, desk.port), WAIT_SECONDS) as line,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            stranger.wrap_socket(line, server_hostname=HOST)


def test_a_client_shows_the_certificate_of_its_session(tmp_path: Path, authority: Authority, own: Tls) -> None:
    asked = Tls(certificate=own.certificate, key=own.key, client_authorities=authority.path)
    foreign = Authority(_folder(tmp_path / "foreign")).issue("CLIENT1")
    specs = session(1), session(2)
    with Desk(tmp_path / "fix", *specs, tls=open_context(asked)) as desk:
        first = authority.issue("CLIENT1")
        with TlsClient(desk.port, authority.path, first) as client:
            assert value(client.log_on(), 35) == "A"
        by_dns = authority.issue("whoever", x509.SubjectAlternativeName([x509.DNSName("CLIENT2")]))
        with TlsClient(desk.port, authority.path, by_dns, "CLIENT2") as client:
            assert value(client.log_on(), 35) == "A"
        for shown in (None, foreign, by_dns):
            with TlsClient(desk.port, authority.path, shown) as client, pytest.raises((Disconnected, ssl.SSLError)):
                client.log_on()
        wait_until(lambda: len(desk.news.heard) >= 4, "the logouts")
        for name in ("CLIENT1", "CLIENT2"):
            assert [each for each in desk.news.heard if each.endswith(name)] == [f"logon {name}", f"logout {name}"]
        assert len(desk.news.heard) == 4


def test_handshakes_that_never_end_are_bounded(
    tmp_path: Path, authority: Authority, own: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "HANDSHAKES_MAX", 2)
    with Desk(tmp_path / "fix", session(), tls=open_context(own)) as desk:
        silent = [socket.create_connection((HOST, desk.port), WAIT_SECONDS) for _ in range(2)]
        with pytest.raises(OSError), TlsClient(desk.port, authority.path) as refused:  # noqa: PT011 - cut off: by a reset or an end
            refused.log_on()
        silent[0].close()
        wait_until(lambda: _logs_on(desk.port, authority.path), "the place of who left is free again")
        silent[1].close()
    monkeypatch.setattr(acceptor, "HANDSHAKES_MAX", 0)
    with Desk(tmp_path / "clear", session()) as desk, Client(desk.port, sender="CLIENT1", secret=SECRET) as clear:
        assert value(clear.log_on(), 35) == "A", "the clear knows no handshake"


def wait_until(has_happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not has_happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _logs_on(port: int, authority: Path) -> bool:
    with contextlib.suppress(OSError, Disconnected), TlsClient(port, authority) as client:
        return value(client.log_on(), 35) == "A"
    return False


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_goodbye_waits_for_no_client(tmp_path: Path, authority: Authority, own: Tls) -> None:
    """A client that never answers the end of TLS does not hold up the gateway's stop."""
    with Desk(tmp_path / "fix", session(), tls=open_context(own)) as desk:
        client = TlsClient(desk.port, authority.path)
        client.log_on()
    assert value(client.receive("5"), 58).startswith("shutdown")
    client.cut()


def test_files_that_cannot_be_used_are_refused_by_their_name(tmp_path: Path, authority: Authority, own: Tls) -> None:
    other = authority.issue("other")
    open_to_all = authority.issue("open")
    open_to_all.key.chmod(0o640)
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    for files, named in (
        (Tls(certificate=own.certificate, key=other.key), own.certificate),
        (Tls(certificate=tmp_path / "missing.pem", key=own.key), tmp_path / "missing.pem"),
        (Tls(certificate=own.certificate, key=tmp_path / "missing.key"), tmp_path / "missing.key"),
        (open_to_all, open_to_all.key),
        (Tls(certificate=own.certificate, key=own.key, client_authorities=nothing), nothing),
    ):
        with pytest.raises(TlsRefused, match=named.name):
            open_context(files)
    assert open_context(own).minimum_version is ssl.TLSVersion.TLSv1_2


def test_settings_say_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_arguments(["--simulated"]).fix_tls is None
    given = ["--simulated", "--fix-certificate", "a.pem", "--fix-key", "a.key"]
    assert parse_arguments(given).fix_tls == Tls(certificate=Path("a.pem"), key=Path("a.key"))
    monkeypatch.setenv("PARLEY_FIX_CLIENT_AUTHORITIES", "ca.pem")
    assert parse_arguments(given).fix_tls == Tls(
        certificate=Path("a.pem"), key=Path("a.key"), client_authorities=Path("ca.pem")
    )
    with pytest.raises(SystemExit):
        parse_arguments(["--simulated"])
    monkeypatch.delenv("PARLEY_FIX_CLIENT_AUTHORITIES")
    with pytest.raises(SystemExit):
        parse_arguments(given[:3])


def test_names_are_those_of_a_certificate_that_was_verified() -> None:
    shown = {
        "subject": ((("commonName", "A"),), (("organizationName", "B"),)),
        "subjectAltName": (("DNS", "C"), ("IP", "D")),
    }
    assert names_of(shown) == {"A", "C"}
    assert names_of({}) is names_of(None) is None
