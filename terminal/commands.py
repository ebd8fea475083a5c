"""Run a client's command in a thread of the socket's own pool, and put the outcome into an answer."""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, connection

from common.errors import Refusal
from terminal import limits, registry
from terminal.principal import Principal
from wire.client import Command, CommandAccepted, CommandRefused, MassQuote, SubmitQuote

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 3
"""A command that the database threw out (deadlock, lost connection) is repeated: its ``command_id`` makes that safe."""
CONTENTION = ("40001", "40P01", "55P03", "57014")
"""SQLSTATEs after which nothing was done: serialization, deadlock, lock timeout, statement timeout."""

_threads = ThreadPoolExecutor(limits.COMMAND_THREADS_MAX, thread_name_prefix="command")
_quote_threads = ThreadPoolExecutor(limits.QUOTE_THREADS_MAX, thread_name_prefix="quote")
_QUOTES = (SubmitQuote, MassQuote)


def threads_for(command: Command) -> ThreadPoolExecutor:
    """Quotes, of which many makers send many at once, have threads of their own: no trade or cancel waits for them."""
    return _quote_threads if isinstance(command, _QUOTES) else _threads


class OutcomeUnknown(RuntimeError):
    """The connection was lost with the command under way: it may have been done. The client asks again."""


def execute(principal: Principal, command: Command) -> CommandAccepted | CommandRefused:
    """The answer to ``command``. Raises OutcomeUnknown where neither answer would be true."""
    try:
        return _attempt(principal, command)
    except Refusal as refusal:
        return refused(command, refusal)
    except (OperationalError, InterfaceError):
        return refused(command, Refusal("contended", "others hold what this command needs; nothing was done"))
    except OutcomeUnknown as error:
        log.warning("the outcome of command %s is unknown: %s", command.command_id, error.__cause__)
        raise
    except Exception:
        log.exception("%s of user %d failed", type(command).__name__, principal.user_id)
        return refused(command, Refusal("internal_error", "the command failed and was rolled back"))


def refused(command: Command | None, refusal: Refusal) -> CommandRefused:
    return CommandRefused(
        command_id=command.command_id if command is not None else "",
        reason=refusal.reason,
        message=refusal.message,
        value=refusal.value,
        bound=refusal.bound,
    )


def _attempt(principal: Principal, command: Command) -> CommandAccepted:
    """Let the handler try until the database does not throw it out. The first attempt proves the connection first.

    Raises OperationalError where every attempt met contention; OutcomeUnknown where one of them may have committed.
    """
    is_unknown = False
    handler = registry.socket_handlers().get(type(command))
    if handler is None:
        raise Refusal("not_supported", "this command is not supported here")
    for attempts_left in reversed(range(ATTEMPTS_MAX)):
        try:
            if attempts_left == ATTEMPTS_MAX - 1:
                _connect()
            return handler(principal.user, principal.actor, command)
        except (OperationalError, InterfaceError) as error:
            is_unknown = is_unknown or getattr(error.__cause__, "sqlstate", None) not in CONTENTION
            if not attempts_left and is_unknown:
                raise OutcomeUnknown(command.command_id) from error
            if not attempts_left:
                raise
        finally:
            connection.close()
    raise AssertionError("a loop that ends by returning or raising")


def _connect() -> None:
    """Raises Refusal, because nothing can have been done yet."""
    try:
        connection.ensure_connection()
    except (OperationalError, InterfaceError) as error:
        raise Refusal("database_unavailable", "the database does not answer; nothing was done") from error
