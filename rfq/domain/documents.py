"""A document as a page of its own: one file without scripts, fit for paper, the same bytes for the same values.

What goes in are the values of the JSON form, which holds everything; a page shows what a person reads of it.
"""

import dataclasses
import datetime as dt
import html
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from common.decimals import decimals_of, plain_text

STYLE = (
    "@page{size:A4 landscape;margin:12mm}"
    ":root{color-scheme:light}"
    "body{font:12px/1.45 system-ui,sans-serif;margin:24px auto;padding:0 24px;max-width:1320px;"
    "color:#16202b;background:#fff}"
    "h1{font-size:20px;margin:0 0 2px}h2{font-size:14px;margin:20px 0 4px;break-after:avoid}p{margin:2px 0 8px}"
    ".muted{color:#4b5866}code{overflow-wrap:anywhere}"
    "table{border-collapse:collapse;margin:4px 0 8px;max-width:100%}"
    "td,th{border:1px solid #c9d2dc;padding:3px 6px;text-align:left;vertical-align:top;overflow-wrap:anywhere;"
    "font-variant-numeric:tabular-nums}"
    "th{background:#eef2f6;font-weight:600;overflow-wrap:normal}thead{display:table-header-group}tr{break-inside:avoid}"
    ".number{text-align:right;white-space:nowrap}.time{white-space:nowrap}"
    "@media print{body{margin:0;padding:0;max-width:none;font-size:9.5px}}"
)
NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """``kind``: text, number (as it is), price (all of the column with as many decimals as the longest), time, or
    signed (a price with its sign).
    """

    name: str
    kind: str = "text"


def page(*, title: str, about: str, sha256: str, sections: Iterable[str]) -> bytes:
    """``sha256``: of the JSON form, which the page names."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Parley: {text(title)}</title>',
        f"<style>{STYLE}</style></head><body><h1>{text(title)}</h1><p>{text(about)}</p>",
        *sections,
        '<h2>Proof</h2><p class="muted">Times are UTC. The JSON form of this document holds all that was kept; ',
        f"its SHA-256 stands in the audit chain of Parley: <code>{text(sha256)}</code></p></body></html>\n",
    ]
    return "".join(parts).encode()


def section(title: str, *parts: str, note: str = "") -> str:
    said = f'<p class="muted">{text(note)}</p>' if note else ""
    return f"<h2>{text(title)}</h2>{said}{''.join(parts)}"


def fields(values: Mapping[str, Any]) -> str:
    """Names and values, two columns; what has no value is left out."""
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td>{text(str(value))}</td></tr>'
        for name, value in values.items()
        if value not in {None, ""}
    )
    return f"<table><tbody>{rows}</tbody></table>"


def table(columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, empty: str) -> str:
    """``empty``: the sentence that stands where there is no row."""
    if not rows:
        return f"<p>{text(empty)}</p>"
    head = "".join(f'<th scope="col"{_class(column)}>{text(column.name)}</th>' for column in columns)
    shown = [_column(column, [row[index] for row in rows]) for index, column in enumerate(columns)]
    body = "".join(
        "<tr>"
        + "".join(f"<td{_class(column)}>{cell}</td>" for column, cell in zip(columns, cells, strict=True))
        + "</tr>"
        for cells in zip(*shown, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def time_text(value: str | None) -> str:
    """``2026-02-10T08:00:00.000001+00:00`` without the letter and the zone, which the page names once."""
    if not value:
        return ""
    return dt.datetime.fromisoformat(value).astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def rounded(value: str | None, decimals: int) -> str:
    """A figure of the market, which is kept with all its digits; empty where there was none."""
    return "" if value is None or value == "" else plain_text(round(Decimal(value), decimals))


def words(name: Any) -> str:
    return "" if name is None else str(name).replace("_", " ")


def text(value: str) -> str:
    return html.escape(value)


def _class(column: Column) -> str:
    names = {"number": "number", "price": "number", "signed": "number", "time": "time"}
    return f' class="{names[column.kind]}"' if column.kind in names else ""


def _column(column: Column, values: Sequence[Any]) -> list[str]:
    if column.kind in {"price", "signed"}:
        decimals = decimals_of([value for value in values if isinstance(value, str)])
        return [_number(value, decimals, has_sign=column.kind == "signed") for value in values]
    return [_cell(time_text(value) if column.kind == "time" else value) for value in values]


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "<br>".join(text(str(each)) for each in value) or NOTHING
    return NOTHING if value is None or value == "" else text(str(value))


def _number(value: str | None, decimals: int, *, has_sign: bool) -> str:
    if value is None or value == "":
        return NOTHING
    number = Decimal(value)
    sign = MINUS if number < 0 else "+" if has_sign and number > 0 else ""
    return f"{sign}{abs(number):,.{decimals}f}"
