"""What a client is told when the database throws its command out."""

import types

import psycopg
import pytest
from django.db import OperationalError

from terminal import commands, registry
from wire.client import CancelOrder, CommandAccepted, CommandRefused

pytestmark = pytest.mark.django_db(transaction=True)

COMMAND = CancelOrder(command_id="c1", order_id=1)


def thrown_out(cause: Exception) -> OperationalError:
    error = OperationalError("thrown out")
    error.__cause__ = cause
    return error


DEADLOCK = thrown_out(psycopg.errors.DeadlockDetected())
LOST = thrown_out(psycopg.OperationalError("the connection is lost"))


def outcome(monkeypatch: pytest.MonkeyPatch, *attempts: Exception | None) -> CommandAccepted | CommandRefused:
    """Of a command whose attempts fail one after the other as given; None is one that succeeds."""
    left = list(attempts)

    def attempt(*_: object) -> CommandAccepted:
        error = left.pop(0)
        if error is not None:
            raise error
        return CommandAccepted(command_id="c1")

    monkeypatch.setattr(registry, "socket_handlers", lambda: {CancelOrder: attempt})
    principal = types.SimpleNamespace(user=None, actor=None, user_id=1)
    return commands.execute(principal, COMMAND)  # type: ignore[arg-type]  # the handler does not look at it


def test_contention_to_the_end_did_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = outcome(monkeypatch, DEADLOCK, DEADLOCK, DEADLOCK)
    assert isinstance(answer, CommandRefused)
    assert answer.reason == "contended"


def test_contention_after_a_lost_connection_is_no_proof_that_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(commands.OutcomeUnknown):
        outcome(monkeypatch, LOST, DEADLOCK, DEADLOCK)


def test_a_repeat_that_succeeds_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(outcome(monkeypatch, LOST, DEADLOCK, None), CommandAccepted)
