"""Messages of Binance's REST interface and streams, as documented. The venue's own words stop at ``parse``."""

from decimal import Decimal

import msgspec

NOTHING = Decimal(0)


class Filter(msgspec.Struct, frozen=True):
    """Named fields of the filters that matter; which ones are set depends on ``filterType``."""

    filterType: str  # noqa: N815 - the venue's spelling
    tickSize: str = ""  # noqa: N815 - as above
    stepSize: str = ""  # noqa: N815 - as above


class Symbol(msgspec.Struct, frozen=True):
    """``contractType``: of futures."""

    symbol: str
    baseAsset: str  # noqa: N815 - the venue's spelling
    quoteAsset: str  # noqa: N815 - as above
    status: str = "TRADING"
    contractType: str = ""  # noqa: N815 - as above
    filters: list[Filter] = []


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[Symbol]


class Trade(msgspec.Struct, frozen=True):
    """``m``: the buyer rested, so the seller was the aggressor."""

    e: str
    s: str
    p: str
    q: str
    T: int
    m: bool
    t: int = 0
    a: int = 0


class StreamFrame(msgspec.Struct, frozen=True):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Fill(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Of the answer to a spot order that met another at once."""

    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: int


class Order(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """``orig_client_order_id``: the order's own, in the answer to a cancel, which has an id itself. ``qty``: in the
    answer to an amendment, instead of ``orig_qty``. Times in milliseconds, which of them depends on the request.
    """

    symbol: str
    order_id: int
    status: str
    side: str
    executed_qty: Decimal
    price: Decimal = NOTHING
    orig_qty: Decimal = NOTHING
    qty: Decimal = NOTHING
    client_order_id: str = ""
    orig_client_order_id: str = ""
    type: str = "LIMIT"
    time_in_force: str = "GTC"
    transact_time: int = 0
    update_time: int = 0
    fills: list[Fill] = []


class Amended(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    transact_time: int
    amended_order: Order


class Replaced(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """``cancel_result``, ``new_order_result``: SUCCESS, FAILURE or NOT_ATTEMPTED. Responses: an order or an error."""

    cancel_result: str
    new_order_result: str
    cancel_response: msgspec.Raw = msgspec.Raw(b"null")
    new_order_response: msgspec.Raw = msgspec.Raw(b"null")


class ReplaceFailed(msgspec.Struct, frozen=True):
    data: Replaced


class UserTrade(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """``is_buyer``, ``is_maker``: of spot; ``buyer``, ``maker``: the same of USD-M."""

    symbol: str
    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool = False
    is_maker: bool = False
    buyer: bool = False
    maker: bool = False


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    asset: str
    free: Decimal
    locked: Decimal


class Account(msgspec.Struct, frozen=True, kw_only=True):
    balances: list[Balance]


class Position(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """``position_amt``: signed."""

    symbol: str
    position_amt: Decimal


class PositionMode(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    dual_side_position: bool


class ListenKey(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    listen_key: str


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """An ``executionReport`` of spot, or the order in an ``ORDER_TRADE_UPDATE`` of USD-M: the letters are the same.

    ``C``: the order's own id where ``c`` is that of a cancel; spot alone. ``t``: the trade's, -1 or 0 without one.
    """

    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c")
    original_client_order_id: str = msgspec.field(name="C", default="")
    side: str = msgspec.field(name="S")
    quantity: Decimal = msgspec.field(name="q")
    price: Decimal = msgspec.field(name="p")
    execution_type: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    reject_reason: str = msgspec.field(name="r", default="NONE")
    order_id: int = msgspec.field(name="i")
    last_quantity: Decimal = msgspec.field(name="l", default=NOTHING)
    cumulative: Decimal = msgspec.field(name="z", default=NOTHING)
    last_price: Decimal = msgspec.field(name="L", default=NOTHING)
    fee: Decimal = msgspec.field(name="n", default=NOTHING)
    fee_currency: str | None = msgspec.field(name="N", default=None)
    at_ms: int = msgspec.field(name="T")
    trade_id: int = msgspec.field(name="t", default=0)
    is_maker: bool = msgspec.field(name="m", default=False)


class OrderUpdate(msgspec.Struct, frozen=True, kw_only=True):
    order: OrderReport = msgspec.field(name="o")


class TradeLite(msgspec.Struct, frozen=True, kw_only=True):
    """USD-M tells of a trade before it tells what it cost."""

    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c")
    order_id: int = msgspec.field(name="i")
    last_quantity: Decimal = msgspec.field(name="l")
    at_ms: int = msgspec.field(name="T")
    trade_id: int = msgspec.field(name="t")


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = msgspec.field(name="e", default="")


class ApiError(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""


class UserFrame(msgspec.Struct, frozen=True):
    """Over spot's WebSocket API: an answer (``id``), or an ``event`` of a subscription."""

    id: str | int | None = None
    status: int = 0
    error: ApiError | None = None
    event: msgspec.Raw = msgspec.Raw(b"")
