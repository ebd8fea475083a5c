"""What the engine's controls mean for the hot path, whose gate is its own: those of every scope that covers its owner.

A kill switch lets nothing pass that adds risk, and lets what reduces it pass: pairs may leave. A scope that the
execution throttle disabled counts the same. ``halted`` lets nothing pass at all.
"""

from typing import Any

import msgspec
import parley_core

from gateway import clock
from gateway.engine import RawEvent
from gateway.events import EVENT_TYPES
from gateway.hot.settings import HotLimits
from wire.gateway import ControlSet, KillSwitchChanged, LimitsInForce, TradingStateChanged
from wire.pairs import StrategyOwner
from wire.units import ControlKind, ControlScope, TradingState
from wire.venue_reports import venue_id

CONTROL_EVENTS = frozenset(
    EVENT_TYPES.index(kind) for kind in (KillSwitchChanged, TradingStateChanged, LimitsInForce, ControlSet)
)
SET, ENABLED = EVENT_TYPES.index(ControlSet), list(ControlKind).index(ControlKind.SCOPE_ENABLED)
SCOPES, STATES = list(ControlScope), list(TradingState)
ACTIVE, REDUCING = STATES.index(TradingState.ACTIVE), STATES.index(TradingState.REDUCING)
STRATEGY = SCOPES.index(ControlScope.STRATEGY)
Scope = tuple[int, int]
"""(number of its kind, id)"""
Limits = dict[str, Any]
_WITH = {"messages_per_second": "message_burst", "period_collar_basis_points": "collar_period_ns"}
"""What belongs to a limit and goes where it goes."""


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """``states``: of scopes that are not active. ``account``: as ``Engine.account_limits``."""

    states: dict[Scope, int]
    limits: dict[Scope, Limits]
    account: tuple[int, int, int, int, int]
    blocked_by: list[str]


class HotControls:
    def __init__(self, engine: parley_core.Engine, owner: StrategyOwner, venue: str, own: HotLimits) -> None:
        """``own``: of the hot file. What the engine has beside them holds as well: the stricter of both."""
        self._engine, self._owner = engine, owner
        self._covering = covering_scopes(owner, venue)
        self._own = own
        self.in_force = self._read()

    def refresh(self, gate: parley_core.HotDesk) -> None:
        """Puts what has changed in the engine in force on the path, before it returns."""
        before, self.in_force = self.in_force, self._read()
        self._apply(gate, before)

    def on_event(self, raw: RawEvent, gate: parley_core.HotDesk) -> None:
        """An event of the engine that is on disk."""
        if raw[5] not in CONTROL_EVENTS:
            return
        if raw[5] == SET and raw[6][0] == ENABLED and raw[6][1:3] in self._covering:
            scope, scope_id = raw[6][1:3]
            assert isinstance(scope, int), "scopes travel as numbers"
            assert isinstance(scope_id, int), "so do their ids"
            gate.enable_scope(scope, scope_id)
        self.refresh(gate)

    def begin(self, gate: parley_core.HotDesk) -> None:
        """Puts everything in force on a path that begins."""
        self.in_force = self._read()
        self._apply(gate, None)

    def _apply(self, gate: parley_core.HotDesk, before: InForce | None) -> None:
        now = self.in_force
        for scope in now.states.keys() | (before.states.keys() if before else set()):
            state = now.states.get(scope, ACTIVE)
            if before is None or before.states.get(scope, ACTIVE) != state:
                gate.set_trading_state(*scope, state)
        if before is None or before.account != now.account:
            gate.set_limits(*now.account)
        for scope, limits in now.limits.items():
            if before is None or before.limits.get(scope) != limits:
                gate.set_scope_limits(clock.now_ns(), *scope, **limits)

    def _read(self) -> InForce:
        states: dict[Scope, int] = {}
        blocked_by = []
        for scope, scope_id, state, is_kill_switch in self._engine.switches():
            if (scope, scope_id) in self._covering:
                allowed = REDUCING if is_kill_switch else state
                states[scope, scope_id] = max(states.get((scope, scope_id), ACTIVE), allowed)
                what = "kill switch" if is_kill_switch else STATES[state].value
                blocked_by.append(f"{what} of {SCOPES[scope].value} {scope_id}")
        limits = {}
        for scope, scope_id, is_disabled, found in self._engine.scope_limits():
            if (scope, scope_id) not in self._covering:
                continue
            limits[scope, scope_id] = harden(found)
            if is_disabled:
                states[scope, scope_id] = max(states.get((scope, scope_id), ACTIVE), REDUCING)
                blocked_by.append(f"execution throttle of {SCOPES[scope].value} {scope_id}")
        own = msgspec.structs.asdict(self._own.strategy)
        strategy = STRATEGY, self._owner.strategy_id
        limits[strategy] = stricter(own, limits[strategy]) if strategy in limits else own
        account = tuple(msgspec.structs.astuple(self._own.account))
        known = self._engine.account_limits(self._owner.account_id)
        if known is not None:
            account = tuple(min(pair) for pair in zip(account, known, strict=True))
        return InForce(states=states, limits=limits, account=account, blocked_by=sorted(blocked_by))


def covering_scopes(owner: StrategyOwner, venue: str) -> frozenset[Scope]:
    ids = {
        ControlScope.ALL: 0,
        ControlScope.FIRM: owner.firm_id,
        ControlScope.DESK: owner.desk_id,
        ControlScope.USER: owner.user_id,
        ControlScope.ACCOUNT: owner.account_id,
        ControlScope.STRATEGY: owner.strategy_id,
        ControlScope.VENUE: venue_id(venue),
    }
    return frozenset((SCOPES.index(scope), scope_id) for scope, scope_id in ids.items())


def harden(found: Limits) -> Limits:
    """A soft limit asks a person to confirm; here is none, so that it is a hard one."""
    limits = dict(found)
    soft = limits.pop("soft_order_value_micros")
    hard = limits["max_order_value_micros"]
    limits["max_order_value_micros"] = min((each for each in (soft, hard) if each is not None), default=None)
    return limits


def stricter(one: Limits, other: Limits) -> Limits:
    """Limit by limit. The longer window of duplicates is the stricter one; what is asked for by one of them holds."""
    merged: Limits = {}
    for name in one.keys() | other.keys():
        if name in ("message_burst", "collar_period_ns", "execution_period_ns"):
            continue
        values = [each[name] for each in (one, other) if each.get(name) is not None]
        if name.startswith("is_") or name == "duplicate_window_ns":
            merged[name] = max(values, default=None if name == "duplicate_window_ns" else False)
        else:
            merged[name] = min(values, default=None)
    for name, beside in {**_WITH, "max_executions": "execution_period_ns"}.items():
        chosen = one if merged.get(name) is not None and one.get(name) == merged[name] else other
        merged[beside] = chosen.get(beside, 0)
    return merged
