"""A file of orders, read row by row: every cell that does not fit is refused by name."""

import csv
import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from common.errors import Refusal
from wire.client import PlaceOrder
from wire.client_baskets import BASKET_ROWS_MAX
from wire.client_types import CommandIdText
from wire.units import OrderType, Side, StopTrigger, TimeInForce

NEEDED = ("instrument", "side", "quantity")
MAY = "type price account time_in_force post_only reduce_only stop_price trigger client_order_id"
COLUMNS = (*NEEDED, *MAY.split())
CELL_MAX = 80
_DELIMITERS = (",", ";", "\t")
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,12})?")
Word = TypeVar("Word", bound=enum.StrEnum)
_TRUE, _FALSE = frozenset({"yes", "true", "1"}), frozenset({"", "no", "false", "0"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """``number``: as a spreadsheet counts, the heading is 1. ``cells``: by column, without what is empty."""

    number: int
    cells: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Accounts:
    """Ids by name and by number as text; ``default_id``: of rows that name none."""

    by_text: Mapping[str, int]
    default_id: int


def read_rows(text: str) -> list[Row]:
    """Raises Refusal: column_unknown, column_missing, column_twice, row_length, cell_too_long, basket_empty,
    too_many_rows, csv_unreadable.
    """
    lines = _lines(text)
    headings = [cell.strip().lower().replace(" ", "_") for cell in lines[0]] if lines else []
    _check_headings(headings)
    rows = [_row(number, headings, line) for number, line in enumerate(lines[1:], 2) if any(map(str.strip, line))]
    if not rows:
        raise Refusal("basket_empty", "the file has no rows", value=0, bound=1)
    if len(rows) > BASKET_ROWS_MAX:
        raise Refusal("too_many_rows", "a basket holds no more", value=len(rows), bound=BASKET_ROWS_MAX)
    return rows


def read_order(row: Row, accounts: Accounts, command_id: str) -> PlaceOrder:
    """The row as the command that places it; ``command_id``: where it has no client order id. Raises Refusal."""
    cells = row.cells
    for name in NEEDED:
        if name not in cells:
            raise Refusal(f"{name}_missing", f"a row needs a cell for {name}")
    price = _decimal(cells, "price")
    order_type = _word(cells, "type", OrderType, OrderType.MARKET if price is None else OrderType.LIMIT)
    default = TimeInForce.IOC if order_type is OrderType.MARKET else TimeInForce.GTC
    return PlaceOrder(
        command_id=client_order_id(row, command_id),
        account_id=_account(cells, accounts),
        instrument_name=cells["instrument"].upper(),
        side=_word(cells, "side", Side, Side.BUY),
        order_type=order_type,
        time_in_force=_word(cells, "time_in_force", TimeInForce, default),
        quantity=_decimal(cells, "quantity") or "",
        price=price,
        is_post_only=_flag(cells, "post_only"),
        is_reduce_only=_flag(cells, "reduce_only"),
        stop_price=_decimal(cells, "stop_price"),
        trigger=_word(cells, "trigger", StopTrigger, StopTrigger.LAST_TRADE),
    )


def client_order_id(row: Row, command_id: str) -> str:
    """The row's own, or one made of the basket's and the row's number. Raises Refusal ``client_order_id_invalid``."""
    text = row.cells.get("client_order_id") or f"{command_id}:{row.number}"
    try:
        return msgspec.convert(text, CommandIdText)
    except msgspec.ValidationError as error:
        why = "letters, digits and . _ : - are allowed, up to 64"
        raise Refusal("client_order_id_invalid", why, value=text, bound=64) from error


def check_ids(ids: list[str]) -> None:
    """Raises Refusal ``client_order_id_twice``."""
    seen: set[str] = set()
    for text in ids:
        if text in seen:
            raise Refusal("client_order_id_twice", "two rows have the same client order id", value=text, bound=1)
        seen.add(text)


def _lines(text: str) -> list[list[str]]:
    heading = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    try:
        return list(csv.reader(text.lstrip("\ufeff").splitlines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refusal("csv_unreadable", f"the file is no CSV: {error}") from error


def _check_headings(headings: list[str]) -> None:
    for at, name in enumerate(headings):
        if name not in COLUMNS:
            why = "the heading has a column of another name"
            raise Refusal("column_unknown", why, value=name[:CELL_MAX], bound=", ".join(COLUMNS))
        if name in headings[:at]:
            raise Refusal("column_twice", "the heading has a column twice", value=name, bound=1)
    for name in NEEDED:
        if name not in headings:
            raise Refusal("column_missing", "the heading lacks a column", value=name, bound=", ".join(NEEDED))


def _row(number: int, headings: list[str], line: list[str]) -> Row:
    if len(line) > len(headings):
        why = f"row {number} has more cells than the heading"
        raise Refusal("row_length", why, value=len(line), bound=len(headings))
    for cell in line:
        if len(cell) > CELL_MAX:
            raise Refusal("cell_too_long", f"row {number} has a cell that is too long", value=len(cell), bound=CELL_MAX)
    cells = {name: cell.strip() for name, cell in zip(headings, line, strict=False) if cell.strip()}
    return Row(number=number, cells=cells)


def _decimal(cells: Mapping[str, str], name: str) -> str | None:
    text = cells.get(name)
    if text is None:
        return None
    if not _DECIMAL.fullmatch(text):
        raise Refusal(f"{name}_not_a_number", f"the {name.replace('_', ' ')} is no number", value=text, bound="0.0")
    return text


def _word(cells: Mapping[str, str], name: str, words: type[Word], default: Word) -> Word:
    text = cells.get(name)
    if text is None:
        return default
    try:
        return words(text.lower().replace(" ", "_").replace("-", "_"))
    except ValueError as error:
        bound = ", ".join(words)
        raise Refusal(f"{name}_unknown", f"the {name.replace('_', ' ')} is unknown", value=text, bound=bound) from error


def _flag(cells: Mapping[str, str], name: str) -> bool:
    text = cells.get(name, "").lower()
    if text not in _TRUE | _FALSE:
        raise Refusal(f"{name}_unknown", f"{name.replace('_', ' ')} is yes or no", value=text, bound="yes, no")
    return text in _TRUE


def _account(cells: Mapping[str, str], accounts: Accounts) -> int:
    text = cells.get("account")
    if text is None:
        return accounts.default_id
    if text not in accounts.by_text:
        known = ", ".join(name for name in accounts.by_text if not name.isdigit())
        raise Refusal("account_unknown", "your firm has no such account", value=text, bound=known)
    return accounts.by_text[text]
