"""What a control of the gateway compared, as people read it: dollars, prices, contracts and seconds."""

import dataclasses
from collections.abc import Callable
from decimal import Decimal

from wire.units import NANOSECONDS_PER_SECOND, ControlScope

MICRO_DOLLAR = Decimal("0.000001")
_SILENT = frozenset({"command_expired", "trading_state"})
"""Instants and ids, which say nothing to a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Steps:
    """Of the instrument; position_value_max in dollars tells a position measured in dollars from one in lots."""

    tick_size: Decimal
    lot_size: Decimal
    position_value_max: Decimal | None = None


_STEP_OF: dict[str, Callable[[Steps], Decimal]] = {
    "price_collar": lambda steps: steps.tick_size,
    "invalid_price": lambda steps: steps.tick_size,
    "post_only_would_trade": lambda steps: steps.tick_size,
    "no_liquidity": lambda steps: steps.tick_size,
    "max_order_quantity": lambda steps: steps.lot_size,
    "invalid_quantity": lambda steps: steps.lot_size,
    "position": lambda steps: steps.lot_size,
}


def measured(reason: str, value: int, bound: int, steps: Steps) -> tuple[str, str]:
    """Texts of the value and of the bound it was held against; empty where there is nothing to say."""
    if reason in _SILENT:
        return "", ""
    if reason == "kill_switch":
        return list(ControlScope)[value].value, ""
    if reason == "stale_or_jumped_market":
        return _seconds(value, bound)
    if reason == "max_order_value" or (reason == "position" and _is_dollars(bound, steps)):
        return f"{_plain(value, MICRO_DOLLAR)} USD", f"{_plain(bound, MICRO_DOLLAR)} USD"
    if value < 0 or bound <= 0:
        return "", ""
    step = _STEP_OF.get(reason, lambda _: Decimal(1))(steps)
    return _plain(value, step), _plain(bound, step)


def _is_dollars(bound: int, steps: Steps) -> bool:
    return steps.position_value_max is not None and bound * MICRO_DOLLAR == steps.position_value_max


def _seconds(age_ns: int, bound_ns: int) -> tuple[str, str]:
    """An age is measured only where there is a bound; a mark that is missing or jumped has no age."""
    if bound_ns <= 0:
        return "", ""
    return f"{age_ns / NANOSECONDS_PER_SECOND:.1f} s", f"{bound_ns / NANOSECONDS_PER_SECOND:g} s"


def _plain(count: int, step: Decimal) -> str:
    text = f"{count * step:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
