"""What a firm knows about itself: the snapshot it took, and every fact since."""

import msgspec

from parley_client import messages


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds. Parts that this version does not know are left alone."""

    orders: list[messages.OrderView] = []
    fills: list[messages.FillView] = []
    rfqs: list[messages.RfqView] = []
    positions: list[messages.PositionView] = []
    balances: list[messages.BalanceView] = []
    margins: list[messages.MarginChanged] = []


class Desk:
    """Everything by its id. Snapshot and facts give the same as a fresh snapshot; a fill is kept once."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.orders: dict[int, messages.OrderView] = {}
        self.rfqs: dict[int, messages.RfqView] = {}
        self.fills: dict[tuple[int, int], messages.FillView] = {}
        """By execution id and account."""
        self.positions: dict[tuple[int, str], messages.PositionView] = {}
        """By account and instrument."""
        self.balances: dict[tuple[int, str], messages.BalanceView] = {}
        """By account and asset."""
        self.margins: dict[int, messages.MarginChanged] = {}
        """By account."""

    def take_snapshot(self, state: State) -> None:
        """Forget everything known before."""
        self._forget()
        for order in state.orders:
            self.orders[order.order_id] = order
        for rfq in state.rfqs:
            self.rfqs[rfq.rfq_id] = rfq
        for fill in state.fills:
            self._take_fill(fill)
        for position in state.positions:
            self._take_position(position)
        for balance in state.balances:
            self._take_balance(balance)
        for margin in state.margins:
            self.margins[margin.account_id] = margin

    def take(self, fact: object) -> None:
        """One fact, in its order. Facts that hold no entity change nothing here."""
        if isinstance(fact, messages.OrderChanged | messages.OrderFilled):
            self.orders[fact.order.order_id] = fact.order
        if isinstance(fact, messages.OrderFilled | messages.BlockFilled):
            self._take_fill(fact.fill)
        elif isinstance(fact, messages.RfqChanged):
            self.rfqs[fact.rfq.rfq_id] = fact.rfq
        elif isinstance(fact, messages.PositionChanged):
            self._take_position(fact.position)
        elif isinstance(fact, messages.BalanceChanged):
            self._take_balance(fact.balance)
        elif isinstance(fact, messages.MarginChanged):
            self.margins[fact.account_id] = fact

    def _take_fill(self, fill: messages.FillView) -> None:
        self.fills[fill.execution_id, fill.account_id] = fill

    def _take_position(self, position: messages.PositionView) -> None:
        self.positions[position.account_id, position.instrument_name] = position

    def _take_balance(self, balance: messages.BalanceView) -> None:
        self.balances[balance.account_id, balance.asset] = balance
