"""The simulated venues under ``manage.py up``, one over FIX: their books reach the frames, and come back after a kill."""

import time

import msgspec
import redis

from terminal.supervisor.stack import Stack
from tests.processes.conftest import NewState
from tests.processes.desk import wait_for
from wire.market import VenueDepth, VenueLink
from wire.transport import MARKET_LATEST

SECONDS_MAX = 90
LEFT_OUT = ("makers", "celery", "web", "dispatcher", "demo", "prepare")


def read(client: redis.Redis, key: str, kind: type):
    frame = client.hget(MARKET_LATEST, key)
    return msgspec.json.decode(frame, type=kind) if frame else None


def books(client: redis.Redis):
    """What each venue shows of one instrument, once both do."""
    depth = read(client, "venue_depth.BTC-PERPETUAL", VenueDepth)
    shown = [levels for levels in depth.venues if levels.bids] if depth else []
    return shown if len(shown) == 2 else None


def wait_live(client: redis.Redis, venue: str, connects: int, since_ns: int = 0) -> VenueLink:
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        link = read(client, f"venue_link.{venue}", VenueLink)
        if link is not None and link.state == "live" and link.connects >= connects and link.at_ns > since_ns:
            return link
        time.sleep(0.1)
    raise AssertionError(f"{venue} is not live: {link}")


def test_two_venues_with_their_own_books_and_fees(new_state: NewState) -> None:
    with Stack(new_state("venues"), without=LEFT_OUT, venues=True) as stack:
        client = redis.Redis.from_url(stack.valkey_url)
        links = [wait_live(client, venue, 1) for venue in ("aster", "borea")]
        assert [link.taker_fee_basis_points for link in links] == [5.0, 2.0]
        aster, borea = wait_for("both books", lambda: books(client))
        assert (aster.venue, borea.venue) == ("aster", "borea")
        assert aster.bids != borea.bids
        assert [link.adapter for link in links] == ["deribit", "fix"]
        for link, venue in zip(links, ("aster", "borea"), strict=True):
            old_pid = stack.kill(venue)
            stack.wait_restarted(venue, old_pid)
            wait_live(client, venue, link.connects + 1)
        old_pid = stack.kill("gateway")
        stack.wait_restarted("gateway", old_pid)
        wait_live(client, "borea", 1, since_ns=time.time_ns())
        for name in ("aster.secret.json", "borea.clients.json", "venues.json", "borea.fix"):
            assert (stack.state_dir / "venues" / name).stat().st_mode & 0o077 == 0
        logs = "".join(path.read_text(errors="replace") for path in (stack.state_dir / "logs").glob("*.log"))
        for name in ("aster", "borea"):
            secret = msgspec.json.decode((stack.state_dir / "venues" / f"{name}.secret.json").read_bytes())["secret"]
            assert secret not in logs
