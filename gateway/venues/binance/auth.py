"""How requests to Binance are signed: HMAC-SHA256 with a shared secret, or Ed25519 with a private key of ours.

Source: developers.binance.com, "SIGNED Endpoint security".
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.venues.credentials import Credentials, CredentialsRefused

PEM_PREFIX = "-----BEGIN"
KEY_HEADER = "X-MBX-APIKEY"
Params = Mapping[str, str | int]


class Signer:
    """``key``: what names us to the venue; it goes into a header."""

    def __init__(self, credentials: Credentials) -> None:
        """A secret in PEM is an Ed25519 private key. Raises CredentialsRefused for a PEM that is none."""
        self.key = credentials.key
        self._sign = _find_signature(credentials.secret)

    def sign_query(self, params: Params) -> str:
        """The query of a REST request, its signature last."""
        query = urlencode(params)
        return f"{query}&{urlencode({'signature': self._sign(query)})}"

    def sign_params(self, params: Params) -> dict[str, str | int]:
        """Parameters of a request over the WebSocket API: the key among them, signed in alphabetical order."""
        named = {"apiKey": self.key, **params}
        text = "&".join(f"{name}={named[name]}" for name in sorted(named))
        return {**named, "signature": self._sign(text)}


def _find_signature(secret: str) -> Callable[[str], str]:
    if not secret.startswith(PEM_PREFIX):
        return lambda text: hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError):
        raise CredentialsRefused("The secret for Binance is a PEM that cannot be read.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise CredentialsRefused("The secret for Binance is a PEM, but no Ed25519 private key.")
    return lambda text: base64.b64encode(key.sign(text.encode())).decode()
