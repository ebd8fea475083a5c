"""Times and hashes as the compliance pages show them."""

from decimal import Decimal
from typing import Any

from django import template

from common import clock
from common.decimals import decimals_of, plain_text
from wire.facts import QuoteView
from wire.instruments import UnknownInstrumentName, parse_instrument_name
from wire.negotiation import QuoteOutcome
from wire.units import NANOSECONDS_PER_SECOND

MICROS_PER_DOLLAR = 1_000_000
FINER_DIGITS, COIN_DIGITS = 2, 8
register = template.Library()


@register.filter
def utc(at_ns: int) -> str:
    """UTC time with microseconds of nanoseconds since the epoch."""
    return f"{clock.from_ns(at_ns):%Y-%m-%d %H:%M:%S.%f}" if at_ns else "\N{EN DASH}"


@register.filter
def signed(text: str | None) -> str:
    """A difference with its sign; a dash where there is none."""
    if text is None:
        return "\N{EN DASH}"
    return f"+{text}" if Decimal(text) > 0 else text


@register.filter
def at_tick(price: str, instrument_name: str) -> str:
    """A price with the decimals of its instrument's tick: ``0.018`` -> ``0.0180``."""
    return _with_decimals(price, instrument_name, "tick_size")


@register.filter
def at_lot(quantity: str, instrument_name: str) -> str:
    """A quantity with the decimals of its instrument's lot: ``2`` -> ``2.0``."""
    return _with_decimals(quantity, instrument_name, "lot_size")


@register.filter
def finer(text: str | None, price: str) -> str | None:
    """A mark, or a difference to it, at two digits more than the price beside it: ``0.055539`` beside ``0.0566``."""
    if text is None:
        return None
    decimals = min(decimals_of([price]) + FINER_DIGITS, COIN_DIGITS)
    return f"{Decimal(text):.{decimals}f}"


def _with_decimals(text: str, instrument_name: str, step_name: str) -> str:
    """As it is where it is finer than the step, or nobody knows the instrument."""
    try:
        step = getattr(parse_instrument_name(instrument_name), step_name)
    except UnknownInstrumentName:
        return text
    decimals = decimals_of([plain_text(step), plain_text(Decimal(text))])
    return f"{Decimal(text):.{decimals}f}"


@register.filter
def hexadecimal(value: Any) -> str:
    return bytes(value).hex()


@register.filter
def words(name: str) -> str:
    """``order.canceled_by_user`` -> ``order · canceled by user``."""
    return str(name).removesuffix("_ns").replace(".", " · ").replace("_", " ")


@register.filter
def named(user_id: int, names: dict[int, str]) -> str:
    return names.get(user_id, str(user_id))


@register.filter
def owner(name: str, accounts: dict[int, str]) -> str:
    """``account:3`` -> the account's name; ``paper_venue`` -> ``paper venue``."""
    kind, _, number = name.partition(":")
    return accounts.get(int(number), name) if kind == "account" and number.isdigit() else words(name)


@register.filter
def scope_name(row: Any, names: dict[str, str]) -> str:
    """``firm:1`` with the name that people know it by."""
    value = row.scope if row.scope == "all" else f"{row.scope}:{row.scope_id}"
    return f"{value} {names[value]}" if value in names else value


@register.filter
def settings_text(content: dict[str, Any]) -> str:
    """What is set, without what is off: ``max orders 5 · pauses``."""
    shown = []
    for name, value in content.items():
        if name in {"scope", "scope_id"} or value is None or value is False or (value == 0 and name.endswith("_ns")):
            continue
        title = name.removesuffix("_micros").removesuffix("_ns").replace("_", " ")
        shown.append(title if value is True else f"{title} {_unit_text(name, value)}")
    return " · ".join(shown)


def _unit_text(name: str, value: Any) -> str:
    if name.endswith("_micros"):
        return f"{value / MICROS_PER_DOLLAR:,.2f} USD"
    return f"{value / NANOSECONDS_PER_SECOND:g} s" if name.endswith("_ns") else str(value)


@register.filter
def outcome(quote: QuoteView) -> str:
    """What became of a quote: traded, the FIX word for how it lost, or its state with the reason."""
    if quote.outcome in (QuoteOutcome.HIT, QuoteOutcome.LIFT):
        return f"traded {quote.filled_quantity}"
    if quote.outcome is not None:
        return words(quote.outcome)
    is_plain = quote.reason in ("", f"rfq_{quote.state.value}")
    return words(quote.state) if is_plain else f"{words(quote.state)}: {words(quote.reason)}"


@register.filter
def share(text: str) -> str:
    """``0.0375`` -> ``3.75 %``."""
    return f"{Decimal(text):.2%}".replace("%", " %")


@register.filter
def at(values: Any, index: int) -> Any:
    """The element at ``index``."""
    return values[index]
