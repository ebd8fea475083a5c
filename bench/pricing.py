"""Option mathematics beside NumPy with scipy and QuantLib, in one run. ``python -m bench.pricing [--quick]``

OPT: price and 5 Greeks (delta, gamma, vega, theta, rho) of S = 100, K ~ U(60, 160), T ~ U(7 d, 2 y), r 3 %, q 1 %,
volatility ~ U(0.1, 1.2), half of them calls. IV: the volatilities of the same options from their prices; prices that
no longer hold a volatility (deep in the money, worth their intrinsic value to the last digit) are left out for all.
SVI: one slice of 21 strikes, cold and near its end. One thread each; medians of several runs; QuantLib is called once
an option, so it gets fewer of them.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import parley_core
import QuantLib as ql  # noqa: N813 - its own documentation calls it so
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.optimize import elementwise, least_squares
from scipy.special import ndtr

Floats = NDArray[np.float64]
SPOT, RATE, YIELD = 100.0, 0.03, 0.01
OPTIONS = 100_000
"""A call; large enough that calling costs nothing, small enough that the arrays stay near the core."""
OPTIONS_QUANTLIB = 5_000
RUNS = 15
PEERS = ("parley_core", "NumPy + scipy", "QuantLib-Python")
INFORMATIVE = 1e-6
"""Vega below this over the spot: the price holds no volatility that could be compared."""


class Options:
    """The workload, as arrays."""

    def __init__(self, size: int, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.spot, self.rate, self.dividend = (np.full(size, value) for value in (SPOT, RATE, YIELD))
        self.strike = rng.uniform(60, 160, size)
        self.years = rng.uniform(7 / 365, 2, size)
        self.volatility = rng.uniform(0.1, 1.2, size)
        self.is_call = np.arange(size) % 2 == 0

    @property
    def forward(self) -> Floats:
        return self.spot * np.exp((self.rate - self.dividend) * self.years)

    def undiscounted(self) -> Floats:
        return parley_core.black76_price(self.forward, self.strike, self.years, self.volatility, self.is_call)

    def informative(self) -> "Options":
        """Only those whose price holds a volatility."""
        arrays = (self.forward, self.strike, self.years, self.volatility, self.is_call)
        vega = parley_core.black76_greeks(*arrays)[3]
        kept = Options(1)
        for name, values in vars(self).items():
            setattr(kept, name, values[vega > INFORMATIVE * SPOT])
        return kept


def median_seconds(work: Callable[[], Any], runs: int) -> float:
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def core_greeks(o: Options) -> tuple[Floats, ...]:
    return parley_core.black_scholes_greeks(o.spot, o.strike, o.years, o.volatility, o.is_call, o.rate, o.dividend)


def numpy_greeks(o: Options) -> tuple[Floats, ...]:
    """Whole arrays, the normal law of scipy."""
    root = np.sqrt(o.years)
    deviation = o.volatility * root
    d1 = (np.log(o.spot / o.strike) + (o.rate - o.dividend) * o.years) / deviation + deviation / 2
    d2 = d1 - deviation
    sign = np.where(o.is_call, 1.0, -1.0)
    discount, growth = np.exp(-o.rate * o.years), np.exp(-o.dividend * o.years)
    n1, n2 = ndtr(sign * d1), ndtr(sign * d2)
    density = np.exp(-d1 * d1 / 2) * 0.3989422804014327 * growth
    price = sign * (o.spot * growth * n1 - o.strike * discount * n2)
    delta = sign * growth * n1
    gamma = density / (o.spot * deviation)
    vega = o.spot * density * root
    carried = o.rate * sign * o.strike * discount * n2 - o.dividend * sign * o.spot * growth * n1
    theta = (-o.spot * density * o.volatility / (2 * root) - carried) / 365
    return price, delta, gamma, vega, theta, sign * o.strike * o.years * discount * n2


def quantlib_greeks(o: Options) -> list[tuple[float, ...]]:
    """The fastest way that its Python interface offers: BlackCalculator, once an option."""
    found = []
    for spot, strike, years, volatility, is_call in zip(
        o.spot, o.strike, o.years, o.volatility, o.is_call, strict=True
    ):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if is_call else ql.Option.Put, strike)
        forward = spot * np.exp((RATE - YIELD) * years)
        calculator = ql.BlackCalculator(payoff, forward, volatility * np.sqrt(years), np.exp(-RATE * years))
        found.append(
            (
                calculator.value(), calculator.delta(spot), calculator.gamma(spot), calculator.vega(years),
                calculator.theta(spot, years) / 365, calculator.rho(years),
            )
        )  # fmt: skip
    return found


def core_volatility(o: Options, price: Floats) -> Floats:
    return parley_core.black76_implied_volatility(price, o.forward, o.strike, o.years, o.is_call)


def scipy_volatility(o: Options, price: Floats) -> Floats:
    """scipy's vectorized bracketing root finder on NumPy prices."""
    forward, strike, root, sign = o.forward, o.strike, np.sqrt(o.years), np.where(o.is_call, 1.0, -1.0)

    def miss(volatility: Floats, f: Floats, k: Floats, t: Floats, s: Floats, p: Floats) -> Floats:
        d1 = np.log(f / k) / (volatility * t) + volatility * t / 2
        return s * (f * ndtr(s * d1) - k * ndtr(s * (d1 - volatility * t))) - p

    bracket = (np.full(len(price), 1e-3), np.full(len(price), 5.0))
    return elementwise.find_root(miss, bracket, args=(forward, strike, root, sign, price)).x


def quantlib_volatility(o: Options, price: Floats) -> Floats:
    kinds = np.where(o.is_call, ql.Option.Call, ql.Option.Put)
    rows = zip(kinds.tolist(), o.strike.tolist(), o.forward.tolist(), price.tolist(), strict=True)
    deviation = [ql.blackFormulaImpliedStdDev(kind, strike, forward, value) for kind, strike, forward, value in rows]
    return np.array(deviation) / np.sqrt(o.years)


def svi_seconds(runs: int) -> dict[str, float]:
    """Seconds a slice of 21 strikes: the core from a cold and from a near start, scipy from the same cold one."""
    true, cold = (0.02, 0.12, -0.35, 0.03, 0.18), (0.03, 0.1, 0.0, 0.0, 0.3)
    k = np.linspace(-0.6, 0.5, 21)
    w = parley_core.svi_total_variance(k, *true)
    near = tuple(value * 1.02 for value in true)
    grid = np.linspace(-0.9, 0.75, 61)
    weight = np.full(21, 1_000.0)
    quotes = (k, w * 0.99, w * 1.01, w, weight, weight * 0.15, grid, np.zeros(61), 1e-4, 30.0, 30.0)

    def residuals(p: Floats) -> Floats:
        a, b, rho, m, sigma = p
        return (a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma**2)) - w) * 1_000

    bounds = ([-1, 1e-6, -0.999, -1, 1e-4], [1, 2, 0.999, 1, 2])
    return {
        "parley_core, cold": median_seconds(lambda: parley_core.svi_fit(*quotes, cold), runs),
        "parley_core, near": median_seconds(lambda: parley_core.svi_fit(*quotes, near), runs),
        "scipy least_squares, cold": median_seconds(lambda: least_squares(residuals, cold, bounds=bounds), runs),
    }


def measure(scale: float, runs: int) -> dict[str, Any]:
    sizes = [max(1_000, int(size * scale)) for size in (OPTIONS, OPTIONS, OPTIONS_QUANTLIB)]
    sets = [Options(size) for size in sizes]
    workloads: dict[str, dict[str, dict[str, float]]] = {"OPT": {}, "IV": {}}
    for name, work, options in zip(PEERS, (core_greeks, numpy_greeks, quantlib_greeks), sets, strict=True):
        seconds = median_seconds(lambda work=work, options=options: work(options), runs)
        workloads["OPT"][name] = {"millions_per_second": len(options.strike) / seconds / 1e6}
    solvers = (core_volatility, scipy_volatility, quantlib_volatility)
    for name, solve, options in zip(PEERS, solvers, sets, strict=True):
        kept = options.informative()
        price = kept.undiscounted()
        seconds = median_seconds(lambda solve=solve, kept=kept, price=price: solve(kept, price), runs)
        error = float(np.quantile(np.abs(solve(kept, price) - kept.volatility), 0.999))
        workloads["IV"][name] = {"millions_per_second": len(price) / seconds / 1e6, "error_p999": error}
    check = Options(2_000)
    worst = max(
        float(np.max(np.abs(ours - theirs) / (1 + np.abs(theirs))))
        for ours, theirs in zip(core_greeks(check), np.array(quantlib_greeks(check)).T, strict=True)
    )
    return {"workloads": workloads, "largest_difference_to_quantlib": worst, "svi_seconds": svi_seconds(runs * 10)}


def show(found: dict[str, Any]) -> None:
    console = Console()
    for workload, rows in found["workloads"].items():
        table = Table("who", "M options/s", "parley_core is", "99.9 % of errors below", title=workload)
        ours = rows["parley_core"]["millions_per_second"]
        for name, row in rows.items():
            speed = row["millions_per_second"]
            error = f"{row['error_p999']:.1e}" if "error_p999" in row else ""
            table.add_row(name, f"{speed:.2f}", f"{ours / speed:.1f} x", error)
        console.print(table)
    table = Table("who", "µs a slice", "parley_core near is", title="SVI, 21 strikes")
    near = found["svi_seconds"]["parley_core, near"]
    for name, seconds in found["svi_seconds"].items():
        table.add_row(name, f"{seconds * 1e6:.0f}", f"{seconds / near:.1f} x")
    console.print(table)
    console.print(f"largest difference to QuantLib, of 1 + value: {found['largest_difference_to_quantlib']:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the options, three runs")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    found = measure(0.1 if arguments.quick else 1.0, 3 if arguments.quick else RUNS)
    show(found)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
