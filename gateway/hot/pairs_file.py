"""Writes the pairs of a hot file from daily closes: those that ``strategies.pairs`` selects.

    python -m gateway.hot.pairs_file FOLDER --into FILE [--days 756] [--pairs 300] [--leg-usd 10000] [--window 500]

FOLDER as ``strategies.pairs_backtest`` reads it. Everything else of FILE stays; it is replaced in one step. Pairs that
hold something must stay in the file until they have left, which the gateway checks when it starts.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from gateway.hot.settings import HotRefused, decode_hot_settings, read_raw_settings
from strategies.pairs import Candidate, select_pairs
from strategies.pairs_backtest import TRADING_DAYS, Prices, read_prices

EXIT_REFUSED = 2


def pair_entries(prices: Prices, *, days: int, pairs_max: int, levels: dict[str, Any]) -> list[dict[str, Any]]:
    """Entries of the hot file, the best first, chosen on the last ``days`` closes and sized at the last one."""
    closes = prices.close[-days:]
    candidates = select_pairs(np.log(closes), prices.sectors)[:pairs_max]
    return [_entry(prices, each, levels) for each in candidates]


def write_pairs(into: Path, pairs: list[dict[str, Any]]) -> None:
    """Raises HotRefused where the file would not be one that the gateway takes; then it is as it was. OSError."""
    content = msgspec.json.format(msgspec.json.encode({**read_raw_settings(into), "pairs": pairs}), indent=1)
    decode_hot_settings(content, str(into))
    beside = into.with_name(f"{into.name}.new")
    beside.write_bytes(content)
    os.replace(beside, into)  # noqa: PTH105 - one step, as the name says


def _entry(prices: Prices, each: Candidate, levels: dict[str, Any]) -> dict[str, Any]:
    last = prices.close[-1]
    return {
        "first": prices.symbols[each.first],
        "second": prices.symbols[each.second],
        "hedge": each.hedge.ratio,
        "offset": each.hedge.intercept,
        "prices": [float(last[each.first]), float(last[each.second])],
        **levels,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--days", type=int, default=3 * TRADING_DAYS)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--leg-usd", type=float, default=10_000.0)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--sample-ms", type=int, default=0)
    given = parser.parse_args()
    levels = {"leg_usd": given.leg_usd, "window": given.window, "sample_ms": given.sample_ms}
    try:
        prices = read_prices(given.folder)
        pairs = pair_entries(prices, days=given.days, pairs_max=given.pairs, levels=levels)
        write_pairs(given.into, pairs)
    except (HotRefused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    sys.stdout.write(f"{len(pairs)} pairs are in {given.into}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
