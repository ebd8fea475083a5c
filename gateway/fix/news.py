"""News of the desk to sessions, told ahead of their turn in the command stream: one sync stands for many.

A command's number is taken only after what it tells is on disk. Syncing each by itself held up the orders behind it in
the stream; so, when the first of a read has its turn, those that follow in the same read are told and synced with it.
That nothing is told twice does not rest on the turn: each message carries its command's number in the session's file.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

import msgspec

from gateway.commands import decode_command
from wire.gateway_fix import FixCommand, TellFixSession

AHEAD_MAX = 64
"""Commands that are looked at behind the first. A gateway that was taken over tells no more than these ahead."""

Numbered = tuple[int, TellFixSession]
Entry = tuple[int, bytes]
"""(number, body) of the stream."""


class NewsTeller:
    """``tell``: the messages of one command to its session; ``settle``: the files of these sessions are synced.

    ``settle`` raises OSError.
    """

    def __init__(
        self, tell: Callable[[int, TellFixSession], None], settle: Callable[[set[int]], Awaitable[None]]
    ) -> None:
        self._tell, self._settle = tell, settle
        self._told = 0

    async def take(self, number: int, command: TellFixSession, behind: Sequence[Entry]) -> None:
        """Durable when it returns. ``behind``: what was read behind it in the stream. Raises OSError."""
        if number <= self._told:
            return
        told = [(number, command), *_news_in(number, behind[:AHEAD_MAX])]
        for each, news in told:
            self._tell(each, news)
        await self._settle({news.session_id for _, news in told})
        self._told = told[-1][0]


def _news_in(after: int, entries: Iterable[Entry]) -> Iterator[Numbered]:
    """Up to a gap, or to a command that changes the sessions themselves."""
    for number, body in entries:
        if number != after + 1:
            return
        after = number
        try:
            command = decode_command(number, body) if _MENTIONS in body else None
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            continue
        if isinstance(command, TellFixSession):
            yield number, command
        elif isinstance(command, FixCommand):
            return


_MENTIONS = b"_fix_se"
"""In the tag of each command about FIX sessions; what does not say it is not decoded here."""
