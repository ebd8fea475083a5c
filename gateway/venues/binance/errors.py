"""What Binance's errors mean for us: a definite no with a name, or that nobody knows.

Source: developers.binance.com, "Error codes" of spot and of USD-M, and "HTTP return codes".
"""

import msgspec

from gateway.venues.api import NoAnswer, Refused

REASONS = {
    -1002: "key_refused",
    -1003: "rate_limited",
    -1008: "venue_overloaded",
    -1013: "outside_filters",
    -1015: "too_many_orders",
    -1021: "clock_skew",
    -1022: "signature_refused",
    -1100: "illegal_field",
    -1102: "illegal_field",
    -1106: "illegal_field",
    -1111: "too_precise",
    -1112: "nothing_to_match",
    -1116: "order_type_not_offered",
    -1121: "unknown_instrument",
    -2010: "order_refused",
    -2011: "cancel_refused",
    -2013: "unknown_order",
    -2014: "key_refused",
    -2015: "key_refused",
    -2018: "insufficient_balance",
    -2019: "insufficient_margin",
    -2020: "unable_to_fill",
    -2021: "would_trigger",
    -2022: "reduce_only_refused",
    -2023: "in_liquidation",
    -2024: "insufficient_position",
    -2025: "too_many_open_orders",
    -2026: "order_archived",
    -2027: "position_too_large",
    -2028: "insufficient_margin",
    -2038: "amend_refused",
    -4003: "outside_filters",
    -4013: "outside_filters",
    -4014: "too_precise",
    -4016: "outside_price_band",
    -4024: "outside_price_band",
    -4131: "outside_price_band",
    -4164: "below_minimum_notional",
    -5021: "fill_or_kill_not_filled",
    -5022: "would_take",
    -5027: "nothing_to_amend",
}
MESSAGES = {
    "Account has insufficient balance for requested action.": "insufficient_balance",
    "Order would immediately match and take.": "would_take",
    "Duplicate order sent.": "duplicate_order",
    "Unknown order sent.": "unknown_order",
    "Market is closed.": "market_closed",
}
"""The venue tells some reasons apart by their text alone."""
UNKNOWN_CODES = frozenset({-1000, -1001, -1006, -1007})
"""The venue itself does not know what became of the request."""
UNKNOWN_ORDER, CLOCK_SKEW = frozenset({-2013, -2026}), -1021
SERVER_ERROR = 500
OVERLOADED_CODE, OVERLOADED_MESSAGE = -1008, "Service Unavailable."
"""Of the answers 5xx the only ones that say that nothing was done."""


class Fault(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""


class ErrorAnswer(Refused):
    """A definite no. ``code``: the venue's; 0 where it named none. ``content``: all that it said."""

    def __init__(self, status: int, fault: Fault, content: bytes = b"") -> None:
        super().__init__(f"{find_reason(status, fault)}: {fault.code or status} {fault.msg}".rstrip())
        self.status, self.code, self.content = status, fault.code, content


def find_reason(status: int, fault: Fault) -> str:
    if status in (418, 429):
        return "rate_limited"
    return MESSAGES.get(fault.msg) or REASONS.get(fault.code) or "refused"


def read_error(status: int, content: bytes) -> ErrorAnswer | NoAnswer:
    """What an answer other than 200 says."""
    try:
        fault = msgspec.json.decode(content, type=Fault)
    except (msgspec.DecodeError, UnicodeDecodeError):
        fault = Fault()
    is_unknown = status >= SERVER_ERROR and fault.code != OVERLOADED_CODE and fault.msg != OVERLOADED_MESSAGE
    if is_unknown or fault.code in UNKNOWN_CODES:
        return NoAnswer(f"{status}: {fault.code} {fault.msg}".rstrip())
    return ErrorAnswer(status, fault, content)
