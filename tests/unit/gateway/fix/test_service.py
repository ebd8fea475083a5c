"""Commands about sessions, also those that come once more after a crash."""

from pathlib import Path

import pytest

from gateway.fix.handler import command_reference
from gateway.fix.message import Outgoing
from gateway.fix.service import FixService
from gateway.fix.unsupported import UnsupportedMessages
from tests.integration.gateway.fix.desk import session
from wire.gateway_fix import ResetFixSequence


def service_in(folder: Path) -> FixService:
    return FixService(folder, UnsupportedMessages(), lambda _: True)


def reset(next_sender: int, next_target: int) -> ResetFixSequence:
    return ResetFixSequence(command_id="reset", session_id=1, next_sender=next_sender, next_target=next_target)


def numbers(service: FixService) -> tuple[int, int]:
    described = service.describe()["sessions"]
    assert isinstance(described, list)
    return described[0]["next_sender"], described[0]["next_target"]


@pytest.mark.parametrize("wanted", [(7, 3), (1, 1)])
def test_a_reset_that_comes_again_after_a_crash_changes_nothing(tmp_path: Path, wanted: tuple[int, int]) -> None:
    service = service_in(tmp_path)
    service.apply(1, session())
    service.apply(2, reset(*wanted))
    assert numbers(service) == wanted
    service.send(service.sessions()[0], Outgoing("B", ((148, "news"),)), command=command_reference(3))
    moved = numbers(service)
    again = service_in(tmp_path)
    again.apply(1, session())
    again.apply(2, reset(*wanted))
    assert numbers(again) == moved == (wanted[0] + 1, wanted[1])
    again.apply(4, reset(9, 9))
    assert numbers(again) == (9, 9)
