"""Messages of Deribit's JSON-RPC, as documented. The venue's own words stop at ``parse``."""

from typing import Annotated, Literal

import msgspec

METHOD_PREFIX = "subscription"
BOOK_PREFIX = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.'
"""How the venue writes the notices that come most; others are told apart by decoding."""


class ErrorDetail(msgspec.Struct, frozen=True):
    code: int
    message: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Notice(msgspec.Struct, frozen=True):
    """``type``: of heartbeats."""

    channel: str = ""
    type: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Envelope(msgspec.Struct, frozen=True):
    """An answer (``id``) or a notice (``method``)."""

    id: int | str | None = None
    method: str = ""
    params: Notice | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: ErrorDetail | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    jsonrpc: str = "2.0"
    id: int
    method: str
    params: dict[str, object]


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """``min_trade_amount``, ``contract_size``: in dollars for inverse futures and perpetuals, else in coins."""

    instrument_name: str
    kind: str
    tick_size: float
    min_trade_amount: float
    contract_size: float = 1.0
    instrument_type: str = ""
    is_active: bool = True
    maker_commission: float | None = None
    taker_commission: float | None = None


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    trade_id: str
    instrument_name: str
    price: float
    amount: float
    direction: str
    timestamp: int


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """A side that nobody quotes has amount 0."""

    instrument_name: str
    timestamp: int
    best_bid_price: float | None = None
    best_bid_amount: float | None = None
    best_ask_price: float | None = None
    best_ask_amount: float | None = None
    mark_price: float | None = None
    index_price: float | None = None
    last_price: float | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """``price`` is the text ``market_price`` for market orders. Timestamps in milliseconds."""

    order_id: str
    instrument_name: str
    direction: str
    amount: float
    order_state: str
    last_update_timestamp: int
    price: float | str = ""
    filled_amount: float = 0.0
    label: str = ""
    cancel_reason: str = ""
    reject_reason: str = ""


class UserTrade(msgspec.Struct, frozen=True, kw_only=True):
    """``liquidity``: M or T. ``block_rfq_id``: of what traded as a leg of a block RFQ. ``busted``: of our simulated
    venues only.
    """

    trade_id: str
    order_id: str
    instrument_name: str
    direction: str
    price: float
    amount: float
    timestamp: int
    fee: float = 0.0
    fee_currency: str = ""
    liquidity: str = "T"
    label: str = ""
    block_rfq_id: int | None = None
    busted: bool = False


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    order: Order
    trades: list[UserTrade] = []


class TradePage(msgspec.Struct, frozen=True, kw_only=True):
    trades: list[UserTrade]
    has_more: bool = False


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """``size``: signed, in the venue's amount."""

    instrument_name: str
    size: float


Amount = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
NetPrice = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**12)]
"""Until 2255: in nanoseconds it fits into 64 bits, and it is a date."""
RfqId = Annotated[int, msgspec.Meta(gt=0, le=2**53)]
RfqState = Literal["created", "open", "filled", "traded", "cancelled", "expired", "closed"]
Direction = Literal["buy", "sell"]


class BlockQuote(msgspec.Struct, frozen=True, kw_only=True):
    """``amount`` times a leg's ratio is what the leg trades."""

    price: NetPrice
    amount: Amount
    makers: list[str] = []
    execution_instruction: str = "any_part_of"
    last_update_timestamp: Milliseconds = 0
    expires_at: Milliseconds | None = None


class BlockRfqTrade(msgspec.Struct, frozen=True, kw_only=True):
    price: NetPrice
    amount: Amount
    direction: Direction


class BlockRfqLeg(msgspec.Struct, frozen=True, kw_only=True):
    instrument_name: str
    direction: Direction
    ratio: Annotated[int, msgspec.Meta(gt=0, le=10**6)]


class BlockRfq(msgspec.Struct, frozen=True, kw_only=True):
    """``label``: of its taker alone. ``trades``: of a filled one, in parts where several makers had a share."""

    block_rfq_id: RfqId
    state: RfqState
    amount: Amount
    creation_timestamp: Milliseconds
    expiration_timestamp: Milliseconds
    role: str = "taker"
    label: str | None = None
    legs: list[BlockRfqLeg] = []
    bids: list[BlockQuote] = []
    asks: list[BlockQuote] = []
    trades: list[BlockRfqTrade] | None = None


class BlockRfqPage(msgspec.Struct, frozen=True, kw_only=True):
    block_rfqs: list[BlockRfq]


class BlockTrade(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    trades: list[UserTrade]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    block_trades: list[BlockTrade] = []
