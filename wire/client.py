"""Messages between a client and the web process, the same over socket and REST.

Prices and quantities are decimal strings. A command carries the client's ``command_id``; the same id again gets the
first answer again and changes nothing. Commands forbid unknown fields, facts and answers tolerate them.
"""

from typing import Annotated

import msgspec

from wire.client_baskets import AnyBasketCommand
from wire.client_controls import (
    ApproveRelease,
    EngageKillSwitch,
    RequestRelease,
    SetInstrumentPermission,
    SetInstrumentPhase,
    SetPriceBands,
    SetScopeLimits,
    SetTraderAuthorization,
    SetTradingState,
)
from wire.client_desk_trades import AnyDeskTradeCommand
from wire.client_makers import CounterpartyReport as CounterpartyReport  # noqa: PLC0414 - offered to importers
from wire.client_makers import KeepDecisions, PassRfq, ReportQuoter, SetQuoter
from wire.client_pairs import SteerPairs
from wire.client_parents import AnyParentCommand
from wire.client_protection import (
    DecideDeskLimits,
    Heartbeat,
    ProposeDeskLimits,
    ResetProtection,
    SetCancelOnDisconnect,
    SetDeadMan,
    SetProtection,
)
from wire.client_quotes import (
    AcceptQuote,
    AgreeLastLook,
    AnswerLastLook,
    CancelAllQuotes,
    CancelQuote,
    CancelTrigger,
    EndLastLook,
    MassQuote,
    ProposeLastLook,
    SetTrigger,
    SubmitQuote,
    TradeRfq,
)
from wire.client_quotes import MassQuoteAnswer as MassQuoteAnswer  # noqa: PLC0414 - offered to importers
from wire.client_quotes import MassQuoteEntry as MassQuoteEntry  # noqa: PLC0414 - offered to importers
from wire.client_quotes import QuotesCanceled as QuotesCanceled  # noqa: PLC0414 - offered to importers
from wire.client_quotes import SeenQuote as SeenQuote  # noqa: PLC0414 - offered to importers
from wire.client_rfq import (
    CreateRfq,
    DeleteDraft,
    DeleteMakerGroup,
    PreviewRfq,
    RfqLeg,
    SaveDraft,
    SaveMakerGroup,
    SendDraft,
)
from wire.client_rfq import QuoteSide as QuoteSide  # noqa: PLC0414 - offered to importers
from wire.client_rfq import RfqAllocation as RfqAllocation  # noqa: PLC0414 - offered to importers
from wire.client_rfq import RfqHedge as RfqHedge  # noqa: PLC0414 - offered to importers
from wire.client_rfq import RfqTerms as RfqTerms  # noqa: PLC0414 - offered to importers
from wire.client_routes import AmendRoute, CancelRoute, CancelSplit, PlaceBest, PlaceRoute, PreviewBest
from wire.client_routes import PlannedPart as PlannedPart  # noqa: PLC0414 - offered to importers
from wire.client_types import ClientMessage as ClientMessage  # noqa: PLC0414 - offered to importers
from wire.client_types import Command, DecimalText, EntityId, NameText, QuantityText, ReasonText
from wire.client_venue_rfqs import AcceptVenueRfq, AskVenue, CancelVenueRfq
from wire.limits import (
    QUANTITY_LOTS_MAX,
    RFQ_LEGS_MAX,
    SUBSCRIPTION_KEYS_MAX,
)
from wire.units import OrderType, PegReference, SelfMatch, Side, StopTrigger, TimeInForce


class Subscribe(ClientMessage, tag="subscribe"):
    """Market-data keys (see ``wire.market``), or a group: ``chain.<coin>`` stands for every ticker of that coin."""

    keys: Annotated[list[NameText], msgspec.Meta(max_length=SUBSCRIPTION_KEYS_MAX)]


class Unsubscribe(ClientMessage, tag="unsubscribe"):
    keys: Annotated[list[NameText], msgspec.Meta(max_length=SUBSCRIPTION_KEYS_MAX)]


class Acknowledge(ClientMessage, tag="acknowledge"):
    """The client has drawn every server frame up to ``frame`` (a counter of this socket)."""

    frame: Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


class Resume(ClientMessage, tag="resume"):
    """Send the facts after ``sequence``; 0 asks for a snapshot."""

    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class Ping(ClientMessage, tag="ping"):
    client_time_ns: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class PlaceOrder(Command, tag="order.place"):
    """price is required for limit and stop-limit orders, optional for pegs (their limit), refused for the others."""

    account_id: EntityId
    instrument_name: NameText
    side: Side
    order_type: OrderType
    quantity: QuantityText
    price: DecimalText | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    expires_at_ns: Annotated[int, msgspec.Meta(ge=1, le=2**62)] | None = None
    """UTC; of GTD orders."""
    display_quantity: QuantityText | None = None
    """Of an iceberg: what is shown at a time."""
    minimum_quantity: QuantityText | None = None
    """Of IOC orders: traded at once, or nothing is."""
    stop_price: DecimalText | None = None
    trigger: StopTrigger = StopTrigger.LAST_TRADE
    peg_reference: PegReference = PegReference.MID
    peg_offset: DecimalText | None = None
    """Added to the reference; below zero it is taken off."""
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST
    confirmed_soft_bound: QuantityText | None = None
    """US dollars: the bound that a refusal ``soft_limit`` named, confirmed by a person."""


class AmendOrder(Command, tag="order.amend"):
    """New quantity (what was executed included), new price, or both; what is left out stays."""

    order_id: EntityId
    quantity: QuantityText | None = None
    price: DecimalText | None = None


class RequestOverride(Command, tag="order.request_override"):
    """Ask that an order that a control rejected may pass it, once. The reason is typed and kept."""

    order_id: EntityId
    reason: ReasonText


class ApproveOverride(Command, tag="order.approve_override"):
    """Let the order that another person asked for pass: it is placed anew, at once."""

    override_id: EntityId
    reason: ReasonText


class CancelOrder(Command, tag="order.cancel"):
    order_id: EntityId


class CancelAll(Command, tag="order.cancel_all"):
    """Every working order of the account, or of all accounts of the user's firm where it is None."""

    account_id: EntityId | None = None


class CancelRfq(Command, tag="rfq.cancel"):
    rfq_id: EntityId


class PreviewMargin(Command, tag="risk.preview_margin"):
    """Margin of the account before and after the legs were traded at their marks. Changes nothing."""

    account_id: EntityId
    legs: Annotated[list[RfqLeg], msgspec.Meta(min_length=1, max_length=RFQ_LEGS_MAX)]
    quantity: QuantityText
    side: Side


class SetLimits(Command, tag="risk.set_limits"):
    """Limits of an account, for the instruments of ``coin`` or (empty) all without limits of their own.

    Quantities in lots, values in US dollars. Zero allows nothing; there is no 'unlimited'.
    """

    account_id: EntityId
    max_order_quantity_lots: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_LOTS_MAX)]
    max_order_value: QuantityText
    max_position_lots: Annotated[int, msgspec.Meta(ge=0, le=QUANTITY_LOTS_MAX)]
    max_position_value: QuantityText
    price_collar_basis_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    coin: Annotated[str, msgspec.Meta(max_length=6)] = ""


AnyClientMessage = (
    Subscribe
    | Unsubscribe
    | Acknowledge
    | Resume
    | Ping
    | PlaceOrder
    | AmendOrder
    | RequestOverride
    | ApproveOverride
    | CancelOrder
    | CancelAll
    | PlaceRoute
    | CancelRoute
    | CancelSplit
    | AmendRoute
    | PreviewBest
    | PlaceBest
    | AskVenue
    | AcceptVenueRfq
    | CancelVenueRfq
    | CreateRfq
    | CancelRfq
    | SaveDraft
    | SendDraft
    | DeleteDraft
    | SaveMakerGroup
    | DeleteMakerGroup
    | PreviewRfq
    | SubmitQuote
    | CancelQuote
    | AcceptQuote
    | TradeRfq
    | MassQuote
    | CancelAllQuotes
    | SetTrigger
    | CancelTrigger
    | AnswerLastLook
    | ProposeLastLook
    | AgreeLastLook
    | EndLastLook
    | PreviewMargin
    | SetLimits
    | EngageKillSwitch
    | RequestRelease
    | ApproveRelease
    | SetScopeLimits
    | SetInstrumentPermission
    | SetTraderAuthorization
    | SetTradingState
    | SetInstrumentPhase
    | SetPriceBands
    | PassRfq
    | SetQuoter
    | ReportQuoter
    | KeepDecisions
    | SetProtection
    | ResetProtection
    | SetDeadMan
    | Heartbeat
    | SetCancelOnDisconnect
    | ProposeDeskLimits
    | DecideDeskLimits
    | AnyParentCommand
    | AnyBasketCommand
    | AnyDeskTradeCommand
    | SteerPairs
)


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server sends."""


class Hello(ServerMessage, tag="hello"):
    """First message. ``sequence``: newest fact of the firm. ``window_frames_max``: unacknowledged frames allowed."""

    server_time_ns: int
    user_id: int
    firm_id: int
    role: str
    sequence: int
    window_frames_max: int


class Pong(ServerMessage, tag="pong"):
    client_time_ns: int
    server_time_ns: int


class CommandAccepted(ServerMessage, tag="command_accepted"):
    """Durable: the order, RFQ or quote with ``entity_id`` exists. ``result``: what a read-only command computed."""

    command_id: str
    entity: str = ""
    entity_id: int = 0
    result: msgspec.Raw | None = None


class CommandRefused(ServerMessage, tag="command_refused"):
    """Nothing happened. ``reason`` is a name, ``message`` a sentence, ``value`` and ``bound`` what was compared."""

    reason: str
    message: str
    command_id: str = ""
    value: str | None = None
    bound: str | None = None


class FactMessage(ServerMessage, tag="fact"):
    """One fact of the firm's gapless stream; ``fact`` is one of ``wire.facts.AnyFact``."""

    frame: int
    sequence: int
    at_ns: int
    fact: msgspec.Raw


class Snapshot(ServerMessage, tag="snapshot"):
    """Everything that the facts up to ``sequence`` amount to, for this firm."""

    frame: int
    sequence: int
    state: msgspec.Raw


class MarketFrames(ServerMessage, tag="market"):
    """Latest values, conflated; ``frames`` holds ``wire.market`` frames (and risk frames) as they were made."""

    frame: int
    frames: list[msgspec.Raw]
