"""What the gateway is started with: its command line."""

import argparse
import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

from gateway.feeds.recording import SPEED_MAX
from gateway.fix.tls import Tls
from gateway.valkey import connect
from wire.units import NANOSECONDS_PER_SECOND

TIME_NS_MAX = 2**63 - 1
PORT_MAX = 65_535
LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 1.0, 600.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``recording`` None plays the simulated market; ``speed`` None plays a recording in steps.

    ``start_ns`` and ``end_ns`` bound the snapshots that are played, both included, on the market clock.
    ``is_standby``: wait while another gateway holds the journal, and take over when it dies or gives no sign of life
    for ``lease_seconds``. ``fix_port``: where FIX clients connect; None: nowhere, 0: any free port.
    """

    directory: Path
    valkey_url: str
    seed: int
    recording: Path | None
    speed: float | None
    start_ns: int
    end_ns: int
    venues: Path | None = None
    """File of the venues to connect to (``gateway.venues.settings``); None: none."""
    lost_logs: frozenset[str] = frozenset()
    """Venues whose log of orders is lost: theirs begins anew where the engine's knowledge ends."""
    hot: Path | None = None
    """File of the hot path (``gateway.hot.settings``); None: there is none."""
    is_standby: bool = False
    lease_seconds: float = 3.0
    fix_host: str = "127.0.0.1"
    fix_port: int | None = None
    fix_tls: Tls | None = None
    """None: FIX clients connect in the clear, or through a proxy that ends TLS."""


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """Ends the process with code 2 and one sentence for arguments that make no sense."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    start_ns, end_ns = parsed.start_ns or 0, parsed.end_ns if parsed.end_ns is not None else TIME_NS_MAX
    if parsed.recording is None and (parsed.speed != DEFAULT_SPEED or parsed.start_ns or parsed.end_ns):
        parser.error("--speed, --from and --to need a --recording.")
    if start_ns > end_ns:
        parser.error("--from is later than --to.")
    return Settings(
        directory=parsed.state / "gateway",
        valkey_url=parsed.valkey_url,
        seed=parsed.seed,
        recording=parsed.recording,
        speed=None if parsed.speed == "step" else float(parsed.speed),
        start_ns=start_ns,
        end_ns=end_ns,
        venues=parsed.venues,
        lost_logs=frozenset(parsed.lost_logs),
        hot=parsed.hot,
        is_standby=parsed.standby,
        lease_seconds=parsed.lease_seconds,
        fix_host=parsed.fix_host,
        fix_port=parsed.fix_port,
        fix_tls=_tls(parser, parsed.fix_certificate, parsed.fix_key, parsed.fix_client_authorities),
    )


def _tls(
    parser: argparse.ArgumentParser, certificate: Path | None, key: Path | None, authorities: Path | None
) -> Tls | None:
    if (certificate is None) != (key is None) or (authorities is not None and certificate is None):
        parser.error("--fix-certificate and --fix-key belong together, and --fix-client-authorities needs both.")
    return Tls(certificate=certificate, key=key, client_authorities=authorities) if certificate and key else None


FIX_TLS_FILES = {
    "fix_certificate": "PEM of the FIX port's certificate and its chain; without it there is no TLS",
    "fix_key": "PEM of that certificate's key, readable by its owner alone",
    "fix_client_authorities": "PEM of authorities whose certificates FIX clients must show",
}
DEFAULT_SPEED = "600"
"""Ten minutes a second: a recorded quarter of a day passes in about half a minute."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway", description="Parley's execution process.")
    state = os.environ.get("PARLEY_STATE", "state")
    parser.add_argument("--state", type=Path, default=Path(state), help="Parley's state folder; this uses its gateway/")
    url = os.environ.get("VALKEY_URL", "redis://127.0.0.1:6379/0")
    parser.add_argument("--valkey-url", type=_valkey_url, default=url)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--simulated", action="store_true", help="a seeded market that moves with the wall clock")
    source.add_argument("--recording", type=Path, help="folder of recorded option chains or frames")
    parser.add_argument("--seed", type=_seed, default=1)
    parser.add_argument("--speed", type=_speed, default=DEFAULT_SPEED, help="market seconds per second, or step")
    parser.add_argument("--from", dest="start_ns", type=_time_ns, help="ISO time, UTC unless it says otherwise")
    parser.add_argument("--to", dest="end_ns", type=_time_ns, help="ISO time, UTC unless it says otherwise")
    parser.add_argument("--venues", type=Path, help="JSON of the venues to connect to")
    lost = "a venue whose log of orders is lost: begin it anew (docs/venues.md); several times for several"
    parser.add_argument("--begin-order-log", dest="lost_logs", action="append", default=[], metavar="VENUE", help=lost)
    parser.add_argument("--hot", type=Path, help="JSON of the pairs that the hot path trades (docs/hot-path.md)")
    parser.add_argument("--standby", action="store_true", help="follow another gateway's journal, take over from it")
    parser.add_argument("--lease-seconds", type=_lease, default=3.0, help="silence after which a standby takes over")
    parser.add_argument("--fix-port", type=_port, help="accept FIX sessions here; 0 takes a free port")
    parser.add_argument("--fix-host", default="127.0.0.1", help="address of the FIX port")
    for name, what in FIX_TLS_FILES.items():
        variable = f"PARLEY_{name.upper()}"
        path = os.environ.get(variable)
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=Path, default=Path(path) if path else None, help=f"{what} (or ${variable})")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: those go from 1 to {PORT_MAX}, 0 takes a free one")
    return int(text)


def _lease(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not LEASE_SECONDS_MIN <= seconds <= LEASE_SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not between {LEASE_SECONDS_MIN} and {LEASE_SECONDS_MAX}")
    return seconds


def _valkey_url(text: str) -> str:
    try:
        connect(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not the URL of a Valkey: {error}") from error
    return text


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from error
    if not 0 <= seed < 2**63:
        raise argparse.ArgumentTypeError(f"{seed} is not between 0 and 2^63")
    return seed


def _speed(text: str) -> str:
    if text == "step":
        return text
    try:
        speed = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'step'") from error
    if not 0 < speed <= SPEED_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most {SPEED_MAX:.0f}")
    return text


def _time_ns(text: str) -> int:
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO time") from error
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return round(at.timestamp() * 1_000_000) * 1_000 if at.timestamp() > 0 else NANOSECONDS_PER_SECOND
