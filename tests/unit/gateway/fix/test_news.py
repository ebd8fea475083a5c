"""News are told ahead with one sync, up to a gap or a change of sessions, and none of them twice."""

import asyncio

import msgspec

from gateway.fix import news as fix_news
from gateway.fix.news import NewsTeller
from tests.integration.gateway.fix.desk import session
from wire.fix_rfq import StatusTold
from wire.gateway import CommandEnvelope, GatewayCommand
from wire.gateway_fix import ResetFixSequence, TellFixSession


def news(session_id: int = 1) -> TellFixSession:
    return TellFixSession(command_id="news", session_id=session_id, news=[StatusTold(status="pending")])


def entry(number: int, command: GatewayCommand) -> tuple[int, bytes]:
    return number, msgspec.json.encode(CommandEnvelope(command_sequence=number, command=command))


class Told:
    """``steps``: numbers as they were told, and the sets of sessions that were synced."""

    def __init__(self) -> None:
        self.steps: list[object] = []
        self.teller = NewsTeller(lambda number, _: self.steps.append(number), self._settle)

    async def _settle(self, sessions: set[int]) -> None:
        self.steps.append(sessions)

    def take(self, number: int, *behind: tuple[int, bytes]) -> list[object]:
        self.steps = []
        asyncio.run(self.teller.take(number, news(), behind))
        return self.steps


def test_what_follows_is_told_with_it_and_not_once_more() -> None:
    told = Told()
    behind = [entry(2, news(2)), (3, b"an order of the terminal"), entry(4, news(1))]
    assert told.take(1, *behind) == [1, 2, 4, {1, 2}]
    assert told.take(2, *behind[1:]) == told.take(4) == []
    assert told.take(5) == [5, {1}]


def test_a_gap_a_change_of_sessions_and_the_bound_end_it() -> None:
    assert Told().take(1, entry(3, news())) == [1, {1}]
    reset = ResetFixSequence(command_id="reset", session_id=1, next_sender=1, next_target=1)
    for change in (reset, session(1)):
        assert Told().take(1, entry(2, news()), entry(3, change), entry(4, news())) == [1, 2, {1}]
    many = [entry(number, news()) for number in range(2, 200)]
    assert Told().take(1, *many)[-2] == 1 + fix_news.AHEAD_MAX


def test_what_cannot_be_read_waits_for_its_turn() -> None:
    broken = (2, b'{"type":"gateway.tell_fix_session"')
    other_number = (3, entry(9, news())[1])
    assert Told().take(1, broken, other_number, entry(4, news())) == [1, 4, {1}]
