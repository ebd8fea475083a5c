"""What the equities venue is started with."""

import argparse
import dataclasses
import ipaddress
from collections.abc import Callable, Sequence
from pathlib import Path

from venues.arguments import port, read_clients
from venues.equities.faults import Script
from venues.equities.prices import Motion
from venues.equities.symbols import SYMBOLS_MAX
from venues.misbehavior import read_lines

USER_LETTERS_MAX, PASSWORD_LETTERS_MAX = 6, 10
"""As wide as a login of SoupBinTCP has room."""
MESSAGES_MOST = 100_000_000
STEP_MS_MOST = 60_000
DESTINATIONS_MAX = 16
GAP_DATAGRAMS_MOST = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``passwords``: by user, in capitals. ``destinations``: where the feed goes. A port of 0: any free one.
    ``ports_file``: where the ports are written to as JSON once everything listens.
    """

    destinations: list[tuple[str, int]]
    gap_port: int
    gap_datagrams: int
    order_port: int
    control_port: int | None
    passwords: dict[str, str]
    ports_file: Path | None
    seed: int
    symbols: int
    step_seconds: float
    motion: Motion
    cancels_on_disconnect: bool
    messages_max: int
    begins_anew: bool
    script: Script


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """Ends the process with code 2 and one sentence for arguments that make no sense."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if not parsed.feed_port:
        parser.error("--feed-port is needed: where the feed is sent to")
    if len(parsed.feed_port) > DESTINATIONS_MAX or 0 in parsed.feed_port:
        parser.error(f"--feed-port names one to {DESTINATIONS_MAX} ports, none of them 0")
    if parsed.ports and not parsed.ports.parent.is_dir():
        parser.error(f"--ports: {parsed.ports.parent} is no folder")
    try:
        passwords = {user.upper(): password for user, password in read_clients(parsed.clients).items()}
        for user, password in passwords.items():
            _check_login(user, password)
        script = read_lines(parsed.script, Script) if parsed.script else []
    except (OSError, ValueError) as error:
        parser.error(str(error))
    host = parsed.feed_group or "127.0.0.1"
    return Settings(
        destinations=[(host, number) for number in parsed.feed_port],
        gap_port=parsed.gap_port,
        gap_datagrams=parsed.gap_datagrams,
        order_port=parsed.order_port,
        control_port=parsed.control_port,
        passwords=passwords,
        ports_file=parsed.ports,
        seed=parsed.seed,
        symbols=parsed.symbols,
        step_seconds=parsed.step_ms / 1_000,
        motion=Motion(common=parsed.common, noise=parsed.noise, reversion=parsed.reversion),
        cancels_on_disconnect=not parsed.keep_on_disconnect,
        messages_max=parsed.messages_max,
        begins_anew=parsed.begin_anew,
        script=script,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m venues.equities", description="A simulated equities venue on loopback: ITCH and OUCH 5.0."
    )
    add = parser.add_argument
    add("--feed-port", type=port, action="append", help="where MoldUDP64 datagrams are sent to; may be given again")
    add("--feed-group", type=_group, help="a multicast group instead of loopback, on the loopback interface")
    add("--gap-port", type=port, default=0, help="answers requests for missed messages, by UDP")
    add(
        "--gap-datagrams", type=_between(int, 1, GAP_DATAGRAMS_MOST), default=16, help="that answer one request at most"
    )
    add("--order-port", type=port, default=0, help="OUCH 5.0 over SoupBinTCP")
    add("--control-port", type=port, help="takes misbehavior and questions, one JSON object a line")
    add("--ports", type=Path, help="file that the ports are written to as JSON once everything listens")
    add("--clients", type=Path, required=True, help="JSON of user to password, readable by its owner")
    add("--seed", type=int, default=1)
    add("--symbols", type=_between(int, 1, SYMBOLS_MAX), default=40)
    add("--step-ms", type=_between(int, 1, STEP_MS_MOST), default=250, help="between two moves of the market")
    add("--common", type=_between(float, 0, 100), default=1.0, help="basis points that sectors move in a step")
    add(
        "--noise",
        type=_between(float, 0, 100),
        default=3.0,
        help="basis points that a symbol moves by itself in a step",
    )
    add("--reversion", type=_between(float, 0, 1), default=0.02, help="share of that which comes back in a step")
    add("--keep-on-disconnect", action="store_true", help="orders stay when their session is lost")
    add("--messages-max", type=_between(int, 1, MESSAGES_MOST), default=10_000_000, help="after which the session ends")
    add("--script", type=Path, help="JSON of misbehavior by time")
    add("--begin-anew", action="store_true", help="another session begins where one has ended for its length")
    return parser


def _between(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = kind(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return number

    return read


def _group(text: str) -> str:
    """Raises ArgumentTypeError, ValueError."""
    if not ipaddress.IPv4Address(text).is_multicast:
        raise argparse.ArgumentTypeError(f"{text} is no multicast group")
    return text


def _check_login(user: str, password: str) -> None:
    """Raises ValueError."""
    for name, text, most in (("user", user, USER_LETTERS_MAX), ("password", password, PASSWORD_LETTERS_MAX)):
        shown = repr(text) if name == "user" else "one"
        if not (text.isascii() and text.isalnum() and len(text) <= most):
            raise ValueError(f"a {name} has 1 to {most} letters and digits, unlike {shown}")
