"""How Parley signs in at Deribit: by signature, so that the secret itself never crosses the wire."""

import hashlib
import hmac
import secrets

from gateway.venues.credentials import Credentials
from wire.units import NANOSECONDS_PER_MS

NONCE_BYTES = 8


def sign_in_params(credentials: Credentials, at_ns: int, nonce: str = "") -> dict[str, object]:
    """Parameters of ``public/auth`` with grant type ``client_signature``.

    Source: docs.deribit.com, "Authentication": HMAC-SHA256 of timestamp, nonce and data, each on a line of its own.
    """
    nonce = nonce or secrets.token_hex(NONCE_BYTES)
    timestamp = at_ns // NANOSECONDS_PER_MS
    text = f"{timestamp}\n{nonce}\n"
    signature = hmac.new(credentials.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "grant_type": "client_signature",
        "client_id": credentials.key,
        "timestamp": timestamp,
        "nonce": nonce,
        "data": "",
        "signature": signature,
    }
