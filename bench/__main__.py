"""Every measurement, one after the other. ``python -m bench [--quick] [name …]``"""

import argparse
import subprocess
import sys

MEASUREMENTS = (
    "engine",
    "risk_gate",
    "journal",
    "itch",
    "signals",
    "tick_to_order",
    "router",
    "pricing",
    "gateway",
    "click_to_ack",
    "fix",
    "rfq_desk",
    "fan_out",
    "stopped_reader",
    "json",
    "venues",
    "venue_fix",
    "algos",
    "volumes",
    "python_surface",
)
KNOWS_QUICK = frozenset(MEASUREMENTS) - {"gateway"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASUREMENTS], help="these only; all without")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: that it works, not how fast")
    given = parser.parse_args()
    failed = [name for name in given.names or MEASUREMENTS if not _run(name, is_quick=given.quick)]
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def _run(name: str, *, is_quick: bool) -> bool:
    """In a process of its own, so that no measurement inherits the memory or the threads of another."""
    print(f"== {name}", flush=True)
    quick = ["--quick"] if is_quick and name in KNOWS_QUICK else []
    return subprocess.run([sys.executable, "-m", f"bench.{name}", *quick], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
