"""The simulated venues under ``manage.py up``: their books reach the frames, and come back after a kill."""

import time

import msgspec
import redis

from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from wire.market import VenueDepth, VenueLink
from wire.transport import MARKET_LATEST

SECONDS_MAX = 90
LEFT_OUT = ("makers", "celery", "web", "dispatcher", "demo", "prepare")


def read(client: redis.Redis, key: str, kind: type):
    frame = client.hget(MARKET_LATEST, key)
    return msgspec.json.decode(frame, type=kind) if frame else None


def wait_live(client: redis.Redis, venue: str, connects: int) -> VenueLink:
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        link = read(client, f"venue_link.{venue}", VenueLink)
        if link is not None and link.state == "live" and link.connects >= connects:
            return link
        time.sleep(0.1)
    raise AssertionError(f"{venue} is not live: {link}")


def test_two_venues_with_their_own_books_and_fees(new_state: NewState) -> None:
    with Stack(new_state("venues"), without=LEFT_OUT, venues=True) as stack:
        client = redis.Redis.from_url(stack.valkey_url)
        links = [wait_live(client, venue, 1) for venue in ("aster", "borea")]
        assert [link.taker_fee_basis_points for link in links] == [5.0, 2.0]
        depth = read(client, "venue_depth.BTC-PERPETUAL", VenueDepth)
        assert [levels.venue for levels in depth.venues] == ["aster", "borea"]
        assert depth.venues[0].bids != depth.venues[1].bids
        old_pid = stack.kill("aster")
        stack.wait_restarted("aster", old_pid)
        wait_live(client, "aster", links[0].connects + 1)
        for name in ("aster.secret.json", "aster.clients.json", "venues.json"):
            assert (stack.state_dir / "venues" / name).stat().st_mode & 0o077 == 0
        logs = "".join(path.read_text(errors="replace") for path in (stack.state_dir / "logs").glob("*.log"))
        secret = msgspec.json.decode((stack.state_dir / "venues" / "aster.secret.json").read_bytes())["secret"]
        assert secret not in logs
