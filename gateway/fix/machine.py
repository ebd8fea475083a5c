"""The FIX session as a machine without sockets, threads and clocks: a message or a tick in, messages out.

It follows the FIX session protocol (FIX 4.4 volume 2, FIXT 1.1): what is too low ends the session, what is too high
asks for what is missing, what came twice is passed over, what breaks a rule is rejected and counted. Its numbers and
messages are in a ``SessionStore``; the ``Outlet`` writes nothing to the wire before that is synced.
"""

from gateway.fix.dictionary import TEXTS, Dictionary, Fault, Garbled, Parsed
from gateway.fix.encoding import encode, format_time, parse_time, repeat
from gateway.fix.message import Field, Message, Outgoing, decode
from gateway.fix.outlet import Identity, Now, Outlet, Stop
from gateway.fix.rejects import ROUTES, reject_body
from gateway.fix.store import SessionStore
from wire.units import NANOSECONDS_PER_SECOND

SENDING_TIME_TOLERANCE_NS = 120 * NANOSECONDS_PER_SECOND
LOGOUT_TIMEOUT_SECONDS = 2.0
HEARTBEAT_SECONDS_MAX = 600
SILENCE_FACTOR, TEST_FACTOR = 2.4, 1.2
"""Of the heartbeat interval: when the other side counts as gone, and when it is asked."""
QUEUE_MAX = 1_000
"""Messages kept that came before those that are missing; others come again when they are asked for."""
ADMIN_TYPES = frozenset("012345A")
GAP_FILLED_TYPES = ADMIN_TYPES | {"W", "X"}
"""Not sent again, and not kept for that: messages of the session, and prices, for newer ones have come."""
LOGON, LOGOUT, HEARTBEAT, TEST_REQUEST, RESEND_REQUEST, REJECT, SEQUENCE_RESET = "A", "5", "0", "1", "2", "3", "4"
TOO_HIGH_FOR_RESEND = {"FIX.4.0": "999999", "FIX.4.1": "999999"}
DUPLICATE, ORIGINAL_TIME, RESET_FLAG = 43, 122, 141
SEQUENCE_MAX = 2**31 - 1
"""Of NewSeqNo (36): a session has not that many messages."""


class Machine:
    """One session, as the acceptor of it (``gateway.fix.initiator``: the other end).

    A logon begins a connection, ``receive`` and ``tick`` live it, ``disconnected`` ends it.
    """

    def __init__(self, identity: Identity, store: SessionStore, dictionary: Dictionary, outlet: Outlet) -> None:
        self.identity, self.store, self._dictionary, self._outlet = identity, store, dictionary, outlet
        self.is_logged_on = self._has_sent_logout = False
        self.heartbeat_seconds = 0
        self.resets_on_logon = False
        self.last_received_at_ns = self.last_sent_at_ns = 0
        self._received_at = self._sent_at = 0.0
        self._tests = 0
        self._queue: dict[int, Parsed] = {}
        self._resend_until = 0
        self._application_version = identity.application_version

    def disconnected(self) -> None:
        self.is_logged_on = self._has_sent_logout = False
        self._queue.clear()
        self._resend_until = self._tests = 0

    # What comes in

    def receive(self, raw: bytes, now: Now) -> None:
        """One framed message. What is garbled is passed over; before a logon, it ends the connection."""
        try:
            parsed = self._dictionary.parse(raw.decode())
            message = decode(parsed.raw, now.wall_ns)
        except (Garbled, ValueError) as error:
            self._outlet.note("garbled", str(error)[:200])
            if not self.is_logged_on:
                self._outlet.close("garbled")
            return
        self.last_received_at_ns = now.wall_ns
        try:
            self._take(parsed, message, now)
            self._take_queued(now)
        except Stop as stop:
            self._outlet.close(str(stop))

    def _take(self, parsed: Parsed, message: Message, now: Now) -> None:
        if message.find(8) != self.identity.begin_string:
            return self._wrong_version(message, now)
        fault = self._dictionary.check(parsed, is_application=message.type not in ADMIN_TYPES)
        if fault is None and message.type == LOGON and self.identity.is_fixt and 1137 not in message:
            fault = Fault(1, 1137)
        if fault is not None:
            return self._break_rule(message, fault, now)
        handlers = {
            LOGON: self._on_logon,
            LOGOUT: self._on_logout,
            TEST_REQUEST: self._on_test_request,
            RESEND_REQUEST: self._on_resend_request,
            SEQUENCE_RESET: self._on_sequence_reset,
            HEARTBEAT: self._on_plain,
            REJECT: self._on_reject,
        }
        handler = handlers.get(message.type, self._on_application)
        return handler(parsed, message, now)

    def _take_queued(self, now: Now) -> None:
        while self.is_logged_on and (parsed := self._queue.pop(self.store.next_target, None)) is not None:
            message = decode(parsed.raw, now.wall_ns)
            if message.type in (LOGON, RESEND_REQUEST):
                self.store.expect(self.store.next_target + 1)
            else:
                self._take(parsed, message, now)

    def _wrong_version(self, message: Message, now: Now) -> None:
        if not self.is_logged_on:
            raise Stop("begin_string")
        if message.type == LOGOUT:
            return self._leave(message, now)
        self._send_logout("Incorrect BeginString", now)
        return self.store.expect(self.store.next_target + 1)

    def _break_rule(self, message: Message, fault: Fault, now: Now) -> None:
        if not self.is_logged_on:
            self._outlet.note("logon_refused", f"{fault.text}: {fault.tag}")
            raise Stop("invalid_logon")
        self._reject(message, fault.reason, fault.tag, now)

    def _verify(
        self, parsed: Parsed, message: Message, now: Now, *, too_high: bool = True, too_low: bool = True
    ) -> bool:
        """Whether the message is what is expected; what it needs as an answer has been sent where it is not."""
        if not self.is_logged_on and message.type != LOGON:
            raise Stop("not_logged_on")
        if not self._is_timely(message, now):
            self._must_be_logged_on("sending_time")
            self._reject(message, 10, 0, now)
            self._send_logout("", now)
            return False
        if (message.find(49), message.find(56)) != (self.identity.sender, self.identity.target):
            self._must_be_logged_on("comp_id")
            self._reject(message, 9, 0, now)
            self._send_logout("", now)
            return False
        if too_high and message.sequence > self.store.next_target:
            self._ask_for_missing(parsed, message, now)
            return False
        if too_low and message.sequence < self.store.next_target:
            self._too_low(message, now)
            return False
        if (too_high or too_low) and self._resend_until and message.sequence >= self._resend_until:
            self._resend_until = 0
        self._received_at, self._tests = now.steady, 0
        return True

    def _must_be_logged_on(self, reason: str) -> None:
        if not self.is_logged_on:
            self._outlet.note("logon_refused", reason)
            raise Stop(reason)

    def _is_timely(self, message: Message, now: Now) -> bool:
        try:
            return abs(now.wall_ns - parse_time(message.get(52))) <= SENDING_TIME_TOLERANCE_NS
        except ValueError:
            return False

    def _ask_for_missing(self, parsed: Parsed, message: Message, now: Now) -> None:
        self._received_at, self._tests = now.steady, 0
        if len(self._queue) < QUEUE_MAX:
            self._queue[message.sequence] = parsed
        if self._resend_until:
            return
        self._outlet.note("gap", f"expecting {self.store.next_target}, received {message.sequence}")
        end = TOO_HIGH_FOR_RESEND.get(self.identity.begin_string, "0")
        self._send(RESEND_REQUEST, [(7, str(self.store.next_target)), (16, end)], now)
        self._resend_until = message.sequence - 1

    def _too_low(self, message: Message, now: Now) -> None:
        if message.find(DUPLICATE) != "Y":
            text = f"MsgSeqNum too low, expecting {self.store.next_target} but received {message.sequence}"
            self._send_logout(text, now)
            self._outlet.note("sequence_too_low", text)
            raise Stop("sequence_too_low")
        if message.type == SEQUENCE_RESET:
            return
        if ORIGINAL_TIME not in message:
            self._reject(message, 1, ORIGINAL_TIME, now)
        elif parse_time(message.get(ORIGINAL_TIME)) > parse_time(message.get(52)):
            self._reject(message, 10, 0, now)
            self._send_logout("", now)

    # One method for each type

    def _on_logon(self, parsed: Parsed, message: Message, now: Now) -> None:
        resets = message.find(RESET_FLAG) == "Y"
        if self.is_logged_on and not resets:
            raise Stop("second_logon")
        if not self._is_timely(message, now):
            self._outlet.note("logon_refused", "sending_time")
            raise Stop("sending_time")
        if refusal := self._outlet.admit(message) or _wrong_interval(message):
            self._send_logout(refusal, now)
            raise Stop("logon_refused")
        if resets or (self.resets_on_logon and not self.is_logged_on):
            self.store.reset(now.wall_ns)
            self._outlet.note("reset", "by the counterparty" if resets else "at logon")
        was_logged_on = self.is_logged_on
        if not self._verify(parsed, message, now, too_high=False):
            return
        self.heartbeat_seconds = message.integer(108)
        self.is_logged_on = True
        self._answer_logon(message, now, resets=resets)
        if message.sequence > self.store.next_target:
            self._ask_for_missing(parsed, message, now)
        else:
            self.store.expect(self.store.next_target + 1)
        if not was_logged_on:
            self._outlet.logged_on()

    def _answer_logon(self, message: Message, now: Now, *, resets: bool) -> None:
        body: list[Field] = [(98, "0"), (108, message.get(108))]
        body += [(RESET_FLAG, "Y")] if resets else []
        body += [(1137, self.identity.application_version)] if self.identity.is_fixt else []
        self._send(LOGON, body, now)

    def _on_logout(self, parsed: Parsed, message: Message, now: Now) -> None:
        if self._verify(parsed, message, now, too_high=False, too_low=False):
            self._leave(message, now)

    def _leave(self, message: Message, now: Now) -> None:
        """A number is taken only in its turn: what is missing before it is asked for at the next logon."""
        if not self._has_sent_logout:
            self._send_logout("", now)
        if message.sequence == self.store.next_target:
            self.store.expect(self.store.next_target + 1)
        raise Stop("logout")

    def _on_plain(self, parsed: Parsed, message: Message, now: Now) -> None:
        if self._verify(parsed, message, now):
            self.store.expect(self.store.next_target + 1)

    def _on_reject(self, parsed: Parsed, message: Message, now: Now) -> None:
        if self._verify(parsed, message, now, too_high=False):
            self._outlet.note("rejected_by_counterparty", f"{message.find(45)}: {message.find(58)}"[:200])
            if message.sequence == self.store.next_target:
                self.store.expect(self.store.next_target + 1)

    def _on_test_request(self, parsed: Parsed, message: Message, now: Now) -> None:
        if self._verify(parsed, message, now):
            self.store.expect(self.store.next_target + 1)
            self._send(HEARTBEAT, [(112, message.find(112))] if 112 in message else [], now)

    def _on_resend_request(self, parsed: Parsed, message: Message, now: Now) -> None:
        if not self._verify(parsed, message, now, too_high=False, too_low=False):
            return
        begin, end, last = message.integer(7), message.integer(16), self.store.next_sender - 1
        if end == 0 or end > last or (end == 999_999 and self.identity.begin_string <= "FIX.4.2"):
            end = last
        self._resend(max(begin, 1), end, now)
        if message.sequence == self.store.next_target:
            self.store.expect(self.store.next_target + 1)

    def _on_sequence_reset(self, parsed: Parsed, message: Message, now: Now) -> None:
        fills = message.find(123) == "Y"
        if not self._verify(parsed, message, now, too_high=fills, too_low=fills):
            return
        new = message.integer(36)
        if new > SEQUENCE_MAX or new < self.store.next_target:
            self._reject(message, 5, 0, now)
        elif new > self.store.next_target:
            if not fills:
                self._outlet.note("reset", f"next expected {new} instead of {self.store.next_target}")
            self.store.expect(new)
            for number in [number for number in self._queue if number < new]:
                del self._queue[number]

    def _on_application(self, parsed: Parsed, message: Message, now: Now) -> None:
        if not self._verify(parsed, message, now):
            return
        refusal = self._outlet.screen(message)
        if refusal is not None:
            self.store.expect(self.store.next_target + 1)
            self.send(refusal, now)
            return
        self.store.note_received(parsed.raw, now.wall_ns)
        self._outlet.deliver(message)

    # What goes out

    def send(self, message: Outgoing, now: Now, reference: int = 0, command: int = 0) -> None:
        """An application message: it takes its number now and goes out now, or when the other side asks for it."""
        is_resend = message.is_possible_resend
        self._send(message.type, message.body, now, mark=(reference, command), is_possible_resend=is_resend)

    def log_out(self, text: str, now: Now) -> None:
        """Ask the other side to leave; it is cut off where it does not answer."""
        if self.is_logged_on and not self._has_sent_logout:
            self._send_logout(text, now)

    def tick(self, now: Now) -> None:
        """What time demands of a session that is logged on."""
        if not self.is_logged_on:
            return
        silent, idle = now.steady - self._received_at, now.steady - self._sent_at
        if self._has_sent_logout:
            if idle >= LOGOUT_TIMEOUT_SECONDS:
                self._outlet.close("logout_unanswered")
        elif silent >= SILENCE_FACTOR * self.heartbeat_seconds:
            self._outlet.note("silent", f"nothing for {silent:.1f} s")
            self._outlet.close("silent")
        elif silent >= TEST_FACTOR * (self._tests + 1) * self.heartbeat_seconds:
            self._tests += 1
            self._send(TEST_REQUEST, [(112, "TEST")], now)
        elif idle >= self.heartbeat_seconds and not self._tests:
            self._send(HEARTBEAT, [], now)

    def _send(
        self,
        kind: str,
        body: list[Field] | tuple[Field, ...],
        now: Now,
        *,
        mark: tuple[int, int] = (0, 0),
        is_possible_resend: bool = False,
    ) -> None:
        """``mark``: reference and command, for the store."""
        header = self._header(self.store.next_sender, now)
        header |= {97: "Y"} if is_possible_resend else {}
        if kind in (REJECT, "j"):
            header |= {tag: value for tag, value in body if tag in ROUTES}
            body = [field for field in body if field[0] not in ROUTES]
        raw = encode(self.identity.begin_string, kind, header, body)
        reference, command = mark
        self.store.note_sent(raw, is_resendable=self._can_resend(kind), reference=reference, command=command)
        if self.is_logged_on or kind in (LOGON, LOGOUT):
            self._write(raw, now)

    def _can_resend(self, kind: str) -> bool:
        return kind not in GAP_FILLED_TYPES

    def _write(self, raw: str, now: Now) -> None:
        self.last_sent_at_ns, self._sent_at = now.wall_ns, now.steady
        self._outlet.write(raw)

    def _header(self, sequence: int, now: Now) -> dict[int, str]:
        time = format_time(now.wall_ns, self.identity.begin_string)
        return {34: str(sequence), 49: self.identity.target, 52: time, 56: self.identity.sender}

    def _send_logout(self, text: str, now: Now) -> None:
        self._send(LOGOUT, [(58, text)] if text else [], now)
        self._has_sent_logout = True

    def _reject(self, message: Message, reason: int, tag: int, now: Now) -> None:
        """Session reject; the message counts as received where its turn had come."""
        if message.type not in (LOGON, SEQUENCE_RESET) and message.sequence == self.store.next_target:
            self.store.expect(self.store.next_target + 1)
        self._outlet.note("rejected", f"{message.type} {message.sequence}: {TEXTS[reason]} ({tag})")
        self._send(REJECT, reject_body(self.identity.begin_string, message, reason, tag, TEXTS[reason]), now)

    def _resend(self, begin: int, end: int, now: Now) -> None:
        """Application messages once more, gaps in place of all else."""
        time = format_time(now.wall_ns, self.identity.begin_string)
        current = begin
        for number, raw in self.store.sent_between(begin, end):
            if current < number:
                self._fill_gap(current, number, now)
            self._write(repeat(raw, time), now)
            current = number + 1
        if current <= end:
            self._fill_gap(current, end + 1, now)

    def _fill_gap(self, begin: int, new: int, now: Now) -> None:
        header = self._header(begin, now)
        header |= {DUPLICATE: "Y", ORIGINAL_TIME: header[52]}
        body: list[Field] = [(36, str(new)), (123, "Y")]
        self._write(encode(self.identity.begin_string, SEQUENCE_RESET, header, body), now)


def _wrong_interval(message: Message) -> str:
    if 1 <= message.integer(108) <= HEARTBEAT_SECONDS_MAX:
        return ""
    return f"heartbeat_interval: HeartBtInt is between 1 and {HEARTBEAT_SECONDS_MAX} seconds"
