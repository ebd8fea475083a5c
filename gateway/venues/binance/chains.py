"""Spot orders that were replaced by others at the venue, which we show as one order: the first one's.

Binance amends a spot order in place only where it becomes smaller. Otherwise the order ends and another begins, with an
id of its own. Ours for it is the first one's with a number behind it, so that a chain can be read from the venue again.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable
from decimal import Decimal

import msgspec

from gateway.venues.execution import Execution, OrderView
from wire.units import OrderState

LINKS_MAX = 100
"""Replacements of one order."""
CHAINS_MAX = 10_000
_LINK = re.compile(r"(.+)\.([1-9][0-9]?)")


@dataclasses.dataclass(slots=True)
class Chain:
    """``filled``: of each link, by the venue's order id, the last one included. ``is_replacing``: one is under way, or
    nobody knows what became of it.
    """

    client_order_id: str
    root_id: str
    filled: dict[str, Decimal]
    current: str
    is_replacing: bool = False
    lock: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    """Held while it is replaced, canceled or read."""

    @property
    def next_name(self) -> str:
        return link_name(self.client_order_id, len(self.filled))


class Chains:
    """By the ids of the orders in them; the oldest are forgotten, and read from the venue where they are met again."""

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        """``is_ours``: a client's id that we gave to an order. Others may write their ids like our links'."""
        self._is_ours = is_ours
        self._by_client: dict[str, Chain] = {}
        self._by_order: dict[str, Chain] = {}

    def find(self, client_order_id: str) -> Chain | None:
        return self._by_client.get(client_order_id)

    def begin(self, view: OrderView) -> Chain:
        """A chain of one link, or the one that there is."""
        known = self._by_client.get(view.client_order_id)
        return known or self.learn([view])

    def learn(self, links: list[OrderView]) -> Chain:
        """Every link as the venue shows it, the first of them first."""
        first, last = links[0], links[-1]
        filled = {link.venue_order_id: link.filled for link in links}
        chain = self._by_client.get(first.client_order_id)
        if chain is None:
            chain = Chain(first.client_order_id, first.venue_order_id, filled, last.venue_order_id)
        chain.filled, chain.current, chain.is_replacing = filled, last.venue_order_id, False
        self._by_client[chain.client_order_id] = chain
        self._by_order.update(dict.fromkeys(filled, chain))
        if len(self._by_client) > CHAINS_MAX:
            oldest = self._by_client.pop(next(iter(self._by_client)))
            for order_id in oldest.filled:
                self._by_order.pop(order_id, None)
        return chain

    def follow(self, chain: Chain, ended: OrderView, begun: OrderView) -> None:
        """One order ended and another took its place."""
        chain.filled[ended.venue_order_id] = ended.filled
        chain.filled[begun.venue_order_id] = begun.filled
        chain.current, chain.is_replacing = begun.venue_order_id, False
        self._by_order[begun.venue_order_id] = chain

    def is_unread(self, view: OrderView) -> bool:
        """A link of a chain that must be read from the venue before it can be shown."""
        client_order_id, number = self.split(view.client_order_id)
        chain = self._by_order.get(view.venue_order_id) or self._by_client.get(client_order_id)
        return (number > 0 and chain is None) or (chain is not None and chain.is_replacing)

    def show(self, view: OrderView) -> OrderView | None:
        """As one order. None for what says nothing of the whole: a link that ended, or one while the next begins."""
        chain = self._by_order.get(view.venue_order_id)
        if chain is None:
            return None if self.split(view.client_order_id)[1] else view
        if chain.is_replacing or view.venue_order_id != chain.current:
            return None
        before = sum((filled for order_id, filled in chain.filled.items() if order_id != chain.current), Decimal(0))
        chain.filled[chain.current] = max(view.filled, chain.filled[chain.current])
        return msgspec.structs.replace(
            view,
            venue_order_id=chain.root_id,
            client_order_id=chain.client_order_id,
            quantity=before + view.quantity,
            filled=before + view.filled,
        )

    def attribute(self, execution: Execution, root_id: str) -> Execution:
        """To the first order. ``root_id``: its id by our own orders, where this has forgotten it; empty: unknown."""
        chain = self._by_order.get(execution.venue_order_id)
        client_order_id, number = self.split(execution.client_order_id)
        if chain is not None:
            client_order_id, root_id = chain.client_order_id, chain.root_id
        elif not number:
            return execution
        return msgspec.structs.replace(
            execution, client_order_id=client_order_id, venue_order_id=root_id or execution.venue_order_id
        )

    def split(self, client_order_id: str) -> tuple[str, int]:
        """(the first order's, how many came before)."""
        match = _LINK.fullmatch(client_order_id)
        return (match[1], int(match[2])) if match and self._is_ours(match[1]) else (client_order_id, 0)

    def links_of(self, venue_order_id: str) -> list[str]:
        """Ids of the venue's orders that are this one, the last is the one that works."""
        chain = self._by_order.get(venue_order_id)
        return list(chain.filled) if chain is not None else [venue_order_id]


def link_name(client_order_id: str, number: int) -> str:
    return f"{client_order_id}.{number}" if number else client_order_id


def is_replaceable(state: OrderState) -> bool:
    return state in (OrderState.NEW, OrderState.PARTIALLY_FILLED)
