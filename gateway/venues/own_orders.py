"""What we know of our orders at one venue: a function of what was sent and of what the venue said, in any order and
however often. No clock, no I/O.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from gateway.venues.execution import Execution, ExecutionReport, NewVenueOrder, OrderView, ReportKind
from wire.units import TERMINAL_ORDER_STATES, OrderState, Side
from wire.venue_rfqs import VenueRfqReport

NOTHING = Decimal(0)
ASIDE = frozenset({ReportKind.POSITION, ReportKind.CANCEL_REJECTED, ReportKind.AMEND_REJECTED, ReportKind.RFQ})
"""Kinds of reports that change no order."""


@dataclasses.dataclass(slots=True, kw_only=True)
class OwnOrder:
    """``cumulative``: of executions that stand. ``venue_filled``: what the venue says it filled, which may be ahead."""

    client_order_id: str
    name: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    state: OrderState
    venue_order_id: str = ""
    cumulative: Decimal = NOTHING
    busted: Decimal = NOTHING
    venue_filled: Decimal = NOTHING
    updated_at_ns: int = 0
    is_external: bool = False
    reason: str = ""
    sent_at_ns: int = 0

    @property
    def is_done(self) -> bool:
        return self.state in TERMINAL_ORDER_STATES

    @property
    def leaves(self) -> Decimal:
        return NOTHING if self.is_done else self.quantity - self.cumulative - self.busted

    @property
    def lacks_executions(self) -> bool:
        """The venue filled more than it has told us of."""
        return self.venue_filled > self.cumulative + self.busted


class OwnOrders:
    """Every change comes out as a report, once. ``restore`` builds the same from the reports. What came to an end long
    ago is forgotten: an execution from then, of an order that is not known, is one that was counted.
    """

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.orders: dict[str, OwnOrder] = {}
        self.executions: dict[str, Execution] = {}
        self.last_number = 0
        self.last_execution_at_ns = 0
        self.forgotten: dict[str, Decimal] = {}
        """Signed contracts by name of executions that are not kept any more (``gateway.venues.folding``)."""
        self.forgotten_until_ns = 0
        self._client_ids: dict[str, str] = {}

    def restore_sent(self, order: NewVenueOrder) -> None:
        """It was about to be sent when the process ended: nobody knows."""
        self.sent(order).state = OrderState.UNKNOWN

    def restore(self, report: ExecutionReport) -> None:
        self.last_number = report.number
        if report.kind in ASIDE:
            return
        order = self.orders.get(report.client_order_id)
        if order is None:
            order = OwnOrder(
                client_order_id=report.client_order_id,
                name=report.name,
                side=report.side,
                quantity=report.quantity,
                price=report.price,
                state=report.state,
                is_external=report.kind is ReportKind.ADOPTED,
            )
            self.orders[report.client_order_id] = order
        order.state, order.quantity, order.price = report.state, report.quantity, report.price
        order.cumulative, order.reason = report.cumulative, report.reason
        self._name(order, report.venue_order_id)
        if report.execution is not None:
            self._remember(report.execution)
            order.busted += report.execution.quantity if report.kind is ReportKind.BUST else NOTHING

    def sent(self, order: NewVenueOrder) -> OwnOrder:
        assert order.client_order_id not in self.orders, "an id is used once"
        own = OwnOrder(
            client_order_id=order.client_order_id,
            name=order.name,
            side=order.side,
            quantity=order.quantity,
            price=order.price,
            state=OrderState.PENDING_NEW,
            sent_at_ns=order.sent_at_ns,
        )
        self.orders[own.client_order_id] = own
        self._name(own, order.venue_order_id)
        return own

    def take_order(self, view: OrderView, now_ns: int) -> list[ExecutionReport]:
        """The venue shows an order. Older than what is known: nothing."""
        order = self.find(view.client_order_id, view.venue_order_id)
        if order is None:
            return self._adopt(view, now_ns)
        self._name(order, view.venue_order_id)
        if view.updated_at_ns < order.updated_at_ns or view.filled < order.venue_filled:
            return []
        if _is_larger(order, view):
            order.state = OrderState.PARTIALLY_FILLED
        if order.is_done:
            return []
        order.updated_at_ns, order.venue_filled = view.updated_at_ns, view.filled
        was_known = order.state not in (OrderState.PENDING_NEW, OrderState.UNKNOWN)
        is_changed = (order.quantity, order.price) != (view.quantity, view.price)
        order.quantity, order.price = view.quantity, view.price
        is_full = NOTHING < order.quantity <= order.cumulative + order.busted
        reports = []
        if not was_known and view.state is not OrderState.REJECTED:
            order.state = OrderState.NEW
            reports.append(self._report(order, ReportKind.NEW, now_ns))
        elif is_changed:
            order.state = OrderState.FILLED if is_full else order.state
            reports.append(self._report(order, ReportKind.REPLACED, now_ns))
        return reports + self._conclude(order, view, now_ns)

    def take_execution(self, execution: Execution, now_ns: int) -> list[ExecutionReport]:
        """Each execution id counts once, and each of its busts."""
        known = self.executions.get(execution.execution_id)
        if known is not None and known.is_busted >= execution.is_busted:
            return []
        if self.is_forgotten(execution):
            return []
        order = self.find(execution.client_order_id, execution.venue_order_id)
        reports = self._adopt(_as_order(execution), now_ns) if order is None else []
        order = order or self.find_of(execution)
        if known is None:
            self._name(order, execution.venue_order_id)
            self._remember(_as_standing(execution))
            order.cumulative += execution.quantity
            if order.is_external:
                order.quantity = max(order.quantity, order.cumulative + order.busted)
            order.venue_filled = max(order.venue_filled, order.cumulative + order.busted)
            if not order.is_done:
                is_full = order.cumulative + order.busted >= order.quantity
                order.state = OrderState.FILLED if is_full else OrderState.PARTIALLY_FILLED
            stands = self.executions[execution.execution_id]
            reports.append(self._report(order, ReportKind.TRADE, now_ns, stands))
        if execution.is_busted:
            self._remember(execution)
            order.cumulative -= execution.quantity
            order.busted += execution.quantity
            reports.append(self._report(order, ReportKind.BUST, now_ns, execution))
        return reports

    def reject(self, client_order_id: str, reason: str, now_ns: int) -> list[ExecutionReport]:
        """The venue did not take it, or it never arrived there."""
        order = self.orders[client_order_id]
        if order.is_done:
            return []
        order.state, order.reason = OrderState.REJECTED, reason
        return [self._report(order, ReportKind.REJECTED, now_ns)]

    def refuse(self, order: NewVenueOrder, reason: str, now_ns: int) -> list[ExecutionReport]:
        """It never left, and never will."""
        own = self.sent(order)
        own.state, own.reason = OrderState.REJECTED, reason
        return [self._report(own, ReportKind.REJECTED, now_ns)]

    def refuse_request(self, client_order_id: str, kind: ReportKind, reason: str, now_ns: int) -> list[ExecutionReport]:
        """The venue did not cancel, or did not amend: the order stays what it is."""
        report = self._report(self.orders[client_order_id], kind, now_ns)
        return [msgspec.structs.replace(report, reason=reason)]

    def compare_position(self, name: str, expected: Decimal, held: Decimal, now_ns: int) -> list[ExecutionReport]:
        """What the venue holds of an instrument beside what our executions explain."""
        report = self._aside(ReportKind.POSITION, name, now_ns)
        return [msgspec.structs.replace(report, expected=expected, held=held)]

    def tell_rfq(self, told: VenueRfqReport, now_ns: int) -> list[ExecutionReport]:
        """How a block RFQ stands."""
        return [msgspec.structs.replace(self._aside(ReportKind.RFQ, "", now_ns), block_rfq=told)]

    def doubt(self, client_order_id: str, now_ns: int) -> list[ExecutionReport]:
        """No answer: it may be there or not."""
        order = self.orders[client_order_id]
        if order.state is not OrderState.PENDING_NEW:
            return []
        order.state = OrderState.UNKNOWN
        return [self._report(order, ReportKind.UNKNOWN, now_ns)]

    def open_orders(self) -> list[OwnOrder]:
        return [order for order in self.orders.values() if not order.is_done]

    def positions(self) -> dict[str, Decimal]:
        """Signed contracts of all executions that stand."""
        held = dict(self.forgotten)
        _add(held, self.executions.values())
        return {name: quantity for name, quantity in held.items() if quantity}

    def is_forgotten(self, execution: Execution) -> bool:
        """Of an order that is not known any more, and from a time of which nothing is missing."""
        order = self.find(execution.client_order_id, execution.venue_order_id)
        return order is None and execution.at_ns <= self.forgotten_until_ns

    def find_of(self, execution: Execution) -> OwnOrder:
        """The order that an execution we know was counted for. Raises KeyError."""
        order = self.find(execution.client_order_id, execution.venue_order_id)
        return order or self.orders[external_id(execution.venue_order_id)]

    def keep(self, order: OwnOrder) -> None:
        self.orders[order.client_order_id] = order
        self._name(order, order.venue_order_id)

    def forget(self, order: OwnOrder, executions: Sequence[Execution]) -> None:
        """One that has ended, with every execution of it: their sum stays in the positions."""
        del self.orders[order.client_order_id]
        self._client_ids.pop(order.venue_order_id, None)
        for execution in executions:
            del self.executions[execution.execution_id]
            self.forgotten_until_ns = max(self.forgotten_until_ns, execution.at_ns)
        _add(self.forgotten, executions)

    def _adopt(self, view: OrderView, now_ns: int) -> list[ExecutionReport]:
        """Not ours, and there: it is taken as it is, under the venue's id. Finished ones are no concern of ours."""
        if view.state in TERMINAL_ORDER_STATES:
            return []
        order = OwnOrder(
            client_order_id=external_id(view.venue_order_id),
            name=view.name,
            side=view.side,
            quantity=view.quantity,
            price=view.price,
            state=OrderState.NEW,
            venue_filled=view.filled,
            updated_at_ns=view.updated_at_ns,
            is_external=True,
            reason=view.client_order_id,
        )
        self.orders[order.client_order_id] = order
        self._name(order, view.venue_order_id)
        return [self._report(order, ReportKind.ADOPTED, now_ns)]

    def _conclude(self, order: OwnOrder, view: OrderView, now_ns: int) -> list[ExecutionReport]:
        """An end is believed once every execution before it is known; a fill is what executions say."""
        if order.is_done:
            return []
        if view.state is OrderState.REJECTED:
            return self.reject(order.client_order_id, view.reason, now_ns)
        if view.state is not OrderState.CANCELED or order.lacks_executions:
            return []
        order.state, order.reason = OrderState.CANCELED, view.reason
        return [self._report(order, ReportKind.CANCELED, now_ns)]

    def find(self, client_order_id: str, venue_order_id: str) -> OwnOrder | None:
        """By the venue's id where it is known. Another order under an id of ours is not ours."""
        order = self.orders.get(self._client_ids.get(venue_order_id, client_order_id))
        return None if order is not None and order.venue_order_id not in ("", venue_order_id) else order

    def _name(self, order: OwnOrder, venue_order_id: str) -> None:
        if venue_order_id:
            order.venue_order_id = venue_order_id
            self._client_ids[venue_order_id] = order.client_order_id

    def _remember(self, execution: Execution) -> None:
        self.executions[execution.execution_id] = execution
        self.last_execution_at_ns = max(self.last_execution_at_ns, execution.at_ns)

    def _aside(self, kind: ReportKind, name: str, now_ns: int) -> ExecutionReport:
        """Of no order."""
        self.last_number += 1
        return ExecutionReport(
            number=self.last_number,
            venue=self.venue,
            kind=kind,
            client_order_id="",
            venue_order_id="",
            name=name,
            side=Side.BUY,
            state=OrderState.UNKNOWN,
            quantity=NOTHING,
            price=None,
            cumulative=NOTHING,
            leaves=NOTHING,
            canceled=NOTHING,
            received_at_ns=now_ns,
        )

    def _report(
        self, order: OwnOrder, kind: ReportKind, now_ns: int, execution: Execution | None = None
    ) -> ExecutionReport:
        self.last_number += 1
        leaves = order.leaves
        return ExecutionReport(
            number=self.last_number,
            venue=self.venue,
            kind=kind,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            name=order.name,
            side=order.side,
            state=order.state,
            quantity=order.quantity,
            price=order.price,
            cumulative=order.cumulative,
            leaves=leaves,
            canceled=order.quantity - order.cumulative - leaves,
            received_at_ns=now_ns,
            execution=execution,
            reason=order.reason,
            sent_at_ns=order.sent_at_ns,
        )


def view_of(own: OwnOrder) -> OrderView:
    """The order as we know it: what an adapter answers where its venue says nothing new."""
    return OrderView(
        venue_order_id=own.venue_order_id,
        client_order_id=own.client_order_id,
        name=own.name,
        side=own.side,
        quantity=own.quantity,
        price=own.price,
        filled=own.venue_filled,
        state=own.state,
        updated_at_ns=own.updated_at_ns,
    )


def external_id(venue_order_id: str) -> str:
    """What an order is called here that we did not send."""
    return f"external:{venue_order_id}"


def _as_order(execution: Execution) -> OrderView:
    """All that an execution tells of an order nobody sent here."""
    return OrderView(
        venue_order_id=execution.venue_order_id,
        client_order_id=execution.client_order_id,
        name=execution.name,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        filled=NOTHING,
        state=OrderState.NEW,
        updated_at_ns=0,
    )


def _is_larger(order: OwnOrder, view: OrderView) -> bool:
    """An order of others, known by its executions alone, counted as filled by them; the venue shows more of it."""
    return order.is_external and order.state is OrderState.FILLED and view.quantity > order.quantity


def _add(held: dict[str, Decimal], executions: Iterable[Execution]) -> None:
    """Signed contracts of those that stand."""
    for execution in executions:
        if not execution.is_busted:
            signed = execution.side.sign * execution.quantity
            held[execution.name] = held.get(execution.name, NOTHING) + signed


def _as_standing(execution: Execution) -> Execution:
    """The same execution before it was taken back."""
    return msgspec.structs.replace(execution, is_busted=False)


def find_breaks(
    baseline: dict[str, Decimal], ours: dict[str, Decimal], venues: Iterable[tuple[str, Decimal]]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Instruments of which the venue shows another position than ours: (ours, the venue's)."""
    theirs = dict(venues)
    names = set(baseline) | set(ours) | set(theirs)
    expected = {name: baseline.get(name, NOTHING) + ours.get(name, NOTHING) for name in names}
    return {
        name: (expected[name], theirs.get(name, NOTHING))
        for name in sorted(names)
        if expected[name] != theirs.get(name, NOTHING)
    }
