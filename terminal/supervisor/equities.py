"""The pairs of ``manage.py up --pairs``: a simulated equities venue, and the hot file of what is traded there."""

import dataclasses
import itertools
import json
import secrets
from pathlib import Path
from typing import Any

from terminal import embedded
from terminal.supervisor.files import write_private

NAME = "equities"
SECTORS = ("AIR", "BNK", "CHP", "DRG", "ENG", "FUD", "GLD", "HSE")
SYMBOLS = 40
USER = "PARLEY"
PASSWORD_BYTES = 4
STRATEGY_ID = 900
LEVELS = {
    "hedge": 1.0, "lots": [100, 100], "entry": 1.8, "exit": 0.4, "stop": 8.0, "timeout_seconds": 60, "window": 120,
}  # fmt: skip
LIMITS = {
    "account": {
        "max_order_quantity_lots": 10_000, "max_order_value_micros": 2_000_000 * 10**6, "max_position_lots": 100_000,
        "max_position_value_micros": 50_000_000 * 10**6, "price_collar_basis_points": 500,
    },
    "strategy": {
        "max_order_value_micros": 2_000_000 * 10**6, "max_open_risk_micros": 500_000_000 * 10**6,
        "max_working_orders": 500, "messages_per_second": 1_000, "message_burst": 1_000,
    },
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairsDemo:
    """``template``: the hot file without its owner, whom ``manage.py prepare`` knows; ``hot``: with."""

    arguments: tuple[str, ...]
    template: Path
    hot: Path
    control_port: int


def prepare(state: Path, *, seed: int, send: str = "journal_first") -> PairsDemo:
    """Chooses ports and writes the password that both sides know."""
    folder = state / "venues"
    feed, gap = embedded.free_udp_port(), embedded.free_udp_port()
    orders, control = embedded.free_port(), embedded.free_port()
    password = secrets.token_hex(PASSWORD_BYTES)
    clients, secret = folder / f"{NAME}.clients.json", folder / f"{NAME}.secret.json"
    write_private(clients, {USER: password})
    write_private(secret, {"key": USER, "secret": password})
    template = folder / f"{NAME}.hot.json"
    write_private(template, _settings(feed, gap, orders, secret, send))
    return PairsDemo(
        arguments=(
            *("-m", "venues.equities", "--feed-port", str(feed), "--gap-port", str(gap), "--order-port", str(orders)),
            *("--control-port", str(control), "--clients", str(clients)),
            *("--symbols", str(SYMBOLS), "--seed", str(seed)),
        ),
        template=template,
        hot=folder / "hot.json",
        control_port=control,
    )


def demo_pairs() -> list[dict[str, Any]]:
    """Every two symbols of a sector."""
    of_sector = range(1, SYMBOLS // len(SECTORS) + 1)
    return [
        {"first": f"{sector}{one:02d}", "second": f"{sector}{other:02d}", **LEVELS}
        for sector in SECTORS
        for one, other in itertools.combinations(of_sector, 2)
    ]


def add_owner(template: Path, hot: Path, owner: dict[str, int]) -> None:
    """Writes the hot file that the gateway takes."""
    settings = json.loads(template.read_text())
    write_private(hot, {**settings, "owner": {**owner, "strategy_id": STRATEGY_ID}})


def _settings(feed: int, gap: int, orders: int, secret: Path, send: str) -> dict[str, Any]:
    return {
        "venue": NAME,
        "feed": {"port": feed, "gap_host": "127.0.0.1", "gap_port": gap},
        "orders": {"host": "127.0.0.1", "port": orders, "user": USER, "secret_file": str(secret)},
        "limits": LIMITS,
        "send": send,
        "open_max": 60,
        "pairs": demo_pairs(),
    }
