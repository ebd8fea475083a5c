"""One RFQ with everything that belongs to it, as values. Times are aware datetimes, prices and quantities Decimal."""

import dataclasses
import datetime as dt
import enum
from decimal import Decimal

from rfq.domain.rules import Step
from wire.negotiation import AllocationReason, QuoteCondition, TriggerState
from wire.units import Audience, QuoteState, RfqState, Side

OPTION_NAME_DASHES = 3


class TradeState(enum.StrEnum):
    """``reserved``: the gateway holds the risk of both sides. It stands once all trades of its RFQ are reserved, which
    then is filled; execution ids are on their way.
    """

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

    ``quantity``: units of the structure, at most the RFQ's. Volatilities stand beside the prices that were made from
    them; None for a leg that was priced.
    """

    account_id: int
    user_id: int
    expires_at: dt.datetime
    quantity: Decimal
    bid_leg_prices: tuple[Decimal, ...] | None
    ask_leg_prices: tuple[Decimal, ...] | None
    bid_volatilities: tuple[LegVolatility | None, ...] | None = None
    ask_volatilities: tuple[LegVolatility | None, ...] | None = None
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF


@dataclasses.dataclass(frozen=True, kw_only=True)
class LastLookRecord:
    """A maker's right to take its price back until ``due_at``.

    ``reference_value``: the structure's value in its quote currency at the marks of the accept, ``unit_value``: of one
    underlying in that currency. None where there was no mark: then no rule can judge a move.
    """

    due_at: dt.datetime
    tolerance_basis_points: Decimal
    reference_value: Decimal | None
    unit_value: Decimal | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuoteRecord:
    """``updated_at`` of an active quote is when its version was made, which its priority in time counts from."""

    quote_id: int
    maker_firm_id: int
    maker_name: str
    version: int
    state: QuoteState
    prices: QuotePrices
    created_at: dt.datetime
    updated_at: dt.datetime
    reason: str = ""
    last_look: LastLookRecord | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class TradeRecord:
    """What one maker and one account of the taker trade: which version was hit or lifted. side: the taker's.

    An RFQ has one or several: its accept takes the full size from one quote or from the pool.
    """

    trade_id: int
    quote_id: int
    version: int
    side: Side
    net_price: Decimal
    quantity: Decimal
    taker_account_id: int
    maker_account_id: int
    accepted_at: dt.datetime
    accepted_by: int
    """User."""
    allocation_reason: AllocationReason = AllocationReason.PRICE
    state: TradeState = TradeState.PENDING


@dataclasses.dataclass(frozen=True, kw_only=True)
class TriggerRecord:
    """The taker's resting limit on one side: the RFQ trades when quotes reach it. Makers never learn of it."""

    trigger_id: int
    user_id: int
    side: Side
    limit_price: Decimal
    created_at: dt.datetime
    state: TriggerState = TriggerState.UNTRIGGERED
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RfqRecord:
    """``is_tradable``: the grace has ended and the taker has been shown the quotes.

    ``maker_aliases`` are numbers in the order of ``maker_firm_ids``, drawn by lot: what a taker to whom makers are
    anonymous calls them. ``allocations``: empty where all of it is ``account_id``'s.
    ``reason`` belongs to ``reason_firm_id`` alone where that is set: the firm whose own limits were hit.
    ``pending_until``: when a pending fill is rejected
    unless the makers' last looks, and then the gateway, have answered. ``triggers``: the newest of each side.
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
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    audience: Audience = Audience.CHOSEN
    maker_aliases: tuple[int, ...] = ()
    allocations: tuple[AllocationRecord, ...] = ()
    trades: tuple[TradeRecord, ...] = ()
    triggers: tuple[TriggerRecord, ...] = ()
    pending_until: dt.datetime | None = None
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

    def find_trade(self, trade_id: int) -> TradeRecord | None:
        return next((trade for trade in self.trades if trade.trade_id == trade_id), None)

    def list_trades_of(self, quote_id: int) -> list[TradeRecord]:
        return [trade for trade in self.trades if trade.quote_id == quote_id]

    def find_trigger(self, side: Side) -> TriggerRecord | None:
        """The one that rests on that side."""
        resting = (each for each in self.triggers if each.state is TriggerState.UNTRIGGERED)
        return next((each for each in resting if each.side is side), None)

    @property
    def taker_shares(self) -> tuple[AllocationRecord, ...]:
        """What each account of the taker gets; together the quantity."""
        return self.allocations or (AllocationRecord(account_id=self.account_id, quantity=self.quantity),)


def accepted_at(rfq: RfqRecord) -> dt.datetime | None:
    """When the taker accepted; None before that."""
    return rfq.trades[0].accepted_at if rfq.trades else None
