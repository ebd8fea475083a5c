"""TLS of the FIX port: the gateway's own certificate, and the ones that clients must show, if they must."""

import dataclasses
import ssl
import stat
from pathlib import Path
from typing import Any

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class TlsRefused(ValueError):
    """A certificate or a key that cannot be used; the sentence names the file."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files. ``certificate``: the chain, our own first. ``client_authorities``: whose certificates clients show.

    None: they show none.
    """

    certificate: Path
    key: Path
    client_authorities: Path | None = None


def open_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.2 and 1.3. Raises TlsRefused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _check_private(tls.key)
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        raise TlsRefused(f"{tls.certificate} and {tls.key} make no certificate and key: {error}") from error
    if tls.client_authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(tls.client_authorities)
        except OSError as error:
            raise TlsRefused(f"{tls.client_authorities} holds no authorities of clients: {error}") from error
    return context


def names_of(certificate: dict[str, Any] | None) -> frozenset[str] | None:
    """Common names and DNS names of a certificate that was verified; None where none was asked for."""
    if not certificate:
        return None
    subject = {value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"}
    return frozenset(subject | {value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"})


def _check_private(key: Path) -> None:
    """Raises TlsRefused where others than its owner may read it."""
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise TlsRefused(f"{key} cannot be read: {error.strerror}") from error
    if mode & OTHERS:
        raise TlsRefused(f"{key} may be read by others than its owner: chmod 600 it")
