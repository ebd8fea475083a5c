"""Messages between a client and Parley, the same over socket and REST.

Written by `manage.py api_reference` from the types of the server: change those, not this file. Prices and quantities
are decimal strings, times nanoseconds of UTC. What the server sends may have fields that this version does not know.
"""

# mypy: disable-error-code="misc"
# msgspec inherits frozen; the typing rule for data classes does not know that.

import enum
import uuid

import msgspec


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a client sends."""


def new_command_id() -> str:
    return uuid.uuid4().hex


class Command(ClientMessage):
    """``command_id``: the same id again gets the first answer again and changes nothing."""

    command_id: str = msgspec.field(default_factory=new_command_id)


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server sends."""


class Subscribe(ClientMessage, frozen=True, kw_only=True, tag="subscribe"):
    """Market-data keys (see ``wire.market``), or a group: ``chain.<coin>`` stands for every ticker of that coin."""

    keys: list[str]


class Unsubscribe(ClientMessage, frozen=True, kw_only=True, tag="unsubscribe"):
    keys: list[str]


class Acknowledge(ClientMessage, frozen=True, kw_only=True, tag="acknowledge"):
    """The client has drawn every server frame up to ``frame`` (a counter of this socket)."""

    frame: int


class Resume(ClientMessage, frozen=True, kw_only=True, tag="resume"):
    """Send the facts after ``sequence``; 0 asks for a snapshot."""

    sequence: int


class Ping(ClientMessage, frozen=True, kw_only=True, tag="ping"):
    client_time_ns: int


class Side(enum.StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(enum.StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    PEG = "peg"


class TimeInForce(enum.StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    DAY = "day"


class StopTrigger(enum.StrEnum):
    LAST_TRADE = "last_trade"
    MARK = "mark"


class PegReference(enum.StrEnum):
    """Of the venue's quote: its middle, or the order's own side."""

    MID = "mid"
    PRIMARY = "primary"


class SelfMatch(enum.StrEnum):
    """What happens where an order would meet one of its own account."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class PlaceOrder(Command, frozen=True, kw_only=True, tag="order.place"):
    """price is required for limit and stop-limit orders, optional for pegs (their limit), refused for the others."""

    account_id: int
    instrument_name: str
    side: Side
    order_type: OrderType
    quantity: str
    price: str | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    expires_at_ns: int | None = None
    """UTC; of GTD orders."""
    display_quantity: str | None = None
    """Of an iceberg: what is shown at a time."""
    minimum_quantity: str | None = None
    """Of IOC orders: traded at once, or nothing is."""
    stop_price: str | None = None
    trigger: StopTrigger = StopTrigger.LAST_TRADE
    peg_reference: PegReference = PegReference.MID
    peg_offset: str | None = None
    """Added to the reference; below zero it is taken off."""
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST
    confirmed_soft_bound: str | None = None
    """US dollars: the bound that a refusal ``soft_limit`` named, confirmed by a person."""


class AmendOrder(Command, frozen=True, kw_only=True, tag="order.amend"):
    """New quantity (what was executed included), new price, or both; what is left out stays."""

    order_id: int
    quantity: str | None = None
    price: str | None = None


class RequestOverride(Command, frozen=True, kw_only=True, tag="order.request_override"):
    """Ask that an order that a control rejected may pass it, once. The reason is typed and kept."""

    order_id: int
    reason: str


class ApproveOverride(Command, frozen=True, kw_only=True, tag="order.approve_override"):
    """Let the order that another person asked for pass: it is placed anew, at once."""

    override_id: int
    reason: str


class CancelOrder(Command, frozen=True, kw_only=True, tag="order.cancel"):
    order_id: int


class CancelAll(Command, frozen=True, kw_only=True, tag="order.cancel_all"):
    """Every working order of the account, or of all accounts of the user's firm where it is None."""

    account_id: int | None = None


class LifecycleKind(enum.StrEnum):
    PARENT = "parent"
    SPLIT = "split"
    ROUTE = "route"
    ORDER = "order"


class ShowLifecycle(Command, frozen=True, kw_only=True, tag="order.lifecycle"):
    """Answers with ``Lifecycle``; changes nothing."""

    kind: LifecycleKind
    id: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One account's part: a quantity, or a ratio to the others'."""

    account_id: int
    quantity: str | None = None
    ratio: int | None = None


class AllocateTrade(Command, frozen=True, kw_only=True, tag="order.allocate"):
    """Share what an order, or a parent order, traded out to other accounts of the firm at its average price."""

    shares: tuple[Share, ...]
    reason: str
    order_id: int | None = None
    parent_order_id: int | None = None


class UndoAllocation(Command, frozen=True, kw_only=True, tag="order.undo_allocation"):
    """The same trades the other way round, as new facts."""

    desk_trade_id: int
    reason: str


class RfqLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``ratio`` counts this leg per unit of the RFQ; ``side`` is the leg's side when the taker buys the structure."""

    instrument_name: str
    side: Side
    ratio: int = 1


class Audience(enum.StrEnum):
    """Who is asked for a quote: makers by name, a named group of them, or all who may see the request."""

    CHOSEN = "chosen"
    GROUP = "group"
    ALL = "all"


class RfqHedge(msgspec.Struct, frozen=True, kw_only=True):
    """A perpetual or future that trades with the structure at ``price``, which no maker quotes and no net price holds.

    side and ratio as in RfqLeg.
    """

    instrument_name: str
    side: Side
    price: str
    ratio: int = 1


class RfqAllocation(msgspec.Struct, frozen=True, kw_only=True):
    """The share of one account, in units of the structure."""

    account_id: int
    quantity: str


class CreateRfq(Command, frozen=True, kw_only=True, tag="rfq.create"):
    """Ask makers for a firm quote, now."""

    account_id: int
    legs: list[RfqLeg]
    quantity: str
    maker_firm_ids: list[int] = msgspec.field(default_factory=list)
    audience: Audience = Audience.CHOSEN
    maker_group_id: int | None = None
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    hedge: RfqHedge | None = None
    allocations: list[RfqAllocation] = msgspec.field(default_factory=list)
    side: Side | None = None
    life_seconds: int = 300
    label: str = ""


class CancelRfq(Command, frozen=True, kw_only=True, tag="rfq.cancel"):
    rfq_id: int


class SaveDraft(Command, frozen=True, kw_only=True, tag="rfq.save_draft"):
    """Keep a request without sending it. rfq_id: the draft to change; None makes a new one."""

    account_id: int
    legs: list[RfqLeg]
    quantity: str
    maker_firm_ids: list[int] = msgspec.field(default_factory=list)
    audience: Audience = Audience.CHOSEN
    maker_group_id: int | None = None
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    hedge: RfqHedge | None = None
    allocations: list[RfqAllocation] = msgspec.field(default_factory=list)
    side: Side | None = None
    life_seconds: int = 300
    label: str = ""
    rfq_id: int | None = None


class SendDraft(Command, frozen=True, kw_only=True, tag="rfq.send_draft"):
    """Ask makers for what the draft says; it keeps its id and is a draft no longer."""

    rfq_id: int


class DeleteDraft(Command, frozen=True, kw_only=True, tag="rfq.delete_draft"):
    rfq_id: int


class SaveMakerGroup(Command, frozen=True, kw_only=True, tag="rfq.save_maker_group"):
    """Name a group of makers, for the whole firm. maker_group_id: the group to change; None makes a new one."""

    name: str
    maker_firm_ids: list[int]
    maker_group_id: int | None = None


class DeleteMakerGroup(Command, frozen=True, kw_only=True, tag="rfq.delete_maker_group"):
    maker_group_id: int


class QuoteSide(msgspec.Struct, frozen=True, kw_only=True):
    """Per leg, in the order of the RFQ's legs, a price in the leg's own convention or, of an option, a volatility.

    Volatilities are fractions a year (``0.625``): the server turns them into prices with the forward and the time of
    that instant. Either list may be left out; what is null in one stands in the other. The hedge leg trades at the
    taker's price: its own entry is that price, or null.
    """

    leg_prices: list[str | None] = msgspec.field(default_factory=list)
    leg_volatilities: list[str | None] = msgspec.field(default_factory=list)


class PreviewRfq(Command, frozen=True, kw_only=True, tag="rfq.preview"):
    """What asking, accepting or quoting would come to, before it is done; see ``rfq.services.previews``. Read-only.

    Of a structure that has not been asked for: legs, quantity, hedge, allocations. Of an RFQ (``rfq_id``): for its
    taker one quote (``quote_id``) or the marks, for a maker the bid and ask that it would send. side: the taker's;
    None previews both.
    """

    account_id: int
    legs: list[RfqLeg] = msgspec.field(default_factory=list)
    quantity: str = "0"
    hedge: RfqHedge | None = None
    allocations: list[RfqAllocation] = msgspec.field(default_factory=list)
    rfq_id: int | None = None
    quote_id: int | None = None
    side: Side | None = None
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None


class QuoteCondition(enum.StrEnum):
    """Whether a part of a quote may be taken, or all of its quantity at once alone."""

    ANY_PART_OF = "any_part_of"
    ALL_OR_NONE = "all_or_none"


class SubmitQuote(Command, frozen=True, kw_only=True, tag="rfq.quote"):
    """A maker's firm quote. A second one for the same RFQ replaces the first: same id, next version.

    bid: what the maker pays when the taker sells the structure; ask: what the maker takes when the taker buys it.
    quantity: units of the structure, None for all that was asked. condition: whether a part of it may be taken.
    """

    rfq_id: int
    account_id: int
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None
    quantity: str | None = None
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    confirmed_band: str | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""
    life_seconds: int | None = None


class CancelQuote(Command, frozen=True, kw_only=True, tag="rfq.cancel_quote"):
    quote_id: int


class AcceptQuote(Command, frozen=True, kw_only=True, tag="rfq.accept"):
    """Trade the full size with one quote. side: the taker's side of the structure. An old ``version`` is refused."""

    rfq_id: int
    quote_id: int
    version: int
    side: Side
    confirmed_band: str | None = None
    """As in SubmitQuote."""


class SeenQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a quote that the taker looked at."""

    quote_id: int
    version: int


class TradeRfq(Command, frozen=True, kw_only=True, tag="rfq.trade"):
    """Trade the full size with the pool of quotes, now or not at all, nothing of it beyond ``limit_price`` (net).

    quotes: what may be taken, each in exactly this version: one that has been replaced since is left out, and where the
    others do not fill the size nothing trades. Empty: whatever stands within the limit.
    """

    rfq_id: int
    side: Side
    limit_price: str
    quotes: list[SeenQuote] = msgspec.field(default_factory=list)
    confirmed_band: str | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""


class MassQuoteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One quote of many; the fields as in ``SubmitQuote``."""

    rfq_id: int
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None
    quantity: str | None = None
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    confirmed_band: str | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""
    life_seconds: int | None = None


class MassQuote(Command, frozen=True, kw_only=True, tag="rfq.mass_quote"):
    """Quote many requests at once. Each is done or refused by itself: the answer's ``result`` says which."""

    account_id: int
    quotes: list[MassQuoteEntry]


class CancelAllQuotes(Command, frozen=True, kw_only=True, tag="rfq.cancel_all_quotes"):
    """Withdraw every active quote of the user's firm."""


class SetTrigger(Command, frozen=True, kw_only=True, tag="rfq.set_trigger"):
    """Rest a limit, hidden from makers: the full size trades as soon as quotes within ``limit_price`` (net) fill it.

    One per side; a new one replaces it.
    """

    rfq_id: int
    side: Side
    limit_price: str


class CancelTrigger(Command, frozen=True, kw_only=True, tag="rfq.cancel_trigger"):
    rfq_id: int
    side: Side


class LastLookReason(enum.StrEnum):
    """Why a maker takes its price back: the market left the tolerance, or a check of its own failed."""

    PRICE_TOLERANCE = "price_tolerance"
    CREDIT_CHECK = "credit_check"
    RISK_LIMIT = "risk_limit"
    TECHNICAL = "technical"


class AnswerLastLook(Command, frozen=True, kw_only=True, tag="rfq.answer_last_look"):
    """Stand by an accepted quote, or (with a reason) take its price back. Silence is a rejection."""

    quote_id: int
    is_confirmed: bool
    reason: LastLookReason | None = None


class ProposeLastLook(Command, frozen=True, kw_only=True, tag="rfq.propose_last_look"):
    """Offer the other firm an agreement on last look. It is in force once that firm agrees.

    tolerance_basis_points: of one underlying; a smaller move of the structure's value, either way, excuses nothing, and
    a larger one rejects whichever side it favors.
    """

    maker_firm_id: int
    taker_firm_id: int
    window_ms: int
    tolerance_basis_points: str


class AgreeLastLook(Command, frozen=True, kw_only=True, tag="rfq.agree_last_look"):
    agreement_id: int


class EndLastLook(Command, frozen=True, kw_only=True, tag="rfq.end_last_look"):
    """Either firm, at once; what is pending is finished under it."""

    agreement_id: int


class PassReason(enum.StrEnum):
    """Why a maker does not quote; FIX 658: 4, 6, 9, 10."""

    TOO_LATE = "too_late"
    NOT_AUTHORIZED = "not_authorized"
    NO_INVENTORY = "no_inventory"
    PASS = "pass"


class PassRfq(Command, frozen=True, kw_only=True, tag="rfq.pass"):
    """The firm does not quote this RFQ; a quote that stands is withdrawn with it."""

    rfq_id: int
    reason: PassReason = PassReason.PASS


class SetProtection(Command, frozen=True, kw_only=True, tag="rfq.set_protection"):
    """Market-maker protection of the user's firm in one coin, over the fills of the last ``interval_ms``.

    Reaching a limit withdraws the firm's quotes in the coin and freezes it for ``frozen_ms`` (0: until reset by hand).
    quantity_max and delta_max in coins, vega_max in US dollars per volatility point; what is left out is off.
    interval_ms 0 switches the protection off.
    """

    coin: str
    interval_ms: int
    frozen_ms: int = 0
    quantity_max: str | None = None
    delta_max: str | None = None
    vega_max: str | None = None
    trade_count_max: int | None = None


class ResetProtection(Command, frozen=True, kw_only=True, tag="rfq.reset_protection"):
    """Thaw the firm in this coin and begin a new, empty window."""

    coin: str


class ProposeDeskLimits(Command, frozen=True, kw_only=True, tag="rfq.propose_desk_limits"):
    """Bounds of a firm on the RFQ desk, all at once: in force once another person of the house approves them.

    band_ticks, band_percent: how far from the model value a net price may be worse for its own firm, the wider of the
    two; percent of the summed value of the legs. is_band_confirmable: a price outside may be confirmed by a person.
    """

    firm_id: int
    create_per_minute_max: int
    execute_per_minute_max: int
    open_rfqs_max: int
    live_quotes_max: int
    band_ticks: int
    band_percent: str
    reason: str
    is_band_confirmable: bool = True


class DecideDeskLimits(Command, frozen=True, kw_only=True, tag="rfq.decide_desk_limits"):
    """The second person's word on proposed bounds. Not approved by who proposed them, they are withdrawn."""

    proposal_id: int
    is_approved: bool
    reason: str


class SetDeadMan(Command, frozen=True, kw_only=True, tag="session.set_dead_man"):
    """Withdraw the quotes of this session when no heartbeat has come for ``seconds``; 0: off.

    A session is an API key, or a browser that is signed in. cancels_orders: the working orders of the user too.
    """

    seconds: int
    cancels_orders: bool = False


class Heartbeat(Command, frozen=True, kw_only=True, tag="session.heartbeat"):
    """Re-arm the dead-man timer of this session."""


class SetCancelOnDisconnect(Command, frozen=True, kw_only=True, tag="session.set_cancel_on_disconnect"):
    """Withdraw the quotes of this session when its last socket goes.

    reconnect_grace_ms: a new socket within it keeps them; 0: every loss of the last socket counts.
    """

    is_on: bool
    reconnect_grace_ms: int = 0


class PreviewMargin(Command, frozen=True, kw_only=True, tag="risk.preview_margin"):
    """Margin of the account before and after the legs were traded at their marks. Changes nothing."""

    account_id: int
    legs: list[RfqLeg]
    quantity: str
    side: Side


class SetLimits(Command, frozen=True, kw_only=True, tag="risk.set_limits"):
    """Limits of an account, for the instruments of ``coin`` or (empty) all without limits of their own.

    Quantities in lots, values in US dollars. Zero allows nothing; there is no 'unlimited'.
    """

    account_id: int
    max_order_quantity_lots: int
    max_order_value: str
    max_position_lots: int
    max_position_value: str
    price_collar_basis_points: int
    coin: str = ""


class ControlScope(enum.StrEnum):
    """What a trading state or a kill switch covers."""

    ALL = "all"
    FIRM = "firm"
    DESK = "desk"
    USER = "user"
    ACCOUNT = "account"
    INSTRUMENT = "instrument"
    STRATEGY = "strategy"
    VENUE = "venue"


class SetScopeLimits(Command, frozen=True, kw_only=True, tag="risk.set_scope_limits"):
    """Limits of one scope beside those of each account; replaces all that it had. Left out: that control is off.

    Values in US dollars. A collar comes with its period, a rate with its burst, a number of executions with its period.
    """

    scope: ControlScope
    scope_id: int
    max_order_quantity_lots: int | None = None
    max_order_value: str | None = None
    soft_order_value: str | None = None
    max_open_risk: str | None = None
    period_collar_basis_points: int | None = None
    collar_period_seconds: int | None = None
    messages_per_second: int | None = None
    message_burst: int | None = None
    duplicate_window_ms: int | None = None
    max_executions: int | None = None
    execution_period_seconds: int | None = None
    max_working_orders: int | None = None
    max_orders: int | None = None
    is_instrument_list_required: bool = False
    is_trader_list_required: bool = False


class Permission(enum.StrEnum):
    """Of a scope in an instrument."""

    NONE = "none"
    PERMITTED = "permitted"
    RESTRICTED = "restricted"


class SetInstrumentPermission(Command, frozen=True, kw_only=True, tag="risk.set_instrument_permission"):
    """``none`` takes the instrument off the scope's list."""

    scope: ControlScope
    scope_id: int
    instrument_name: str
    permission: Permission


class SetTraderAuthorization(Command, frozen=True, kw_only=True, tag="risk.set_trader_authorization"):
    user_id: int
    account_id: int
    is_authorized: bool


class TradingState(enum.StrEnum):
    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class SetTradingState(Command, frozen=True, kw_only=True, tag="risk.set_trading_state"):
    """``reducing`` lets only pass what closes; ``halted`` nothing. Cancels always pass."""

    scope: ControlScope
    scope_id: int
    state: TradingState


class InstrumentPhase(enum.StrEnum):
    CONTINUOUS = "continuous"
    CALL = "call"
    HALTED = "halted"


class SetInstrumentPhase(Command, frozen=True, kw_only=True, tag="risk.set_instrument_phase"):
    """``call`` collects orders; back to ``continuous`` they trade at one price. ``halted`` takes none."""

    instrument_name: str
    phase: InstrumentPhase


class SetPriceBands(Command, frozen=True, kw_only=True, tag="risk.set_price_bands"):
    """How far from the reference price, and from the last trade, the instrument may trade; zero: no band."""

    instrument_name: str
    reference_price: str
    static_basis_points: int
    dynamic_basis_points: int
    pauses: bool = False
    """What would trade outside calls an auction; otherwise it is canceled."""


class EngageKillSwitch(Command, frozen=True, kw_only=True, tag="control.engage_kill_switch"):
    """Cancel every order in scope and let no new one pass, until two people release it.

    scope_id: of the firm, desk, user, account or instrument; 0 with ``all``.
    """

    scope: ControlScope
    scope_id: int


class ReleasedControl(enum.StrEnum):
    """What takes two people to let trade again."""

    KILL_SWITCH = "kill_switch"
    DISABLED_SCOPE = "disabled_scope"


class RequestRelease(Command, frozen=True, kw_only=True, tag="control.request_release"):
    """Ask that a kill switch be released, or that what a throttle disabled be enabled. The reason is typed and kept."""

    scope: ControlScope
    scope_id: int
    reason: str
    control: ReleasedControl = ReleasedControl.KILL_SWITCH


class ApproveRelease(Command, frozen=True, kw_only=True, tag="control.approve_release"):
    """Release what another person asked to be released."""

    release_id: int
    reason: str


class PlaceRoute(Command, frozen=True, kw_only=True, tag="route.place"):
    """An order for one venue. price is required for limit orders and refused for market orders."""

    account_id: int
    instrument_name: str
    venue: str
    side: Side
    order_type: OrderType
    quantity: str
    price: str | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    is_post_only: bool = False
    is_reduce_only: bool = False
    confirmed_soft_bound: str | None = None
    """US dollars: the bound that a refusal ``soft_limit`` named, confirmed by a person."""


class CancelRoute(Command, frozen=True, kw_only=True, tag="route.cancel"):
    route_id: int


class CancelSplit(Command, frozen=True, kw_only=True, tag="route.cancel_split"):
    """Nothing more leaves for it, and its parts are canceled."""

    split_id: int


class AmendRoute(Command, frozen=True, kw_only=True, tag="route.amend"):
    """New quantity (what was executed included), new price, or both; what is left out stays."""

    route_id: int
    quantity: str | None = None
    price: str | None = None


class PreviewBest(Command, frozen=True, kw_only=True, tag="route.preview_best"):
    """How an order would be split over the venues and our own book now. Changes nothing. ``price``: the limit, which
    holds for every part.
    """

    account_id: int
    instrument_name: str
    side: Side
    quantity: str
    price: str


class PlannedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a person saw and confirmed: so much at that venue, at most (or least) at that price."""

    venue: str
    quantity: str
    price: str


class PlaceBest(Command, frozen=True, kw_only=True, tag="route.place_best"):
    """An order that is split over venues: ``parts`` as previewed leave at once, what they leave open is routed anew
    within ``price``, until it is filled or nothing is left to take.
    """

    account_id: int
    instrument_name: str
    side: Side
    quantity: str
    price: str
    parts: list[PlannedPart]


class AskVenue(Command, frozen=True, kw_only=True, tag="venue_rfq.ask"):
    """Ask the makers of a venue for a structure. quantity: units of it. The venue decides how long it stays open."""

    account_id: int
    venue: str
    legs: list[RfqLeg]
    quantity: str


class AcceptVenueRfq(Command, frozen=True, kw_only=True, tag="venue_rfq.accept"):
    """Trade all legs at once, at ``price`` net or better, all of the quantity or nothing. side: buy takes the asks."""

    venue_rfq_id: int
    side: Side
    price: str


class CancelVenueRfq(Command, frozen=True, kw_only=True, tag="venue_rfq.cancel"):
    venue_rfq_id: int


class QuotingParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Volatilities in points (1.0 is one percent), vegas in US dollars per point, deltas in coins, shares as fractions.

    Half of the spread: spread_vega per unit of the structure's net vega, spread_gross_vega per unit of the sum of its
    legs' vegas (what is left of a calendar's or a butterfly's risk once its net vega cancels), spread_basis_points of
    legs without vega; together the base. Of the base: spread_size at ``quantity_max`` and linearly less below,
    spread_quiet outside of the busy hours, spread_weekend on Saturdays and Sundays (UTC), and the counterparty's
    markup. hedge_basis_points: cost of trading the structure's delta. spread_ticks: least half-spread of all, in
    ticks of the finest leg.

    Shift of the middle, away from what is held: skew_vega points of volatility when the coin's vega stands at
    ``vega_limit``, skew_expiry_vega when an expiry's stands at ``expiry_vega_limit``, skew_basis_points of the
    underlying when delta stands at ``delta_limit``.

    requote_share: how far the model moves, in half-spreads, before a quote is replaced.
    """

    is_on: bool = True
    off_coins: tuple[str, ...] = ()
    spread_vega: float = 0.6
    spread_gross_vega: float = 0.15
    spread_basis_points: float = 1.5
    spread_ticks: float = 1.0
    spread_size: float = 0.25
    spread_quiet: float = 0.1
    spread_weekend: float = 0.15
    busy_from_hour: int = 7
    busy_until_hour: int = 21
    hedge_basis_points: float = 1.0
    skew_vega: float = 0.8
    skew_expiry_vega: float = 0.4
    skew_basis_points: float = 2.0
    markup_max: float = 0.5
    markup_hits: float = 1.0
    markup_markout: float = 0.5
    prior_hit_rate: float = 0.2
    prior_quotes: float = 20.0
    prior_markouts: float = 10.0
    vega_limit: float = 50000.0
    expiry_vega_limit: float = 35000.0
    delta_limit: float = 500.0
    notional_limit: float = 100000000.0
    quantity_max: float = 250.0
    market_stale_ms: int = 2000
    surface_stale_ms: int = 15000
    gateway_stale_ms: int = 3000
    requote_share: float = 0.5
    requote_interval_ms: int = 500
    quote_life_seconds: int = 30
    """A quote nobody renews ends by itself; it is renewed when half of its life is over."""


class SetQuoter(Command, frozen=True, kw_only=True, tag="maker.set_parameters"):
    """``expected_version``: the version that was changed; another one in between refuses this."""

    expected_version: int
    parameters: QuotingParameters


class CounterpartyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute counts, as in ``wire.quoting.CounterpartyStatistics``."""

    taker_firm_id: int
    taker_name: str
    quotes: int
    hits: int
    markouts: int
    markout_sum: float


class ReportQuoter(Command, frozen=True, kw_only=True, tag="maker.report"):
    """What a running quoter has in force, and its statistics that changed."""

    version_in_force: int
    counterparties: list[CounterpartyReport] = msgspec.field(default_factory=list)


class QuoteDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What one quote was made of, per unit of the structure in its quote currency unless the name says otherwise.

    ``center`` = model_value + the three skews; ``half_spread`` = the sum of the eight ``spread_`` parts. vega and
    half_spread per unit; vega_usd and delta per unit; ``inventory_``: what was held then. markup_share: what
    ``spread_markup`` is of the base.
    """

    parameters_version: int
    at_ns: int
    market_time_ns: int
    coin: str
    model_value: float
    skew_vega: float
    skew_expiry: float
    skew_delta: float
    center: float
    spread_vega: float
    spread_gross_vega: float
    spread_linear: float
    spread_size: float
    spread_time: float
    spread_markup: float
    spread_hedge: float
    spread_floor: float
    half_spread: float
    vega: float
    vega_usd: float
    delta: float
    coin_price: float
    quantity: float
    inventory_vega_usd: float
    inventory_delta: float
    inventory_notional_usd: float
    inventory_expiry_vega_usd: dict[str, float]
    taker_firm_id: int
    hit_rate: float
    markout: float
    markup_share: float
    is_bid_closed: bool
    is_ask_closed: bool
    """A side that the limits, or positive prices, left out."""


class KeptDecision(msgspec.Struct, frozen=True, kw_only=True):
    quote_id: int
    version: int
    decision: QuoteDecision


class KeepDecisions(Command, frozen=True, kw_only=True, tag="maker.keep_decisions"):
    """What the firm's own quotes were made of; a version has one decision, and the first stays."""

    decisions: list[KeptDecision]


class AlgoName(enum.StrEnum):
    TWAP = "twap"
    VWAP = "vwap"
    POV = "pov"
    SHORTFALL = "implementation_shortfall"
    ICEBERG = "iceberg"
    PEG = "peg"
    SNIPER = "sniper"
    BRACKET = "bracket"
    MULTILEG = "multileg"


class BracketKind(enum.StrEnum):
    """``oto``: an entry, and one exit of what it opens. ``oco``: two orders of which one trades. ``otoco``: both."""

    OTO = "oto"
    OCO = "oco"
    OTOCO = "otoco"


class BracketParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of the parts. ``entry_price``: None enters at market. ``stop_limit``: the stop's own limit; None: market.

    The exits stand on the other side of the entry. An OCO has no entry: its side is that of its two orders, and they
    reduce a position that is there already.
    """

    kind: BracketKind
    entry_price: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    stop_limit: str | None = None
    trigger: StopTrigger = StopTrigger.MARK
    """What reaches the stop: the mark, or somebody's trade."""


class LeggingRule(enum.StrEnum):
    """What becomes of legs that stand without the others when the time for them is over.

    ``complete``: the others are traded up to the slippage beyond the net price. ``unwind``: what stands alone is traded
    back, at a loss of at most the slippage, and the order ends.
    """

    COMPLETE = "complete"
    UNWIND = "unwind"


class MultilegParameters(msgspec.Struct, frozen=True, kw_only=True):
    """A structure and how it is legged. ``net_price``: of one unit, sum of side times ratio times price of the legs as
    they are written; buying pays no more, selling (all legs turned) takes no less.

    ``legging_limit``: the most units of the structure of which some legs trade without the others, in flight included.
    ``legging_slippage``: of the net price. ``quoting_leg``: the instrument whose order rests; None takes all at once.
    """

    legs: tuple[RfqLeg, ...]
    net_price: str
    legging_limit: str
    legging_timeout_s: int = 5
    legging_rule: LeggingRule = LeggingRule.COMPLETE
    legging_slippage: str = "0"
    quoting_leg: str | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at_ns: int | None = None


class AlgoParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What an algorithm works by; each reads what its page in the documentation names, the rest is ignored.

    ``volume_curve``: relative volumes of equal parts of the duration; empty: flat. ``urgency_milli``: a thousandth of
    kappa times duration of Almgren and Chriss; 0 is a straight line.
    """

    duration_s: int = 600
    slice_s: int = 10
    participation_basis_points: int = 1000
    volume_curve: tuple[int, ...] = ()
    urgency_milli: int = 2000
    display_quantity: str | None = None
    peg_reference: PegReference = PegReference.PRIMARY
    peg_offset: str | None = None
    trigger_price: str | None = None
    """Of a sniper: what the other side must offer, or better."""
    bracket: BracketParameters | None = None
    multileg: MultilegParameters | None = None


class AlgoLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Own limits of one parent order, beside those of the risk gate. None: the limit is off."""

    limit_price: str | None = None
    """No child pays more, or takes less."""
    max_participation_basis_points: int | None = None
    """Of all that traded since the start, own fills included."""
    max_child_quantity: str | None = None


class StageParent(Command, frozen=True, kw_only=True, tag="parent.stage"):
    """Write down what is to be traded and how; nothing is sent to a market.

    ``venue``: where its children go, a venue that takes orders; empty: into our own book.
    """

    account_id: int
    instrument_name: str
    side: Side
    quantity: str
    algo: AlgoName
    parameters: AlgoParameters = AlgoParameters()
    limits: AlgoLimits = AlgoLimits()
    venue: str = ""


class ApproveParent(Command, frozen=True, kw_only=True, tag="parent.approve"):
    """Another person's word, where the desk takes two for a parent order."""

    parent_order_id: int
    reason: str


class StartParent(Command, frozen=True, kw_only=True, tag="parent.start"):
    """Let the algorithm work."""

    parent_order_id: int


class PauseParent(Command, frozen=True, kw_only=True, tag="parent.pause"):
    """Cancel the children that work and send none until it is resumed. A schedule goes on by the clock."""

    parent_order_id: int


class ResumeParent(Command, frozen=True, kw_only=True, tag="parent.resume"):
    parent_order_id: int


class ChangeParent(Command, frozen=True, kw_only=True, tag="parent.change"):
    """Other parameters, other limits, or both, while it works; what is left out stays.

    ``quantity``: of a multi-leg order alone, and no less than it has traded.
    """

    parent_order_id: int
    parameters: AlgoParameters | None = None
    limits: AlgoLimits | None = None
    quantity: str | None = None


class CancelParent(Command, frozen=True, kw_only=True, tag="parent.cancel"):
    """End it: the children that work are canceled, what was traded stays traded."""

    parent_order_id: int


class ProposeParentPolicy(Command, frozen=True, kw_only=True, tag="parent.propose_policy"):
    """Whether parent orders of a desk take a second person: in force once another person of the house approves it."""

    desk_id: int
    takes_two: bool
    reason: str


class DecideParentPolicy(Command, frozen=True, kw_only=True, tag="parent.decide_policy"):
    """The second person's word on a proposed policy. Not approved by who proposed it, it is withdrawn."""

    proposal_id: int
    is_approved: bool
    reason: str


class ListVolumeCurves(Command, frozen=True, kw_only=True, tag="parent.volume_curves"):
    """Which measured curves there are for a parent order that starts now; changes nothing."""

    instrument_name: str
    duration_s: int


class PreviewBasket(Command, frozen=True, kw_only=True, tag="basket.preview"):
    """What the file would send, row by row, with notional and margin; changes nothing. ``account_id``: of rows that
    name no account.
    """

    csv: str
    account_id: int


class PlaceBasket(Command, frozen=True, kw_only=True, tag="basket.place"):
    """Place these rows of the file, all of them or none. ``rows``: their numbers, the heading is 1; None: every row.

    A row's ``client_order_id`` is the command id of its order: what was placed under it before is not placed again.
    """

    csv: str
    account_id: int
    rows: tuple[int, ...] | None = None
    name: str = ""
    """Of the file."""


class EnterFill(Command, frozen=True, kw_only=True, tag="fill.enter"):
    """A fill that was made elsewhere, by voice or at a broker; another person approves it before it is booked.

    ``source``: where it was made. ``fee``: charged there, in the settlement currency; below zero it was paid to us.
    ``traded_at_ns``: when, UTC; None: now.
    """

    account_id: int
    instrument_name: str
    side: Side
    quantity: str
    price: str
    source: str
    reason: str
    fee: str = "0"
    traded_at_ns: int | None = None


class CorrectFill(Command, frozen=True, kw_only=True, tag="fill.correct"):
    """Another quantity, another price, or both; neither takes the fill back. Two people, and new facts."""

    desk_trade_id: int
    reason: str
    quantity: str | None = None
    price: str | None = None


class DecideDeskTrade(Command, frozen=True, kw_only=True, tag="fill.decide"):
    """The second person's word. Approved, it goes to the gateway, which may still refuse it."""

    desk_trade_id: int
    is_approved: bool
    reason: str


class PairsAction(enum.StrEnum):
    DISABLE = "disable"
    ENABLE = "enable"
    UNWIND = "unwind"
    ENTERING_ON = "entering_on"
    ENTERING_OFF = "entering_off"
    GAVE_UP = "gave_up"


class SteerPairs(Command, frozen=True, kw_only=True, tag="pairs.steer"):
    """``first``, ``second``: of the pair; left out where the action is about all: entering_on, entering_off."""

    venue: str
    action: PairsAction
    first: str = ""
    second: str = ""
    reason: str = ""


class Hello(ServerMessage, frozen=True, kw_only=True, tag="hello"):
    """First message. ``sequence``: newest fact of the firm. ``window_frames_max``: unacknowledged frames allowed."""

    server_time_ns: int
    user_id: int
    firm_id: int
    role: str
    sequence: int
    window_frames_max: int


class Pong(ServerMessage, frozen=True, kw_only=True, tag="pong"):
    client_time_ns: int
    server_time_ns: int


class CommandAccepted(ServerMessage, frozen=True, kw_only=True, tag="command_accepted"):
    """Durable: the order, RFQ or quote with ``entity_id`` exists. ``result``: what a read-only command computed."""

    command_id: str
    entity: str = ""
    entity_id: int = 0
    result: msgspec.Raw | None = None


class CommandRefused(ServerMessage, frozen=True, kw_only=True, tag="command_refused"):
    """Nothing happened. ``reason`` is a name, ``message`` a sentence, ``value`` and ``bound`` what was compared."""

    reason: str
    message: str
    command_id: str = ""
    value: str | None = None
    bound: str | None = None


class Snapshot(ServerMessage, frozen=True, kw_only=True, tag="snapshot"):
    """Everything that the facts up to ``sequence`` amount to, for this firm."""

    frame: int
    sequence: int
    state: msgspec.Raw


class FactMessage(ServerMessage, frozen=True, kw_only=True, tag="fact"):
    """One fact of the firm's gapless stream; ``fact`` is one of ``wire.facts.AnyFact``."""

    frame: int
    sequence: int
    at_ns: int
    fact: msgspec.Raw


class MarketFrames(ServerMessage, frozen=True, kw_only=True, tag="market"):
    """Latest values, conflated; ``frames`` holds ``wire.market`` frames (and risk frames) as they were made."""

    frame: int
    frames: list[msgspec.Raw]


class OrderState(enum.StrEnum):
    """Order states in FIX words, and *unknown*: sent, and nobody has said yet what became of it."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    PENDING_CANCEL = "pending_cancel"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: int
    command_id: str
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    is_post_only: bool
    price: str | None
    quantity: str
    filled_quantity: str
    leaves_quantity: str
    average_price: str | None
    state: OrderState
    reason: str
    reason_value: str
    reason_bound: str
    created_at_ns: int
    updated_at_ns: int
    is_reduce_only: bool = False
    expires_at_ns: int = 0
    display_quantity: str | None = None
    minimum_quantity: str | None = None
    stop_price: str | None = None
    trigger: StopTrigger | None = None
    """Of stops: what reaches the stop price."""
    is_triggered: bool = False
    peg_reference: PegReference | None = None
    peg_offset: str | None = None
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST
    origin: str = "terminal"
    """terminal; fix: entered by a FIX session; algo: by the algorithm of a parent order."""
    client_order_id: str = ""
    """ClOrdID, where a FIX session entered it."""
    parent_order_id: int | None = None
    """The parent order whose algorithm entered it."""


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order.changed", tag_field="type"):
    order: OrderView


class FillView(msgspec.Struct, frozen=True, kw_only=True):
    execution_id: int
    account_id: int
    instrument_name: str
    side: Side
    price: str
    quantity: str
    liquidity: str
    fee: str
    fee_asset: str
    at_ns: int
    order_id: int | None = None
    rfq_id: int | None = None
    route_id: int | None = None
    venue: str = ""
    """Where it happened, if not in our own book."""
    desk_trade_id: int | None = None
    """The trade that people booked, where they did."""


class OrderFilled(msgspec.Struct, frozen=True, kw_only=True, tag="order.filled", tag_field="type"):
    order: OrderView
    fill: FillView


class RouteFeeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue charged; below zero it paid."""

    asset: str
    amount: str


class RouteView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue`` parley: a part in our own book, whose order is ``order_id``. ``latency_ms``: from sending to the
    venue's first answer. ``reason``: by name; ``reason_text``: in the venue's words.
    """

    route_id: int
    command_id: str
    parent_order_id: int | None
    split_id: int | None
    order_id: int | None
    account_id: int
    user_id: int
    venue: str
    instrument_name: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    is_post_only: bool
    is_reduce_only: bool
    price: str | None
    quantity: str
    filled_quantity: str
    leaves_quantity: str
    average_price: str | None
    fees: list[RouteFeeView]
    state: OrderState
    is_cancel_requested: bool
    reason: str
    reason_value: str
    reason_bound: str
    reason_text: str
    client_order_id: str
    venue_order_id: str
    created_at_ns: int
    updated_at_ns: int
    sent_at_ns: int | None
    acknowledged_at_ns: int | None
    last_report_at_ns: int | None
    latency_ms: float | None


class RouteChanged(msgspec.Struct, frozen=True, kw_only=True, tag="route.changed", tag_field="type"):
    route: RouteView


class RouteFilled(msgspec.Struct, frozen=True, kw_only=True, tag="route.filled", tag_field="type"):
    """A venue's execution, or the bust of one: the route, and the fill as the ledger has it."""

    route: RouteView
    fill: FillView


class ParentState(enum.StrEnum):
    STAGED = "staged"
    APPROVED = "approved"
    WORKING = "working"
    PAUSED = "paused"
    DONE = "done"
    CANCELED = "canceled"


class SplitView(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is split over venues: its parts are the routes with this ``split_id``. ``rounds``: how often what
    was open has been routed.
    """

    split_id: int
    command_id: str
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    price: str
    quantity: str
    filled_quantity: str
    working_quantity: str
    average_price: str | None
    state: ParentState
    reason: str
    rounds: int
    created_at_ns: int
    updated_at_ns: int


class SplitChanged(msgspec.Struct, frozen=True, kw_only=True, tag="route.split_changed", tag_field="type"):
    split: SplitView


class VenueRfqLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: when the structure is bought."""

    instrument_name: str
    side: Side
    ratio: int


class VenueRfqState(enum.StrEnum):
    PENDING = "pending"
    UNKNOWN = "unknown"
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class VenueQuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """``makers``: as far as the venue names them."""

    price: str
    quantity: str
    makers: list[str]
    is_all_or_none: bool
    updated_at_ns: int
    expires_at_ns: int


class AcceptanceState(enum.StrEnum):
    """What became of the legs of an acceptance together."""

    ACCEPTING = "accepting"
    FILLED = "filled"
    REFUSED = "refused"
    UNEVEN = "uneven"


class VenueAcceptedLegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side`` and ``quantity``: of its route, in contracts."""

    route_id: int
    instrument_name: str
    side: Side
    quantity: str
    state: OrderState
    average_price: str | None


class VenueAcceptanceView(msgspec.Struct, frozen=True, kw_only=True):
    """``price``: the worst net price that it takes; ``quoted_price``: the best quote when it was sent. ``reason``: why
    it did not trade, of the leg ``reason_leg`` that was refused, with the value and the bound that were compared;
    ``reason_text``: in the venue's words; ``is_sent``: it left for the venue, so that not our risk gate refused it.
    """

    number: int
    user_id: int
    side: Side
    price: str
    quoted_price: str
    state: AcceptanceState
    traded_price: str | None
    is_sent: bool
    reason: str
    reason_leg: str
    reason_text: str
    reason_value: str
    reason_bound: str
    created_at_ns: int
    ended_at_ns: int | None
    legs: list[VenueAcceptedLegView]


class VenueRfqView(msgspec.Struct, frozen=True, kw_only=True):
    """``venue_reference``: the venue's number of it. ``route_ids``: the legs of the latest acceptance, of which
    ``accepted_side`` and ``accepted_price`` (the worst that is taken) tell; ``is_accepting``: it is on its way.
    ``bids`` and ``asks``: the makers', best first. ``acceptances``: the newest ones, oldest first.
    """

    venue_rfq_id: int
    command_id: str
    account_id: int
    user_id: int
    venue: str
    venue_reference: str
    legs: list[VenueRfqLeg]
    quantity: str
    state: VenueRfqState
    bids: list[VenueQuoteView]
    asks: list[VenueQuoteView]
    is_accepting: bool
    accepted_side: Side | None
    accepted_price: str | None
    traded_price: str | None
    route_ids: list[int]
    acceptances: list[VenueAcceptanceView]
    reason: str
    created_at_ns: int
    updated_at_ns: int
    expires_at_ns: int | None


class VenueRfqChanged(msgspec.Struct, frozen=True, kw_only=True, tag="venue_rfq.changed", tag_field="type"):
    venue_rfq: VenueRfqView


class BlockFilled(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.leg_filled", tag_field="type"):
    fill: FillView


class RfqState(enum.StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PENDING_FILL = "pending_fill"
    FILLED = "filled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELED = "canceled"


class RfqLegView(msgspec.Struct, frozen=True, kw_only=True):
    """price: of the hedge leg, fixed by the taker; None where makers price the leg."""

    instrument_name: str
    side: Side
    ratio: int
    is_hedge: bool = False
    price: str | None = None


class QuoteState(enum.StrEnum):
    ACTIVE = "active"
    PENDING_LAST_LOOK = "pending_last_look"
    PENDING_FILL = "pending_fill"
    FILLED = "filled"
    REJECTED = "rejected"
    LAST_LOOK_REJECTED = "last_look_rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"
    TRADED_AWAY = "traded_away"


class LegVolatilityView(msgspec.Struct, frozen=True, kw_only=True):
    """A volatility that a maker quoted, and what made a price of it: forward in USD, years to expiry by ACT/365."""

    volatility: str
    forward: str
    years: str


class QuoteOutcome(enum.StrEnum):
    """What became of a maker's quote in a trade, in the words of FIX (QuoteRespType 694 and its 5.0 additions)."""

    HIT = "hit"
    LIFT = "lift"
    TIED = "tied"
    COVER = "cover"
    TIED_COVER = "tied_cover"
    DONE_AWAY = "done_away"


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """bid and ask are net prices of one unit of the structure, in the RFQ's quote currency.

    maker_firm_id: None where makers are anonymous to the taker; maker_name is an alias then. A leg that was quoted in
    volatility has an entry in ``bid_volatilities`` or ``ask_volatilities``, the others None.
    """

    quote_id: int
    rfq_id: int
    version: int
    state: QuoteState
    maker_firm_id: int | None
    maker_name: str
    bid: str | None
    ask: str | None
    bid_leg_prices: list[str] | None
    ask_leg_prices: list[str] | None
    created_at_ns: int
    updated_at_ns: int
    expires_at_ns: int
    reason: str = ""
    bid_volatilities: list[LegVolatilityView | None] | None = None
    ask_volatilities: list[LegVolatilityView | None] | None = None
    quantity: str = ""
    """Units of the structure, at most the RFQ's."""
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    filled_quantity: str | None = None
    """What the accept takes of it, once there is one."""
    last_look_until_ns: int | None = None
    """While the maker may take its price back."""
    outcome: QuoteOutcome | None = None


class AllocationView(msgspec.Struct, frozen=True, kw_only=True):
    """The share of one of the taker's accounts, in units of the structure."""

    account_id: int
    quantity: str


class AllocationReason(enum.StrEnum):
    """What gave a quote its fill: its price; at one price that it covers the whole size; or that it was first."""

    PRICE = "price"
    ALL_OR_NONE = "all_or_none"
    TIME = "time"


class RfqTradeView(msgspec.Struct, frozen=True, kw_only=True):
    """Of one maker and one account of the taker. side: the taker's; account_id: the reader's own."""

    trade_id: int
    quote_id: int
    version: int
    account_id: int
    side: Side
    price: str
    quantity: str
    state: str
    allocation_reason: AllocationReason | None
    """The taker's to know."""


class TriggerState(enum.StrEnum):
    UNTRIGGERED = "untriggered"
    TRIGGERED = "triggered"
    CANCELED = "canceled"


class TriggerView(msgspec.Struct, frozen=True, kw_only=True):
    """A resting limit on one side, of which makers never hear."""

    side: Side
    limit_price: str
    state: TriggerState
    reason: str


class PoolLevelView(msgspec.Struct, frozen=True, kw_only=True):
    """All that makers quote at one net price."""

    price: str
    quantity: str


class PoolFillView(msgspec.Struct, frozen=True, kw_only=True):
    quote_id: int
    version: int
    price: str
    quantity: str


class PoolSideView(msgspec.Struct, frozen=True, kw_only=True):
    """What the taker can trade on a side. ``levels``: best first. ``fills``: how the full size would be shared out, at
    ``average_price`` and nothing of it beyond ``limit_price``; empty where the quotes do not fill it.
    """

    levels: list[PoolLevelView]
    limit_price: str | None
    average_price: str | None
    fills: list[PoolFillView]


class RfqView(msgspec.Struct, frozen=True, kw_only=True):
    """One party's view. ``role``: taker, maker or compliance. A maker finds only its own quote in ``quotes``; the
    taker finds none before ``tradable_at_ns``.

    taker_firm_id, taker_name: None and empty for the makers of an anonymous request. maker_firm_ids: the makers asked,
    empty for a taker to whom they are anonymous, and for a maker itself alone. maker_count, audience and allocations
    are the taker's.
    """

    rfq_id: int
    role: str
    state: RfqState
    label: str
    structure: str
    legs: list[RfqLegView]
    quantity: str
    side: Side | None
    quote_currency: str
    taker_firm_id: int | None
    taker_name: str
    account_id: int | None
    maker_firm_ids: list[int]
    created_at_ns: int
    tradable_at_ns: int
    expires_at_ns: int
    updated_at_ns: int
    quotes: list[QuoteView]
    reason: str = ""
    accepted_quote_id: int | None = None
    accepted_side: Side | None = None
    traded_price: str | None = None
    """Over all parts, where there are several; a maker's over its own."""
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    audience: Audience | None = None
    maker_count: int | None = None
    allocations: list[AllocationView] = msgspec.field(default_factory=list)
    trades: list[RfqTradeView] = msgspec.field(default_factory=list)
    triggers: list[TriggerView] = msgspec.field(default_factory=list)
    bids: PoolSideView | None = None
    asks: PoolSideView | None = None
    """The taker's: what it can sell to, and buy from."""


class RfqChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.changed", tag_field="type"):
    """created, quoted, tradable, pending, filled, rejected, expired, canceled: the new view says which."""

    rfq: RfqView


class DraftView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was saved and not sent, as its message said it; see ``wire.client.RfqTerms``."""

    rfq_id: int
    structure: str
    quote_currency: str
    updated_at_ns: int
    account_id: int
    legs: list[RfqLeg]
    quantity: str
    maker_firm_ids: list[int]
    audience: Audience
    maker_group_id: int | None
    is_taker_anonymous: bool
    are_makers_anonymous: bool
    hedge: RfqHedge | None
    allocations: list[AllocationView]
    side: Side | None
    life_seconds: int
    label: str
    state: RfqState = RfqState.DRAFT


class DraftChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.draft_changed", tag_field="type"):
    draft: DraftView


class DraftEnded(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.draft_ended", tag_field="type"):
    """Sent (the RFQ with this id follows) or deleted."""

    rfq_id: int


class MakerGroupView(msgspec.Struct, frozen=True, kw_only=True):
    """A named group of makers of one firm, which its traders ask together."""

    maker_group_id: int
    name: str
    maker_firm_ids: list[int]


class MakerGroupChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.maker_group_changed", tag_field="type"):
    maker_group: MakerGroupView


class MakerGroupDeleted(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.maker_group_deleted", tag_field="type"):
    maker_group_id: int


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """quantity: signed contracts. realized: in the settlement currency."""

    account_id: int
    instrument_name: str
    quantity: str
    average_price: str
    realized: str
    settlement_currency: str


class PositionChanged(msgspec.Struct, frozen=True, kw_only=True, tag="position.changed", tag_field="type"):
    position: PositionView


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """posted: settled; pending: net of obligations that the next cycle settles."""

    account_id: int
    asset: str
    posted: str
    pending: str


class BalanceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="balance.changed", tag_field="type"):
    balance: BalanceView


class MarginChanged(msgspec.Struct, frozen=True, kw_only=True, tag="margin.changed", tag_field="type"):
    """After a trade or a settlement; the live figures between two facts travel as conflated risk frames."""

    account_id: int
    equity: str
    initial_margin: str
    maintenance_margin: str


class CancelAllDone(msgspec.Struct, frozen=True, kw_only=True, tag="order.cancel_all_done", tag_field="type"):
    scope: str
    scope_id: int
    orders_canceled: int


class KillSwitchChanged(msgspec.Struct, frozen=True, kw_only=True, tag="control.kill_switch_changed", tag_field="type"):
    """orders_canceled: 0 where the scope reaches beyond the firm, because the count would be of others' orders too."""

    scope: str
    scope_id: int
    is_engaged: bool
    orders_canceled: int


class PassView(msgspec.Struct, frozen=True, kw_only=True):
    """A maker that does not quote. The taker reads no reason, and an alias where makers are anonymous to it."""

    rfq_id: int
    maker_firm_id: int | None
    maker_name: str
    reason: str
    at_ns: int


class RfqPassed(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.passed", tag_field="type"):
    """A maker does not quote. The taker is told once the grace is over."""

    rfq_pass: PassView


class QuoterView(msgspec.Struct, frozen=True, kw_only=True):
    """``version`` 0: nothing was set yet. ``version_in_force``: what the firm's running quoter says it quotes by."""

    firm_id: int
    version: int
    parameters: QuotingParameters
    changed_at_ns: int
    changed_by: str
    version_in_force: int
    in_force_at_ns: int


class QuoterChanged(msgspec.Struct, frozen=True, kw_only=True, tag="maker.quoter_changed", tag_field="type"):
    """Parameters of the firm's auto-quoter, or which version of them is in force."""

    quoter: QuoterView


class CounterpartyStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a maker saw of one taker. hits: quotes that it traded. markout_sum: over ``markouts`` hits, the move of the
    model's value against the maker one minute later, in half-spreads of the quote (5 at most, either way).
    """

    taker_firm_id: int
    taker_name: str
    quotes: int = 0
    hits: int = 0
    markouts: int = 0
    markout_sum: float = 0.0


class CounterpartyChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag="maker.counterparty_changed", tag_field="type"
):
    """What the firm's auto-quoter saw of one taker."""

    counterparty: CounterpartyStatistics


class ProtectedFillView(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted quote in the window, from the maker's side. ``is_pending``: the gateway has not answered yet."""

    rfq_id: int
    at_ns: int
    quantity: str
    delta: str
    vega: str
    is_pending: bool


class ProtectionView(msgspec.Struct, frozen=True, kw_only=True):
    """Limits as in ``wire.client_protection.SetProtection``. ``fills``: those in the window at its last change.

    frozen_at_ns: None while quoting is allowed; frozen_until_ns: None for a freeze that only a reset ends.
    ``hit``: the limit that was reached.
    """

    coin: str
    interval_ms: int
    frozen_ms: int
    quantity_max: str | None
    delta_max: str | None
    vega_max: str | None
    trade_count_max: int
    frozen_at_ns: int | None
    frozen_until_ns: int | None
    hit: str
    fills: list[ProtectedFillView]


class ProtectionChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.protection_changed", tag_field="type"):
    """Set, counted a fill, hit, thawed or reset: the view says which."""

    protection: ProtectionView


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """What protects the quotes of one session. ``expired_at_ns``: its dead-man timer ran out; a heartbeat ends it."""

    session: str
    user_id: int
    dead_man_seconds: int
    cancels_orders: bool
    is_cancel_on_disconnect: bool
    reconnect_grace_ms: int
    expired_at_ns: int | None
    disconnected_at_ns: int | None


class SessionChanged(msgspec.Struct, frozen=True, kw_only=True, tag="session.changed", tag_field="type"):
    session: SessionView


class DeskBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on the RFQ desk, as in ``wire.client_protection.ProposeDeskLimits``."""

    create_per_minute_max: int
    execute_per_minute_max: int
    open_rfqs_max: int
    live_quotes_max: int
    band_ticks: int
    band_percent: str
    is_band_confirmable: bool


class DeskLimitsView(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a firm that are in force. ``proposed``: those that wait for a second person of the house."""

    create_per_minute_max: int
    execute_per_minute_max: int
    open_rfqs_max: int
    live_quotes_max: int
    band_ticks: int
    band_percent: str
    is_band_confirmable: bool
    firm_id: int
    proposed: DeskBounds | None = None


class DeskLimitsChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.desk_limits_changed", tag_field="type"):
    desk_limits: DeskLimitsView


class LastLookAgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: proposed, in_force or ended.

    is_of_house: one person of the house proposed it for both firms, a second one agrees in their stead.
    is_end_asked: one person of the house asked for its end; it is in force until a second one agrees.
    """

    agreement_id: int
    maker_firm_id: int
    maker_name: str
    taker_firm_id: int
    taker_name: str
    window_ms: int
    tolerance_basis_points: str
    state: str
    has_maker_agreed: bool
    has_taker_agreed: bool
    is_of_house: bool
    is_end_asked: bool


class LastLookChanged(msgspec.Struct, frozen=True, kw_only=True, tag="rfq.last_look_changed", tag_field="type"):
    """Offered, agreed, its end asked for by the house, or ended: the view says which. For maker and taker."""

    last_look: LastLookAgreementView


class BracketStage(enum.StrEnum):
    """``entering``: nothing is open yet; ``protected``: the exits stand; ``stopped``: the stop was reached and acts."""

    ENTERING = "entering"
    PROTECTED = "protected"
    STOPPED = "stopped"


class BracketView(msgspec.Struct, frozen=True, kw_only=True):
    """``open_quantity``: entered and not closed. ``problem``: why an exit that should stand does not, or empty."""

    stage: BracketStage
    opened_quantity: str
    closed_quantity: str
    released_quantity: str
    open_quantity: str
    exit_working_quantity: str
    average_exit_price: str | None
    problem: str


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: as it is traded. ``quantity``: what the order is for; ``filled_quantity`` less ``unwound_quantity``
    stands.
    """

    instrument_name: str
    side: Side
    ratio: int
    quantity: str
    filled_quantity: str
    unwound_quantity: str
    working_quantity: str
    average_price: str | None


class MultilegView(msgspec.Struct, frozen=True, kw_only=True):
    """Of a structure at one net price. ``step``: the smallest quantity of it. ``net_price``: so far, of one unit as it
    is written, what the legs traded on average; None until each has. ``unmatched_quantity``: begun and not whole, since
    ``unmatched_since_ns`` (0: none). ``problem``: why it is not made whole, or empty.
    """

    name: str
    quote_currency: str
    step: str
    net_price: str | None
    unmatched_quantity: str
    unmatched_since_ns: int
    is_late: bool
    problem: str
    legs: list[LegView]


class ParentView(msgspec.Struct, frozen=True, kw_only=True):
    """``requested``: a state that was asked for and that the gateway has not confirmed yet; empty: none.

    ``plan``: [nanoseconds since the start, quantity that should be traded by then]. ``market_price``: volume-weighted,
    of what others traded since the start. ``cost_*_basis_points``: what the fills cost against that price, positive
    where they were worse; None where one of the two is not known. ``venue``: where its children go; empty: into our
    own book.
    """

    parent_order_id: int
    account_id: int
    user_id: int
    instrument_name: str
    side: Side
    quantity: str
    algo: AlgoName
    venue: str
    parameters: AlgoParameters
    limits: AlgoLimits
    state: ParentState
    requested: str
    reason: str
    needs_approval: bool
    approved_by_user_id: int | None
    filled_quantity: str
    working_quantity: str
    scheduled_quantity: str
    average_price: str | None
    arrival_mid: str | None
    arrival_mark: str | None
    mid: str | None
    market_price: str | None
    market_quantity: str
    children: int
    rejected: int
    cost_arrival_basis_points: str | None
    cost_market_basis_points: str | None
    cost_mid_basis_points: str | None
    created_at_ns: int
    started_at_ns: int
    ended_at_ns: int
    updated_at_ns: int
    plan: list[tuple[int, str]]
    bracket: BracketView | None = None
    """Of a bracket, once the gateway has told of it."""
    multileg: MultilegView | None = None
    """Of a multi-leg order, whose quantities are units of the structure and whose prices are net."""


class ParentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="parent.changed", tag_field="type"):
    parent: ParentView


class ParentPolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk demands of its parent orders. ``proposed``: what waits for a second person; None: nothing does."""

    desk_id: int
    takes_two: bool
    proposed: bool | None = None


class ParentPolicyChanged(msgspec.Struct, frozen=True, kw_only=True, tag="parent.policy_changed", tag_field="type"):
    parent_policy: ParentPolicyView


class BasketView(msgspec.Struct, frozen=True, kw_only=True):
    basket_id: int
    user_id: int
    name: str
    row_count: int
    created_at_ns: int


class BasketPlaced(msgspec.Struct, frozen=True, kw_only=True, tag="basket.placed", tag_field="type"):
    """What becomes of its orders is told order by order."""

    basket: BasketView


class DeskTradeKind(enum.StrEnum):
    MANUAL_FILL = "manual_fill"
    BUST = "bust"
    CORRECTION = "correction"
    ALLOCATION = "allocation"
    UNDO = "undo_allocation"


class DeskTradeState(enum.StrEnum):
    """``sent``: the gateway is asked to hold the risk; ``reserved``: it does, and is asked to book; ``failed``: it, or
    one of its controls, said no.
    """

    REQUESTED = "requested"
    REFUSED = "refused"
    SENT = "sent"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"


class DeskLegView(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: the account's. ``other_account_id``: None where the other side is elsewhere. ``reverses``: the
    execution that the leg takes back.
    """

    account_id: int
    other_account_id: int | None
    instrument_name: str
    side: Side
    quantity: str
    price: str
    execution_id: int | None
    reverses: int | None


class DeskTradeView(msgspec.Struct, frozen=True, kw_only=True):
    desk_trade_id: int
    kind: DeskTradeKind
    state: DeskTradeState
    source: str
    fee: str
    fee_asset: str
    reason: str
    requested_by_user_id: int
    requested_at_ns: int
    decided_by_user_id: int | None
    decide_reason: str
    original_id: int | None
    """What is corrected, taken back or undone."""
    is_standing: bool
    """Booked, and neither corrected nor taken back."""
    order_id: int | None
    parent_order_id: int | None
    gateway_reason: str
    traded_at_ns: int
    done_at_ns: int
    legs: list[DeskLegView]


class DeskTradeChanged(msgspec.Struct, frozen=True, kw_only=True, tag="desk_trade.changed", tag_field="type"):
    desk_trade: DeskTradeView


class DeskTradeFilled(msgspec.Struct, frozen=True, kw_only=True, tag="desk_trade.leg_filled", tag_field="type"):
    """One account's side of one of its legs was booked."""

    fill: FillView


class PairState(enum.StrEnum):
    FLAT = "flat"
    ENTERING = "entering"
    LONG = "long_spread"
    SHORT = "short_spread"
    EXITING = "exiting"
    LEGGED = "legged"
    DISABLED = "disabled"


class PairView(msgspec.Struct, frozen=True, kw_only=True):
    """``cash``: of all its fills, which is its profit where nothing is held. ``reason``: of its last decision."""

    pair_id: int
    venue: str
    number: int
    first: str
    second: str
    first_lots: int
    second_lots: int
    hedge: float
    entry: float
    exit: float
    stop: float
    is_retired: bool
    state: PairState
    held_first: int
    held_second: int
    cash: str
    zscore: float | None
    reason: str
    decided_at_ns: int
    updated_at_ns: int


class PairChanged(msgspec.Struct, frozen=True, kw_only=True, tag="pairs.pair_changed", tag_field="type"):
    """A pair ended a step: it holds something, is flat, or was steered."""

    pair: PairView


class PairFillView(msgspec.Struct, frozen=True, kw_only=True):
    match_number: int
    lots: int
    price: str
    liquidity: str
    at_ns: int
    is_bust: bool = False


class PairOrderView(msgspec.Struct, frozen=True, kw_only=True):
    order_id: int
    pair_id: int
    account_id: int
    symbol: str
    side: Side
    lots: int
    price: str
    zscore: float | None
    feed_sequence: int
    before: PairState
    after: PairState
    is_adopted: bool
    venue_order_id: str
    filled_lots: int
    leaves_lots: int
    state: OrderState
    reason: str
    decided_at_ns: int
    updated_at_ns: int
    fills: list[PairFillView]


class PairOrderEndedFact(msgspec.Struct, frozen=True, kw_only=True, tag="pairs.order_ended", tag_field="type"):
    """An order of the firm's pairs works no more, with what was filled of it."""

    pair_order: PairOrderView


class PairsDeskView(msgspec.Struct, frozen=True, kw_only=True):
    """``report_number``: of the gateway's log, the last that this holds."""

    venue: str
    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    strategy_id: int
    session: str
    is_session_open: bool
    session_reason: str
    is_entering: bool
    report_number: int
    updated_at_ns: int


class PairsDeskChanged(msgspec.Struct, frozen=True, kw_only=True, tag="pairs.desk_changed", tag_field="type"):
    """Session, or whether pairs enter."""

    pairs_desk: PairsDeskView


class PairsCommandView(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: asked, taken (in the gateway's log), done, refused."""

    command_id: str
    venue: str
    action: PairsAction
    first: str
    second: str
    user_id: int
    state: str
    reason: str


class PairsCommandAnswered(msgspec.Struct, frozen=True, kw_only=True, tag="pairs.command_answered", tag_field="type"):
    """What became of a person's command."""

    command: PairsCommandView


class Ticker(msgspec.Struct, frozen=True, kw_only=True, tag="ticker", tag_field="type"):
    """Prices as decimal strings at the instrument's precision; None where nobody quotes.

    mark_price in the instrument's quote currency; mark_volatility, delta, gamma, vega, theta for options only, in the
    units of ``parley_core`` (delta per coin, vega per 1.00 of volatility in USD, theta per day in USD).
    forward_price: USD forward of the expiry (index for spot and perpetual).
    """

    instrument_name: str
    instrument_id: int
    bid_price: str | None = None
    ask_price: str | None = None
    bid_quantity: str | None = None
    ask_quantity: str | None = None
    last_price: str | None = None
    mark_price: float | None = None
    mark_volatility: float | None = None
    bid_volatility: float | None = None
    ask_volatility: float | None = None
    index_price: float | None = None
    forward_price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    open_interest: float | None = None
    at_ns: int
    market_time_ns: int


class Book(msgspec.Struct, frozen=True, kw_only=True, tag="book", tag_field="type"):
    """Best levels first; each level is (price, quantity) as decimal strings."""

    instrument_name: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    at_ns: int
    market_time_ns: int


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    execution_id: int
    at_ns: int
    side: Side
    price: str
    quantity: str


class Trades(msgspec.Struct, frozen=True, kw_only=True, tag="trades", tag_field="type"):
    """The latest public trades of an instrument, newest first, at most 50."""

    instrument_name: str
    trades: list[PublicTrade]
    at_ns: int
    market_time_ns: int


class MarketTrade(msgspec.Struct, frozen=True, kw_only=True):
    """``venue`` empty: the market that plays here. ``side``: the aggressor's; None where the venue does not say."""

    venue: str
    trade_id: str
    at_ns: int
    side: Side | None
    price: str
    quantity: str


class MarketTrades(msgspec.Struct, frozen=True, kw_only=True, tag="market_trades", tag_field="type"):
    """The latest trades of an instrument elsewhere: at venues, and in the market that plays; newest first, at most 50.
    Quantities in Parley's contracts.
    """

    instrument_name: str
    trades: list[MarketTrade]
    at_ns: int
    market_time_ns: int


class Index(msgspec.Struct, frozen=True, kw_only=True, tag="index", tag_field="type"):
    coin: str
    price: float
    at_ns: int
    market_time_ns: int


class SurfaceSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Raw SVI: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), k = ln(K / F), w = variance x years."""

    underlying_name: str
    expiry_at_ns: int
    forward_price: float
    years: float
    a: float
    b: float
    rho: float
    m: float
    sigma: float
    fitted_at_ns: int
    market_time_ns: int
    is_stale: bool
    share_inside: float
    """Share of the quotes used whose fitted price lies inside bid and ask."""
    stale_reason: str = ""


class Surface(msgspec.Struct, frozen=True, kw_only=True, tag="surface", tag_field="type"):
    coin: str
    model_version: str
    slices: list[SurfaceSlice]
    at_ns: int
    market_time_ns: int


class VenueStatus(msgspec.Struct, frozen=True, kw_only=True, tag="venue_status", tag_field="type"):
    """``source``: recording or simulated; ``state``: playing, finished, waiting.

    ``snapshot``: id of the recorded snapshot that the frames published so far show; the counts are rows of the
    recorded chain files since this gateway started.
    """

    source: str
    state: str
    detail: str = ""
    snapshot: str = ""
    updates_played: int = 0
    rows_recorded: int = 0
    rows_ingested: int = 0
    rows_refused: int = 0
    null_bids: int = 0
    null_asks: int = 0
    at_ns: int
    market_time_ns: int


class TapeLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: when the structure is bought. A hedge leg is not part of the price."""

    instrument_name: str
    side: Side
    ratio: int
    is_hedge: bool = False


class TapePrint(msgspec.Struct, frozen=True, kw_only=True):
    """One completed block trade, without names. kind: trade, or bust or amendment of the line ``refers_to``.

    side: the taker's. price: net of one unit, without a hedge leg, in ``quote_currency``. mark: of the same, as it
    stood at the accept; None where there was none.
    """

    sequence: int
    at_ns: int
    kind: str
    structure: str
    legs: list[TapeLeg]
    side: Side
    quantity: str
    price: str
    quote_currency: str
    mark: str | None = None
    price_against_mark: str | None = None
    refers_to: int | None = None


class BlockTape(msgspec.Struct, frozen=True, kw_only=True, tag="block_tape", tag_field="type"):
    """The latest lines of the public tape, newest first; older ones are read over REST. Key: ``tape.blocks``."""

    prints: list[TapePrint]
    at_ns: int
    market_time_ns: int


class VenueLevels(msgspec.Struct, frozen=True, kw_only=True):
    """The book of one venue. ``state``: live, syncing (no snapshot yet), gap (waits for one). ``heard_at_ns``: when the
    gateway last heard anything of the venue; ``updated_at_ns``: when this book last changed; its wall clock.
    ``taker_fee``: of the value of a trade, of an option of the coins behind it; empty where the venue does not say.
    """

    venue: str
    state: str
    heard_at_ns: int
    updated_at_ns: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    taker_fee: str = ""


class VenuePrice(msgspec.Struct, frozen=True, kw_only=True):
    """The best price of a side over all venues that are live, and what they show at it together."""

    price: str
    quantity: str
    venues: list[str]


class VenueDepth(msgspec.Struct, frozen=True, kw_only=True, tag="venue_depth", tag_field="type"):
    """An instrument at the venues that the gateway is connected to; ``at_ns``: when this was put together.

    Prices in quote currency, quantities in Parley's contracts, whatever the venue counts in.
    """

    instrument_name: str
    venues: list[VenueLevels]
    best_bid: VenuePrice | None = None
    best_ask: VenuePrice | None = None
    at_ns: int
    market_time_ns: int


class VenueLink(msgspec.Struct, frozen=True, kw_only=True, tag="venue_link", tag_field="type"):
    """How the connection to a venue stands.

    ``state``: connecting, syncing, live, down, failed. ``latency_ms``: median round trip of the latest probes.
    ``books_live`` of ``books`` are whole; ``gaps`` counts losses found. Fees in basis points of perpetuals.
    """

    venue: str
    title: str
    adapter: str
    state: str
    is_test_network: bool
    detail: str = ""
    heard_at_ns: int = 0
    connected_at_ns: int = 0
    connects: int = 0
    latency_ms: float | None = None
    books: int = 0
    books_live: int = 0
    gaps: int = 0
    frames: int = 0
    frames_refused: int = 0
    trades: int = 0
    maker_fee_basis_points: float | None = None
    taker_fee_basis_points: float | None = None
    takes_orders: bool = False
    is_ready: bool = False
    """Takes orders now: agreed with the venue since the connection began."""
    open_orders: int = 0
    """Ours and adopted ones."""
    takes_block_rfqs: bool = False
    """Its makers can be asked now."""
    breaks: int = 0
    """Instruments of which the venue holds another position than our executions explain."""
    at_ns: int
    market_time_ns: int


class RiskFrame(msgspec.Struct, frozen=True, kw_only=True, tag="risk", tag_field="type"):
    """Live risk of one account, conflated. Money in USD; delta, gamma per coin; vega per volatility point; theta a day.

    ``is_stale`` where a mark that went into it is older than ``wire.limits.STALE_AFTER_MS``.
    """

    account_id: int
    at_ns: int
    market_time_ns: int
    equity: float
    cash: float
    unrealized: float
    initial_margin: float
    maintenance_margin: float
    margin_used: float
    """Initial margin required over equity; above 1 nothing new may be opened."""
    worst_scenario: str
    greeks: dict[str, dict[str, float]]
    """coin -> {delta, gamma, vega, theta}"""
    positions: list[dict[str, float | str]]
    is_stale: bool
    model_version: str


class InstrumentKind(enum.StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"


class OptionType(enum.StrEnum):
    CALL = "call"
    PUT = "put"


class InstrumentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract says.

    tick_size: price step, in quote currency (coin for inverse options). lot_size: quantity step, in contracts.
    multiplier: what one contract stands for: US dollars for inverse futures and perpetuals, coins otherwise.
    strike: US dollars, options only. expiry_at_ns: UTC nanoseconds, 0 where nothing expires.
    """

    name: str
    kind: InstrumentKind
    is_inverse: bool
    base_currency: str
    quote_currency: str
    settlement_currency: str
    tick_size: str
    lot_size: str
    multiplier: str
    expiry_at_ns: int = 0
    strike: str | None = None
    option_type: OptionType | None = None


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument as REST shows it. ``state``: listed or delivered; ``delivery_price`` in US dollars."""

    instrument_id: int
    state: str
    terms: InstrumentTerms
    delivery_price: str | None = None


AnyAnswer = Hello | Pong | CommandAccepted | CommandRefused | Snapshot | FactMessage | MarketFrames


AnyFact = (
    OrderChanged
    | OrderFilled
    | RouteChanged
    | RouteFilled
    | SplitChanged
    | VenueRfqChanged
    | BlockFilled
    | RfqChanged
    | DraftChanged
    | DraftEnded
    | MakerGroupChanged
    | MakerGroupDeleted
    | PositionChanged
    | BalanceChanged
    | MarginChanged
    | CancelAllDone
    | KillSwitchChanged
    | RfqPassed
    | QuoterChanged
    | CounterpartyChanged
    | ProtectionChanged
    | SessionChanged
    | DeskLimitsChanged
    | LastLookChanged
    | ParentChanged
    | ParentPolicyChanged
    | BasketPlaced
    | DeskTradeChanged
    | DeskTradeFilled
    | PairChanged
    | PairOrderEndedFact
    | PairsDeskChanged
    | PairsCommandAnswered
)


AnyFrame = (
    Ticker
    | Book
    | Trades
    | MarketTrades
    | Index
    | Surface
    | VenueStatus
    | BlockTape
    | VenueDepth
    | VenueLink
    | RiskFrame
)
