"""A FIX message as the gateway passes it on: tags and text in their order, nothing of the library that carried it."""

import dataclasses
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

SEPARATOR = "\x01"
GROUP_ENTRIES_MAX = 1_000
HEADER_TAGS = frozenset({8, 9, 35, 34, 43, 49, 50, 52, 56, 57, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 1128})
TRAILER_TAGS = frozenset({10, 89, 93})

Field = tuple[int, str]
"""(tag, value)"""


class FieldMissing(ValueError):
    """The message lacks a field that is needed here."""

    def __init__(self, tag: int) -> None:
        super().__init__(f"Tag {tag} is missing.")
        self.tag = tag


class FieldWrong(ValueError):
    """A field holds what it cannot mean."""

    def __init__(self, tag: int, value: str) -> None:
        super().__init__(f"Tag {tag} cannot be {value!r}.")
        self.tag, self.value = tag, value


class Fields:
    """Fields in the order of the wire; the first of a tag counts, groups are asked for by their counter."""

    __slots__ = ("_first", "fields")

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self._first: dict[int, str] = {}
        for tag, value in fields:
            self._first.setdefault(tag, value)

    def __contains__(self, tag: int) -> bool:
        return tag in self._first

    def get(self, tag: int) -> str:
        """Raises FieldMissing."""
        value = self._first.get(tag)
        if value is None:
            raise FieldMissing(tag)
        return value

    def find(self, tag: int, default: str = "") -> str:
        return self._first.get(tag, default)

    def integer(self, tag: int) -> int:
        """Raises FieldMissing, FieldWrong."""
        value = self.get(tag)
        if not value.lstrip("-").isdecimal() or not value.isascii():
            raise FieldWrong(tag, value)
        return int(value)

    def groups(self, counter: int, members: AbstractSet[int]) -> list["Fields"]:
        """The entries of a repeating group; ``members``: every tag that an entry may hold, nested groups too.

        Raises FieldWrong where the counter disagrees with what follows.
        """
        entries = list(self._entries(counter, members))
        if counter in self and len(entries) != self.integer(counter):
            raise FieldWrong(counter, self.get(counter))
        return entries

    def _entries(self, counter: int, members: AbstractSet[int]) -> Iterator["Fields"]:
        tags = [tag for tag, _ in self.fields]
        if counter not in tags:
            return
        start = tags.index(counter) + 1
        end = next((at for at in range(start, len(tags)) if tags[at] not in members), len(tags))
        if start == end:
            return
        starts = [at for at in range(start, end) if tags[at] == tags[start]][:GROUP_ENTRIES_MAX]
        for at, until in zip(starts, [*starts[1:], end], strict=True):
            yield Fields(self.fields[at:until])


class Message(Fields):
    """``sequence``: MsgSeqNum. ``is_redelivered``: it was received before a restart and may have taken effect then."""

    __slots__ = ("is_possible_duplicate", "is_possible_resend", "is_redelivered", "received_at_ns", "sequence", "type")

    def __init__(self, fields: tuple[Field, ...], received_at_ns: int, *, is_redelivered: bool = False) -> None:
        super().__init__(fields)
        self.type = self.get(35)
        self.sequence = self.integer(34)
        self.received_at_ns = received_at_ns
        self.is_possible_duplicate = self.find(43) == "Y" or is_redelivered
        self.is_possible_resend = self.find(97) == "Y"
        self.is_redelivered = is_redelivered


@dataclasses.dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: its type and body. Header and trailer are the session's."""

    type: str
    body: tuple[Field, ...]
    is_possible_resend: bool = False


def decode(raw: str, received_at_ns: int, *, is_redelivered: bool = False) -> Message:
    """The message of a wire string that was checked against its dictionary. Raises FieldMissing, FieldWrong."""
    pairs = (part.partition("=") for part in raw.split(SEPARATOR) if part)
    return Message(tuple((int(tag), value) for tag, _, value in pairs), received_at_ns, is_redelivered=is_redelivered)
