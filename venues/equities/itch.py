"""Messages of Nasdaq TotalView-ITCH 5.0 as bytes, of the kinds that the venue sends.

Prices count 1e-4 US dollar, shares are whole, times are nanoseconds since midnight of New York and below 2^48.
``locate`` is the number of a symbol through the session. A value that does not fit raises struct.error.
"""

import struct

TRACKING_NUMBER = 0
BUY, SELL = b"B", b"S"
START_OF_MESSAGES, START_OF_SYSTEM_HOURS, START_OF_MARKET_HOURS = b"O", b"S", b"Q"
END_OF_MARKET_HOURS, END_OF_SYSTEM_HOURS, END_OF_MESSAGES = b"M", b"E", b"C"
TRADING, HALTED = b"T", b"H"

_HEAD = ">cHHHI"
_system = struct.Struct(_HEAD + "c").pack
_directory = struct.Struct(_HEAD + "8sccIcc2scccccIc").pack
_action = struct.Struct(_HEAD + "8scc4s").pack
_add = struct.Struct(_HEAD + "QcI8sI").pack
_add_attributed = struct.Struct(_HEAD + "QcI8sI4s").pack
_executed = struct.Struct(_HEAD + "QIQ").pack
_executed_with_price = struct.Struct(_HEAD + "QIQcI").pack
_canceled = struct.Struct(_HEAD + "QI").pack
_deleted = struct.Struct(_HEAD + "Q").pack
_replaced = struct.Struct(_HEAD + "QQII").pack
_traded = struct.Struct(_HEAD + "QcI8sIQ").pack
_broken = struct.Struct(_HEAD + "Q").pack


def system_event(at_ns: int, code: bytes) -> bytes:
    return _system(b"S", 0, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, code)


def stock_directory(at_ns: int, locate: int, stock: bytes) -> bytes:
    """A common stock of the Global Select tier, round lots of 100, no ETP. ``stock`` has eight bytes."""
    return _directory(
        *(b"R", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, stock),
        *(b"Q", b"N", 100, b"N", b"C", b"Z ", b"P", b"N", b"N", b"1", b"N", 0, b"N"),
    )


def trading_action(at_ns: int, locate: int, stock: bytes, state: bytes, reason: bytes = b"    ") -> bytes:
    return _action(b"H", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, stock, state, b" ", reason)


def add_order(at_ns: int, locate: int, reference: int, side: bytes, shares: int, stock: bytes, price_e4: int) -> bytes:
    head = (b"A", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _add(*head, reference, side, shares, stock, price_e4)


def add_order_attributed(
    at_ns: int, locate: int, reference: int, side: bytes, shares: int, stock: bytes, price_e4: int, firm: bytes
) -> bytes:
    """``firm`` has four bytes."""
    head = (b"F", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _add_attributed(*head, reference, side, shares, stock, price_e4, firm)


def order_executed(at_ns: int, locate: int, reference: int, shares: int, match_number: int) -> bytes:
    head = (b"E", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _executed(*head, reference, shares, match_number)


def order_executed_with_price(
    at_ns: int, locate: int, reference: int, shares: int, match_number: int, price_e4: int
) -> bytes:
    """At another price than the order's own; printable."""
    head = (b"C", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _executed_with_price(*head, reference, shares, match_number, b"Y", price_e4)


def order_canceled(at_ns: int, locate: int, reference: int, shares: int) -> bytes:
    """So many shares fewer; the rest stays where it is."""
    return _canceled(b"X", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, reference, shares)


def order_deleted(at_ns: int, locate: int, reference: int) -> bytes:
    return _deleted(b"D", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, reference)


def order_replaced(at_ns: int, locate: int, original: int, reference: int, shares: int, price_e4: int) -> bytes:
    head = (b"U", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _replaced(*head, original, reference, shares, price_e4)


def trade(at_ns: int, locate: int, side: bytes, shares: int, stock: bytes, price_e4: int, match_number: int) -> bytes:
    """With an order that was never displayed, whose reference is 0 and whose ``side`` is said."""
    head = (b"P", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF)
    return _traded(*head, 0, side, shares, stock, price_e4, match_number)


def broken_trade(at_ns: int, locate: int, match_number: int) -> bytes:
    return _broken(b"B", locate, TRACKING_NUMBER, at_ns >> 32, at_ns & 0xFFFFFFFF, match_number)
