"""Rolling nodes against NumPy on the same samples: gaps, spikes, long series, windows by count and by time."""

import numpy as np
import pytest

from strategies.signals import Duration, Graph, seconds

SECOND = 10**9
STATISTICS = ("sum", "mean", "variance", "deviation", "zscore", "minimum", "maximum")


def of_numpy(name, window):
    if name == "variance":
        return np.var(window, ddof=1) if len(window) > 1 else np.nan
    if name == "deviation":
        return np.std(window, ddof=1) if len(window) > 1 else np.nan
    if name == "zscore":
        deviation = np.std(window, ddof=1) if len(window) > 1 else 0.0
        return (window[-1] - np.mean(window)) / deviation if deviation > 0 else np.nan
    return {"sum": np.sum, "mean": np.mean, "minimum": np.min, "maximum": np.max}[name](window)


def run_series(series, at_ns, build):
    graph = Graph()
    build(graph, graph.mid("A"))
    compiled = graph.compile()
    names = list(compiled.names)
    rows = compiled.run_bars(np.asarray(at_ns, dtype=np.int64), np.asarray(series, dtype=float)[:, None], names)
    return {name: rows[:, column] for column, name in enumerate(names)}


def random_walk(seed, count, *, gaps=0.0, level=100.0, step=0.01):
    rng = np.random.default_rng(seed)
    series = level + np.cumsum(rng.normal(0.0, step, count))
    series[rng.random(count) < gaps] = np.nan
    return series


@pytest.mark.parametrize("window", [2, 7, 500])
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_windows_by_count_agree_with_numpy_over_a_long_series(window, gaps):
    series = random_walk(window, 20_000, gaps=gaps)
    found = run_series(series, range(len(series)), lambda g, x: [getattr(x, n)(window).named(n) for n in STATISTICS])
    samples = []
    for at, x in enumerate(series):
        if np.isfinite(x):
            samples.append(x)
        if at % 37 and at > 3 * window:
            continue
        for name in STATISTICS:
            expected = of_numpy(name, samples[-window:]) if len(samples) >= window else np.nan
            tolerance = {"zscore": 1e-6, "variance": 1e-9, "deviation": 1e-9}.get(name, 1e-13)
            np.testing.assert_allclose(
                found[name][at], expected, rtol=tolerance, atol=tolerance, err_msg=f"{name} {at}"
            )


def test_windows_by_time_agree_with_numpy_through_bursts_and_gaps():
    rng = np.random.default_rng(5)
    at_ns = np.cumsum(rng.choice([0, 1, 40, 900, 5_000], size=6_000)).astype(np.int64) * 10**6
    series = random_walk(9, len(at_ns), gaps=0.1)
    found = run_series(series, at_ns, lambda g, x: [getattr(x, n)(seconds(3)).named(n) for n in STATISTICS])
    is_sample = np.isfinite(series)
    for at in range(0, len(series), 7):
        if not is_sample[at]:
            continue
        seen = slice(0, at + 1)
        inside = is_sample[seen] & (at_ns[seen] > at_ns[at] - 3 * SECOND)
        for name in STATISTICS:
            expected = of_numpy(name, series[seen][inside])
            np.testing.assert_allclose(found[name][at], expected, rtol=1e-6, atol=1e-9, err_msg=f"{name} {at}")


def test_a_spike_leaves_no_trace_once_it_left_the_window():
    series = random_walk(3, 4_000, step=1e-3)
    series[1_000], series[2_000] = 1e9, -1e12
    found = run_series(series, range(len(series)), lambda g, x: x.variance(50).named("v") and x.sum(50).named("s"))
    for at in (*range(1_050, 1_100), *range(2_050, 2_100), 3_999):
        np.testing.assert_allclose(found["v"][at], np.var(series[at - 49 : at + 1], ddof=1), rtol=1e-8)
        np.testing.assert_allclose(found["s"][at], np.sum(series[at - 49 : at + 1]), rtol=1e-13)


def test_a_window_of_equal_prices_has_no_variance_and_no_zscore():
    series = np.concatenate([random_walk(4, 100), np.full(60, 99.97)])
    found = run_series(series, range(len(series)), lambda g, x: x.variance(50).named("v") and x.zscore(50).named("z"))
    assert found["v"][-1] == 0.0
    assert np.isnan(found["z"][-1])
    assert found["v"][108] > 0.0


def test_ewma_follows_its_recursion_by_samples_and_by_time():
    at_ns = np.cumsum(np.random.default_rng(2).integers(1, 10**9, 500))
    series = random_walk(6, 500, gaps=0.1)
    found = run_series(
        series, at_ns, lambda g, x: x.ewma(span=19).named("count") and x.ewma(time_constant=seconds(2)).named("time")
    )
    count = time = last_ns = None
    for at, (x, now) in enumerate(zip(series, at_ns, strict=True)):
        if np.isfinite(x):
            count = x if count is None else count + 0.1 * (x - count)
            time = x if time is None else time + (1 - np.exp(-(now - last_ns) / (2 * SECOND))) * (x - time)
            last_ns = now
        np.testing.assert_allclose([found["count"][at], found["time"][at]], [count, time], rtol=1e-12)


def test_lags_and_returns_look_back_by_samples_and_by_time():
    series = np.array([10.0, 11.0, np.nan, 12.0, 15.0])
    at_ns = np.array([0, 1, 2, 3, 7]) * SECOND

    def build(graph, x):
        x.lag(2).named("lag")
        x.lag(seconds(3)).named("ago")
        x.log_return().named("log")
        x.simple_return().named("simple")
        x.realized_volatility(2).named("volatility")

    found = run_series(series, at_ns, build)
    np.testing.assert_array_equal(found["lag"], [np.nan, np.nan, np.nan, 10.0, 11.0])
    np.testing.assert_array_equal(found["ago"], [np.nan, np.nan, np.nan, 10.0, 12.0])
    np.testing.assert_allclose(found["log"][[1, 3, 4]], np.log([11 / 10, 12 / 11, 15 / 12]), rtol=1e-12)
    np.testing.assert_allclose(found["simple"][[1, 3, 4]], [0.1, 12 / 11 - 1, 0.25], rtol=1e-12)
    np.testing.assert_allclose(found["volatility"][-1], np.sqrt(np.sum(np.log([12 / 11, 15 / 12]) ** 2)), rtol=1e-12)


def test_a_clock_empties_a_window_by_time_without_a_sample():
    graph = Graph()
    tick = graph.timer(seconds(1))
    graph.mid("A").sum(seconds(3), clock=tick).named("sum")
    compiled = graph.compile()
    compiled.quote(0, "A", bid=4.0, ask=4.0, sizes=(1.0, 1.0))
    assert compiled.value("sum") == 4.0
    compiled.time(2 * SECOND)
    assert compiled.value("sum") == 4.0
    compiled.time(3 * SECOND)
    assert np.isnan(compiled.value("sum"))


def test_a_timed_window_without_room_says_how_much_it_lost():
    graph = Graph()
    graph.mid("A").sum(Duration(ns=100), samples_max=4).named("sum")
    compiled = graph.compile()
    for at in range(10):
        compiled.quote(at, "A", bid=1.0, ask=1.0, sizes=(1.0, 1.0))
    assert compiled.value("sum") == 4.0
    assert compiled.core.overruns == 6
