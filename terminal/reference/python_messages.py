"""The module of messages of the Python client: the same types, written out for whoever has only the client.

It stays one module, however long: nobody edits it, and whoever reads it looks up one name. Its names are one
namespace with one order, in which what is needed stands before what needs it. By section it would be no shorter to
read: nearly half are types that sections share (views, sides, legs), a module that all others would import, and a third
are commands.
"""

import datetime as dt
import decimal
import enum
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from terminal.reference import vocabulary
from terminal.reference.vocabulary import Field

LINE_LENGTH = 120
_HEAD = '''"""Messages between a client and Parley, the same over socket and REST.

Written by `manage.py api_reference` from the types of the server: change those, not this file. Prices and quantities
are decimal strings, times nanoseconds of UTC. What the server sends may have fields that this version does not know.
"""

# mypy: disable-error-code="misc"
# msgspec inherits frozen; the typing rule for data classes does not know that.

import enum
import uuid

import msgspec


class ClientMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a client sends."""


def new_command_id() -> str:
    return uuid.uuid4().hex


class Command(ClientMessage):
    """``command_id``: the same id again gets the first answer again and changes nothing."""

    command_id: str = msgspec.field(default_factory=new_command_id)


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What the server sends."""
'''
_NAMES = {
    int: "int",
    float: "float",
    str: "str",
    bool: "bool",
    type(None): "None",
    msgspec.Raw: "msgspec.Raw",
    decimal.Decimal: "str",
    dt.datetime: "str",
}
"""JSON has no decimals and no instants: they travel as text."""


def write() -> str:
    """The module's whole text."""
    structs = [struct for group in vocabulary.list_groups() for struct in group.structs]
    kinds = list(vocabulary.walk(structs))
    parts = [_HEAD, *(_kind(kind) for kind in kinds), *_unions()]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def _unions() -> Iterator[str]:
    for name, title in (("AnyAnswer", "Answers"), ("AnyFact", "Facts"), ("AnyFrame", "Market data")):
        (group,) = [group for group in vocabulary.list_groups() if group.title == title]
        names = [struct.__name__ for struct in group.structs]
        in_one_line = f"{name} = {' | '.join(names)}"
        in_lines = f"{name} = (\n    " + "\n    | ".join(names) + "\n)"
        yield in_one_line if len(in_one_line) <= LINE_LENGTH else in_lines


def _kind(kind: type) -> str:
    return _enum(kind) if issubclass(kind, enum.Enum) else _struct(kind)


def _enum(kind: type[enum.Enum]) -> str:
    text = vocabulary.docstring(kind)
    head = f"class {kind.__name__}(enum.StrEnum):\n" + (_docstring(text) + "\n" if text else "")
    return head + "".join(f"    {member.name} = {_string(str(member.value))}\n" for member in kind)


def _struct(struct: Any) -> str:
    tag = vocabulary.tag(struct)
    base, own = _base(struct)
    arguments = [base, "frozen=True", "kw_only=True", *([f'tag="{tag}"'] if tag else [])]
    if base == "msgspec.Struct" and tag:
        arguments.append('tag_field="type"')
    text = vocabulary.docstring(struct)
    lines = [_class_line(struct.__name__, arguments)]
    if text:
        lines.append(_docstring(text))
    if own:
        lines.append(("\n" if text else "") + "".join(_field(field) for field in own))
    if len(lines) == 1:
        lines.append("    pass\n")
    return "".join(lines)


def _class_line(name: str, arguments: list[str]) -> str:
    line = f"class {name}({', '.join(arguments)}):\n"
    if len(line.rstrip()) <= LINE_LENGTH:
        return line
    return f"class {name}(\n    {', '.join(arguments)}\n):\n"


def _base(struct: Any) -> tuple[str, tuple[Field, ...]]:
    """The class it inherits from, and the fields that one does not have."""
    fields = vocabulary.fields(struct)
    bases = {base.__name__ for base in struct.__mro__}
    if "Command" in bases:
        return "Command", tuple(field for field in fields if field.name != "command_id")
    for base in ("ClientMessage", "ServerMessage"):
        if base in bases:
            return base, fields
    return "msgspec.Struct", fields


def _field(field: Field) -> str:
    default = "" if field.default is msgspec.NODEFAULT else f" = {_value(field.default)}"
    text = _docstring(field.text) if field.text else ""
    return f"    {field.name}: {hint_text(field.hint)}{default}\n{text}"


def hint_text(hint: Any) -> str:
    """A type as it is written in source, without bounds."""
    if hint in _NAMES:
        return _NAMES[hint]
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    return _generic(hint)


def _generic(hint: Any) -> str:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return hint_text(arguments[0])
    if vocabulary.is_union(hint):
        return " | ".join(dict.fromkeys(hint_text(argument) for argument in arguments))
    assert origin in {list, dict, tuple}, f"{hint} does not travel"
    inside = ", ".join("..." if argument is Ellipsis else hint_text(argument) for argument in arguments)
    return f"{origin.__name__}[{inside}]"


def _value(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | dict | set):
        assert not value, "a mutable default is empty"
        return f"msgspec.field(default_factory={type(value).__name__})"
    if isinstance(value, msgspec.Struct):
        assert value == type(value)(), "a struct that is a default has only defaults"
        return f"{type(value).__name__}()"
    return repr(value)


def _string(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _docstring(text: str) -> str:
    lines = text.split("\n")
    if len(lines) == 1 and len(lines[0]) <= LINE_LENGTH - len('    """"""'):
        return f'    """{lines[0]}"""\n'
    return (
        "".join(
            ("    " if number == 0 or line else "") + ('"""' if number == 0 else "") + line + "\n"
            for number, line in enumerate(lines)
        )
        + '    """\n'
    )
