"""What changed between the two sides of an audit record, field by field."""

import dataclasses
from typing import Any

from common import clock

_LEG_FIELDS = {"instrument_name", "ratio", "side"}
_SIGNS = {"buy": "+", "sell": "\N{MINUS SIGN}"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """``before`` is None where the field appeared, ``after`` where it went."""

    field: str
    before: str | None
    after: str | None


def differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[Difference]:
    """Fields whose values differ, by name; nested ones as ``outer.inner``. Empty and absent are the same."""
    was, now = _flat(before), _flat(after)
    return [
        Difference(field=field, before=was.get(field), after=now.get(field))
        for field in sorted(was.keys() | now.keys())
        if (was.get(field) or "") != (now.get(field) or "")
    ]


def _flat(value: dict[str, Any] | None, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, inner in (value or {}).items():
        if isinstance(inner, dict):
            found |= _flat(inner, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = _field_text(name, inner)
    return found


def _field_text(name: str, value: Any) -> str:
    """Times in nanoseconds are spelled out, in UTC."""
    if name.endswith("_at_ns") and isinstance(value, int) and value:
        return f"{clock.from_ns(value):%Y-%m-%d %H:%M:%S.%f}"
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(inner) for inner in value)
    if isinstance(value, dict) and value.keys() == _LEG_FIELDS:
        return f"{_SIGNS[value['side']]}{value['ratio']} {value['instrument_name']}"
    if isinstance(value, dict):
        return " ".join(f"{name} {_text(inner)}" for name, inner in sorted(value.items()))
    return "" if value is None else str(value)
