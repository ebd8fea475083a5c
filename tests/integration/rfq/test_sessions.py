"""Sessions: dead-man timers and cancel on disconnect, against the real database."""

from audit.models import AuditRecord
from common.actor import Actor
from rfq import services
from rfq.services import changes, sessions
from tests.integration.rfq.protections import ONE, quote_state, refused
from tests.integration.rfq.world import command_id, commands_sent, side
from wire import client_protection as client
from wire import gateway
from wire.client import SubmitQuote
from wire.units import ControlScope


def session_of(party, name="key:abc"):
    return Actor(user_id=party.user.id, firm_id=party.firm.id, via="socket", session=name)


def in_session(world, function, message, name="key:abc"):
    party = world.cobalt
    return function(user=party.user, actor=session_of(party, name), message=message, at=world.at)


def quote_in_session(world, rfq_id, name="key:abc"):
    message = SubmitQuote(
        command_id=command_id(), rfq_id=rfq_id, account_id=world.cobalt.account.id, ask=side("0.0511")
    )
    return in_session(world, services.submit_quote, message, name)


def test_dead_man_fires_at_its_deadline_by_the_timers_and_heartbeats_move_it(world):
    in_session(
        world, sessions.set_dead_man, client.SetDeadMan(command_id=command_id(), seconds=10, cancels_orders=True)
    )
    mine = quote_in_session(world, world.create(legs=ONE))
    others = quote_in_session(world, world.create(legs=ONE), "key:other")
    sessions.keep_sessions(world.wait(9.999).at)
    in_session(world, sessions.take_heartbeat, client.Heartbeat(command_id=command_id()))
    sessions.keep_sessions(world.wait(9.999).at)
    assert quote_state(mine)[0] == "active"
    sessions.keep_sessions(world.wait(0.001).at)
    assert quote_state(mine) == ("canceled", "dead_man")
    assert quote_state(others)[0] == "active"
    assert [(one.scope, one.scope_id) for one in commands_sent(gateway.CancelAll)] == [
        (ControlScope.USER, world.cobalt.user.id)
    ]
    assert refused(quote_in_session, world, world.create(legs=ONE)).reason == "dead_man_expired"
    in_session(world, sessions.take_heartbeat, client.Heartbeat(command_id=command_id()))
    again = quote_in_session(world, world.create(legs=ONE))
    sessions.keep_sessions(world.at)
    assert quote_state(again)[0] == "active"
    in_session(world, sessions.set_dead_man, client.SetDeadMan(command_id=command_id(), seconds=0))
    sessions.keep_sessions(world.wait(50).at)
    assert quote_state(again)[0] == "active"


def arm(world, grace_ms=0):
    message = client.SetCancelOnDisconnect(command_id=command_id(), is_on=True, reconnect_grace_ms=grace_ms)
    in_session(world, sessions.set_cancel_on_disconnect, message)


def test_the_last_socket_takes_the_quotes_along(world):
    arm(world)
    mine = quote_in_session(world, world.create(legs=ONE))
    sessions.note_connected(["key:abc"], "web-1", world.at)
    sessions.note_connected(["key:abc"], "web-2", world.at)
    assert sessions.note_disconnected("key:abc", "web-1", world.at) is False
    assert quote_state(mine)[0] == "active"
    assert sessions.note_disconnected("key:abc", "web-2", world.at) is True
    assert quote_state(mine) == ("canceled", "disconnect")
    assert sessions.note_disconnected("key:unknown", "web-2", world.at) is False


def test_a_quote_that_was_on_its_way_when_the_socket_went_goes_too(world):
    """Sent before, written after: it waited for the RFQ's lock, and the withdrawal did not see it."""
    arm(world)
    sessions.note_connected(["key:abc"], "web-1", world.at)
    rfq_id, sent_at = world.create(legs=ONE), world.at
    gone_at = world.wait(0.01).at
    assert sessions.note_disconnected("key:abc", "web-1", gone_at) is True
    sessions.keep_sessions(gone_at)
    world.at = sent_at
    mine = quote_in_session(world, rfq_id)
    sessions.keep_sessions(world.wait(0.1).at)
    assert quote_state(mine) == ("canceled", "disconnect")
    assert AuditRecord.objects.filter(action="session.disconnected").count() == 2
    sessions.keep_sessions(world.wait(5).at)
    assert AuditRecord.objects.filter(action="session.disconnected").count() == 2


def test_a_withdrawal_takes_what_was_written_until_the_loss_and_nothing_of_after_the_reconnect(world):
    """The timers end what the loss began, also once the session is back; the instant of the loss counts as before."""
    arm(world)
    sessions.note_connected(["key:abc"], "web-1", world.at)
    first, second, third = (world.create(legs=ONE) for _ in range(3))
    standing = quote_in_session(world, first)
    assert sessions.note_disconnected("key:abc", "web-1", world.at) is True
    at_once = quote_in_session(world, second)
    sessions.note_connected(["key:abc"], "web-1", world.wait(0.000_001).at)
    later = quote_in_session(world, third)
    sessions.keep_sessions(world.at)
    assert quote_state(standing) == quote_state(at_once) == ("canceled", "disconnect")
    assert quote_state(later)[0] == "active"


def test_a_reconnect_within_the_grace_keeps_the_quotes_and_a_later_one_does_not(world):
    arm(world, grace_ms=2_000)
    mine = quote_in_session(world, world.create(legs=ONE))
    sessions.note_connected(["key:abc"], "web-1", world.at)
    sessions.note_disconnected("key:abc", "web-1", world.at)
    sessions.keep_sessions(world.wait(1.999).at)
    sessions.note_connected(["key:abc"], "web-2", world.at)
    sessions.keep_sessions(world.wait(2).at)
    assert quote_state(mine)[0] == "active"
    sessions.note_disconnected("key:abc", "web-2", world.at)
    sessions.keep_sessions(world.wait(1.999).at)
    assert quote_state(mine)[0] == "active"
    sessions.keep_sessions(world.wait(0.001).at)
    assert quote_state(mine) == ("canceled", "disconnect")


def test_a_quote_that_another_session_replaced_meanwhile_stays(world, monkeypatch):
    """It was the first session's when the sweep read it, and the other's when the sweep had the lock."""
    arm(world)
    mine = quote_in_session(world, world.create(legs=ONE))
    lock = changes.lock

    def lock_too_late(rfq_id, **how):
        monkeypatch.setattr(changes, "lock", lock)
        quote_in_session(world, rfq_id, "key:other")
        return lock(rfq_id, **how)

    monkeypatch.setattr(changes, "lock", lock_too_late)
    assert sessions.note_disconnected("key:abc", "web-1", world.at) is True
    assert changes.lock is lock, "the sweep came to the quote"
    sessions.keep_sessions(world.wait(0.1).at)
    assert quote_state(mine) == ("active", "")


def test_a_web_process_that_falls_silent_is_a_disconnect(world):
    """Killed, it says nothing: its presence runs out, and the timers withdraw."""
    arm(world)
    sessions.note_connected(["key:abc"], "web-1", world.wait(1).at)
    mine = quote_in_session(world, world.create(legs=ONE))
    sessions.keep_sessions(world.wait(2.9).at)
    assert quote_state(mine)[0] == "active"
    sessions.keep_sessions(world.wait(3.2).at)
    assert quote_state(mine) == ("canceled", "disconnect")
    assert AuditRecord.objects.filter(action="session.disconnected").count() == 1
    sessions.keep_sessions(world.wait(5).at)
    assert AuditRecord.objects.filter(action="session.disconnected").count() == 1
