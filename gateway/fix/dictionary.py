"""What a message may hold: quickfix's parser and data dictionaries, behind two calls that know no quickfix.

Parsing trusts no length and no checksum; checking names the rule that is broken as SessionRejectReason (373) does.
"""

import dataclasses
import functools
import importlib.metadata
from pathlib import Path

import quickfix

TEXTS = {
    0: "Invalid tag number",
    1: "Required tag missing",
    2: "Tag not defined for this message type",
    4: "Tag specified without a value",
    5: "Value is incorrect (out of range) for this tag",
    6: "Incorrect data format for value",
    9: "CompID problem",
    10: "SendingTime accuracy problem",
    11: "Invalid MsgType",
    13: "Tag appears more than once",
    14: "Tag specified out of required order",
    16: "Incorrect NumInGroup count for repeating group",
}
"""SessionRejectReason (373) in the words of the standard."""
_REASONS: dict[type[Exception], int] = {
    quickfix.InvalidTagNumber: 0,
    quickfix.RequiredTagMissing: 1,
    quickfix.FieldNotFound: 1,
    quickfix.TagNotDefinedForMessage: 2,
    quickfix.NoTagValue: 4,
    quickfix.IncorrectTagValue: 5,
    quickfix.IncorrectDataFormat: 6,
    quickfix.InvalidMessageType: 11,
    quickfix.RepeatedTag: 13,
    quickfix.TagOutOfOrder: 14,
    quickfix.RepeatingGroupCountMismatch: 16,
}
FILES = {"FIX.4.2": "FIX42.xml", "FIX.4.4": "FIX44.xml", "FIXT.1.1": "FIXT11.xml"}
APPLICATION_FILES = {"7": "FIX50.xml", "8": "FIX50SP1.xml", "9": "FIX50SP2.xml"}
"""By ApplVerID (1128, 1137), under FIXT.1.1."""


class Garbled(ValueError):
    """No message: length, checksum or the first three fields are wrong. It is ignored, as the standard says."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """``reason``: SessionRejectReason; ``tag`` 0 where no field is at fault."""

    reason: int
    tag: int = 0

    @property
    def text(self) -> str:
        return TEXTS[self.reason]


class Parsed:
    """A message that quickfix could read; ``fields`` are in the canonical order, with groups where they belong."""

    __slots__ = ("message", "raw")

    def __init__(self, raw: str, message: quickfix.Message) -> None:
        self.raw, self.message = raw, message

    def canonical(self) -> str:
        return str(self.message.toString())


class Dictionary:
    """The rules of one version. ``application`` is that of FIXT.1.1's payload; None: the session's own."""

    def __init__(self, session: Path, application: Path | None = None, *, checks_values: bool = True) -> None:
        self._session = _load(session, checks_values=checks_values)
        self._application = _load(application, checks_values=checks_values) if application else None

    def parse(self, raw: str) -> Parsed:
        """Raises Garbled."""
        try:
            if self._application is None:
                return Parsed(raw, quickfix.Message(raw, self._session, True))
            return Parsed(raw, quickfix.Message(raw, self._session, self._application, True))
        except (quickfix.FIXException, ValueError, RuntimeError) as error:
            raise Garbled(str(error)) from error

    def check(self, parsed: Parsed, *, is_application: bool) -> Fault | None:
        """The first rule that the message breaks."""
        try:
            if self._application is not None and is_application:
                quickfix.DataDictionary.validate(parsed.message, self._session, self._application)
            else:
                self._session.validate(parsed.message)
        except tuple(_REASONS) as error:
            return Fault(_REASONS[type(error)], int(getattr(error, "field", 0) or 0))
        return None


def specification(name: str) -> Path:
    """A dictionary file that comes with quickfix. Raises FileNotFoundError."""
    for file in importlib.metadata.files("quickfix") or ():
        if file.name == name:
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError(f"quickfix was installed without {name}")


@functools.cache
def dictionary_of(begin_string: str, application_version: str) -> Dictionary:
    """Loaded once. Raises KeyError for a version that is not spoken."""
    application = specification(APPLICATION_FILES[application_version]) if begin_string == "FIXT.1.1" else None
    return Dictionary(specification(FILES[begin_string]), application)


def load_dictionaries() -> None:
    """All that are spoken, about a second, in which nothing else of the process runs: before it owns a journal."""
    for begin_string in FILES:
        for version in APPLICATION_FILES if begin_string == "FIXT.1.1" else ("",):
            dictionary_of(begin_string, version)


def _load(path: Path, *, checks_values: bool) -> quickfix.DataDictionary:
    dictionary = quickfix.DataDictionary(str(path))
    dictionary.checkFieldsHaveValues(checks_values)
    return dictionary
