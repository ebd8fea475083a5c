"""The engine's matching once more, slow and obvious: lists sorted anew each time, one account of truth per fact."""

from dataclasses import dataclass, field
from typing import Any

from parley_core import EventKind

from tests.unit.core import engine_desk as d

Said = tuple[EventKind, tuple[Any, ...]]


@dataclass
class Order:
    order: int
    account: int
    side: int
    price: int
    quantity: int
    leaves: int
    arrived: int


@dataclass
class ReferenceBook:
    """One instrument, its mark and a limit of lots; says the events the engine should say."""

    mark: int
    index_micros: int
    max_order_lots: int
    max_position_lots: int
    collar_basis_points: int
    collar_floor: int = 4
    resting: list[Order] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    executions: int = 0
    arrivals: int = 0

    def opposing(self, side: int) -> list[Order]:
        """Orders on the other side, the one that trades first in front."""
        other = [order for order in self.resting if order.side != side]
        return sorted(other, key=lambda order: (order.price if side == d.BUY else -order.price, order.arrived))

    def collar(self, side: int) -> int:
        width = max(self.mark * self.collar_basis_points // 10_000, self.collar_floor)
        return self.mark + (width if side == d.BUY else -width)

    def working(self, account: int, side: int) -> int:
        return sum(order.leaves for order in self.resting if (order.account, order.side) == (account, side))

    def refusal(self, order: int, account: int, side: int, lots: int, price: int | None, post_only: bool) -> Any:
        bound = self.collar(side)
        sign = 1 if side == d.BUY else -1
        limit = bound if price is None else price
        worst = sign * self.positions.get(account, 0) + self.working(account, side) + lots
        best = self.opposing(side)[0].price if self.opposing(side) else 0
        trades = bool(best) and sign * (limit - best) >= 0
        if order in self.seen:
            return "duplicate_order", order, 0
        if lots > self.max_order_lots:
            return "max_order_quantity", lots, self.max_order_lots
        if sign * (limit - bound) > 0:
            return "price_collar", limit, bound
        if worst > self.max_position_lots:
            return "position", worst, self.max_position_lots
        if post_only and trades:
            return "post_only_would_trade", limit, best
        if price is None and not trades:
            return "no_liquidity", best, limit
        return None

    def place(
        self, order: int, account: int, side: int, lots: int, price: int | None, *, ioc: bool, post_only: bool
    ) -> list[Said]:
        refusal = self.refusal(order, account, side, lots, price, post_only)
        self.seen.add(order)
        if refusal is not None:
            return [(EventKind.ORDER_REJECTED, (order, *refusal))]
        limit = self.collar(side) if price is None else price
        new = Order(order, account, side, limit, lots, lots, 0)
        said: list[Said] = [(EventKind.ORDER_ACCEPTED, (order, lots))]
        met_itself = self.match(new, said)
        if new.leaves and not met_itself and price is not None and not ioc:
            self.rest(new)
        elif new.leaves:
            reason = "self_match" if met_itself else "immediate_or_cancel"
            said.append((EventKind.ORDER_CANCELED, (order, reason, new.leaves, lots - new.leaves)))
        return said

    def rest(self, order: Order) -> None:
        self.arrivals += 1
        order.arrived = self.arrivals
        self.resting.append(order)

    def match(self, new: Order, said: list[Said]) -> bool:
        """Trades; whether it stopped at an order of its own account."""
        sign = 1 if new.side == d.BUY else -1
        for old in self.opposing(new.side):
            if not new.leaves or sign * (new.price - old.price) < 0:
                return False
            if old.account == new.account:
                return True
            self.trade(new, old, said)
        return False

    def trade(self, new: Order, old: Order, said: list[Said]) -> None:
        lots = min(new.leaves, old.leaves)
        self.executions += 1
        for order, other, liquidity in ((new, old, 1), (old, new, 0)):
            order.leaves -= lots
            if order.account == 0:
                continue
            sign = 1 if order.side == d.BUY else -1
            self.positions[order.account] = self.positions.get(order.account, 0) + sign * lots
            done = order.quantity - order.leaves
            fill = (order.order, self.executions, order.account, d.PERPETUAL, order.side, old.price, lots)
            said.append(
                (EventKind.ORDER_EXECUTED, (*fill, done, order.leaves, liquidity, other.account, self.index_micros))
            )
        self.resting = [order for order in self.resting if order.leaves]

    def cancel(self, order: int, reason: str = "requested") -> list[Said]:
        for old in self.resting:
            if old.account and old.order == order:
                self.resting.remove(old)
                return [(EventKind.ORDER_CANCELED, (order, reason, old.leaves, old.quantity - old.leaves))]
        known = "too_late_to_cancel" if order in self.seen else "unknown_order"
        return [(EventKind.CANCEL_REJECTED, (order, known))]

    def cancel_all(self, account: int) -> list[Said]:
        orders = sorted(old.order for old in self.resting if old.account == account)
        said = [event for order in orders for event in self.cancel(order, "cancel_all")]
        return [*said, (EventKind.CANCEL_ALL_DONE, (d.ACCOUNT, account, len(orders)))]

    def quote(self, mark: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> list[Said]:
        """The venue's depth: a price that stays with no more lots keeps its place, all else goes to the back."""
        self.mark = mark
        said: list[Said] = []
        wanted = {(d.BUY, price): lots for price, lots in bids} | {(d.SELL, price): lots for price, lots in asks}
        for old in [order for order in self.resting if order.account == 0]:
            lots = wanted.get((old.side, old.price), 0)
            if 0 < lots <= old.leaves:
                old.leaves = lots
                del wanted[old.side, old.price]
            else:
                self.resting.remove(old)
        for (side, price), lots in wanted.items():
            new = Order(0, 0, side, price, lots, lots, 0)
            self.match(new, said)
            if new.leaves:
                self.rest(new)
        return said

    def depth(self, side: int) -> list[tuple[int, int]]:
        prices = sorted({order.price for order in self.resting if order.side == side}, reverse=side == d.BUY)
        return [
            (price, sum(order.leaves for order in self.resting if (order.side, order.price) == (side, price)))
            for price in prices
        ]
