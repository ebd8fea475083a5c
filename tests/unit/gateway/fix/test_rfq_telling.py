"""A command that a crash overtook is carried out once more, and tells what was not told."""

from pathlib import Path

from gateway.fix.handler import command_reference
from gateway.fix.rfq import RfqSessions
from tests.unit.gateway.fix.order_desk import KeptLink, session
from tests.unit.gateway.fix.rfq_views import fill
from wire.fix_rfq import StatusTold, TradeTold
from wire.gateway_fix import TellFixSession

WHO = session()


def command(*statuses: str) -> TellFixSession:
    news = [StatusTold(status=status) for status in statuses]
    trade = TradeTold(fill=fill(), order_id="R7", is_multileg=False, reversed_execution_id=0)
    return TellFixSession(command_id="news", session_id=WHO.session_id, news=[*news, trade])


def told(link: KeptLink) -> list[str]:
    return [kind for _, kind, _, _ in link.sent]


def test_a_command_that_comes_again_tells_nothing_twice(tmp_path: Path) -> None:
    link, rfq = KeptLink(WHO), RfqSessions(tmp_path)
    rfq.attach(link)
    rfq.tell(7, command("pending"))
    rfq.tell(7, command("pending"))
    assert told(link) == ["AI", "8", "AE"]
    rfq.tell(8, command())
    assert told(link) == ["AI", "8", "AE", "8", "AE"]


def test_what_a_crash_cut_off_is_told_by_the_next_life(tmp_path: Path) -> None:
    """The first message of the command is on disk, the other two are not."""
    link, rfq = KeptLink(WHO), RfqSessions(tmp_path)
    rfq.attach(link)
    link.commands[WHO.session_id] = command_reference(7, 0)
    rfq.tell(7, command("pending"))
    assert told(link) == ["8", "AE"]


def test_news_for_a_session_that_is_not_there_change_nothing(tmp_path: Path) -> None:
    link, rfq = KeptLink(), RfqSessions(tmp_path)
    link.known = []
    rfq.attach(link)
    rfq.tell(7, command("pending"))
    assert link.sent == []
