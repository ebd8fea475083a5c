"""Orders over FIX: D, F, G, H, AF, AD and AN of a client in; reports, rejects, captures and positions out."""

import itertools
import time
from collections.abc import Callable

from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults, LoseAnswers, RejectOrders
from venues.simulator.fix import render
from venues.simulator.fix.acceptor import Acceptor, Field, Incoming
from venues.simulator.mischief import Reports, thin_out
from venues.simulator.records import Client, Order, Print, Refused, State, Terms, Trade
from wire.units import OrderType, TimeInForce

CLIENT_ORDER_ID_LENGTH_MAX = 64
CHAIN_IDS_MAX = 200_000
SIDES = {word: side for side, word in render.SIDES.items()}
TYPES = {word: kind for kind, word in render.TYPES.items()}
TIMES = {word: time_in_force for time_in_force, word in render.TIMES.items()}
NONE = "NONE"
TOO_LATE, UNKNOWN, OTHER, DUPLICATE = "0", "1", "99", "6"
"""CxlRejReason (102)."""
UNKNOWN_SYMBOL, UNKNOWN_ORDER = "1", "5"
"""OrdRejReason (103)."""


class NoOrder(Exception):
    """Terms that make no order: the reason in the venue's words."""

    def __init__(self, words: str, reason: str = OTHER) -> None:
        super().__init__(words)
        self.words, self.reason = words, reason


class Orders:
    """A listener of the exchange: what happens to a client's order is told to its session."""

    def __init__(self, exchange: Exchange, faults: Faults, acceptor: Acceptor) -> None:
        self._exchange, self._faults, self._acceptor = exchange, faults, acceptor
        self._reports = Reports(faults)
        self._ids = itertools.count(1)
        self._numbers: dict[tuple[str, str], int] = {}
        """(client, ClOrdID) to the order's number; of every id that its chain had."""
        self._names: dict[int, str] = {}
        self._told: dict[int, tuple[int, int | None]] = {}
        self._busted: dict[int, int] = {}
        self._request: tuple[int, str] = (0, "")
        """(number of the order, ClOrdID) of the request that is being carried out."""
        self.send: Callable[[str, str, list[Field]], None] = acceptor.send
        exchange.listeners.append(self)

    def table(self) -> dict[str, Callable[[Client, Incoming], None]]:
        return {
            "D": self._place,
            "F": self._cancel,
            "G": self._replace,
            "H": self._status,
            "AF": self._mass_status,
            "AD": self._captures,
            "AN": self._positions,
        }

    # What the exchange says

    def on_order(self, order: Order, trades: list[Trade]) -> None:
        filled = order.filled_lots - sum(trade.quantity_lots for trade in trades)
        before = self._told.get(order.order_id)
        now = (order.quantity_lots, order.price_ticks)
        number, _ = self._request
        if before is None:
            self._names[order.order_id] = order.terms.label
            self._tell(order, render.NEW, filled_lots=filled)
        elif before != now:
            self._tell(order, render.REPLACED, filled_lots=filled, renamed=number == order.order_id)
        for trade in trades:
            filled += trade.quantity_lots
            self._tell(order, render.TRADE, filled_lots=filled, trade=trade)
        if order.state is State.CANCELED:
            self._tell(order, render.CANCELED, filled_lots=filled, renamed=number == order.order_id)
        self._told[order.order_id] = now
        if order.state is not State.OPEN:
            self._told.pop(order.order_id)

    def on_bust(self, trade: Trade) -> None:
        order = trade.order
        self._busted[order.order_id] = self._busted.get(order.order_id, 0) + trade.quantity_lots
        fields = self._fields(order) + render.trade_fields(trade)
        told = [(tag, value) for tag, value in fields if tag not in (17, 60)]
        told += [(17, f"{trade.trade_id}-bust"), (19, trade.trade_id), (150, render.BUST)]
        told.append((60, render.time_text(trade.at_ns)))
        self._pass_on(order.client, told)

    def on_print(self, printed: Print) -> None: ...

    def on_book(self, contract: Contract) -> None: ...

    def _tell(
        self, order: Order, kind: str, *, filled_lots: int, trade: Trade | None = None, renamed: bool = False
    ) -> None:
        """``renamed``: by the request that is being carried out, whose ClOrdID the order has from now on."""
        fields: list[Field] = []
        if renamed:
            fields.append((41, self._name(order)))
            self._name_order(order, self._request[1])
        fields += [(150, kind), *self._fields(order, filled_lots)]
        fields += render.trade_fields(trade) if trade else [(17, f"R-{next(self._ids)}")]
        self._pass_on(order.client, fields)

    def _pass_on(self, client: Client, fields: list[Field]) -> None:
        if client.client_id in self._acceptor.clients:
            self._reports.pass_on(lambda: self.send(client.client_id, "8", fields))

    # What a client asks for

    def _place(self, client: Client, message: Incoming) -> None:
        at_ns = time.time_ns()
        try:
            contract, terms = self._read_terms(client, message)
            thin_out(self._exchange, self._faults, contract, terms, at_ns)
            if self._faults.take(LoseAnswers):
                self._acceptor.cut(client.client_id)
            self._exchange.place(client, contract, terms, at_ns)
        except (NoOrder, Refused) as error:
            words, reason = (error.words, error.reason) if isinstance(error, NoOrder) else (error.reason, OTHER)
            self._reject_order(client, message, words, reason, at_ns)

    def _read_terms(self, client: Client, message: Incoming) -> tuple[Contract, Terms]:
        """Raises NoOrder."""
        if rejection := self._faults.take(RejectOrders):
            raise NoOrder(f"{rejection.code} {rejection.message}")
        contract = self._exchange.contracts.get(message.find(55))
        if contract is None:
            raise NoOrder("unknown_symbol", UNKNOWN_SYMBOL)
        name = message.find(11)
        if len(name) > CLIENT_ORDER_ID_LENGTH_MAX:
            raise NoOrder("client_order_id_too_long")
        if (client.client_id, name) in self._numbers:
            raise NoOrder("duplicate_order", DUPLICATE)
        kind, time_in_force = TYPES.get(message.find(40)), TIMES.get(message.find(59) or "0")
        if kind is None or time_in_force is None or message.find(54) not in SIDES:
            raise NoOrder("order_type_not_offered")
        instructions = message.find(18).split(" ")
        is_market = kind is OrderType.MARKET
        return contract, Terms(
            side=SIDES[message.find(54)],
            quantity_lots=_lots(contract, message),
            price_ticks=None if is_market else _ticks(contract, message),
            order_type=kind,
            time_in_force=TimeInForce.IOC if is_market else time_in_force,
            is_post_only="6" in instructions,
            is_reduce_only="E" in instructions,
            label=name,
        )

    def _reject_order(self, client: Client, message: Incoming, words: str, reason: str, at_ns: int) -> None:
        fields = [
            (37, NONE), (11, message.find(11)), (17, f"R-{next(self._ids)}"), (150, render.REJECTED), (39, "8"),
            (103, reason), (55, message.find(55)), (54, message.find(54)), (38, message.find(38)), (151, "0"),
            (14, "0"), (6, "0"), (58, words), (60, render.time_text(at_ns)),
        ]  # fmt: skip
        self.send(client.client_id, "8", fields)

    def _cancel(self, client: Client, message: Incoming) -> None:
        order = self._find(client, message)
        if order is None:
            return self._reject_request(client, message, None, UNKNOWN, "unknown_order")
        self._request = (order.order_id, message.find(11))
        try:
            self._exchange.cancel(order, time.time_ns())
        except Refused as refused:
            self._reject_request(client, message, order, TOO_LATE, refused.reason)
        finally:
            self._request = (0, "")
        return None

    def _replace(self, client: Client, message: Incoming) -> None:
        order = self._find(client, message)
        if order is None:
            return self._reject_request(client, message, None, UNKNOWN, "unknown_order")
        self._request = (order.order_id, message.find(11))
        try:
            lots = _lots(order.contract, message)
            ticks = order.price_ticks if not message.find(44) else _ticks(order.contract, message)
            self._told[order.order_id] = (0, None)
            self._exchange.amend(order, lots, ticks, time.time_ns())
        except (NoOrder, Refused) as error:
            words = error.words if isinstance(error, NoOrder) else error.reason
            reason = TOO_LATE if order.state is not State.OPEN else OTHER
            self._reject_request(client, message, order, reason, words)
            if order.state is State.OPEN:
                self._told[order.order_id] = (order.quantity_lots, order.price_ticks)
            else:
                self._told.pop(order.order_id, None)
        finally:
            self._request = (0, "")
        return None

    def _reject_request(self, client: Client, message: Incoming, order: Order | None, reason: str, words: str) -> None:
        status = "8" if order is None else dict(self._fields(order))[39]
        fields = [
            (37, render.order_name(order) if order else NONE), (11, message.find(11)),
            (41, message.find(41) or NONE), (39, status), (434, "2" if message.type == "G" else "1"),
            (102, reason), (58, words), (60, render.time_text(time.time_ns())),
        ]  # fmt: skip
        self.send(client.client_id, "9", fields)

    def _status(self, client: Client, message: Incoming) -> None:
        order = self._find(client, message)
        request = [(790, message.find(790))] if message.find(790) else []
        if order is not None:
            return self._show(client, order, request)
        fields = [
            (37, NONE), (11, message.find(11)), (17, "0"), (150, render.STATUS), (39, "8"), (103, UNKNOWN_ORDER),
            (55, message.find(55)), (54, message.find(54)), (151, "0"), (14, "0"), (6, "0"), *request,
        ]  # fmt: skip
        return self.send(client.client_id, "8", fields)

    def _mass_status(self, client: Client, message: Incoming) -> None:
        """One report for each order that works, ``912=Y`` on the last; where there is none, one without an order."""
        orders = self._exchange.open_orders(client)
        request: list[Field] = [(584, message.find(584)), (911, str(len(orders)))]
        for order in orders[:-1]:
            self._show(client, order, [*request, (912, "N")])
        if orders:
            return self._show(client, orders[-1], [*request, (912, "Y")])
        fields = [
            (37, NONE), (17, "0"), (150, render.STATUS), (39, "8"), (55, NONE), (54, "1"), (151, "0"), (14, "0"),
            (6, "0"), *request, (912, "Y"),
        ]  # fmt: skip
        return self.send(client.client_id, "8", fields)

    def _show(self, client: Client, order: Order, request: list[Field]) -> None:
        self.send(client.client_id, "8", [(17, "0"), (150, render.STATUS), *self._fields(order), *request])

    def _captures(self, client: Client, message: Incoming) -> None:
        """569=0: all from TransactTime (60) on; 569=1: of the order that is named."""
        request_id, kind = message.find(568), message.find(569)
        since_ns, number = render.time_ns(message.find(60)), render.find_order_number(message.find(37))
        trades = [each for each in self._exchange.trades_of(client) if each.at_ns >= since_ns]
        if kind == "1":
            trades = [each for each in trades if each.order.order_id == number]
        ack: list[Field] = [
            (568, request_id),
            (569, kind),
            (748, str(len(trades))),
            (749, "0"),
            (750, "0"),
            (55, "N/A"),
        ]
        self.send(client.client_id, "AQ", ack)
        for at, trade in enumerate(trades, 1):
            name = self._name(trade.order)
            is_last = at == len(trades)
            self.send(
                client.client_id, "AE", render.capture_fields(trade, name, request_id, len(trades), is_last=is_last)
            )

    def _positions(self, client: Client, message: Incoming) -> None:
        held = self._exchange.positions(client)
        at_ns = time.time_ns()
        rows = [render.position_fields(self._exchange.contracts.get(name), name, lots) for name, lots in held.items()]
        nothing: list[Field] = [(730, "0"), (731, "2"), (734, "0"), (702, "1"), (703, "TOT")]
        for row in rows or [nothing]:
            head: list[Field] = [
                (721, f"P-{next(self._ids)}"), (710, message.find(710)), (724, "0"), (727, str(len(rows))),
                (728, "0" if rows else "2"), (715, render.time_text(at_ns)[:8]), (453, "1"), (448, client.client_id),
                (447, "D"), (452, "3"), (1, client.client_id), (581, "1"),
            ]  # fmt: skip
            self.send(client.client_id, "AP", [*head, *row])

    def _find(self, client: Client, message: Incoming) -> Order | None:
        """By OrderID where it is given, else by any ClOrdID that the order had."""
        number = render.find_order_number(message.find(37))
        name = message.find(41) if message.type in ("F", "G") else message.find(11)
        order = self._exchange.orders.get(number or self._numbers.get((client.client_id, name), 0))
        return order if order is not None and order.client is client else None

    def _fields(self, order: Order, filled_lots: int | None = None) -> list[Field]:
        return render.order_fields(order, self._busted.get(order.order_id, 0), self._name(order), filled_lots)

    def _name(self, order: Order) -> str:
        if order.order_id not in self._names:
            self._name_order(order, order.terms.label)
        return self._names[order.order_id]

    def _name_order(self, order: Order, client_order_id: str) -> None:
        self._names[order.order_id] = client_order_id
        self._numbers[order.client.client_id, client_order_id] = order.order_id
        while len(self._numbers) > CHAIN_IDS_MAX:
            self._names.pop(self._numbers.pop(next(iter(self._numbers))), None)


def _lots(contract: Contract, message: Incoming) -> int:
    lots = render.find_steps(message.find(38), contract.terms.lot_size)
    if lots is None:
        raise NoOrder("invalid_quantity")
    return lots


def _ticks(contract: Contract, message: Incoming) -> int:
    ticks = render.find_steps(message.find(44), contract.terms.tick_size)
    if ticks is None:
        raise NoOrder("price_wrong_tick")
    return ticks
