"""What every action of a FIX session at the desk and every piece of news for one has in common."""

import msgspec

CLIENT_ID_BYTES_MAX = 36
NO_ID = "NONE"
"""In a field that the standard asks for where there is no id."""


class FixAction(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a message of a session asks of the desk."""


class FixNews(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a session is told. ``reason`` is a name, ``text`` its words with value and bound."""


def find_numbers(name: str, prefix: str, count_max: int) -> list[int] | None:
    """Of an id of ours: the prefix, then numbers with dots between them; None of any other."""
    parts = name[len(prefix) :].split(".")
    is_ours = name.startswith(prefix) and len(parts) <= count_max
    if not is_ours or not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        return None
    return [int(part) for part in parts]
