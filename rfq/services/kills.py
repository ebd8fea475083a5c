"""Kill switches over quotes: what is engaged withdraws the live quotes that it covers, and lets no new one in.

What was accepted before stays pending: the gateway, which holds the switch of accounts and firms, refuses a reservation
that reaches it later; one that it holds already becomes a fill.
"""

import datetime as dt

from django.db.models import Q, QuerySet

from common import db
from common.actor import GATEWAY, TIMER, Actor
from rfq.models import Quote, QuoteVersion, RfqLeg
from rfq.services.batches import Failures, move_each
from rfq.services.withdrawals import withdraw
from risk import selectors as risk_selectors
from wire.units import ControlScope, QuoteState

REASON_KILL = "kill"


def withdraw_killed(*, scope: ControlScope, scope_id: int, at: dt.datetime) -> int:
    """In the transaction that learns of the switch: every quote it covers, where nobody holds the RFQ."""
    return _withdraw(scope, scope_id, GATEWAY, at, Failures())


def keep_kills(at: dt.datetime) -> int:
    """The timers' part: what an engaged switch covers and is still standing. Raises like ``move_each``."""
    return move_each(risk_selectors.list_killed_scopes(), lambda killed: _withdraw_late(*killed, at))


def _withdraw_late(scope: ControlScope, scope_id: int, at: dt.datetime) -> int:
    failures = Failures()
    with db.unit_of_work():
        ended = _withdraw(scope, scope_id, TIMER, at, failures)
    failures.raise_first()
    return ended


def _withdraw(scope: ControlScope, scope_id: int, actor: Actor, at: dt.datetime, failures: Failures) -> int:
    return withdraw(_standing(scope, scope_id), REASON_KILL, actor, at, failures)


def _standing(scope: ControlScope, scope_id: int) -> QuerySet[Quote]:
    covered = _covered(scope, scope_id)
    if covered is None:
        return Quote.objects.none()
    return Quote.objects.filter(covered, state=QuoteState.ACTIVE.value)


def _covered(scope: ControlScope, scope_id: int) -> Q | None:
    """None for scopes that no quote is in: a strategy, a venue."""
    if scope is ControlScope.ALL:
        return Q()
    if scope is ControlScope.FIRM:
        return Q(maker_firm_id=scope_id)
    if scope is ControlScope.INSTRUMENT:
        return Q(rfq_id__in=RfqLeg.objects.filter(instrument_id=scope_id).values("rfq_id"))
    newest = QuoteVersion.objects.filter(ended_at__isnull=True)
    if scope is ControlScope.DESK:
        newest = newest.filter(Q(account__desk_id=scope_id) | Q(user__desk_id=scope_id))
    elif scope is ControlScope.USER:
        newest = newest.filter(user_id=scope_id)
    elif scope is ControlScope.ACCOUNT:
        newest = newest.filter(account_id=scope_id)
    else:
        return None
    return Q(id__in=newest.values("quote_id"))
