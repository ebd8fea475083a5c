"""One RFQ with everything that belongs to it, as values. Times are aware datetimes, prices and quantities Decimal."""

import dataclasses
import datetime as dt
import enum
from decimal import Decimal

from rfq.domain.rules import Step
from wire.units import Audience, QuoteState, RfqState, Side

OPTION_NAME_DASHES = 3


class TradeState(enum.StrEnum):
    """``reserved``: the gateway holds the risk of both sides and the trade stands; execution ids are on their way."""

    PENDING = "pending"
    RESERVED = "reserved"
    COMPLETED = "completed"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegRecord:
    """``side`` and ``ratio`` as in ``wire.client.RfqLeg``; a hedge leg trades but is not part of the net price."""

    instrument_id: int
    instrument_name: str
    side: Side
    ratio: int
    tick_size: Decimal
    lot_size: Decimal
    is_hedge: bool = False
    fixed_price: Decimal | None = None
    """Of the hedge leg: the taker's price, at which it trades."""

    @property
    def is_option(self) -> bool:
        """``COIN-EXPIRY-STRIKE-C|P``: no other name has four parts."""
        return self.instrument_name.count("-") == OPTION_NAME_DASHES


@dataclasses.dataclass(frozen=True, kw_only=True)
class AllocationRecord:
    """The share of one account of the taker, in units of the structure."""

    account_id: int
    quantity: Decimal


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegVolatility:
    """A volatility that was quoted, with the forward (USD) and the years to expiry that made a price of it."""

    volatility: Decimal
    forward: Decimal
    years: Decimal


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuotePrices:
    """What one version of a quote says. Prices per leg in the order of the legs; None where that side is not quoted.

    Volatilities stand beside the prices that were made from them; None for a leg that was priced.
    """

    account_id: int
    user_id: int
    expires_at: dt.datetime
    bid_leg_prices: tuple[Decimal, ...] | None
    ask_leg_prices: tuple[Decimal, ...] | None
    bid_volatilities: tuple[LegVolatility | None, ...] | None = None
    ask_volatilities: tuple[LegVolatility | None, ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuoteRecord:
    quote_id: int
    maker_firm_id: int
    maker_name: str
    version: int
    state: QuoteState
    prices: QuotePrices
    created_at: dt.datetime
    updated_at: dt.datetime
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeRecord:
    """The one accept of an RFQ: which version was hit or lifted, and what became of it. side: the taker's."""

    trade_id: int
    quote_id: int
    version: int
    side: Side
    net_price: Decimal
    accepted_at: dt.datetime
    state: TradeState = TradeState.PENDING


@dataclasses.dataclass(frozen=True, kw_only=True)
class RfqRecord:
    """``is_tradable``: the grace has ended and the taker has been shown the quotes.

    ``maker_aliases`` are numbers in the order of ``maker_firm_ids``, drawn by lot: what a taker to whom makers are
    anonymous calls them. ``allocations``: empty where all of it is ``account_id``'s.
    ``reason`` belongs to ``reason_firm_id`` alone where that is set: the firm whose own limits were hit.
    """

    rfq_id: int
    taker_firm_id: int
    taker_name: str
    account_id: int
    label: str
    structure: str
    quote_currency: str
    legs: tuple[LegRecord, ...]
    quantity: Decimal
    side: Side | None
    maker_firm_ids: tuple[int, ...]
    state: RfqState
    created_at: dt.datetime
    tradable_at: dt.datetime
    expires_at: dt.datetime
    updated_at: dt.datetime
    is_tradable: bool = False
    reason: str = ""
    reason_firm_id: int | None = None
    quotes: tuple[QuoteRecord, ...] = ()
    trade: TradeRecord | None = None
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    audience: Audience = Audience.CHOSEN
    maker_aliases: tuple[int, ...] = ()
    allocations: tuple[AllocationRecord, ...] = ()
    steps: tuple[Step, ...] = dataclasses.field(default=(), compare=False, repr=False)
    """The calls of rules that led here from what the database holds."""

    @property
    def party_firm_ids(self) -> tuple[int, ...]:
        """The taker first, then the invited makers."""
        return (self.taker_firm_id, *self.maker_firm_ids)

    def find_quote(self, quote_id: int) -> QuoteRecord | None:
        return next((quote for quote in self.quotes if quote.quote_id == quote_id), None)

    def find_quote_of(self, maker_firm_id: int) -> QuoteRecord | None:
        return next((quote for quote in self.quotes if quote.maker_firm_id == maker_firm_id), None)


def trades_of(rfq: RfqRecord) -> tuple[TradeRecord, ...]:
    """Every trade of the RFQ, in the order in which they were made."""
    return (rfq.trade,) if rfq.trade else ()


def accepted_at(rfq: RfqRecord) -> dt.datetime | None:
    """When the taker accepted; None before that."""
    return rfq.trade.accepted_at if rfq.trade else None
