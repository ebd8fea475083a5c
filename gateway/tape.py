"""From the engine's events to the public market: which book changed, and the trades that really happened here."""

import parley_core

from gateway.board import Board
from gateway.engine import RawEvent
from gateway.events import EVENT_TYPES, decode_event
from wire.gateway import OrderAccepted, OrderCanceled, OrderExecuted, OrderRejected, PlaceOrder
from wire.identifiers import PAPER_VENUE_ACCOUNT_ID
from wire.market import PublicTrade
from wire.units import Liquidity

EXECUTED = EVENT_TYPES.index(OrderExecuted)
ACCEPTED = EVENT_TYPES.index(OrderAccepted)
ENDED = frozenset({EVENT_TYPES.index(OrderCanceled), EVENT_TYPES.index(OrderRejected)})


class Tape:
    """Keeps, for the orders that are under way or working, the instrument whose book they touch."""

    def __init__(self, board: Board, engine: parley_core.Engine) -> None:
        self._board = board
        self._instrument_of: dict[int, int] = {order[0]: order[2] for order in engine.working_orders()}

    def on_order(self, command: PlaceOrder) -> None:
        """A new order is on its way to the engine."""
        self._instrument_of[command.order_id] = command.instrument_id

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk."""
        kind, payload = raw[5], raw[6]
        if kind == EXECUTED:
            self._on_executed(raw)
        elif kind == ACCEPTED or kind in ENDED:
            order_id = payload[0]
            assert isinstance(order_id, int), "the first field of these events is the order id"
            instrument_id = self._instrument_of.get(order_id)
            if instrument_id is not None:
                self._board.touch(instrument_id)
            if kind in ENDED:
                self._instrument_of.pop(order_id, None)

    def _on_executed(self, raw: RawEvent) -> None:
        event = decode_event(raw).event
        assert isinstance(event, OrderExecuted), "the kind says so"
        if not event.leaves_lots:
            self._instrument_of.pop(event.order_id, None)
        is_aggressor = event.liquidity is Liquidity.TAKER
        contract = self._board.registry.find(event.instrument_id)
        if contract is None or not (is_aggressor or event.counterparty_account_id == PAPER_VENUE_ACCOUNT_ID):
            return
        trade = PublicTrade(
            execution_id=event.execution_id,
            at_ns=raw[3],
            side=event.side if is_aggressor else event.side.opposite,
            price=contract.price_text(event.price_ticks),
            quantity=contract.quantity_text(event.quantity_lots),
        )
        self._board.add_trade(event.instrument_id, trade)
