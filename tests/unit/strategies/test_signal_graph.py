"""Sources, logic, events between instruments, what is evaluated, what is refused, and replay."""

import numpy as np
import pytest

from strategies.signals import Graph, SignalGraphRefused, UnknownSignalName, milliseconds, seconds
from strategies.signals.graph import DuplicateSignalName

MS = 10**6
NAN = float("nan")


def quote(compiled, at_ns, instrument, bid, ask, bid_size=1.0, ask_size=1.0):
    compiled.quote(at_ns, instrument, bid=bid, ask=ask, sizes=(bid_size, ask_size))


def test_sources_read_the_touch_and_the_last_trade():
    graph = Graph()
    for name in ("bid", "ask", "bid_size", "ask_size", "mid", "micro_price", "book_imbalance"):
        getattr(graph, name)("A").named(name)
    for name in ("last_price", "last_size", "signed_size"):
        getattr(graph, name)("A").named(name)
    compiled = graph.compile()
    quote(compiled, 1, "A", 99.0, 101.0, 30.0, 10.0)
    compiled.trade(2, "A", price=99.5, size=7.0, is_buyer=False)
    assert compiled.values() == {
        "bid": 99.0, "ask": 101.0, "bid_size": 30.0, "ask_size": 10.0, "mid": 100.0, "micro_price": 100.5,
        "book_imbalance": 0.5, "last_price": 99.5, "last_size": 7.0, "signed_size": -7.0,
    }  # fmt: skip
    quote(compiled, 3, "A", NAN, 101.0, 0.0, 10.0)
    assert np.isnan(compiled.value("mid"))
    assert compiled.value("book_imbalance") == -1.0


@pytest.mark.parametrize(
    ("after", "flow"),
    [
        ((10.0, 11.0, 5.0, 6.0), 0.0),
        ((10.0, 11.0, 8.0, 6.0), 3.0),
        ((10.0, 11.0, 5.0, 9.0), -3.0),
        ((10.5, 11.0, 2.0, 6.0), 2.0),
        ((9.5, 11.0, 7.0, 6.0), -5.0),
        ((10.0, 10.5, 5.0, 4.0), -4.0),
        ((10.0, 11.5, 5.0, 9.0), 6.0),
    ],
)
def test_order_flow_is_what_the_paper_counts(after, flow):
    graph = Graph()
    graph.order_flow("A").named("flow")
    compiled = graph.compile()
    quote(compiled, 1, "A", 10.0, 11.0, 5.0, 6.0)
    assert np.isnan(compiled.value("flow"))
    quote(compiled, 2, "A", *after)
    assert compiled.value("flow") == flow


def test_trade_imbalance_weighs_aggressors():
    graph = Graph()
    graph.trade_imbalance("A", 3, samples_min=1).named("imbalance")
    compiled = graph.compile()
    for at, (size, is_buyer) in enumerate([(100.0, True), (6.0, True), (2.0, False), (2.0, False)]):
        compiled.trade(at, "A", price=10.0, size=size, is_buyer=is_buyer)
    assert compiled.value("imbalance") == (6.0 - 2.0 - 2.0) / 10.0


def run_values(build, values):
    graph = Graph()
    build(graph.mid("A")).named("out")
    compiled = graph.compile()
    rows = compiled.run_bars(np.arange(len(values)) * MS, np.asarray(values, dtype=float)[:, None], ["out"])
    return rows[:, 0].tolist()


def test_a_threshold_holds_until_its_lower_level():
    assert run_values(lambda x: x.above(2.0, off=1.0), [0, 2, 1.5, 1, 0.9, 1.5, 3]) == [0, 1, 1, 1, 0, 0, 1]
    assert run_values(lambda x: x.below(-2.0, off=-1.0), [0, -2, -1.5, -0.5, -1.5]) == [0, 1, 1, 0, 0]


def test_a_cooldown_lets_one_through_and_waits():
    assert run_values(lambda x: x.above(1.0).cooldown(milliseconds(3)), [0, 1, 1, 1, 1, 0, 1, 1]) == [
        0, 1, 0, 0, 1, 0, 0, 1,
    ]  # fmt: skip


def test_a_latch_holds_and_its_reset_wins():
    assert run_values(lambda x: x.above(5.0).latched(reset=x.below(1.0)), [0, 6, 3, 2, 1, 3, 6]) == [
        0,
        1,
        1,
        1,
        0,
        0,
        1,
    ]


def test_changes_and_samples_tick_less_often_than_their_input():
    assert run_values(lambda x: x.changes().sum(3, samples_min=1), [5, 5, 5, 7, 7, 5]) == [5, 5, 5, 12, 12, 17]
    assert run_values(lambda x: x.sample(milliseconds(3)).sum(9, samples_min=1), [1, 1, 1, 2, 2, 2, 4]) == [
        1, 1, 1, 3, 3, 3, 7,
    ]  # fmt: skip


def test_a_spread_of_bars_takes_one_sample_per_bar_with_both_prices_in():
    graph = Graph()
    spread = graph.mid("A") - graph.mid("B")
    spread.when(graph.bar()).sum(2).named("bars")
    spread.sum(2).named("ticks")
    compiled = graph.compile()
    prices = np.array([[10.0, 4.0], [20.0, 5.0], [30.0, 6.0]])
    rows = compiled.run_bars(np.arange(3), prices, ["bars", "ticks"])
    np.testing.assert_array_equal(rows, [[NAN, NAN], [21.0, 31.0], [39.0, 49.0]])


def test_logic_knows_what_it_does_not_know():
    graph = Graph()
    a, b = graph.mid("A") > 0.0, graph.mid("B") > 0.0
    (a & b).named("and")
    (a | b).named("or")
    (~a).named("not")
    compiled = graph.compile()
    quote(compiled, 1, "A", 1.0, 1.0)
    assert (str(compiled.value("and")), compiled.value("or"), compiled.value("not")) == ("nan", 1.0, 0.0)
    quote(compiled, 2, "A", -1.0, -1.0)
    assert (compiled.value("and"), str(compiled.value("or")), compiled.value("not")) == (0.0, "nan", 1.0)
    quote(compiled, 3, "B", 1.0, 1.0)
    assert (compiled.value("and"), compiled.value("or")) == (0.0, 1.0)


def test_an_instrument_crosses_another_only_from_the_other_side():
    graph = Graph()
    graph.mid("A").crosses_above(graph.mid("B")).named("crosses")
    compiled = graph.compile()
    seen = []
    for at, (name, price) in enumerate([("A", 5), ("B", 4), ("A", 6), ("B", 7), ("A", 7), ("A", 8), ("A", 9)]):
        quote(compiled, at, name, price, price)
        seen.append(compiled.value("crosses"))
    np.testing.assert_array_equal(seen, [NAN, 0, 0, 0, 0, 1, 0])


def test_a_leader_that_moves_while_the_follower_does_not():
    graph = Graph()
    graph.lead_lag(graph.mid("A"), graph.mid("B"), moved=1.0, still=0.5, within=milliseconds(10)).named("led")
    compiled = graph.compile()
    for at in (0, 20, 40):
        quote(compiled, at * MS, "A", 100.0, 100.0)
        quote(compiled, at * MS, "B", 50.0, 50.0)
    assert compiled.value("led") == 0.0
    quote(compiled, 50 * MS, "A", 101.0, 101.0)
    assert compiled.value("led") == 1.0
    quote(compiled, 51 * MS, "B", 50.6, 50.6)
    quote(compiled, 52 * MS, "A", 101.0, 101.0)
    assert compiled.value("led") == 0.0


def test_an_event_evaluates_only_what_depends_on_it():
    graph = Graph()
    for name in ("A", "B", "C"):
        graph.mid(name).log().mean(5)
    (graph.mid("A") - graph.mid("B")).watched().named("spread")
    compiled = graph.compile()
    quote(compiled, 1, "C", 9.0, 9.0)
    assert compiled.core.evaluations == 3
    assert compiled.core.fired() == []
    quote(compiled, 2, "A", 9.0, 9.0)
    assert compiled.core.evaluations == 3 + 5
    assert compiled.core.fired() == [compiled.names["spread"]]


def test_time_never_runs_backwards():
    graph = Graph()
    graph.mid("A").sum(seconds(1)).named("sum")
    compiled = graph.compile()
    quote(compiled, 5 * 10**9, "A", 1.0, 1.0)
    quote(compiled, 1, "A", 2.0, 2.0)
    assert compiled.value("sum") == 3.0


def cycle(graph):
    graph.mid("A").spread(graph.ref("z"), hedge=1.0).named("s")
    graph.ref("s").zscore(5).named("z")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (cycle, "cycle"),
        (lambda graph: graph.mid("A").mean(2**20), "window_out_of_range"),
        (lambda graph: graph.mid("A").mean(0), "window_out_of_range"),
        (lambda graph: graph.mid("A").zscore(1), "window_out_of_range"),
        (lambda graph: graph.mid("A").mean(seconds(8 * 86_400)), "window_out_of_range"),
        (lambda graph: graph.mid("A").mean(seconds(1), samples_max=2**20 + 1), "window_out_of_range"),
        (lambda graph: graph.mid("A").mean(5, samples_min=6), "parameter_out_of_range"),
        (lambda graph: graph.mid("A").above(1.0, off=2.0), "parameter_out_of_range"),
        (lambda graph: graph.mid("A").spread(graph.mid("B"), hedge=NAN), "parameter_out_of_range"),
        (lambda graph: graph.mid("A").ewma(span=0.5), "parameter_out_of_range"),
        (lambda graph: graph.timer(seconds(0)), "window_out_of_range"),
        (lambda graph: [graph.mid("A").mean(2**20 - 1) for _ in range(17)], "too_many_samples"),
        (lambda graph: [graph.mid("A") for _ in range(65_537)], "too_many_nodes"),
        (lambda graph: None, "no_nodes"),
    ],
)
def test_a_graph_that_cannot_run_is_refused_by_name(build, reason):
    graph = Graph()
    build(graph)
    with pytest.raises(SignalGraphRefused) as caught:
        graph.compile()
    assert caught.value.reason == reason


def test_a_cycle_is_named_by_a_node_that_stands_on_it():
    graph = Graph()
    cycle(graph)
    graph.ref("z").log()
    with pytest.raises(SignalGraphRefused) as caught:
        graph.compile()
    assert caught.value.node in {1, 2}


def test_unknown_and_doubled_names_are_refused():
    graph = Graph()
    graph.ref("nothing").log()
    with pytest.raises(UnknownSignalName, match="nothing"):
        graph.compile()
    graph.mid("A").named("a")
    with pytest.raises(DuplicateSignalName):
        graph.mid("B").named("a")


def random_events(seed, count, instruments):
    rng = np.random.default_rng(seed)
    bid = 100 + np.cumsum(rng.normal(0, 0.01, count))
    columns = (bid, bid + 0.01, rng.integers(1, 900, count) * 1.0, rng.integers(1, 900, count) * 1.0)
    at_ns = np.cumsum(rng.integers(0, 10**7, count))
    kinds = rng.choice(np.array([0, 0, 0, 1, 2], dtype=np.uint8), count)
    return at_ns, rng.integers(0, instruments, count).astype(np.uint32), kinds, columns


def build_large():
    graph = Graph()
    for at in range(20):
        a, b = f"S{at % 7}", f"S{(at + 1) % 7}"
        z = graph.mid(a).log().spread(graph.mid(b).log(), hedge=0.9).zscore(40).named(f"z{at}")
        (z.above(2.0, off=1.0) & ~graph.trade_imbalance(a, seconds(1)).above(0.5)).named(f"entry{at}")
        graph.order_flow(a).sum(seconds(1), clock=graph.timer(seconds(0.25))).named(f"flow{at}")
    return graph.compile()


def test_replay_gives_the_same_values_bit_for_bit():
    events = random_events(11, 20_000, 7)
    first, second = build_large(), build_large()
    names = list(first.names)
    rows = first.run(*events, names)
    again = np.concatenate(
        [
            second.run(*(part[begin:end] for part in events[:3]), tuple(c[begin:end] for c in events[3]), names)
            for begin, end in ((0, 1), (1, 7_000), (7_000, 20_000))
        ]
    )
    assert rows.tobytes() == again.tobytes()
    assert first.state_hash() == second.state_hash()
    third = build_large()
    third.run(*events, names[:1])
    assert third.state_hash() == first.state_hash()
    quote(third, 10**15, "S1", 100.0, 100.02)
    assert third.state_hash() != first.state_hash()


def test_columns_that_do_not_fit_are_refused():
    compiled = build_large()
    at_ns, instrument, kind, columns = random_events(1, 10, 7)
    with pytest.raises(ValueError, match="kind has 9 elements"):
        compiled.run(at_ns, instrument, kind[:9], columns, ["z0"])
    with pytest.raises(IndexError, match="instrument"):
        compiled.run(at_ns, instrument + 7, kind * 0, columns, ["z0"])
    with pytest.raises(ValueError, match="kind"):
        compiled.run(at_ns, instrument, kind + 4, columns, ["z0"])
    with pytest.raises(IndexError, match="node"):
        compiled.core.value(10_000)
