"""JSON values as a page of their own: one file without scripts, the same bytes for the same values."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

STYLE = (
    "body{font:13px/1.45 system-ui,sans-serif;margin:32px auto;max-width:1100px;color:#16202b}"
    "table{border-collapse:collapse;margin:6px 0 14px}td,th{border:1px solid #c9d2dc;padding:3px 8px;text-align:left;"
    "vertical-align:top;font-variant-numeric:tabular-nums}th{background:#eef2f6}h1{font-size:20px}"
    "h2{font-size:15px;margin:22px 0 4px}code{overflow-wrap:anywhere}"
)
NOTHING = "\N{EN DASH}"


def to_html(title: str, content: Mapping[str, Any], sha256: str) -> bytes:
    """``sha256``: of the JSON form, which the page names."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>',
        f"<style>{STYLE}</style></head><body><h1>{_text(title)}</h1>",
        f"<p>SHA-256 of the JSON form: <code>{_text(sha256)}</code></p>",
    ]
    plain = {name: value for name, value in content.items() if not isinstance(value, Mapping | list)}
    parts.append(_table_of(plain))
    for name, value in content.items():
        if isinstance(value, Mapping | list):
            parts.append(f"<h2>{_text(_words(name))}</h2>{_of(value)}")
    parts.append("</body></html>\n")
    return "".join(parts).encode()


def _of(value: Any) -> str:
    if isinstance(value, Mapping):
        return _table_of(value) if value else NOTHING
    if isinstance(value, list):
        return _list_of(value)
    return NOTHING if value is None or value == "" else _text(str(value))


def _table_of(value: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(_words(name))}</th><td>{_of(inner)}</td></tr>' for name, inner in value.items()
    )
    return f"<table>{rows}</table>"


def _list_of(values: Sequence[Any]) -> str:
    """A table with a column for each name, where the values are alike; else one under the other."""
    if not values:
        return NOTHING
    if not all(isinstance(value, Mapping) for value in values):
        return "<br>".join(_of(value) for value in values)
    names = list(dict.fromkeys(name for value in values for name in value))
    head = "".join(f'<th scope="col">{_text(_words(name))}</th>' for name in names)
    rows = "".join("<tr>" + "".join(f"<td>{_of(value.get(name))}</td>" for name in names) + "</tr>" for value in values)
    return f"<table><tr>{head}</tr>{rows}</table>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _text(text: str) -> str:
    return html.escape(text)
