"""The venue's error codes, as Deribit documents them, and which reason of the engine becomes which."""

import dataclasses

from venues.simulator.records import Refused


@dataclasses.dataclass(frozen=True, slots=True)
class RpcError(Exception):
    """``reason``: more about it, as ``data.reason``."""

    code: int
    message: str
    reason: str = ""


PARSE_ERROR = RpcError(-32700, "Parse error")
BAD_REQUEST = RpcError(11050, "bad_request")
METHOD_NOT_FOUND = RpcError(-32601, "Method not found")
AUTHORIZATION_REQUIRED = RpcError(10000, "authorization_required")
ORDER_NOT_FOUND = RpcError(10004, "order_not_found")
INVALID_INSTRUMENT = RpcError(10020, "invalid_or_unsupported_instrument")
INVALID_AMOUNT = RpcError(10021, "invalid_amount")
WRONG_TICK = RpcError(10043, "price_wrong_tick")
TOO_MANY_REQUESTS = RpcError(10028, "too_many_requests")
NOT_OWNER = RpcError(10029, "not_owner_of_order")
NOT_OPEN = RpcError(11044, "not_open_order")
INVALID_CREDENTIALS = RpcError(13004, "invalid_credentials")
_OF_REASON = {
    "price_collar": RpcError(10007, "price_too_high"),
    "max_order_quantity": RpcError(10022, "invalid_quantity"),
    "max_order_value": RpcError(10009, "not_enough_funds"),
    "position": RpcError(10009, "not_enough_funds"),
    "invalid_price": RpcError(10023, "invalid_price"),
    "invalid_quantity": RpcError(10021, "invalid_amount"),
    "post_only_would_trade": RpcError(11054, "post_only_reject"),
    "too_late_to_cancel": RpcError(11044, "not_open_order"),
    "unknown_order": RpcError(11044, "not_open_order"),
    "instrument_not_trading": RpcError(10012, "book_closed"),
    "stale_or_jumped_market": RpcError(10012, "book_closed"),
    "message_rate": TOO_MANY_REQUESTS,
}


def invalid_params(why: str) -> RpcError:
    return RpcError(-32602, "Invalid params", why)


def error_of(refused: Refused) -> RpcError:
    known = _OF_REASON.get(refused.reason, RpcError(11030, "other_reject"))
    return RpcError(known.code, known.message, refused.reason)
