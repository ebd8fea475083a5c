"""Whatever market and engine do, no leg of a multi-leg order runs ahead of the others by more than the limit."""

from hypothesis import given as using
from hypothesis import settings
from hypothesis import strategies as st

from strategies.algos import Levels
from tests.unit.strategies.test_multileg import BUY, SELL, Desk, spread
from wire.gateway_algos import AlgoAction
from wire.multileg import LeggingRule, MultilegTerms

LEG = st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 4), st.integers(1, 3))
MOVES = st.lists(
    st.tuples(st.sampled_from(["tick", "tick", "tick", "fill", "fill", "end", "reject", "steer"]), st.integers(0, 999)),
    min_size=10,
    max_size=60,
)


def any_book(seed):
    bid = 1 + seed * 7919 % 40
    return Levels(
        bids=((bid, 1 + seed % 5), (max(1, bid - 3), 1 + seed % 7)) if seed % 11 else (),
        asks=((bid + 1 + seed % 4, 1 + seed % 6), (bid + 9, 1 + seed % 3)) if seed % 13 else (),
        is_fresh=seed % 17 != 0,
    )


def play(multileg, quantity, moves):
    """The same moves of market and engine against a new order; returns the desk."""
    desk = Desk(multileg, quantity, tuple(any_book(at + 1) for at in range(len(multileg.legs))))
    desk.is_slow = True
    for kind, seed in moves:
        if desk.state.is_ended:
            break
        children = sorted(desk.orders)
        if kind == "tick":
            desk.tick(1 + seed % 3, tuple(any_book(seed + 31 * at) for at in range(len(multileg.legs))))
        elif kind == "steer":
            action = [AlgoAction.PAUSE, AlgoAction.WORK, AlgoAction.WORK][seed % 3]
            changed = multileg if seed % 2 else _changed(multileg, seed)
            desk.steer(action, multileg=changed, quantity=1 + seed % 9)
        elif children:
            child = children[seed % len(children)]
            leaves = next(each.leaves_lots for each in desk.state.children if each.number == child)
            if kind == "fill":
                desk.fill(child, 1 + seed % leaves)
            else:
                is_rejected = kind == "reject" and leaves == desk.orders[child].lots
                desk.end(child, "margin_headroom" if is_rejected else "requested", is_rejected=is_rejected)
    return desk


def _changed(multileg, seed):
    changes = {"limit_atoms": seed - 500, "legging_steps": 1 + seed % 4, "slippage_atoms": seed % 50}
    return MultilegTerms(**{name: getattr(multileg, name) for name in multileg.__struct_fields__} | changes)


@settings(max_examples=200, deadline=None)
@using(
    legs=st.lists(LEG, min_size=2, max_size=4),
    limit=st.integers(-200, 200),
    steps=st.integers(1, 4),
    rule=st.sampled_from(LeggingRule),
    is_quoted=st.booleans(),
    quantity=st.integers(1, 9),
    moves=MOVES,
)
def test_whatever_happens_no_leg_runs_ahead_and_the_same_moves_send_the_same_orders(  # noqa: PLR0913 - what it is made of
    legs, limit, steps, rule, is_quoted, quantity, moves
):
    """The bound itself is checked after every step, by the desk of this test."""
    sides, lots, weights = zip(*legs, strict=True)
    multileg = spread(
        limit, lots=lots, sides=sides, weights=weights, legging_steps=steps, legging_rule=rule,
        quoting_leg=len(legs) - 1 if is_quoted else -1, slippage_atoms=20,
    )  # fmt: skip
    first, second = play(multileg, quantity, moves), play(multileg, quantity, moves)
    assert first.sent == second.sent
    assert first.state == second.state
    for index, leg in enumerate(multileg.legs):
        done = first.state.legs[index]
        assert done.unwound_lots <= first.limit * leg.lots, "an unwind ends the order, so one limit bounds all of it"
        assert done.net_lots >= first.state.matched_steps * leg.lots
