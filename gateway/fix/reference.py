"""The messages of a session as the rules of engagement list them; docs/fix/messages.md is generated from this table.

``python -m gateway.fix.reference`` prints the page.
"""

import dataclasses
import sys
from collections.abc import Sequence

from gateway.fix.framing import MESSAGE_BYTES_MAX
from gateway.fix.handler import Grant
from gateway.fix.line import INBOX_FULL
from gateway.fix.machine import HEARTBEAT_SECONDS_MAX, LOGOUT_TIMEOUT_SECONDS, SENDING_TIME_TOLERANCE_NS
from gateway.fix.registry import SESSIONS_MAX
from gateway.fix.rules import FAILURES_MAX, FAILURES_SECONDS, GRANTS_BY_TYPE, NEVER_THROTTLED
from gateway.fix.server import CONNECTIONS_MAX, LOGON_SECONDS, UNSENT_BYTES_MAX
from gateway.fix.store import RESENDABLE_MAX
from wire.units import NANOSECONDS_PER_SECOND


@dataclasses.dataclass(frozen=True)
class FieldRule:
    tag: int
    name: str
    is_required: bool
    meaning: str


@dataclasses.dataclass(frozen=True)
class MessageRule:
    """``way``: in, out or both, as the gateway sees it."""

    type: str
    name: str
    way: str
    meaning: str
    fields: tuple[FieldRule, ...] = ()


HEADER = (
    FieldRule(8, "BeginString", True, "FIX.4.2, FIX.4.4 or FIXT.1.1; first"),
    FieldRule(9, "BodyLength", True, "second; a wrong one makes the message garbled: it is ignored"),
    FieldRule(35, "MsgType", True, "third"),
    FieldRule(49, "SenderCompID", True, "the session's name in messages to Parley, PARLEY in messages from it"),
    FieldRule(56, "TargetCompID", True, "PARLEY in messages to Parley"),
    FieldRule(34, "MsgSeqNum", True, "one more with every message, over connections and restarts"),
    FieldRule(52, "SendingTime", True, "UTC, within the tolerance of the gateway's clock"),
    FieldRule(43, "PossDupFlag", False, "Y: sent before under this number"),
    FieldRule(97, "PossResend", False, "Y: perhaps sent before under another number"),
    FieldRule(122, "OrigSendingTime", False, "required with 43=Y; not later than SendingTime"),
)
MESSAGES = (
    MessageRule("A", "Logon", "both", "begins a session, and answers that", (
        FieldRule(98, "EncryptMethod", True, "0"),
        FieldRule(108, "HeartBtInt", True, f"seconds, 1 to {HEARTBEAT_SECONDS_MAX}"),
        FieldRule(141, "ResetSeqNumFlag", False, "Y: both numbers begin at 1, MsgSeqNum is 1"),
        FieldRule(553, "Username", False, "FIX 4.4 and 5.0: the session's name"),
        FieldRule(554, "Password", True, "FIX 4.4 and 5.0; in FIX 4.2 RawData (96, length in 95)"),
        FieldRule(1137, "DefaultApplVerID", True, "FIXT.1.1 only: 9"),
    )),
    MessageRule("0", "Heartbeat", "both", "sign of life", (
        FieldRule(112, "TestReqID", False, "that of the test request which it answers"),
    )),
    MessageRule("1", "TestRequest", "both", "asks for a heartbeat", (
        FieldRule(112, "TestReqID", True, "any text"),
    )),
    MessageRule("2", "ResendRequest", "both", "asks for messages once more", (
        FieldRule(7, "BeginSeqNo", True, "the first"),
        FieldRule(16, "EndSeqNo", True, "the last; 0: all that there are"),
    )),
    MessageRule("3", "Reject", "both", "the message breaks a rule of FIX or of its dictionary", (
        FieldRule(45, "RefSeqNum", True, "MsgSeqNum of the message"),
        FieldRule(58, "Text", False, "the rule in words"),
        FieldRule(371, "RefTagID", False, "the field at fault"),
        FieldRule(372, "RefMsgType", False, "its type"),
        FieldRule(373, "SessionRejectReason", False, "0 to 17, 99; under FIX 4.2 only 0 to 11"),
    )),
    MessageRule("4", "SequenceReset", "both", "fills a gap with nothing (123=Y), or sets the next number", (
        FieldRule(36, "NewSeqNo", True, "the next number; it never goes back"),
        FieldRule(123, "GapFillFlag", False, "Y: in answer to a resend request"),
    )),
    MessageRule("5", "Logout", "both", "ends a session, and answers that", (
        FieldRule(58, "Text", False, "why, as `name: sentence`"),
    )),
    MessageRule("j", "BusinessMessageReject", "out", "the message is in order, and not acted on", (
        FieldRule(45, "RefSeqNum", True, "MsgSeqNum of the message"),
        FieldRule(58, "Text", True, "why, as `name: sentence`"),
        FieldRule(372, "RefMsgType", True, "its type"),
        FieldRule(379, "BusinessRejectRefID", False, "its own id, where it has one"),
        FieldRule(380, "BusinessRejectReason", True, "0 other, 1 unknown id, 3 unsupported, 4 unavailable, 6 no grant"),
    )),
)  # fmt: skip
REFUSALS = (
    ("wrong_credentials", "Logout", "Username or Password is wrong"),
    ("too_many_attempts", "none", f"{FAILURES_MAX} logons of one address failed within {FAILURES_SECONDS:.0f} s"),
    ("not_enabled", "Logout", "the session is switched off or revoked"),
    ("outside_schedule", "Logout", "outside the session's hours"),
    ("heartbeat_interval", "Logout", f"HeartBtInt is not between 1 and {HEARTBEAT_SECONDS_MAX}"),
    ("revoked", "Logout", "the session lost its right to be here while it was logged on"),
    ("sequence_reset", "Logout", "an operator sets the session's numbers"),
    ("shutdown", "Logout", "the gateway stops"),
    ("not_granted", "BusinessMessageReject, 380=6", "the session has no grant for this type of message"),
    ("message_rate", "BusinessMessageReject, 380=0", "more messages a second than agreed; never a cancel"),
    ("unsupported_message", "BusinessMessageReject, 380=3", "a type that Parley does not act on"),
    ("field_missing", "BusinessMessageReject, 380=5", "a field that another asks for is missing"),
    ("value_incorrect", "Reject, 373=5", "a field holds what cannot be read, or what is not supported"),
    ("halted", "BusinessMessageReject, 380=4", "the engine takes nothing more"),
    ("internal_error", "BusinessMessageReject, 380=4", "the message was not acted on; tell us"),
)
BOUNDS = (
    ("bytes of a message", f"{MESSAGE_BYTES_MAX:,}", "the connection is closed"),
    (
        "SendingTime from the gateway's clock",
        f"{SENDING_TIME_TOLERANCE_NS // NANOSECONDS_PER_SECOND} s",
        "Reject 373=10, Logout",
    ),
    ("time from connection to Logon", f"{LOGON_SECONDS:.0f} s", "the connection is closed"),
    ("time to answer a Logout", f"{LOGOUT_TIMEOUT_SECONDS:.0f} s", "the connection is closed"),
    ("silence", "1.2 and 2.4 heartbeat intervals", "TestRequest; then the connection is closed"),
    ("messages that can be resent", f"{RESENDABLE_MAX:,} of a session", "older ones are gap-filled"),
    ("bytes that a client leaves unread", f"{UNSENT_BYTES_MAX:,}", "the connection is closed"),
    ("messages that wait for the engine", f"{INBOX_FULL} of a session", "nothing more is read until they are fewer"),
    ("sessions and connections", f"{SESSIONS_MAX} and {CONNECTIONS_MAX}", "one more is refused"),
)


def page() -> str:
    """The Markdown of docs/fix/messages.md."""
    parts = ["# FIX messages of a session\n\nGenerated by `python -m gateway.fix.reference`; do not edit.\n"]
    parts.append("## Header\n\n" + _fields(HEADER))
    for message in MESSAGES:
        way = {"both": "both ways", "in": "to Parley", "out": "from Parley"}[message.way]
        parts.append(f"## {message.name} (35={message.type})\n\n{way}: {message.meaning}.\n\n{_fields(message.fields)}")
    parts.append("## Grants\n\n" + _table(("grant", "allows 35="), _grants()))
    parts.append("## Refusals by name\n\n" + _table(("name", "answer", "meaning"), REFUSALS))
    parts.append("## Bounds\n\n" + _table(("of", "bound", "beyond it"), BOUNDS))
    return "\n".join(parts)


def _fields(rules: tuple[FieldRule, ...]) -> str:
    rows = [(str(rule.tag), rule.name, "yes" if rule.is_required else "", rule.meaning) for rule in rules]
    return _table(("tag", "name", "required", "meaning"), rows)


def _grants() -> list[tuple[str, str]]:
    allowed = {grant: [kind for kind, grants in GRANTS_BY_TYPE.items() if grant in grants] for grant in Grant}
    rows = [(grant.value, " ".join(kinds)) for grant, kinds in allowed.items()]
    return [*rows, ("never counted against the rate", " ".join(sorted(NEVER_THROTTLED)))]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
