"""The pairs as they stand, for those who look at them."""

import math
from collections import Counter

from gateway.hot.desk import HotPathDesk
from gateway.hot.own import OwnPair
from wire.pairs import TICKS_PER_DOLLAR, PairShown, PairState

MICROS_PER_TICK = 1_000_000 // TICKS_PER_DOLLAR
Touch = tuple[int, int, int, int, int, bool]
"""lots, buy_working, sell_working, bid_ticks, ask_ticks, is_halted"""


def count_states(desk: HotPathDesk) -> dict[str, int]:
    return dict(Counter(state for state, *_ in desk.native.pairs()))


def show_pairs(desk: HotPathDesk) -> list[PairShown]:
    """Those in the hot file, and those that still hold."""
    positions = desk.native.positions()
    found = []
    for pair, terms, (state, _, _, zscore) in zip(desk.book.pairs, desk.plan.pairs, desk.native.pairs(), strict=True):
        if pair.listed.is_retired and pair.is_flat:
            continue
        mids = _mid(positions[terms[0]]), _mid(positions[terms[1]])
        found.append(
            PairShown(
                first=pair.listed.first,
                second=pair.listed.second,
                state=PairState(state),
                zscore=zscore if math.isfinite(zscore) else None,
                held_first=pair.held[0],
                held_second=pair.held[1],
                working=len(pair.working),
                realized_micros=pair.profit_ticks * MICROS_PER_TICK,
                unrealized_micros=_unrealized(pair, mids),
            )
        )
    return found


def _mid(touch: Touch) -> float | None:
    bid, ask = touch[3], touch[4]
    return (bid + ask) / 2 if bid and ask else None


def _unrealized(pair: OwnPair, mids: tuple[float | None, float | None]) -> int | None:
    first, second = mids
    if pair.is_flat:
        return 0
    if first is None or second is None:
        return None
    return round(pair.open_profit_ticks((first, second)) * MICROS_PER_TICK)
