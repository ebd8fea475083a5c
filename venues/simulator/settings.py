"""What a simulated venue is started with."""

import argparse
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from venues.arguments import port, read_clients
from venues.misbehavior import ScriptLine
from venues.simulator.faults import AnyAction, read_script
from venues.simulator.profiles import PROFILES, Profile


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``secrets``: client id to secret. ``valkey_url`` empty: prices of the venue's own. ``port``, ``fix_port``,
    ``control_port`` None: no such front. ``fix_store``: where the numbers of FIX sessions outlive the process.
    """

    profile: Profile
    port: int | None
    fix_port: int | None
    fix_store: Path | None
    control_port: int | None
    secrets: dict[str, str]
    seed: int
    valkey_url: str
    script: list[ScriptLine[AnyAction]]
    block_grace_ns: int


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """Ends the process with code 2 and one sentence for arguments that make no sense."""
    parser = argparse.ArgumentParser(prog="python -m venues.simulator", description="A simulated venue on loopback.")
    parser.add_argument("--profile", choices=sorted(PROFILES), required=True)
    parser.add_argument("--port", type=port, help="of the WebSocket, on loopback")
    parser.add_argument("--fix-port", type=port, help="of FIX 4.4, for loopback alone")
    parser.add_argument("--fix-store", type=Path, help="folder of the FIX sessions' numbers; without it they are lost")
    parser.add_argument("--control-port", type=port, help="takes scripted misbehavior, one JSON action a line")
    parser.add_argument(
        "--clients", type=Path, required=True, help="JSON of client id to secret, readable by its owner"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--follow", action="store_true", help="follow the market that VALKEY_URL holds")
    parser.add_argument("--script", type=Path, help="JSON of misbehavior by time")
    parser.add_argument(
        "--block-grace-seconds", type=float, default=5.0, help="after which the taker of a block RFQ sees its quotes"
    )
    parsed = parser.parse_args(arguments)
    if parsed.port is None and parsed.fix_port is None:
        parser.error("one of --port and --fix-port is needed")
    try:
        secrets = read_clients(parsed.clients)
        script = read_script(parsed.script) if parsed.script else []
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return Settings(
        profile=PROFILES[parsed.profile],
        port=parsed.port,
        fix_port=parsed.fix_port,
        fix_store=parsed.fix_store,
        control_port=parsed.control_port,
        secrets=secrets,
        seed=parsed.seed,
        valkey_url=os.environ.get("VALKEY_URL", "redis://127.0.0.1:6379/0") if parsed.follow else "",
        script=script,
        block_grace_ns=int(parsed.block_grace_seconds * 10**9),
    )
