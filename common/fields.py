"""Columns for money."""

from decimal import Decimal
from typing import Any

from django.db import models

UNITS_DIGITS_MAX = 38


class UnitsField(models.DecimalField):
    """An integer of an asset's smallest unit, exact also for 18 decimals: NUMERIC(38, 0) there, an int here."""

    _pyi_private_set_type: int
    _pyi_private_get_type: int  # type: ignore[assignment]  # the column's Decimal is read as an int
    _pyi_lookup_exact_type: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = UNITS_DIGITS_MAX
        kwargs["decimal_places"] = 0
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs

    def from_db_value(self, value: Decimal | None, _expression: object, _connection: object) -> int | None:
        return None if value is None else int(value)
