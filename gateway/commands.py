"""Commands from the stream ``gateway.commands`` to the engine, each number once and in order.

The engine journals the number with the command, so what was read twice is taken once. The watermark says what is on
disk; the dispatcher rebuilds a stream that lacks what comes next.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.algos.desk import SteeringRefused
from gateway.engine import EngineStopped, submit
from gateway.registry import coin_id
from gateway.valkey import Backoff, Unavailable
from wire import gateway as messages
from wire import gateway_controls as controls
from wire.gateway_algos import SteerAlgo
from wire.gateway_fix import FixCommand, ResetFixSequence, SetFixSession, TellFixSession
from wire.gateway_routes import AmendRoute, AskVenueRfq, CancelRoute, CancelVenueRfq, PlaceRoute
from wire.limits import COMMAND_ID_LENGTH_MAX
from wire.pairs import SteerPairs
from wire.transport import COMMANDS_STREAM, COMMANDS_WATERMARK, ENTRY_FIELD
from wire.units import (
    ControlScope,
    InstrumentPhase,
    OrderType,
    PegReference,
    Permission,
    SelfMatch,
    Side,
    StopTrigger,
    TimeInForce,
    TradingState,
)
from wire.venue_reports import venue_id

log = logging.getLogger(__name__)

READ_MAX = 256
READ_BLOCK_MS = 500
GAP_WAIT_SECONDS = 0.1
GAP_LOG_SECONDS = 5.0
WATERMARK_SECONDS = 0.5
_decode = msgspec.json.Decoder(messages.CommandEnvelope).decode


class CannotTake(ValueError):
    """A command that makes sense and cannot be carried out here; ``reason`` names why."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CommandReader:
    """``taken``: the last number handed to the engine, which journals it a moment later."""

    def __init__(
        self,
        engine: parley_core.Engine,
        client: Redis,
        on_order: Callable[[messages.PlaceOrder], None],
        on_fix: Callable[[int, FixCommand, list[tuple[int, bytes]]], Awaitable[None]],
        on_algo: Callable[[int, SteerAlgo], Awaitable[None]],
        on_route: Callable[[PlaceRoute | AskVenueRfq | CancelVenueRfq], None],
        on_pairs: Callable[[int, SteerPairs], Awaitable[None]] | None = None,
    ) -> None:
        """``on_fix``, ``on_algo`` and ``on_pairs`` (None: no pairs are traded here) carry numbered commands out,
        durably; ValueError: it makes no sense. ``on_fix`` is shown the numbers and bodies that were read behind it.

        ``on_algo`` and ``on_pairs`` may refuse one by name (SteeringRefused), ``on_route`` too (CannotTake).
        """
        self._engine, self._client, self._on_order, self._on_fix = engine, client, on_order, on_fix
        self._on_algo, self._on_route, self._on_pairs = on_algo, on_route, on_pairs
        self._submitter = CommandSubmitter(engine)
        self.taken = int(engine.command_sequence)
        self._gap_logged_at = float("-inf")
        self._behind: list[tuple[int, bytes]] = []

    async def run(self) -> None:
        """Take commands until the engine stops; Valkey may come and go."""
        backoff = Backoff("commands")
        while True:
            try:
                await self._read_once()
                backoff.succeeded()
            except Unavailable as error:
                await asyncio.sleep(backoff.failed(error))
            except ResponseError as error:
                log.warning("commands: %s", error)
                await asyncio.sleep(backoff.failed(error))
            except EngineStopped as error:
                log.critical("commands: no more are taken: %s", error)
                return

    async def _read_once(self) -> None:
        answer: Any = await self._client.xread(
            {COMMANDS_STREAM: f"{self.taken}-0"}, count=READ_MAX, block=READ_BLOCK_MS
        )
        for _, entries in answer or ():
            numbered = [(int(name.split(b"-", 1)[0]), each.get(ENTRY_FIELD.encode(), b"")) for name, each in entries]
            for place, (sequence, body) in enumerate(numbered, 1):
                self._behind = numbered[place:]
                if not await self._take(sequence, body):
                    await asyncio.sleep(GAP_WAIT_SECONDS)
                    return

    async def _take(self, sequence: int, body: bytes) -> bool:
        """False where the entry is not the next one: the dispatcher will rebuild the stream."""
        if sequence != self.taken + 1:
            if clock.monotonic() - self._gap_logged_at > GAP_LOG_SECONDS:
                self._gap_logged_at = clock.monotonic()
                log.warning("commands: %d follows %d, waiting for the dispatcher to rebuild", sequence, self.taken)
            return False
        await self._submit(sequence, body)
        self.taken = sequence
        return True

    async def _submit(self, sequence: int, body: bytes) -> None:
        """A command that cannot be taken consumes its number and is answered with an event."""
        try:
            command = decode_command(sequence, body)
            await self._carry_out(sequence, command)
            await self._submitter.submit(sequence, command)
        except CannotTake as error:
            log.warning("commands: %d is refused: %s", sequence, error)
            await self._submitter.refuse(sequence, find_command_id(body), error.reason)
        except SteeringRefused as refused:
            log.warning("commands: %d is refused: %s", sequence, refused)
            await self._submitter.refuse(sequence, command.command_id, refused.reason, refused.value, refused.bound)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, TypeError) as error:
            log.warning("commands: %d is malformed: %s", sequence, error)
            await self._submitter.refuse(sequence, find_command_id(body))

    async def _carry_out(self, sequence: int, command: messages.AnyGatewayCommand) -> None:
        """What is not the engine's alone. Raises CannotTake, SteeringRefused, ValueError."""
        if isinstance(command, messages.PlaceOrder):
            self._on_order(command)
        if isinstance(command, FixCommand):
            await self._on_fix(sequence, command, self._behind)
        if isinstance(command, SteerAlgo):
            await self._on_algo(sequence, command)
        if isinstance(command, PlaceRoute | AskVenueRfq | CancelVenueRfq):
            self._on_route(command)
        if isinstance(command, SteerPairs):
            await self._steer_pairs(sequence, command)

    async def _steer_pairs(self, sequence: int, command: SteerPairs) -> None:
        if self._on_pairs is None:
            raise CannotTake("no_pairs", "this gateway trades no pairs")
        await self._on_pairs(sequence, command)

    async def show_watermark(self) -> None:
        """Write, every half second, the last number whose command is on disk."""
        backoff = Backoff("watermark")
        while True:
            try:
                await self._client.set(COMMANDS_WATERMARK, int(self._engine.command_sequence))
                backoff.succeeded()
                await asyncio.sleep(WATERMARK_SECONDS)
            except (*Unavailable, ResponseError) as error:
                await asyncio.sleep(backoff.failed(error))


def decode_command(sequence: int, body: bytes) -> messages.AnyGatewayCommand:
    """The command of a stream entry. Raises msgspec.DecodeError or ValueError, saying what is wrong."""
    envelope = _decode(body)
    if envelope.command_sequence != sequence:
        raise ValueError(f"entry {sequence} says sequence {envelope.command_sequence}")
    if len(envelope.command.command_id) > COMMAND_ID_LENGTH_MAX:
        raise ValueError(f"command_id is longer than {COMMAND_ID_LENGTH_MAX}")
    return envelope.command


def find_command_id(body: bytes) -> str:
    """The id in a malformed command, as far as it can be read; empty otherwise."""
    try:
        loose = msgspec.json.decode(body)
        return str(loose["command"]["command_id"])[:COMMAND_ID_LENGTH_MAX]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        return ""


class CommandSubmitter:
    """One method of the engine per type of command; enums travel as their position."""

    def __init__(self, engine: parley_core.Engine) -> None:
        self._engine = engine
        self._by_type: dict[type, Callable[[int, Any], Coroutine[Any, Any, None]]] = {
            messages.SetLimits: self._set_limits,
            messages.PlaceOrder: self._place_order,
            messages.CancelOrder: lambda s, c: submit(engine.cancel_order, s, c.order_id),
            messages.CancelAll: lambda s, c: submit(engine.cancel_all, s, _scope(c.scope), c.scope_id),
            messages.SetTradingState: lambda s, c: submit(
                engine.set_trading_state, s, _scope(c.scope), c.scope_id, list(TradingState).index(c.state)
            ),
            messages.SetKillSwitch: lambda s, c: submit(
                engine.set_kill_switch, s, _scope(c.scope), c.scope_id, c.is_engaged
            ),
            messages.ReserveBlock: self._reserve_block,
            messages.ConfirmBlock: lambda s, c: submit(engine.confirm_block, s, c.reservation_id),
            messages.VoidBlock: lambda s, c: submit(engine.void_block, s, c.reservation_id),
            controls.EnableScope: lambda s, c: submit(
                engine.enable_scope, s, _scope(c.scope), c.scope_id, c.enabled_by
            ),
            controls.SetParentOrder: lambda s, c: submit(
                engine.set_parent_order, s, c.parent_order_id, c.quantity_lots
            ),
            controls.SetTraderAuthorization: lambda s, c: submit(
                engine.set_trader_authorization, s, c.user_id, c.account_id, c.is_authorized
            ),
            controls.SetInstrumentPermission: lambda s, c: submit(
                engine.set_instrument_permission,
                s,
                _scope(c.scope),
                c.scope_id,
                c.instrument_id,
                list(Permission).index(c.permission),
            ),
            controls.SetScopeLimits: self._set_scope_limits,
            controls.SetCollateral: lambda s, c: submit(
                engine.set_collateral,
                s,
                c.account_id,
                c.cash_micros,
                [(coin_id(each.coin), each.nanos) for each in c.coins],
                c.last_execution_id,
            ),
            controls.GrantOverride: self._grant_override,
            SetFixSession: lambda s, _: submit(engine.note_command, s),
            ResetFixSequence: lambda s, _: submit(engine.note_command, s),
            TellFixSession: lambda s, _: submit(engine.note_command, s),
            SteerAlgo: lambda s, _: submit(engine.note_command, s),
            messages.SettleInstrument: lambda s, c: submit(engine.settle_instrument, s, c.instrument_id, c.command_id),
        }
        self._by_type |= _order_commands(engine) | _route_commands(engine)

    async def submit(self, sequence: int, command: messages.GatewayCommand) -> None:
        await self._by_type[type(command)](sequence, command)

    async def refuse(
        self, sequence: int, command_id: str, reason: str = "malformed", value: int = 0, bound: int = 0
    ) -> None:
        """A command that is not taken takes its number and answers with an event."""
        await submit(self._engine.refuse_command, sequence, command_id, reason, value, bound)

    async def _set_limits(self, sequence: int, command: messages.SetLimits) -> None:
        await submit(
            self._engine.set_limits,
            sequence,
            command.account_id,
            command.firm_id,
            command.desk_id,
            command.max_order_quantity_lots,
            command.max_order_value_micros,
            command.max_position_lots,
            command.max_position_value_micros,
            command.price_collar_basis_points,
            coin_id(command.coin),
            command.coin,
        )

    async def _place_order(self, sequence: int, command: messages.PlaceOrder) -> None:
        await submit(
            self._engine.place_order,
            sequence,
            command.valid_until_ns,
            command.order_id,
            command.account_id,
            command.user_id,
            command.desk_id,
            command.firm_id,
            command.instrument_id,
            list(Side).index(command.side),
            list(OrderType).index(command.order_type),
            list(TimeInForce).index(command.time_in_force),
            command.quantity_lots,
            command.price_ticks,
            command.is_post_only,
            command.is_reduce_only,
            command.strategy_id,
            command.parent_order_id,
            command.confirmed_soft_bound_micros,
            command.expires_at_ns,
            command.display_lots,
            command.minimum_lots,
            command.stop_ticks,
            list(StopTrigger).index(command.trigger),
            list(PegReference).index(command.peg_reference),
            command.peg_offset_ticks,
            list(SelfMatch).index(command.self_match),
        )

    async def _set_scope_limits(self, sequence: int, command: controls.SetScopeLimits) -> None:
        given = msgspec.structs.asdict(command)
        limits = {name: value for name, value in given.items() if name not in {"command_id", "scope", "scope_id"}}
        call = functools.partial(self._engine.set_scope_limits, **limits)
        await submit(call, sequence, _scope(command.scope), command.scope_id)

    async def _grant_override(self, sequence: int, command: controls.GrantOverride) -> None:
        await submit(
            self._engine.grant_override,
            sequence,
            command.order_id,
            command.account_id,
            command.instrument_id,
            list(Side).index(command.side),
            command.max_quantity_lots,
            command.control,
            command.valid_until_ns,
            command.requested_by,
            command.granted_by,
            command.command_id,
        )

    async def _reserve_block(self, sequence: int, command: messages.ReserveBlock) -> None:
        legs = [
            (
                leg.instrument_id,
                list(Side).index(leg.side),
                leg.price_ticks,
                leg.quantity_lots,
                leg.taker_account_id,
                leg.maker_account_id,
            )
            for leg in command.legs
        ]
        await submit(self._engine.reserve_block, sequence, command.reservation_id, command.valid_until_ns, legs)


def _scope(scope: ControlScope) -> int:
    return list(ControlScope).index(scope)


def _order_commands(engine: parley_core.Engine) -> dict[type, Callable[[int, Any], Coroutine[Any, Any, None]]]:
    return {
        messages.AmendOrder: lambda s, c: submit(
            engine.amend_order, s, c.valid_until_ns, c.order_id, c.quantity_lots, c.price_ticks
        ),
        messages.SetInstrumentPhase: lambda s, c: submit(
            engine.set_instrument_phase, s, c.instrument_id, list(InstrumentPhase).index(c.phase), c.command_id
        ),
        messages.SetPriceBands: lambda s, c: submit(
            engine.set_price_bands,
            s,
            c.instrument_id,
            c.reference_ticks,
            c.static_basis_points,
            c.dynamic_basis_points,
            c.pauses,
            c.command_id,
        ),
    }


def _route_commands(engine: parley_core.Engine) -> dict[type, Callable[[int, Any], Coroutine[Any, Any, None]]]:
    return {
        PlaceRoute: lambda s, c: _place_route(engine, s, c),
        CancelRoute: lambda s, c: submit(engine.cancel_route, s, c.route_id),
        AskVenueRfq: lambda s, _: submit(engine.note_command, s),
        SteerPairs: lambda s, _: submit(engine.note_command, s),
        CancelVenueRfq: lambda s, _: submit(engine.note_command, s),
        AmendRoute: lambda s, c: submit(
            engine.amend_route, s, c.valid_until_ns, c.route_id, c.quantity_lots, c.price_ticks
        ),
    }


async def _place_route(engine: parley_core.Engine, sequence: int, command: PlaceRoute) -> None:
    await submit(
        engine.place_route,
        sequence,
        command.venue,
        venue_id(command.venue),
        command.valid_until_ns,
        command.route_id,
        command.account_id,
        command.user_id,
        command.desk_id,
        command.firm_id,
        command.instrument_id,
        list(Side).index(command.side),
        list(OrderType).index(command.order_type),
        list(TimeInForce).index(command.time_in_force),
        command.quantity_lots,
        command.price_ticks,
        command.is_post_only,
        command.is_reduce_only,
        command.strategy_id,
        command.parent_order_id,
        command.confirmed_soft_bound_micros,
    )
