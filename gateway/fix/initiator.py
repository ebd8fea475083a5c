"""The other end of a FIX session: we connect, log on first, and ask to be told again what we missed.

The same machine as the acceptor's (``gateway.fix.machine``) but for four things: who speaks first, whose password it
is, that nothing we sent is ever sent again (an order that was on its way when a line broke is asked for, not repeated),
and that what comes is acted on at once, so that nothing has to be kept for it.
"""

from gateway.fix.dictionary import Parsed
from gateway.fix.machine import LOGON, RESET_FLAG, Machine
from gateway.fix.message import Field, Message
from gateway.fix.outlet import Now, Stop


class Initiator(Machine):
    """``log_on`` begins a connection; then as every machine. Rejects (35=3) and heartbeats are delivered
    too: they may answer what was asked.
    """

    def log_on(self, heartbeat_seconds: int, credentials: tuple[Field, ...], now: Now) -> None:
        """``credentials``: fields of the logon's body. With ``resets_on_logon`` both numbers begin anew."""
        if self.resets_on_logon:
            self.store.reset(now.wall_ns)
        self.heartbeat_seconds = heartbeat_seconds
        body: list[Field] = [(98, "0"), (108, str(heartbeat_seconds))]
        body += [(RESET_FLAG, "Y")] if self.resets_on_logon else []
        body += [(1137, self.identity.application_version)] if self.identity.is_fixt else []
        self._received_at = now.steady
        self._send(LOGON, [*body, *credentials], now)

    def _on_logon(self, parsed: Parsed, message: Message, now: Now) -> None:
        """The answer to ours. One that resets without being asked has forgotten us: a person decides."""
        if message.find(RESET_FLAG) == "Y" and not self.resets_on_logon:
            self._outlet.note("reset_by_venue", "the venue begins its numbers anew and was not asked to")
            raise Stop("reset_by_venue")
        if self.is_logged_on or not self._verify(parsed, message, now, too_high=False):
            return
        self.is_logged_on = True
        self._tests = 0
        if message.sequence > self.store.next_target:
            self._ask_for_missing(parsed, message, now)
        else:
            self.store.expect(self.store.next_target + 1)
        self._outlet.logged_on()

    def _on_logout(self, parsed: Parsed, message: Message, now: Now) -> None:
        if self.is_logged_on:
            return super()._on_logout(parsed, message, now)
        self._outlet.note("logon_refused", message.find(58)[:200] or "without a word")
        if message.sequence == self.store.next_target:
            self.store.expect(self.store.next_target + 1)
        raise Stop("logon_refused")

    def _on_reject(self, parsed: Parsed, message: Message, now: Now) -> None:
        super()._on_reject(parsed, message, now)
        self._outlet.deliver(message)

    def _on_application(self, parsed: Parsed, message: Message, now: Now) -> None:
        """Acted on before it counts: after a crash it is asked for again, and known by its ids."""
        if self._verify(parsed, message, now):
            self._outlet.deliver(message)
            self.store.expect(self.store.next_target + 1)

    _on_plain = _on_application

    def _can_resend(self, kind: str) -> bool:
        return False
