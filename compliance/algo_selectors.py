"""What the house sees of algorithms: desks that take two people, deployment caps, what is at work, volume curves."""

import dataclasses
from decimal import Decimal
from typing import Any

import msgspec

from accounts import selectors as accounts_selectors
from common import clock
from compliance.selectors import names_of_users
from orders import parent_selectors, volume_selectors
from risk import selectors as risk_selectors
from wire.algos import STRATEGIES, AlgoName, strategy_id_of
from wire.client_controls import SetScopeLimits
from wire.units import NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND, ControlScope

MICROS = Decimal(1_000_000)
CAP_FIELDS = (
    ("max_order_value", "Order value, USD"),
    ("max_open_risk", "Open risk, USD"),
    ("max_working_orders", "Working orders"),
    ("max_orders", "Orders in all"),
)
"""Without the first three no order of an algorithm passes."""
_UNITS = (
    ("_micros", "", MICROS),
    ("_period_ns", "_period_seconds", NANOSECONDS_PER_SECOND),
    ("_ns", "_ms", NANOSECONDS_PER_MS),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PolicyRow:
    """``waiting``: the change that waits for a second person."""

    desk: Any
    takes_two: bool
    waiting: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class CapsRow:
    """``values``: name, title and what is set, empty where nothing is. ``standing``: what the gateway said of it."""

    algo: str
    strategy_id: int
    values: list[tuple[str, str, str]]
    standing: str
    reason: str
    set_by: str
    set_at_ns: int
    parents: int
    working_orders: int
    is_killed: bool

    @property
    def shown(self) -> list[str]:
        """The caps as people read them."""
        return [f"{Decimal(value):,f}" if value else "\N{EN DASH}" for _, _, value in self.values]

    @property
    def is_complete(self) -> bool:
        return all(value for _, _, value in self.values[:3])


def list_policies() -> list[PolicyRow]:
    """Every desk, in the order of its id."""
    demanded = {row.desk_id: row.takes_two for row in parent_selectors.list_policies()}
    waiting = {row.desk_id: row for row in parent_selectors.list_waiting_policies()}
    return [
        PolicyRow(desk=desk, takes_two=demanded.get(desk.pk, False), waiting=waiting.get(desk.pk))
        for desk in accounts_selectors.list_desks()
    ]


def list_caps() -> list[CapsRow]:
    """Of every algorithm, in the order of their numbers."""
    rows = {
        row.scope_id: row
        for row in risk_selectors.list_control_settings()
        if (row.kind, row.scope) == ("set_scope_limits", ControlScope.STRATEGY)
    }
    people = names_of_users(row.set_by_user_id for row in rows.values())
    at_work = parent_selectors.count_at_work()
    killed = {
        state.scope_id
        for state in risk_selectors.list_control_states()
        if state.scope == ControlScope.STRATEGY and state.is_killed
    }
    return [
        _caps_row(algo, rows.get(strategy_id_of(algo)), people, at_work.get(algo, (0, 0)), killed)
        for algo in STRATEGIES
    ]


def _caps_row(algo: AlgoName, row: Any, people: dict[int, str], at_work: tuple[int, int], killed: set[int]) -> CapsRow:
    typed = {} if row is None else typed_limits(row.content)
    standing = "none"
    if row is not None:
        standing = "refused" if row.refused_reason else "in force" if row.in_force_at_ns else "sent"
    return CapsRow(
        algo=algo.value,
        strategy_id=strategy_id_of(algo),
        values=[(name, title, str(typed.get(name, ""))) for name, title in CAP_FIELDS],
        standing=standing,
        reason="" if row is None else row.refused_reason,
        set_by="" if row is None else people.get(row.set_by_user_id, ""),
        set_at_ns=0 if row is None else row.set_at_ns,
        parents=at_work[0],
        working_orders=at_work[1],
        is_killed=strategy_id_of(algo) in killed,
    )


def caps_message(strategy_id: int, command_id: str, typed: dict[str, str]) -> SetScopeLimits:
    """The caps that were typed, beside every other limit that the algorithm has. Raises msgspec.ValidationError."""
    found = next(
        (
            row
            for row in risk_selectors.list_control_settings()
            if (row.kind, row.scope, row.scope_id) == ("set_scope_limits", ControlScope.STRATEGY, strategy_id)
        ),
        None,
    )
    kept = {} if found is None else typed_limits(found.content)
    caps = {name: typed.get(name, "") for name, _ in CAP_FIELDS}
    values = {name: value for name, value in {**kept, **caps}.items() if value != ""}
    scope = {"scope": ControlScope.STRATEGY.value, "scope_id": strategy_id, "command_id": command_id}
    return msgspec.convert({**values, **scope}, SetScopeLimits, strict=False)


def typed_limits(content: dict[str, Any]) -> dict[str, Any]:
    """Fields of the gateway's command as an administrator types them, without what is off."""
    typed: dict[str, Any] = {}
    for name, value in content.items():
        if value is None or value is False or name in ("scope", "scope_id") or (value == 0 and name.endswith("_ns")):
            continue
        ending, becomes, unit = next((one for one in _UNITS if name.endswith(one[0])), ("", "", 1))
        if not ending:
            typed[name] = value
        else:
            figure = Decimal(value) / unit
            typed[name.removesuffix(ending) + becomes] = f"{figure.normalize():f}"
    return {name: value for name, value in typed.items() if not (name == "message_burst" and value == 0)}


def list_curves() -> list[dict[str, Any]]:
    """Measured volume curves, newest of each subject and source."""
    return [
        {
            "subject": curve.subject, "source": curve.source, "clock": curve.clock, "days": curve.days,
            "observations": curve.observations, "until_ns": clock.to_ns(curve.until),
            "measured_at_ns": clock.to_ns(curve.measured_at),
        }
        for curve in volume_selectors.list_measured()
    ]  # fmt: skip
