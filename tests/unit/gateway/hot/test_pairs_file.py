import json

import numpy as np
import polars as pl
import pytest

from gateway.hot.pairs_file import pair_entries, write_pairs
from gateway.hot.settings import HotRefused, read_hot_settings
from strategies.pairs_backtest import read_prices
from tests.unit.gateway.hot.story import settings


@pytest.fixture
def folder(tmp_path):
    """Two names that belong together, and one that wanders off by itself."""
    random = np.random.default_rng(5)
    days = 400
    common = np.cumsum(random.normal(0, 0.01, days))
    noise = np.zeros(days)
    for at in range(1, days):
        noise[at] = 0.7 * noise[at - 1] + random.normal(0, 0.01)
    closes = {
        "AAA": 50 * np.exp(common),
        "BBB": 80 * np.exp(common + noise),
        "CCC": 20 * np.exp(np.cumsum(random.normal(0, 0.02, days))),
    }
    dates = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=days - 1), eager=True)
    frames = [pl.DataFrame({"date": dates, "symbol": name, "close": values}) for name, values in closes.items()]
    pl.concat(frames).write_parquet(tmp_path / "closes.parquet")
    sectors = pl.DataFrame({"Symbol": list(closes), "Sector": ["Same"] * 3})
    sectors.write_csv(tmp_path / "constituents.csv")
    return tmp_path


def test_the_pairs_of_a_folder_of_closes_are_put_into_the_hot_file(folder) -> None:
    into = folder / "hot.json"
    into.write_text(json.dumps(settings(pairs=[], venue="xnas")))
    prices = read_prices(folder)
    entries = pair_entries(prices, days=300, pairs_max=10, levels={"leg_usd": 10_000, "window": 50})

    write_pairs(into, entries)

    found = read_hot_settings(into)
    assert (found.venue, [pair.name for pair in found.pairs]) == ("xnas", ["AAA/BBB"])
    assert found.pairs[0].leg_lots[0] == round(10_000 / prices.close[-1, 0])
    assert abs(found.pairs[0].hedge - 1.0) < 0.2


def test_a_file_that_the_gateway_would_refuse_stays_as_it_was(folder) -> None:
    into = folder / "hot.json"
    into.write_text(json.dumps(settings(venue="xnas")))
    before = into.read_bytes()

    with pytest.raises(HotRefused, match="0 pairs"):
        write_pairs(into, [])
    assert into.read_bytes() == before
