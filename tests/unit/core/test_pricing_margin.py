"""The core's portfolio margin against the worked accounts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import parley_core
import pytest

YEAR_SECONDS = 365 * 86_400
EMPTY = np.array([])


def _margin(scenario: dict[str, Any]) -> parley_core.PortfolioMargin:
    feed = scenario["OptionFeeds"][0]
    options = scenario["Options"]
    size = len(options)
    column = {
        name: np.array([float(option[name]) for option in options]) for name in ("Strike", "Expiry", "MarkVol", "Amount")
    }
    return parley_core.portfolio_margin(
        spot=scenario["SpotPrice"],
        cash=scenario["Cash"] + scenario["NumPerps"] * (scenario["SpotPrice"] - scenario["PerpPrice"]),
        collateral_coins=0.0,
        forward=np.full(size, feed["Forward"]),
        strike=column["Strike"],
        years=column["Expiry"] / YEAR_SECONDS,
        volatility=column["MarkVol"],
        is_call=np.array([option["IsCall"] == 1 for option in options], bool),
        amount=column["Amount"],
        rate=np.full(size, feed["Rate"]),
        linear_coins=np.array([float(scenario["NumPerps"])] if scenario["NumPerps"] else []),
        linear_years=np.zeros(1 if scenario["NumPerps"] else 0),
        stable_price=scenario["StablePrice"],
        confidence=min(scenario["SpotConfidence"], feed["ForwardConfidence"]),
    )


@pytest.mark.parametrize("letter", list("ABCDEFGHI"))
def test_portfolio_margin_matches_the_worked_account(reference: Path, letter: str) -> None:
    document = json.loads((reference / "portfolio_margin_vectors.json").read_text())
    case = next(case for case in document["cases"] if case["name"].startswith(letter))
    margin = _margin(case["scenario"])
    assert margin.initial == pytest.approx(case["IM"], abs=1e-6)
    assert margin.maintenance == pytest.approx(case["MM"], abs=1e-6)
    if case["worst"] == "FWD":
        assert margin.worst_scenario == "forward contingency"
        return
    shock, direction = case["worst"]
    scenario = document["params"]["Scenarios"][margin.worst_index]
    assert (scenario["SpotShock"], scenario["VolShockDirection"]) == (pytest.approx(shock), direction)


def test_scenario_names_follow_the_published_order(reference: Path) -> None:
    document = json.loads((reference / "portfolio_margin_vectors.json").read_text())
    names = parley_core.margin_scenario_names()
    assert len(names) == len(document["params"]["Scenarios"]) + 1 == len(set(names))
    for name, scenario in zip(names[:-1], document["params"]["Scenarios"], strict=True):
        move = round((scenario["SpotShock"] - 1) * 100, 1)
        assert (f"{move:+g} %" in name) == (move != 0), name


def _book(**changes: Any) -> parley_core.PortfolioMargin:
    arguments: dict[str, Any] = {
        "spot": 2000.0, "cash": 0.0, "collateral_coins": 0.0, "forward": EMPTY, "strike": EMPTY, "years": EMPTY,
        "volatility": EMPTY, "is_call": np.array([], bool), "amount": EMPTY, "rate": EMPTY, "linear_coins": EMPTY,
        "linear_years": EMPTY,
    }  # fmt: skip
    return parley_core.portfolio_margin(**(arguments | changes))


def test_scenario_pnl_of_a_perpetual_is_its_move() -> None:
    margin = _book(linear_coins=np.array([2.0]), linear_years=np.array([0.0]))
    pnl = dict(zip(parley_core.margin_scenario_names(), margin.scenario_pnl, strict=True))
    assert pnl["spot +18 %, vol up"] == pytest.approx(720)
    assert pnl["tail spot -66 %"] == pytest.approx(-2 * 2000 * 0.66 * 0.21)
    assert margin.worst_scenario == "spot -18 %, vol up"
    assert margin.minimum_pnl == pytest.approx(-720)


def test_a_dated_future_against_spot_pays_for_the_forward_only() -> None:
    margin = _book(collateral_coins=1.0, linear_coins=np.array([-1.0]), linear_years=np.array([0.5]))
    assert margin.worst_scenario == "forward contingency"
    assert margin.minimum_pnl == pytest.approx(-(0.5 + 2 * 0.5) * 0.045 * 2000)


def test_collateral_is_cut_and_a_debt_is_not_helped() -> None:
    owned = _book(collateral_coins=1.0, maintenance_haircut=0.05, initial_haircut=0.02)
    assert owned.maintenance == pytest.approx(2000 + 0.8 * -360 - 100)
    assert owned.initial == pytest.approx(2000 - 360 - 100 - 40)
    owed = _book(collateral_coins=-1.0, cash=3000.0, maintenance_haircut=0.05)
    assert owed.maintenance_contingency == 0
    assert owed.worst_scenario == "spot +18 %, vol up" or owed.minimum_pnl <= -360


def test_a_nan_mark_makes_the_margin_nan() -> None:
    margin = _book(
        forward=np.array([2010.0, 2010.0]), strike=np.array([2000.0, 2100.0]), years=np.array([0.1, 0.1]),
        volatility=np.array([0.6, np.nan]), is_call=np.array([True, True]), amount=np.array([-1.0, 1.0]),
        rate=np.zeros(2),
    )  # fmt: skip
    assert np.isnan(margin.initial)
    assert np.isnan(margin.maintenance)


def test_portfolio_margin_names_the_array_of_the_wrong_length() -> None:
    with pytest.raises(ValueError, match="shape mismatch: strike has 0 elements, forward has 1"):
        _book(forward=np.array([1.0]))
