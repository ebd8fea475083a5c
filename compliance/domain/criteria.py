"""What a compliance officer searches for, read from a form: every field may be left empty."""

import dataclasses
import datetime as dt
from collections.abc import Mapping

FIELDS = ("order_id", "client_order_id", "rfq_id", "user", "firm", "instrument", "after", "before")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Criteria:
    order_id: int | None = None
    client_order_id: str = ""
    """ClOrdID of an order that came by FIX."""
    rfq_id: int | None = None
    user: str = ""
    firm: str = ""
    instrument: str = ""
    after: dt.datetime | None = None
    before: dt.datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Criteria()


class BadCriterion(ValueError):
    """A field that does not say what it should."""

    def __init__(self, field: str, value: str, expected: str) -> None:
        super().__init__(f"{field.replace('_', ' ')}: {value[:64]!r} is not {expected}")
        self.field = field


def read_criteria(form: Mapping[str, str]) -> Criteria:
    """Raises BadCriterion."""
    text = {name: form.get(name, "").strip() for name in FIELDS}
    return Criteria(
        order_id=_identifier("order_id", text["order_id"]),
        client_order_id=_words("client_order_id", text["client_order_id"]),
        rfq_id=_identifier("rfq_id", text["rfq_id"]),
        user=_words("user", text["user"]),
        firm=_words("firm", text["firm"]),
        instrument=_words("instrument", text["instrument"]).upper(),
        after=_instant("after", text["after"]),
        before=_instant("before", text["before"]),
    )


def _words(field: str, text: str) -> str:
    if not text.isprintable():
        raise BadCriterion(field, text, "printable text")
    return text


def _identifier(field: str, text: str) -> int | None:
    if not text:
        return None
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise BadCriterion(field, text, "a number")
    return int(digits)


def _instant(field: str, text: str) -> dt.datetime | None:
    """UTC; a date alone means its first instant."""
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadCriterion(field, text, "a time such as 2026-02-03 or 2026-02-03 14:30") from error
