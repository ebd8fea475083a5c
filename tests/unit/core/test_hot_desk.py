"""The hot path as Python has it: configured by a graph, told by facts. Its trading is in core/tests and tests/processes."""

import select

import parley_core
import pytest
from parley_core import ouch

from strategies.signals import Graph

OWNER = (4, 3, 2, 1, 5)
LOGIN = dict.fromkeys(("user", "password"), "P")
LIMITS = (1_000_000, 10**15, 10_000_000, 10**15, 1_000)
AT_NS = 1_800_000_000_000_000_000
ORDERS = [
    ("order", AT_NS, 1, 0, 0, 0, 0, 100, 500_000, 77, -2.5),
    ("order", AT_NS, 2, 0, 1, 1, 1, 90, 400_000, 77, -2.5),
]


def make_desk(**changed: object) -> parley_core.HotDesk:
    graph = Graph()
    spread = graph.mid("KO").log().spread(graph.mid("PEP").log(), hedge=0.9)
    spread.zscore(50).named("z").watched()
    signals = graph.compile()
    given = {
        "symbols": ["KO", "PEP"],
        "nodes": signals.nodes,
        "pairs": [(0, 1, 100, 90, 2.0, 0.5, 4.0, 0, signals.names["z"])],
        "owner": OWNER,
        "limits": LIMITS,
        "book_orders_max": 1_000,
        "book_levels_max": 1_000,
    }
    return parley_core.HotDesk(**(given | changed))


def executed(reference: int, shares: int, price_e4: int, match: int) -> bytes:
    event = ouch.OrderExecuted(
        timestamp_ns=1,
        user_reference=reference,
        last_quantity=shares,
        last_price_e4=price_e4,
        liquidity="R",
        match_number=match,
    )
    return ouch.encode(event)


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"symbols": ["KO", "KO"]}, "symbols", "different"),
        ({"symbols": ["KO", "MUCHTOOLONG"]}, "symbols", "8 characters"),
        ({"pairs": [(0, 2, 100, 90, 2.0, 0.5, 4.0, 0, 5)]}, "pairs", "unknown_instrument"),
        ({"pairs": [(0, 1, 0, 90, 2.0, 0.5, 4.0, 0, 5)]}, "pairs", "invalid_lots"),
        ({"pairs": [(0, 1, 100, 90, 0.4, 0.5, 4.0, 0, 5)]}, "pairs", "invalid_levels"),
        ({"pairs": [(0, 1, 100, 90, 2.0, 0.5, 4.0, 0, 0)]}, "zscores", "watched"),
        ({"owner": (4, 3, 2, 1, 0)}, "owner", "strategy"),
    ],
)
def test_a_path_that_cannot_be_is_refused_by_name(changed: dict, reason: str, detail: str) -> None:
    with pytest.raises(parley_core.HotPathRefused, match=detail) as refused:
        make_desk(**changed)
    assert refused.value.reason == reason


def test_numbers_out_of_bounds_are_refused_with_the_bound() -> None:
    with pytest.raises(ValueError, match="max_position_lots -1 is not between 0"):
        make_desk(limits=(1, 1, -1, 1, 1))
    desk = make_desk()
    with pytest.raises(ValueError, match="order_port 0 is not between 1 and 65535"):
        desk.start(feed_port=0, order_host="127.0.0.1", order_port=0, **LOGIN)
    with pytest.raises(ValueError, match="user 7 is not between 0 and 6"):
        desk.start(feed_port=0, order_host="127.0.0.1", order_port=1, **(LOGIN | {"user": "PARLEYX"}))
    with pytest.raises(ValueError, match="core 4000 is not ours"):
        desk.start(feed_port=0, order_host="127.0.0.1", order_port=1, cpu=4_000, **LOGIN)
    with pytest.raises(ValueError, match="pair 1 is not between 0 and 0"):
        desk.disable(1)
    assert desk.state == "idle"


def test_nobody_listening_is_an_error_of_the_start() -> None:
    desk = make_desk()
    with pytest.raises(OSError, match="order socket"):
        desk.start(feed_port=0, order_host="127.0.0.1", order_port=1, **LOGIN)
    desk.stop()


def test_facts_of_an_earlier_life_lead_to_its_positions_and_pairs() -> None:
    desk = make_desk()
    desk.replay([*ORDERS, ("report", AT_NS + 1, 9, executed(1, 60, 499_900, 5))])
    assert desk.positions()[0][:3] == (60, 40, 0)
    assert desk.positions()[1][:3] == (0, 0, 90)
    assert desk.pairs()[0][:3] == ("entering", 60, 0)
    desk.replay(
        [
            ("report", AT_NS + 2, 10, executed(1, 40, 499_900, 6)),
            ("report", AT_NS + 3, 11, executed(2, 90, 400_100, 7)),
            ("lost", AT_NS + 4, "the venue closed the order session"),
        ]
    )
    assert [each[:3] for each in desk.positions()] == [(100, 0, 0), (-90, 0, 0)]
    assert desk.pairs()[0][:3] == ("long_spread", 100, -90)
    assert desk.counts()["open_pairs"] == 1


def test_an_order_that_never_left_counts_no_more() -> None:
    desk = make_desk()
    desk.replay([*ORDERS, *(("ended", AT_NS + 1, order_id, "withdrawn") for order_id in (1, 2))])
    assert desk.pairs()[0][0] == "flat"
    assert [each[:3] for each in desk.positions()] == [(0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (("order", AT_NS, 1, 5, 0, 0, 0, 100, 500_000, 77, -2.5), "cannot have happened"),
        (("order", AT_NS, 1, 0, 1, 0, 0, 100, 500_000, 77, -2.5), "cannot have happened"),
        (("order", AT_NS, 1), "another number of fields"),
        (("invented", AT_NS), "no fact is called invented"),
        (("steered", AT_NS, 0, "fly"), "no such steering"),
        (("report", AT_NS, 1, b"x" * 300), "longer than any"),
    ],
)
def test_a_fact_that_cannot_be_is_refused(fact: tuple, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_desk().replay([fact])


def test_steering_is_a_fact_and_wakes_whoever_waits() -> None:
    desk = make_desk()
    poller = select.poll()
    poller.register(desk.fileno(), select.POLLIN)
    assert poller.poll(0) == []
    desk.set_entering(may_enter=False)
    desk.disable(0)
    assert len(poller.poll(0)) == 1
    assert [(fact[0], *fact[2:]) for fact in desk.take()] == [
        ("steered", -1, "entering_off"),
        ("steered", 0, "disable"),
    ]
    assert poller.poll(0) == []
    assert desk.pairs()[0][0] == "disabled"
    assert desk.enable(0) is True
    again = make_desk()
    again.replay([("steered", AT_NS, -1, "entering_off"), ("steered", AT_NS, 0, "disable")])
    assert again.pairs()[0][0] == "disabled"


def test_a_pair_that_holds_is_not_enabled() -> None:
    desk = make_desk()
    desk.replay([*ORDERS, ("report", AT_NS + 1, 9, executed(1, 60, 499_900, 5))])
    desk.disable(0)
    assert desk.enable(0) is False


def test_controls_take_what_the_engine_takes() -> None:
    desk = make_desk()
    desk.set_scope_limits(AT_NS, 6, 5, max_order_quantity_lots=1_000, max_working_orders=10)
    desk.set_kill_switch(6, 5, is_engaged=True)
    desk.set_trading_state(1, 1, 1)
    desk.set_limits(*LIMITS)
    desk.enable_scope(6, 5)
    with pytest.raises(ValueError, match="scope 9 is not between 0 and 7"):
        desk.set_kill_switch(9, 5, is_engaged=True)
