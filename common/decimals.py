"""Decimals as plain text: no exponent, no trailing zeros."""

from collections.abc import Iterable
from decimal import Decimal


def plain_text(value: Decimal) -> str:
    """``Decimal('70000.500')`` -> ``'70000.5'``; never an exponent, never ``-0``."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain(value: Decimal) -> Decimal:
    """The same number without the trailing zeros that a database column adds."""
    return Decimal(plain_text(value))


def decimals_of(texts: Iterable[str | None]) -> int:
    """Digits behind the point of the one that has most."""
    return max((len(text.partition(".")[2]) for text in texts if text), default=0)
