"""Planned misbehavior, as every simulated venue keeps it: actions, how much is left of each, and scripts of them."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

ACTIONS_MAX = 1_000
COUNT_MAX = 100_000
SECONDS_MAX = 3_600.0
Seconds = Annotated[float, Meta(ge=0, le=SECONDS_MAX)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Action(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True):
    """``count``: of how many of the next occasions; a second action of a kind replaces what is left of the first."""

    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)] = 1


Kind = TypeVar("Kind", bound=Action)


class Planned:
    """What is left of each kind. ``at_once``: who carries out the kinds that need no occasion."""

    def __init__(self, kinds_at_once: tuple[type[Action], ...]) -> None:
        self._kinds_at_once = kinds_at_once
        self._left: dict[type[Action], tuple[Any, int]] = {}
        self.at_once: list[Callable[[Any], None]] = []
        self.fired = 0
        """Occasions at which the venue misbehaved."""

    def plan(self, action: Action) -> None:
        """At once, or at the next occasions."""
        if isinstance(action, self._kinds_at_once):
            self.fired += 1
            for carry_out in self.at_once:
                carry_out(action)
        else:
            self._left[type(action)] = (action, action.count)

    def find(self, kind: type[Kind]) -> Kind | None:
        """What is planned, left as it is."""
        found: Kind | None = self._left.get(kind, (None, 0))[0]
        return found

    def take(self, kind: type[Kind]) -> Kind | None:
        """The action if this occasion is one of its count."""
        action, left = self._left.get(kind, (None, 0))
        if action is None:
            return None
        if left == 1:
            del self._left[kind]
        else:
            self._left[kind] = (action, left - 1)
        self.fired += 1
        found: Kind = action
        return found


Do = TypeVar("Do", bound=Action)


class ScriptLine(msgspec.Struct, Generic[Do], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``after_seconds``: from the start of the venue."""

    after_seconds: float
    do: Do


class ScriptRefused(ValueError):
    """A script that cannot be played; the message says why."""


def read_lines(path: Path, kind: type[list[ScriptLine[Do]]]) -> list[ScriptLine[Do]]:
    """JSON: [{"after_seconds": 5, "do": {"action": "disconnect"}}, …], by time. Raises ScriptRefused, OSError."""
    try:
        lines = msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise ScriptRefused(f"{path}: {error}") from error
    if len(lines) > ACTIONS_MAX:
        raise ScriptRefused(f"{path} has more than {ACTIONS_MAX} lines")
    return sorted(lines, key=lambda line: line.after_seconds)


async def play_script(lines: Sequence[ScriptLine[Any]], faults: Planned) -> None:
    """Each line at its time."""
    began = asyncio.get_running_loop().time()
    for line in lines:
        await asyncio.sleep(max(0.0, began + line.after_seconds - asyncio.get_running_loop().time()))
        faults.plan(line.do)
