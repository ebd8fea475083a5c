"""What the venue tells its clients of their orders, as messages of OUCH 5.0."""

from typing import Any

from parley_core import ouch

from venues.equities.accounts import ClientOrder
from venues.equities.exchange import Fill
from venues.equities.reasons import BreakReason, Cancel

LIVE, DEAD = "L", "D"
ADDED, REMOVED = "A", "R"
CONTINUOUS = "N"


def taken(order: ClientOrder, replaced: ClientOrder | None, at_ns: int, *, is_live: bool) -> ouch.OrderStanding:
    """Accepted, or Replaced. One that is not live was taken and is gone at once."""
    said: dict[str, Any] = {
        "timestamp_ns": at_ns,
        "user_reference": order.user_reference,
        "side": order.side,
        "quantity": order.quantity,
        "symbol": order.symbol,
        "price_e4": order.price_e4,
        "time_in_force": order.time_in_force,
        "display": order.display,
        "order_reference": order.order_reference,
        "capacity": order.capacity,
        "is_intermarket_sweep": order.is_intermarket_sweep,
        "cross_type": CONTINUOUS,
        "order_state": LIVE if is_live else DEAD,
        "client_order_id": order.client_order_id,
    }
    if replaced is None:
        return ouch.OrderAccepted(**said)
    return ouch.OrderReplaced(**said, original_reference=replaced.user_reference)


def executed(order: ClientOrder, fill: Fill) -> ouch.OrderExecuted:
    return ouch.OrderExecuted(
        timestamp_ns=fill.at_ns,
        user_reference=order.user_reference,
        last_quantity=fill.shares,
        last_price_e4=fill.price_e4,
        liquidity=ADDED if fill.is_resting else REMOVED,
        match_number=fill.match_number,
    )


def canceled(order: ClientOrder, shares: int, reason: Cancel, at_ns: int) -> ouch.OrderCanceled:
    return ouch.OrderCanceled(
        timestamp_ns=at_ns, user_reference=order.user_reference, canceled_quantity=shares, reason=reason.value
    )


def rejected(user_reference: int, reason: int, client_order_id: str, at_ns: int) -> ouch.OrderRejected:
    return ouch.OrderRejected(
        timestamp_ns=at_ns, user_reference=user_reference, reason=reason, client_order_id=client_order_id
    )


def modified(order: ClientOrder, at_ns: int) -> ouch.OrderModified:
    return ouch.OrderModified(
        timestamp_ns=at_ns, user_reference=order.user_reference, side=order.side, quantity=order.open_shares
    )


def broken(order: ClientOrder, match_number: int, reason: BreakReason, at_ns: int) -> ouch.BrokenTrade:
    return ouch.BrokenTrade(
        timestamp_ns=at_ns,
        user_reference=order.user_reference,
        match_number=match_number,
        reason=reason.value,
        client_order_id=order.client_order_id,
    )


def of_firm(
    request: ouch.MassCancel | ouch.DisableOrderEntry | ouch.EnableOrderEntry, at_ns: int
) -> ouch.MassCancelAccepted | ouch.OrderEntryDisabled | ouch.OrderEntryEnabled:
    """That a request about a firm was taken."""
    reference, firm = request.user_reference, request.firm
    match request:
        case ouch.MassCancel(symbol=symbol):
            return ouch.MassCancelAccepted(timestamp_ns=at_ns, user_reference=reference, firm=firm, symbol=symbol)
        case ouch.DisableOrderEntry():
            return ouch.OrderEntryDisabled(timestamp_ns=at_ns, user_reference=reference, firm=firm)
        case _:
            return ouch.OrderEntryEnabled(timestamp_ns=at_ns, user_reference=reference, firm=firm)
