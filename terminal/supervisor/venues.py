"""The venues of ``manage.py up``: two that are simulated, and those that a person names in ``PARLEY_VENUES``."""

import dataclasses
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from terminal import embedded
from terminal.supervisor.files import write_private
from terminal.supervisor.process import StartFailure

NAMES = ("aster", "borea")
OVER_FIX = frozenset({"borea"})
"""They speak FIX 4.4; the others JSON-RPC over WebSocket."""
TITLES = {"aster": "Aster (simulated)", "borea": "Borea (simulated)"}
VARIABLE = "PARLEY_VENUES"
CLIENT_ID = "parley"
SECRET_BYTES = 24


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimulatedVenue:
    """``entry``: how the gateway connects to it."""

    name: str
    arguments: tuple[str, ...]
    entry: dict[str, Any]


def prepare(state: Path, name: str) -> SimulatedVenue:
    """Chooses ports and writes the secret that both sides know; raises StartFailure."""
    folder = state / "venues"
    port, control_port = embedded.free_port(), embedded.free_port()
    secret = secrets.token_urlsafe(SECRET_BYTES)
    clients, secret_file = folder / f"{name}.clients.json", folder / f"{name}.secret.json"
    write_private(clients, {CLIENT_ID: secret})
    write_private(secret_file, {"key": CLIENT_ID, "secret": secret})
    front, link = (_fix if name in OVER_FIX else _web_socket)(folder, name, port)
    return SimulatedVenue(
        name=name,
        arguments=(
            *("-m", "venues.simulator", "--profile", name, "--follow", *front),
            *("--control-port", str(control_port), "--clients", str(clients)),
        ),
        entry={
            "name": name, "title": TITLES[name], "is_test_network": True, "secret_file": str(secret_file), **link,
        },
    )  # fmt: skip


def _web_socket(folder: Path, name: str, port: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """(arguments of the venue, how it is reached)."""
    return ("--port", str(port)), {"adapter": "deribit", "url": f"ws://127.0.0.1:{port}/ws/api/v2"}


def _fix(folder: Path, name: str, port: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """As ``_web_socket``; both ends keep the session's numbers."""
    store = folder / f"{name}.fix"
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = {"adapter": "fix", "url": f"fix://127.0.0.1:{port}", "target_comp_id": name.upper()}
    link["session_file"] = str(folder / f"{name}.session")
    return ("--fix-port", str(port), "--fix-store", str(store)), link


def write_file(state: Path, simulated: Sequence[SimulatedVenue]) -> Path | None:
    """The file that the gateway reads, with the entries of ``PARLEY_VENUES`` behind ours; None where there are none."""
    entries = [one.entry for one in simulated] + _named_by_a_person()
    if not entries:
        return None
    path = state / "venues" / "venues.json"
    write_private(path, entries)
    return path


def _named_by_a_person() -> list[Any]:
    place = os.environ.get(VARIABLE, "")
    if not place:
        return []
    try:
        entries = json.loads(Path(place).read_text())
    except (OSError, ValueError) as error:
        raise StartFailure(f"The venues that {VARIABLE} names, {place}, cannot be read: {error}.") from error
    if not isinstance(entries, list):
        raise StartFailure(f"The venues that {VARIABLE} names, {place}, are no JSON list.")
    return entries
