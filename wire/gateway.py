"""Commands to the gateway and events from it: the two streams between PostgreSQL's truth and the journal's.

A command travels as a ``CommandEnvelope`` with a gapless ``command_sequence`` given once, at relay; the engine takes
each sequence number once, so sending twice is harmless. An event travels as an ``EventEnvelope`` with a gapless
``event_number``; its stream entry id is ``<journal_sequence>-<index>``. Prices are ticks, quantities lots,
times UTC nanoseconds, values micro-dollars (1e-6 USD).
"""

import msgspec

from wire import gateway_controls as controls
from wire.gateway_algos import AnySteering
from wire.gateway_controls import GatewayCommand as GatewayCommand  # noqa: PLC0414 - offered to importers
from wire.gateway_entered import AmendEntered, CancelEntered, GatewayEvent, OrderEntered
from wire.gateway_fix import FixCommand
from wire.gateway_orders import AmendOrder, SetInstrumentPhase, SetPriceBands
from wire.gateway_routes import AnyRouteCommand, AnyRouteEvent
from wire.instruments import InstrumentTerms
from wire.units import (
    ControlKind,
    ControlScope,
    InstrumentPhase,
    Liquidity,
    OrderType,
    PegReference,
    SelfMatch,
    Side,
    StopTrigger,
    TimeInForce,
    TradingState,
)


class SetLimits(GatewayCommand, tag="gateway.set_limits"):
    """Registers an account and puts its limits in force. Zero means none allowed; there is no 'unlimited'."""

    account_id: int
    firm_id: int
    desk_id: int
    max_order_quantity_lots: int
    max_order_value_micros: int
    max_position_lots: int
    max_position_value_micros: int
    price_collar_basis_points: int
    coin: str = ""
    """Coin whose instruments these limits cover; empty: all without limits of their own."""


class PlaceOrder(GatewayCommand, tag="gateway.place_order"):
    """price_ticks is None for a market order, which then carries the collar of the account as its bound."""

    valid_until_ns: int
    order_id: int
    account_id: int
    user_id: int
    desk_id: int
    firm_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity_lots: int
    price_ticks: int | None = None
    is_post_only: bool = False
    is_reduce_only: bool = False
    strategy_id: int = 0
    """The algorithm that decided; 0: a person."""
    parent_order_id: int = 0
    confirmed_soft_bound_micros: int = 0
    """The bound that a refusal ``soft_limit`` named, confirmed by a person; 0: none."""
    expires_at_ns: int = 0
    """Of GTD orders."""
    display_lots: int = 0
    """Of an iceberg: what is shown at a time; 0: all."""
    minimum_lots: int = 0
    """Of IOC: traded at once, or nothing is."""
    stop_ticks: int = 0
    trigger: StopTrigger = StopTrigger.LAST_TRADE
    peg_reference: PegReference = PegReference.MID
    peg_offset_ticks: int = 0
    self_match: SelfMatch = SelfMatch.CANCEL_NEWEST


class CancelOrder(GatewayCommand, tag="gateway.cancel_order"):
    order_id: int


class CancelAll(GatewayCommand, tag="gateway.cancel_all"):
    scope: ControlScope
    scope_id: int
    """Id of the firm, desk, user, account or instrument; 0 with scope ``all``."""


class SetTradingState(GatewayCommand, tag="gateway.set_trading_state"):
    scope: ControlScope
    scope_id: int
    state: TradingState


class SetKillSwitch(GatewayCommand, tag="gateway.set_kill_switch"):
    """Engaging cancels every order in scope and blocks new ones; it never releases itself."""

    scope: ControlScope
    scope_id: int
    is_engaged: bool


class BlockLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg between two accounts; ``side`` is the taker's."""

    instrument_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    taker_account_id: int
    maker_account_id: int


class ReserveBlock(GatewayCommand, tag="gateway.reserve_block"):
    """Check and reserve the risk of a privately agreed trade for every side: all legs or none."""

    valid_until_ns: int
    reservation_id: int
    legs: list[BlockLeg]


class ConfirmBlock(GatewayCommand, tag="gateway.confirm_block"):
    """Turn a reservation into executions; an unknown or voided reservation is refused with an event."""

    reservation_id: int


class VoidBlock(GatewayCommand, tag="gateway.void_block"):
    """Release a reservation, also one that has not arrived yet."""

    reservation_id: int


class SettleInstrument(GatewayCommand, tag="gateway.settle_instrument"):
    """Positions of a delivered instrument are settled in the ledger: the engine may forget them."""

    instrument_id: int


AnyGatewayCommand = (
    SetLimits
    | PlaceOrder
    | CancelOrder
    | AmendOrder
    | SetInstrumentPhase
    | SetPriceBands
    | CancelAll
    | SetTradingState
    | SetKillSwitch
    | ReserveBlock
    | ConfirmBlock
    | VoidBlock
    | SettleInstrument
    | controls.SetScopeLimits
    | controls.SetInstrumentPermission
    | controls.SetTraderAuthorization
    | controls.GrantOverride
    | controls.EnableScope
    | controls.SetParentOrder
    | controls.SetCollateral
    | FixCommand
    | AnySteering
    | AnyRouteCommand
)


class CommandEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    command_sequence: int
    command: AnyGatewayCommand


class InstrumentListed(GatewayEvent, tag="gateway.instrument_listed"):
    instrument_id: int
    terms: InstrumentTerms


class InstrumentDelivered(GatewayEvent, tag="gateway.instrument_delivered"):
    """The instrument expired: working orders were canceled before this event; ``delivery_price_micros`` is the
    30-minute average of the index in micro-dollars.
    """

    instrument_id: int
    delivery_price_micros: int
    market_time_ns: int


class LimitsInForce(GatewayEvent, tag="gateway.limits_in_force"):
    account_id: int
    coin: str


class OrderAccepted(GatewayEvent, tag="gateway.order_accepted"):
    order_id: int
    leaves_lots: int


class OrderRejected(GatewayEvent, tag="gateway.order_rejected"):
    """``reason`` is the name of the control (DOMAIN.md section 3) or of the fault; value and bound in its unit."""

    order_id: int
    reason: str
    value: int
    bound: int


class OrderExecuted(GatewayEvent, tag="gateway.order_executed"):
    """One fill of one client order. ``reference_price_micros``: the index when it happened."""

    order_id: int
    execution_id: int
    account_id: int
    instrument_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    cumulative_lots: int
    leaves_lots: int
    liquidity: Liquidity
    counterparty_account_id: int
    reference_price_micros: int


class OrderCanceled(GatewayEvent, tag="gateway.order_canceled"):
    """``reason``: requested, immediate_or_cancel, cancel_all, kill_switch, expired, self_match, post_only,
    disconnected.
    """

    order_id: int
    reason: str
    canceled_lots: int
    cumulative_lots: int


class CancelRejected(GatewayEvent, tag="gateway.cancel_rejected"):
    order_id: int
    reason: str


class CancelAllDone(GatewayEvent, tag="gateway.cancel_all_done"):
    scope: ControlScope
    scope_id: int
    orders_canceled: int


class TradingStateChanged(GatewayEvent, tag="gateway.trading_state_changed"):
    scope: ControlScope
    scope_id: int
    state: TradingState


class KillSwitchChanged(GatewayEvent, tag="gateway.kill_switch_changed"):
    scope: ControlScope
    scope_id: int
    is_engaged: bool
    orders_canceled: int


class BlockReserved(GatewayEvent, tag="gateway.block_reserved"):
    reservation_id: int


class BlockRefused(GatewayEvent, tag="gateway.block_refused"):
    reservation_id: int
    account_id: int
    leg_index: int
    reason: str
    value: int
    bound: int


class BlockConfirmed(GatewayEvent, tag="gateway.block_confirmed"):
    """``first_execution_id + leg_index`` is the execution id of a leg."""

    reservation_id: int
    first_execution_id: int


class BlockVoided(GatewayEvent, tag="gateway.block_voided"):
    reservation_id: int


class InstrumentSettled(GatewayEvent, tag="gateway.instrument_settled"):
    instrument_id: int


class CommandRefused(GatewayEvent, tag="gateway.command_refused"):
    """A command that is malformed, or names something the engine does not know."""

    command_id: str
    reason: str
    value: int
    bound: int


class ControlSet(GatewayEvent, tag="gateway.control_set"):
    """A control took effect, or (``scope_disabled``) acted. ``value``: the instrument, user, order or lots that it is
    about, by its kind; 0 where there is nothing to say.
    """

    control: ControlKind
    scope: ControlScope
    scope_id: int
    value: int


class OrderAmended(GatewayEvent, tag="gateway.order_amended"):
    """``quantity_lots``: the whole order, what was executed included; no price: a market order that waits."""

    order_id: int
    quantity_lots: int
    leaves_lots: int
    price_ticks: int | None


class AmendRejected(GatewayEvent, tag="gateway.amend_rejected"):
    order_id: int
    reason: str
    value: int
    bound: int


class OrderTriggered(GatewayEvent, tag="gateway.order_triggered"):
    """A stop order acts from now on, because the last trade or the mark reached its stop."""

    order_id: int
    price_ticks: int


class OrderRestated(GatewayEvent, tag="gateway.order_restated"):
    """The engine took lots off an order. ``reason``: reduce_only, self_match."""

    order_id: int
    reason: str
    quantity_lots: int
    leaves_lots: int


class InstrumentPhaseChanged(GatewayEvent, tag="gateway.instrument_phase_changed"):
    """``lots``: what the auction that ended traded, all at ``price_ticks``; 0: nothing."""

    instrument_id: int
    phase: InstrumentPhase
    price_ticks: int
    lots: int


class PriceBandsSet(GatewayEvent, tag="gateway.price_bands_set"):
    instrument_id: int
    reference_ticks: int
    static_basis_points: int
    dynamic_basis_points: int
    pauses: bool


AnyGatewayEvent = (
    InstrumentListed
    | InstrumentDelivered
    | LimitsInForce
    | OrderAccepted
    | OrderRejected
    | OrderExecuted
    | OrderCanceled
    | CancelRejected
    | CancelAllDone
    | TradingStateChanged
    | KillSwitchChanged
    | BlockReserved
    | BlockRefused
    | BlockConfirmed
    | BlockVoided
    | InstrumentSettled
    | CommandRefused
    | ControlSet
    | OrderAmended
    | AmendRejected
    | OrderTriggered
    | OrderRestated
    | InstrumentPhaseChanged
    | PriceBandsSet
    | OrderEntered
    | CancelEntered
    | AmendEntered
    | AnyRouteEvent
)


class EventEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """``command_sequence`` names the command that the event answers; 0 where the market caused it."""

    event_number: int
    journal_sequence: int
    index: int
    at_ns: int
    command_sequence: int
    event: AnyGatewayEvent
