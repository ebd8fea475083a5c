"""Whether an auto-quoter may be set so; what changed, in words that the audit keeps."""

import math
from typing import Any

import msgspec

from common.errors import Refusal
from wire.instruments import COINS
from wire.quoting import BOUNDS, QuotingParameters


def check(parameters: QuotingParameters) -> None:
    """Raises Refusal ``parameter_bound`` or ``unknown_coin`` for the first value that may not be."""
    for name, bound in BOUNDS.items():
        value = getattr(parameters, name)
        if not math.isfinite(value) or not bound.low <= value <= bound.high:
            raise Refusal(
                "parameter_bound",
                f"{name} ({bound.meaning}, {bound.unit}) is out of bounds.",
                value=f"{name}={value}",
                bound=f"{bound.low:g} to {bound.high:g}",
            )
    unknown = sorted(set(parameters.off_coins) - set(COINS))
    if unknown or len(set(parameters.off_coins)) != len(parameters.off_coins):
        raise Refusal(
            "unknown_coin",
            "Only coins there are can be switched off, each once.",
            value=", ".join(unknown) or ", ".join(parameters.off_coins)[:64],
            bound=", ".join(COINS),
        )


def to_text(parameters: QuotingParameters) -> dict[str, Any]:
    """Exact text of each number: an audit record holds no floats."""
    content = msgspec.to_builtins(parameters)
    return {name: repr(value) if isinstance(value, float) else value for name, value in content.items()}


def changed(before: QuotingParameters, after: QuotingParameters) -> list[str]:
    """Names of the parameters that differ, in their order."""
    return [name for name in QuotingParameters.__struct_fields__ if getattr(before, name) != getattr(after, name)]
