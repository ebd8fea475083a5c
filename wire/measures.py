"""What a control of the gateway compared, as people read it: dollars, prices, contracts and seconds."""

import dataclasses
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal

from wire.units import NANOSECONDS_PER_SECOND, ControlScope

MICRO_DOLLAR = Decimal("0.000001")
CENT = Decimal("0.01")
_DOLLARS = frozenset({"max_order_value", "customer_credit", "firm_capital", "own_risk_threshold", "soft_limit"})
_SILENT = frozenset(
    {"command_expired", "trading_state", "restricted_instrument", "authorized_trader", "instrument_phase"}
)
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
    special = _SPECIAL.get(reason)
    if special is not None and (reason != "duplicate_order" or bound > 0):
        return special(value, bound)
    if reason in _DOLLARS or (reason == "position" and _is_dollars(bound, steps)):
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


def _cents(micros: int) -> str:
    """Rounded down: a margin that is short of a fraction of a cent is short of a cent."""
    return f"{(micros * MICRO_DOLLAR).quantize(CENT, rounding=ROUND_FLOOR):f}"


def _plain(count: int, step: Decimal) -> str:
    text = f"{count * step:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_SPECIAL: dict[str, Callable[[int, int], tuple[str, str]]] = {
    "kill_switch": lambda value, _: (list(ControlScope)[value].value, ""),
    "stale_or_jumped_market": _seconds,
    "duplicate_order": _seconds,
    "margin_headroom": lambda value, bound: (f"margin after {_cents(value)} USD", f"{_cents(bound)} USD"),
}
"""``duplicate_order`` without a bound names an order."""
