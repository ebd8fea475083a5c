"""What the venue does with the requests of its clients: OUCH 5.0 in, orders in the books, OUCH 5.0 out.

A request under a reference that is not above the last one is taken for a repetition and ignored, as is one about an
order that is not live. A reference is used up by Accepted, Replaced and Rejected alike.
"""

import logging
from collections.abc import Iterable

from parley_core import ouch

from venues.equities import reports
from venues.equities.accounts import IMMEDIATE, REFERENCE_MAX, Account, ClientOrder, State
from venues.equities.book import RestingOrder
from venues.equities.exchange import UNPRICED_BUY_E4, UNPRICED_SELL_E4, Exchange, Fill
from venues.equities.faults import Faults, FillPartly, RejectOrders
from venues.equities.reasons import OPTION_FIRM, BreakReason, Cancel, Reject, decode, find_flaw, is_unpriced

log = logging.getLogger(__name__)


class UnknownTrade(ValueError):
    """There is no such trade to take back."""


class OrderDesk:
    """Time is an argument, in nanoseconds since midnight of New York."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._exchange: Exchange
        self.malformed = 0

    def attach(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handle(self, account: Account, message: bytes, at_ns: int) -> None:
        """One message of a client. What cannot be read is counted and left alone."""
        try:
            request = decode(message)
        except ValueError as error:
            self.malformed += 1
            log.warning("%s: a message of %d bytes is no request: %s", account.user, len(message), error)
            return
        match request:
            case ouch.EnterOrder():
                self._enter(account, request, at_ns)
            case ouch.ReplaceOrder():
                self._replace(account, request, at_ns)
            case ouch.CancelOrder():
                self._cancel(account, request, at_ns)
            case ouch.ModifyOrder():
                self._modify(account, request, at_ns)
            case ouch.AccountQuery():
                reference = min(account.next_reference, REFERENCE_MAX)
                account.say(ouch.AccountState(timestamp_ns=at_ns, next_reference=reference))
            case ouch.MassCancel() | ouch.DisableOrderEntry() | ouch.EnableOrderEntry():
                self._of_firm(account, request, at_ns)

    def on_fill(self, owner: ClientOrder, fill: Fill) -> None:
        """The exchange executed a part of the order."""
        owner.filled += fill.shares
        owner.executions.append(fill)
        assert owner.filled + owner.canceled <= owner.quantity
        if owner.filled + owner.canceled == owner.quantity:
            owner.state, owner.resting = State.FILLED, None
        owner.account.say(reports.executed(owner, fill))

    def cancel_all(self, account: Account, reason: Cancel, at_ns: int, symbol: str = "") -> int:
        """Everything that rests, of one symbol where it is named. Returns how many."""
        chosen = [order for order in account.live_orders() if symbol in ("", order.symbol)]
        for order in chosen:
            self._take_off(order, order.open_shares, reason, at_ns)
        return len(chosen)

    def break_trade(self, accounts: Iterable[Account], match_number: int, reason: BreakReason, at_ns: int) -> None:
        """Takes a trade of clients of this session back, the last one where the number is 0. Raises UnknownTrade."""
        sides = [
            (order, fill)
            for account in accounts
            for order in account.orders.values()
            for fill in order.executions
            if (order.session, fill.match_number) not in account.broken
        ]
        number = match_number or max((fill.match_number for _, fill in sides), default=0)
        chosen = [order for order, fill in sides if fill.match_number == number]
        if not chosen:
            raise UnknownTrade(f"no client has a trade {match_number} in this session that stands")
        for order in chosen:
            order.account.broken.add((order.session, number))
            order.account.say(reports.broken(order, number, reason, at_ns))
        self._exchange.break_trade(self._exchange.symbols[chosen[0].symbol].locate, number, at_ns)

    def _enter(self, account: Account, request: ouch.EnterOrder, at_ns: int) -> None:
        if request.user_reference < account.next_reference or account.is_over:
            return
        order = ClientOrder(
            account=account,
            session=account.session,
            user_reference=request.user_reference,
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            quantity=request.quantity,
            price_e4=request.price_e4,
            time_in_force=request.time_in_force,
            capacity=request.capacity,
            display=request.display,
            is_intermarket_sweep=request.is_intermarket_sweep,
        )
        account.record(order)
        reason = self._find_refusal(account, request, request.symbol)
        if reason is not None:
            self._reject(order, reason, at_ns)
            return
        self._trade(order, None, at_ns)

    def _replace(self, account: Account, request: ouch.ReplaceOrder, at_ns: int) -> None:
        old = account.orders.get(request.original_reference)
        if old is None or old.state is not State.LIVE or request.user_reference < account.next_reference:
            return
        if account.is_over:
            return
        filled = old.filled_before + old.filled
        order = ClientOrder(
            account=account,
            session=account.session,
            user_reference=request.user_reference,
            client_order_id=request.client_order_id or old.client_order_id,
            symbol=old.symbol,
            side=old.side,
            quantity=request.quantity - filled,
            price_e4=request.price_e4,
            time_in_force=request.time_in_force,
            capacity=old.capacity,
            display=request.display,
            is_intermarket_sweep=request.is_intermarket_sweep,
            filled_before=filled,
        )
        account.record(order)
        reason = self._find_refusal(account, request, old.symbol)
        if reason is None and order.quantity <= 0:
            reason = Reject.INVALID_QUANTITY
        if reason is not None:
            order.quantity = max(order.quantity, 0)
            self._reject(order, reason, at_ns)
            return
        self._trade(order, old, at_ns)

    def _find_refusal(self, account: Account, request: ouch.EnterOrder | ouch.ReplaceOrder, symbol: str) -> int | None:
        """The code of the first thing that keeps the order out."""
        if planned := self._faults.take(RejectOrders):
            return planned.code
        listed = self._exchange.symbols.get(symbol)
        if listed is None:
            return Reject.INVALID_SYMBOL
        firm = request.options.get(OPTION_FIRM, account.firm.encode()).decode("ascii", "replace").rstrip()
        if account.is_disabled or firm != account.firm:
            return Reject.FIRM_NOT_AUTHORIZED
        if (flaw := find_flaw(request)) is not None:
            return flaw
        if account.is_full or self._exchange.is_full:
            return Reject.DESTINATION_CLOSED
        return Reject.HALTED if listed.locate in self._exchange.halted else None

    def _reject(self, order: ClientOrder, reason: int, at_ns: int) -> None:
        order.state, order.reason = State.REJECTED, f"0x{reason:04X}"
        order.account.say(reports.rejected(order.user_reference, reason, order.client_order_id, at_ns))

    def _trade(self, order: ClientOrder, old: ClientOrder | None, at_ns: int) -> None:
        """Says that the order is taken, then trades it; what is left rests or is canceled."""
        exchange = self._exchange
        symbol = exchange.symbols[order.symbol]
        limit = order.price_e4
        if is_unpriced(limit):
            limit = UNPRICED_BUY_E4 if order.is_buy else UNPRICED_SELL_E4
        rests = order.time_in_force != IMMEDIATE and not is_unpriced(order.price_e4)
        order.order_reference = exchange.next_reference()
        incoming = RestingOrder(order.order_reference, symbol.locate, order.is_buy, order.quantity, limit, order)
        if thin := self._faults.take(FillPartly):
            exchange.thin_out(incoming, max(1, int(order.quantity * thin.share)), at_ns)
        other = exchange.books[symbol.locate].side(is_buy=not order.is_buy)
        is_live = rests or other.is_crossed_by(limit)
        order.account.say(reports.taken(order, old, at_ns, is_live=is_live))
        firm = order.account.firm.encode().ljust(4) if order.display == "A" else b""
        order.resting = incoming if rests else None
        if old is not None:
            assert old.resting is not None
            resting, old.state, old.resting = old.resting, State.REPLACED, None
            left = exchange.replace(resting, incoming, at_ns, rests=rests)
        else:
            left = exchange.enter(incoming, at_ns, rests=rests, firm=firm)
        if left and not rests:
            order.canceled += left
            order.state, order.reason = State.CANCELED, Cancel.IMMEDIATE.value
            if is_live:
                order.account.say(reports.canceled(order, left, Cancel.IMMEDIATE, at_ns))

    def _cancel(self, account: Account, request: ouch.CancelOrder, at_ns: int) -> None:
        """``quantity`` is the size that the order may have in all, what has traded under its reference included."""
        order = account.orders.get(request.user_reference)
        if order is None or order.state is not State.LIVE:
            return
        stays = max(0, request.quantity - order.filled)
        if stays < order.open_shares:
            self._take_off(order, order.open_shares - stays, Cancel.USER, at_ns)

    def _modify(self, account: Account, request: ouch.ModifyOrder, at_ns: int) -> None:
        """Sales may become short sales or exempt ones; the size may only shrink. The place in the queue stays."""
        order = account.orders.get(request.user_reference)
        if order is None or order.state is not State.LIVE:
            return
        allowed = {order.side, *{"S": "TE", "T": "SE", "E": "ST"}.get(order.side, "")}
        open_shares = min(request.quantity - order.filled, order.open_shares)
        if request.side not in allowed or open_shares <= 0:
            return
        order.side = request.side
        surplus = order.open_shares - open_shares
        order.canceled += surplus
        account.say(reports.modified(order, at_ns))
        if surplus:
            assert order.resting is not None
            self._exchange.reduce(order.resting, surplus, at_ns)

    def _of_firm(
        self, account: Account, request: ouch.MassCancel | ouch.DisableOrderEntry | ouch.EnableOrderEntry, at_ns: int
    ) -> None:
        """They have references of their own, and one firm: that of the account."""
        if request.user_reference < account.next_reference:
            return
        account.use_up(request.user_reference)
        if request.firm not in ("", account.firm):
            account.say(reports.rejected(request.user_reference, Reject.FIRM_NOT_AUTHORIZED, "", at_ns))
            return
        account.say(reports.of_firm(request, at_ns))
        if isinstance(request, ouch.MassCancel):
            self.cancel_all(account, Cancel.USER, at_ns, request.symbol)
        else:
            account.is_disabled = isinstance(request, ouch.DisableOrderEntry)

    def _take_off(self, order: ClientOrder, shares: int, reason: Cancel, at_ns: int) -> None:
        """Shares of an order that rests go; without any left it ends."""
        assert order.resting is not None
        assert 0 < shares <= order.open_shares
        resting, is_all = order.resting, shares == order.open_shares
        order.canceled += shares
        if is_all:
            order.state, order.reason, order.resting = State.CANCELED, reason.value, None
        self._exchange.reduce(resting, shares, at_ns)
        order.account.say(reports.canceled(order, shares, reason, at_ns))
