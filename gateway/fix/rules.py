"""What a session may ask for before its message reaches anybody: its grants, its rate, its credentials."""

import hashlib
import hmac
from collections import OrderedDict

from gateway.fix.handler import BusinessReason, Grant, Refusal, RejectReason
from gateway.fix.message import Field, Message, Outgoing

GRANTS_BY_TYPE: dict[str, frozenset[Grant]] = (
    dict.fromkeys(("D", "F", "G", "H", "AB", "AC", "AF", "q", "E"), frozenset({Grant.ORDERS}))
    | {"AN": frozenset({Grant.ORDERS, Grant.DROP_COPY})}
    | dict.fromkeys(("AD", "AR"), frozenset({Grant.ORDERS, Grant.DROP_COPY, Grant.RFQ}))
    | dict.fromkeys(("R", "S", "Z", "AJ", "AG", "a", "i"), frozenset({Grant.RFQ}))
    | {"V": frozenset({Grant.MARKET_DATA}), "x": frozenset(Grant), "c": frozenset(Grant)}
)
"""Any of these grants allows the message; a type that is not here needs none."""
NEVER_THROTTLED = frozenset({"F", "q", "Z"})
"""Cancels pass at any rate."""
FAILURES_MAX, FAILURES_SECONDS = 5, 60.0
ADDRESSES_MAX = 4_096
_BUSINESS_REJECT_FROM = "FIX.4.2"


class Throttle:
    """So many messages a second, and a burst of so many at once; zero a second allows none."""

    def __init__(self, per_second: int, burst: int) -> None:
        self.per_second, self._burst = per_second, max(burst, 1)
        self._tokens, self._at = float(self._burst), 0.0

    def takes(self, steady: float) -> bool:
        """Whether one more may pass now, in seconds of a steady clock."""
        self._tokens = min(float(self._burst), self._tokens + (steady - self._at) * self.per_second)
        self._at = steady
        if self._tokens < 1 or not self.per_second:
            return False
        self._tokens -= 1
        return True


class Failures:
    """Logons that failed lately, by session and address: a stranger does not lock the client out."""

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[int, str], list[float]] = OrderedDict()

    def too_many(self, session_id: int, address: str, steady: float) -> bool:
        recent = [at for at in self._failed.get((session_id, address), []) if steady - at < FAILURES_SECONDS]
        return len(recent) >= FAILURES_MAX

    def note(self, session_id: int, address: str, steady: float) -> None:
        failed = self._failed.setdefault((session_id, address), [])
        failed[:] = [*failed[-FAILURES_MAX + 1 :], steady]
        self._failed.move_to_end((session_id, address))
        if len(self._failed) > ADDRESSES_MAX:
            self._failed.popitem(last=False)


def has_credentials(logon: Message, name: str, secret_sha256: str) -> bool:
    """Username (553) and Password (554); under FIX 4.2, which has neither, RawData (96) holds the password."""
    secret = logon.find(554) or logon.find(96)
    is_named = logon.find(553, name) == name
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return hmac.compare_digest(digest, secret_sha256) and is_named


def missing_grant(message: Message, grants: frozenset[Grant]) -> Refusal | None:
    needed = GRANTS_BY_TYPE.get(message.type, frozenset())
    if not needed or needed & grants:
        return None
    words = " or ".join(sorted(needed))
    return Refusal(
        reason=BusinessReason.NOT_AUTHORIZED, name="not_granted", text=f"This session has no grant of {words}."
    )


def rate_exceeded(throttle: Throttle) -> Refusal:
    bound = throttle.per_second
    return Refusal(reason=BusinessReason.OTHER, name="message_rate", text=f"More than {bound} messages a second.")


def refusal_message(begin_string: str, message: Message, refusal: Refusal) -> Outgoing:
    """35=j, or 35=3 for what breaks the rules of the message itself and for versions before FIX 4.2."""
    text = f"{refusal.name}: {refusal.text}"
    body: list[Field] = [(45, str(message.sequence)), (58, text)]
    if isinstance(refusal.reason, RejectReason):
        body += [(371, str(refusal.tag))] if refusal.tag else []
        body.append((372, message.type))
        is_known = begin_string != _BUSINESS_REJECT_FROM or refusal.reason is not RejectReason.OTHER
        body += [(373, str(int(refusal.reason)))] if is_known else []
        return Outgoing("3", tuple(body))
    if begin_string < _BUSINESS_REJECT_FROM:
        return Outgoing("3", tuple(body))
    body.append((372, message.type))
    body += [(379, refusal.business_id)] if refusal.business_id else []
    body.append((380, str(int(refusal.reason))))
    return Outgoing("j", tuple(body))
