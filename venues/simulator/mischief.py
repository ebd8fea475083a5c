"""Scripted misbehavior that every front shares: a thin book, and reports that come late, twice, never or swapped."""

import asyncio
from collections import deque
from collections.abc import Callable

from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import DelayReports, DropReports, DuplicateReports, Faults, FillPartly, ReorderReports
from venues.simulator.records import Terms
from wire.units import Side

QUOTED_LEVELS = 10
Send = Callable[[], None]


def thin_out(exchange: Exchange, faults: Faults, contract: Contract, terms: Terms, at_ns: int) -> None:
    """Scripted: less on the other side than the order wants, so that it is filled in part."""
    thin = faults.take(FillPartly)
    if thin is None:
        return
    bids, asks = exchange.matching.depth(contract)
    lots = max(1, int(terms.quantity_lots * thin.share))
    if terms.side is Side.BUY:
        asks = [(asks[0][0], lots)] if asks else []
    else:
        bids = [(bids[0][0], lots)] if bids else []
    mark = exchange.marks.get(contract.name, contract.price(1))
    exchange.set_quotes(contract, mark, (bids[:QUOTED_LEVELS], asks[:QUOTED_LEVELS]), at_ns)


class Reports:
    """What the owner of an order is told passes here."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._held: deque[Send] = deque()

    def pass_on(self, send: Send) -> None:
        """Calls ``send`` once, where the venue is not asked to misbehave."""
        faults = self._faults
        if faults.take(DropReports):
            return
        if faults.take(ReorderReports):
            self._held.append(send)
            return
        if late := faults.take(DelayReports):
            asyncio.get_running_loop().call_later(late.seconds, send)
            return
        twice = faults.take(DuplicateReports)
        for _ in range(twice.times if twice else 1):
            send()
        while self._held:
            self._held.pop()()
