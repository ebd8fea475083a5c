"""Every call of a rule of negotiation is kept in the record that it gives, so that an RFQ can be replayed from them.

A rule takes a record and keywords, of which ``at`` is the time where it needs one, and gives the next record or None.
Rules that call each other leave one step: the one that was called from outside.
"""

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

F = TypeVar("F", bound=Callable[..., Any])

CREATED = "created"
"""The first step of every RFQ: its argument is the whole record."""
RULES: dict[str, Callable[..., Any]] = {}
"""Every rule by its name, which is stored: a rule may be added or retired, never renamed."""


class UnknownRule(ValueError):
    """A stored step names a rule that this version does not know."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One call: the rule's name and its keyword arguments."""

    kind: str
    arguments: Mapping[str, Any]


def rule(function: F) -> F:
    """Keep the call in the record that ``function`` gives."""
    name = function.__name__
    assert name not in RULES, f"two rules are named {name}"
    RULES[name] = function

    @functools.wraps(function)
    def called(rfq: Any, **arguments: Any) -> Any:
        after = function(rfq, **arguments)
        if after is None or after is rfq:
            return after
        return dataclasses.replace(after, steps=(*rfq.steps, Step(kind=name, arguments=arguments)))

    return typing.cast("F", called)


def to_arguments(step: Step) -> dict[str, Any]:
    """The arguments as JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(dict(step.arguments))
    return found


def perform(rfq: Any, kind: str, arguments: Mapping[str, Any]) -> Any:
    """The record after the stored call. Raises UnknownRule, msgspec.ValidationError, or what the rule refuses with."""
    function = RULES.get(kind)
    if function is None:
        raise UnknownRule(f"there is no rule {kind}")
    types = _argument_types(kind)
    unknown = arguments.keys() - types.keys()
    if unknown:
        raise msgspec.ValidationError(f"{kind} takes no {', '.join(sorted(unknown))}")
    return function(rfq, **{name: msgspec.convert(value, types[name]) for name, value in arguments.items()})


@functools.cache
def _argument_types(kind: str) -> dict[str, Any]:
    hints = typing.get_type_hints(RULES[kind])
    return {name: hint for name, hint in list(hints.items())[1:] if name != "return"}
