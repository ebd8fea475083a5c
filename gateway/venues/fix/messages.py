"""Messages to a venue that speaks FIX 4.4, as bodies in the order of the standard. ``parse`` reads what comes back."""

from collections.abc import Iterable
from decimal import Decimal

from gateway.fix.message import Field, Outgoing
from gateway.fix.values import ORDER_TYPE_WORDS, SIDE_WORDS, TIME_IN_FORCE_WORDS, date_text, plain, time_text
from gateway.venues.execution import NewVenueOrder
from wire.units import OrderType, Side

POST_ONLY, REDUCE_ONLY = "6", "E"
"""ExecInst (18): participate don't initiate; do not increase."""
SNAPSHOT_AND_UPDATES, UNSUBSCRIBE = "1", "2"
FULL_BOOK, INCREMENTAL = "0", "1"
BID, OFFER, TRADE = "0", "1", "2"
ALL_ORDERS, ALL_TRADES, ALL_SECURITIES, POSITIONS = "7", "0", "4", "0"


def new_order(order: NewVenueOrder, symbol: str, amount: Decimal, at_ns: int) -> Outgoing:
    """35=D; ``amount`` in the venue's own unit."""
    instructions = [POST_ONLY] * order.is_post_only + [REDUCE_ONLY] * order.is_reduce_only
    body: list[Field] = [(11, order.client_order_id)]
    body += [(18, " ".join(instructions))] if instructions else []
    body += [(55, symbol), (54, SIDE_WORDS[order.side]), (60, time_text(at_ns)), (38, plain(amount))]
    body.append((40, ORDER_TYPE_WORDS[order.order_type]))
    body += [(44, plain(order.price))] if order.price is not None else []
    return Outgoing("D", (*body, (59, TIME_IN_FORCE_WORDS[order.time_in_force])))


def cancel(request_id: str, order: tuple[str, str], symbol: str, side: Side, at_ns: int) -> Outgoing:
    """35=F; ``order``: (OrderID, ClOrdID that it has now)."""
    body = (
        (41, order[1]), (37, order[0]), (11, request_id), (55, symbol), (54, SIDE_WORDS[side]), (60, time_text(at_ns)),
    )  # fmt: skip
    return Outgoing("F", body)


def replace(
    request_id: str, order: tuple[str, str], symbol: str, side: Side, terms: tuple[Decimal, Decimal | None], at_ns: int
) -> Outgoing:
    """35=G; ``terms``: (amount of the whole order, price)."""
    amount, price = terms
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    body: list[Field] = [(37, order[0]), (41, order[1]), (11, request_id), (55, symbol), (54, SIDE_WORDS[side])]
    body += [(60, time_text(at_ns)), (38, plain(amount)), (40, ORDER_TYPE_WORDS[kind])]
    return Outgoing("G", (*body, *([(44, plain(price))] if price is not None else ())))


def order_status(request_id: str, order: tuple[str, str], symbol: str, side: Side) -> Outgoing:
    """35=H; an OrderID that is not known is left out."""
    venue_order_id, client_order_id = order
    head: tuple[Field, ...] = ((37, venue_order_id),) if venue_order_id else ()
    return Outgoing("H", (*head, (11, client_order_id), (790, request_id), (55, symbol), (54, SIDE_WORDS[side])))


def mass_status(request_id: str) -> Outgoing:
    return Outgoing("AF", ((584, request_id), (585, ALL_ORDERS)))


def trades_since(request_id: str, since_ns: int) -> Outgoing:
    """35=AD: every execution from that instant of the venue's clock on."""
    since = ((580, "1"), (75, date_text(since_ns)), (60, time_text(since_ns)))
    return Outgoing("AD", ((568, request_id), (569, ALL_TRADES), (263, "0"), *since))


def trades_of(request_id: str, venue_order_id: str) -> Outgoing:
    return Outgoing("AD", ((568, request_id), (569, "1"), (263, "0"), (37, venue_order_id)))


def positions(request_id: str, account: str, at_ns: int) -> Outgoing:
    party = ((453, "1"), (448, account), (447, "D"), (452, "3"))
    head = ((710, request_id), (724, POSITIONS), *party, (1, account), (581, "1"))
    return Outgoing("AN", (*head, (715, date_text(at_ns)), (60, time_text(at_ns))))


def security_list(request_id: str) -> Outgoing:
    return Outgoing("x", ((320, request_id), (559, ALL_SECURITIES)))


def market_data(request_id: str, symbols: Iterable[str], *, is_end: bool = False) -> Outgoing:
    """35=V: the whole book and its changes, and trades; or the end of them."""
    names = list(symbols)
    kinds = ((267, "3"), (269, BID), (269, OFFER), (269, TRADE))
    word = UNSUBSCRIBE if is_end else SNAPSHOT_AND_UPDATES
    head = ((262, request_id), (263, word), (264, FULL_BOOK), (265, INCREMENTAL))
    return Outgoing("V", (*head, *kinds, (146, str(len(names))), *((55, name) for name in names)))


def test_request(text: str) -> Outgoing:
    return Outgoing("1", ((112, text),))
