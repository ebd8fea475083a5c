"""One firm, or one request, for which a timer fails: the others are served in the same run, and the error is said."""

import datetime as dt

import pytest
from django.db import IntegrityError, OperationalError

from rfq import handlers, services
from rfq.services import changes, kills, protection, sessions
from rfq.services.batches import move_each
from risk import handlers as risk_handlers
from terminal import dispatch
from tests.integration.rfq.protections import ASK, ONE, ask, fill, quote_state, refused
from tests.integration.rfq.test_protection import set_protection
from tests.integration.rfq.test_sessions import session_of
from tests.integration.rfq.world import command_id, side
from wire import client_protection as client
from wire import gateway
from wire.client import SubmitQuote
from wire.units import ControlScope


@pytest.fixture
def broken(monkeypatch):
    """RFQs that cannot be written."""
    write, rfq_ids = changes.write, set()

    def write_the_others(before, after, cause):
        if after.rfq_id in rfq_ids:
            raise ZeroDivisionError
        write(before, after, cause)

    monkeypatch.setattr(changes, "write", write_the_others)
    return rfq_ids


def quoted_in_session(world, party, rfq_id):
    """A quote of a session with a dead-man timer of ten seconds."""
    actor = session_of(party, f"key:{party.firm.id}")
    sessions.set_dead_man(
        user=party.user, actor=actor, message=client.SetDeadMan(command_id=command_id(), seconds=10), at=world.at
    )
    message = SubmitQuote(
        command_id=command_id(), rfq_id=rfq_id, account_id=party.account.id, ask=side("0.0511")
    )
    return services.submit_quote(user=party.user, actor=actor, message=message, at=world.at)


def test_a_session_that_cannot_be_ended_holds_up_no_other(world, broken):
    first, second = world.create(legs=ONE), world.create(legs=ONE)
    standing = quoted_in_session(world, world.cobalt, first)
    other = quoted_in_session(world, world.dune, second)
    broken.add(first)
    with pytest.raises(ZeroDivisionError):
        sessions.keep_sessions(world.wait(10).at)
    assert quote_state(standing)[0] == "active"
    assert quote_state(other) == ("canceled", "dead_man")
    broken.clear()
    sessions.keep_sessions(world.wait(0.1).at)
    assert quote_state(standing) == ("canceled", "dead_man"), "it is taken up again"


def test_of_one_session_only_the_broken_request_is_left(world, broken):
    first, second = world.create(legs=ONE), world.create(legs=ONE)
    standing, other = (quoted_in_session(world, world.cobalt, rfq_id) for rfq_id in (first, second))
    broken.add(first)
    with pytest.raises(ZeroDivisionError):
        sessions.keep_sessions(world.wait(10).at)
    assert (quote_state(standing)[0], quote_state(other)[0]) == ("active", "canceled")


def test_a_frozen_firm_that_cannot_be_withdrawn_holds_up_no_other(world, broken):
    hit = []
    for party in (world.cobalt, world.dune):
        set_protection(world, party, trade_count_max=1, frozen_ms=0)
        rfq_id = world.create(legs=ONE, quantity="1")
        quote_id = world.quote(rfq_id, party, **ASK)
        later = world.create(legs=ONE)
        hit.append((later, world.quote(later, party, **ASK)))
        broken.add(later)
        world.wait(6).accept(rfq_id, quote_id)
        fill(world, rfq_id)
    (first, standing), (second, other) = hit
    assert (quote_state(standing)[0], quote_state(other)[0]) == ("active", "active"), "the fills went through"
    broken.remove(second)
    with pytest.raises(ZeroDivisionError):
        protection.keep_protections(world.at)
    assert (quote_state(standing)[0], quote_state(other)) == ("active", ("canceled", "mmp"))
    assert first in broken


def test_a_kill_of_everything_reaches_all_but_the_broken_request(world, broken):
    (first, standing), (_, other) = ask(world), ask(world)
    broken.add(first)
    event = gateway.KillSwitchChanged(scope=ControlScope.ALL, scope_id=0, is_engaged=True, orders_canceled=0)
    world.event(event, risk_handlers, handlers)
    assert (quote_state(standing)[0], quote_state(other)) == ("active", ("canceled", "kill"))
    third = world.dune
    with pytest.raises(ZeroDivisionError):
        kills.keep_kills(world.at)
    broken.clear()
    assert kills.keep_kills(world.at) == 1
    assert quote_state(standing) == ("canceled", "kill")
    assert refused(world.quote, first, third, **ASK).reason == "kill_switch"


@pytest.mark.django_db
def test_what_one_row_may_not_do_is_its_own_affair_and_a_lost_database_is_everybodys(monkeypatch):
    seen = []

    def move(row):
        seen.append(row)
        if row == 1:
            raise IntegrityError("a constraint")
        return 1

    with pytest.raises(IntegrityError):
        move_each([1, 2, 3], move)
    assert seen == [1, 2, 3]

    def lose(row):
        seen.append(row)
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("rfq.services.batches.connection.is_usable", lambda: False)
    seen.clear()
    with pytest.raises(OperationalError):
        move_each([1, 2, 3], lose)
    assert seen == [1]


@pytest.mark.django_db
def test_a_timer_that_fails_slows_no_other_down(monkeypatch):
    """An error that is raised here would close the connections and pause every timer, in the end for two seconds."""
    runs = []

    def fails(at):
        raise ZeroDivisionError

    def works(at):
        runs.append(at)
        return 1

    at = dt.datetime(2026, 2, 10, tzinfo=dt.UTC)
    assert dispatch.run_timers((fails, works), at) == 1
    assert runs == [at]

    def lost(at):
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("terminal.dispatch.connection.is_usable", lambda: False)
    with pytest.raises(OperationalError):
        dispatch.run_timers((lost, works), at)
    assert len(runs) == 2


def test_numbers_of_quotes_that_are_all_taken_are_refused_by_name(world, monkeypatch):
    taken = world.quote(world.create(legs=ONE), **ASK)
    monkeypatch.undo()
    draws = []
    monkeypatch.setattr("rfq.services.changes.secrets.randbelow", lambda most: draws.append(most) or taken - 1)
    why = refused(changes.new_quote_id)
    assert (why.reason, why.bound, len(draws)) == ("no_quote_id", "8", 8)
