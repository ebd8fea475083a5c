"""Which venues, with which keys, how fast."""

import json
import os
from pathlib import Path

import pytest

from gateway.venues.connections import VenueConnections
from gateway.venues.credentials import Credentials, CredentialsRefused, find_credentials, read_secret
from gateway.venues.deribit.auth import sign_in_params
from gateway.venues.pacing import STABLE_SECONDS, WAIT_SECONDS_FIRST, WAIT_SECONDS_MAX, RateLimit, Reconnects
from gateway.venues.settings import VenueEntry, VenuesRefused, read_venues

ENTRY = {"name": "aster", "adapter": "deribit"}


def write(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(json.dumps(content))
    path.chmod(mode)
    return path


def test_a_file_names_venues(tmp_path):
    other = {"name": "b", "adapter": "binance_spot", "instruments": ["BTC_USDT"]}
    path = write(tmp_path / "venues.json", [ENTRY | {"is_test_network": True}, other])
    entries = read_venues(path)
    assert [(entry.name, entry.is_test_network) for entry in entries] == [("aster", True), ("b", False)]
    clients = VenueConnections.open(path).clients
    assert clients[0].url == "wss://test.deribit.com/ws/api/v2"
    assert VenueConnections.open(None).clients == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([ENTRY, ENTRY], "twice"),
        ([ENTRY | {"adapter": "mtgox"}], "mtgox"),
        ([ENTRY | {"name": "No Name"}], "lower-case"),
        ([{"name": "b", "adapter": "binance_usdm"}], "instruments named"),
        ([ENTRY | {"secret": "in the open"}], "secret"),
        ({"aster": {}}, "array"),
        ([{"name": f"v{i}", "adapter": "deribit"} for i in range(33)], "32"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path, content, why):
    with pytest.raises(VenuesRefused, match=why):
        read_venues(write(tmp_path / "venues.json", content))


def test_keys_come_from_the_environment_or_a_private_file(tmp_path):
    entry = VenueEntry(**ENTRY)
    assert find_credentials(entry, {}) is None
    both = {"PARLEY_VENUE_ASTER_KEY": "k", "PARLEY_VENUE_ASTER_SECRET": "s"}
    assert find_credentials(entry, both) == Credentials(key="k", secret="s")
    with pytest.raises(CredentialsRefused, match="both"):
        find_credentials(entry, {"PARLEY_VENUE_ASTER_KEY": "k"})
    path = write(tmp_path / "secret.json", {"key": "k", "secret": "s"})
    assert find_credentials(VenueEntry(**ENTRY, secret_file=str(path)), both).secret == "s"
    assert read_secret(path).key == "k"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_secret_that_others_may_read_is_refused(tmp_path, mode):
    with pytest.raises(CredentialsRefused, match="0600"):
        read_secret(write(tmp_path / "secret.json", {"key": "k", "secret": "s"}, mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_secret_of_another_user_is_refused(tmp_path):
    path = write(tmp_path / "secret.json", {"key": "k", "secret": "s"})
    os.chown(path, 12_345, -1)
    with pytest.raises(CredentialsRefused, match="another user"):
        read_secret(path)


def test_no_refusal_and_no_text_shows_a_secret(tmp_path):
    path = tmp_path / "secret.json"
    path.write_text('{"key": "k", "secret": hunter2}')
    path.chmod(0o600)
    with pytest.raises(CredentialsRefused) as refusal:
        read_secret(path)
    assert "hunter2" not in str(refusal.value)
    assert "hunter2" not in repr(Credentials(key="k", secret="hunter2"))
    assert "hunter2" not in str(sign_in_params(Credentials(key="k", secret="hunter2"), 1))


def test_signing_in_follows_the_documented_text():
    """Computed apart: printf '1576074319000\\n1iqt2wls\\n' | openssl dgst -sha256 -hmac AMANDA_SECRECT_ECO5."""
    params = sign_in_params(
        Credentials(key="AMANDA", secret="AMANDA_SECRECT_ECO5"), 1_576_074_319_000 * 10**6, "1iqt2wls"
    )
    assert params["signature"] == "612600c317d80f4e3f30d7df50205066140053dc922e4a2bf40e10df631f7731"
    assert (params["grant_type"], params["timestamp"], params["data"]) == ("client_signature", 1_576_074_319_000, "")


def test_waits_grow_to_their_bound_and_begin_anew():
    reconnects = Reconnects(seed=1)
    waits = [reconnects.next_wait(0.0) for _ in range(200)]
    bounds = [min(WAIT_SECONDS_FIRST * 2**i, WAIT_SECONDS_MAX) for i in range(200)]
    assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert max(waits) > WAIT_SECONDS_MAX / 2
    assert len(set(waits)) == 200, "many gateways must not come back at once"
    assert reconnects.next_wait(STABLE_SECONDS) <= WAIT_SECONDS_FIRST


def test_requests_wait_when_the_bucket_is_empty():
    limit = RateLimit(per_second=10, at_once=3)
    start = limit._left_at
    assert [limit.find_wait(start) for _ in range(3)] == [0, 0, 0]
    assert limit.find_wait(start) == pytest.approx(0.1)
    assert limit.find_wait(start + 10) == 0
