"""Every type that travels between a client and Parley, read from its class: fields, bounds, defaults and docstrings."""

import ast
import dataclasses
import enum
import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec

from terminal.reference import groups


@dataclasses.dataclass(frozen=True, kw_only=True)
class Field:
    """``hint``: with its ``msgspec.Meta``. ``default``: ``msgspec.NODEFAULT`` where a value is required."""

    name: str
    hint: Any
    default: Any
    text: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """``title``, and the structs that belong under it, in the order in which they are written."""

    title: str
    text: str
    structs: tuple[type[msgspec.Struct], ...]


def list_groups() -> tuple[Group, ...]:
    """Messages by direction, then the views and parts they are made of."""
    found = [Group(title=title, text=text, structs=structs) for title, text, structs in groups.list_messages()]
    messages = [struct for group in found for struct in group.structs]
    parts = tuple(
        kind for kind in walk([*messages, *groups.ANSWERS_OF_REST]) if is_struct(kind) and kind not in messages
    )
    return (*found, Group(title="Parts", text="What messages, facts and answers are made of.", structs=parts))


def list_enums() -> tuple[type[enum.Enum], ...]:
    structs = [struct for group in list_groups() for struct in group.structs]
    return tuple(kind for kind in walk(structs) if isinstance(kind, type) and issubclass(kind, enum.Enum))


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def walk(roots: Iterable[Any]) -> Iterator[Any]:
    """Every struct and enum that the roots are made of, each once, what is needed before what needs it."""
    seen: set[Any] = set()
    for root in roots:
        yield from _walk(root, seen)


def _walk(hint: Any, seen: set[Any]) -> Iterator[Any]:
    if is_struct(hint):
        if hint in seen:
            return
        seen.add(hint)
        for field in fields(hint):
            yield from _walk(field.hint, seen)
        yield hint
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        if hint not in seen:
            seen.add(hint)
            yield hint
    else:
        for argument in typing.get_args(hint):
            yield from _walk(argument, seen)


def fields(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    hints = typing.get_type_hints(struct, include_extras=True)
    texts = _texts_of(struct)
    return tuple(
        Field(
            name=field.encode_name,
            hint=hints[field.name],
            default=_default(field),
            text=texts.get(field.name, ""),
        )
        for field in msgspec.structs.fields(struct)
    )


def tag(struct: type[msgspec.Struct]) -> str | None:
    """What ``type`` says in a message; None for parts."""
    given = struct.__struct_config__.tag
    return given if isinstance(given, str) else None


def docstring(kind: type) -> str:
    """The class's own docstring, empty where it has none."""
    return inspect.cleandoc(vars(kind).get("__doc__") or "")


def bounds(hint: Any) -> list[msgspec.Meta]:
    """What ``Annotated`` says of a field, also where None may stand instead."""
    if typing.get_origin(hint) is Annotated:
        return [part for part in typing.get_args(hint)[1:] if isinstance(part, msgspec.Meta)]
    if is_union(hint):
        return [bound for part in typing.get_args(hint) for bound in bounds(part)]
    return []


def is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in {typing.Union, types.UnionType}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _texts_of(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The sentences that stand below fields in the source, those of base classes included."""
    texts: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if is_struct(base) and base is not msgspec.Struct:
            texts.update(_texts_in_source(base))
    return texts


def _texts_in_source(struct: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(struct))).body
    assert isinstance(definition, ast.ClassDef), f"{struct} is a class of {sys.modules[struct.__module__]}"
    texts = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            texts[field.target.id] = inspect.cleandoc(str(following.value.value))  # type: ignore[attr-defined]  # is_text saw it
    return texts
