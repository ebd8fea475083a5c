"""docs/api/messages.md: every message with its fields, bounds and defaults."""

import enum
from collections.abc import Iterator
from typing import Any

import msgspec

from terminal.reference import vocabulary
from terminal.reference.python_messages import hint_text
from terminal.reference.vocabulary import Field

_HEAD = """# Messages

Written by `manage.py api_reference` from the types of the server. One JSON object each, the same over the socket and
over REST; `type` says which. How a connection begins, resumes and acknowledges: [the socket](../socket.md). The routes
of REST: [openapi.json](openapi.json). A typed client in Python: [clients/python](../../clients/python/README.md).

Prices and quantities are decimal strings, times nanoseconds of UTC. A command with an unknown field, or beyond a bound,
is refused as `invalid_message`. A client must tolerate fields it does not know in what the server sends.
"""


def write() -> str:
    """The page's whole text."""
    parts = [_HEAD]
    for group in vocabulary.list_groups():
        parts.append(f"## {group.title}\n\n{group.text}\n")
        parts.extend(_struct(struct) for struct in group.structs)
    parts.append("## Words\n\nThe values of fields that hold one of few words.\n\n" + _words())
    return "\n".join(parts)


def _struct(struct: Any) -> str:
    tag = vocabulary.tag(struct)
    title = f"### `{tag}` ({struct.__name__})" if tag else f"### {struct.__name__}"
    paragraphs = [title, vocabulary.docstring(struct).replace("``", "`")]
    fields = vocabulary.fields(struct)
    if fields:
        rows = "".join(_row(field) for field in fields)
        paragraphs.append(f"| field | type | default | bounds | |\n|---|---|---|---|---|\n{rows}".rstrip("\n"))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _row(field: Field) -> str:
    default = "required" if field.default is msgspec.NODEFAULT else _json(field.default)
    cells = (
        f"`{field.name}`",
        hint_text(field.hint).replace("|", "or"),
        default,
        "; ".join(_bounds(field.hint)),
        " ".join(field.text.replace("``", "`").split()),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _bounds(hint: Any) -> Iterator[str]:
    for meta in vocabulary.bounds(hint):
        if meta.ge is not None or meta.le is not None:
            yield f"{_or(meta.ge, 'any')} to {_or(meta.le, 'any')}"
        if meta.min_length is not None or meta.max_length is not None:
            yield f"length {_or(meta.min_length, 0)} to {_or(meta.max_length, 'any')}"
        if meta.pattern is not None:
            yield f"`{meta.pattern.removesuffix('(?!' + chr(92) + 'n)')}`"


def _or(bound: Any, otherwise: Any) -> Any:
    return otherwise if bound is None else bound


def _json(value: Any) -> str:
    return f"`{msgspec.json.encode(value).decode()}`"


def _words() -> str:
    rows = "".join(_word_row(kind) for kind in sorted(vocabulary.list_enums(), key=lambda kind: kind.__name__))
    return f"| | values | |\n|---|---|---|\n{rows}"


def _word_row(kind: type[enum.Enum]) -> str:
    values = ", ".join(f"`{member.value}`" for member in kind)
    return f"| {kind.__name__} | {values} | {' '.join(vocabulary.docstring(kind).split())} |\n"
