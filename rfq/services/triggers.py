"""The taker's resting limits: set, withdrawn, and fired by a timer, so that no maker's command takes longer for one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING

import structlog

from accounts import selectors as accounts_selectors
from common import db
from common.actor import Actor
from common.errors import Refusal
from rfq import publishers, selectors
from rfq.domain import execution, triggers
from rfq.domain.prices import check_net_price, to_decimal
from rfq.domain.records import RfqRecord, TriggerRecord
from rfq.models import Rfq
from rfq.services import changes, commands
from rfq.services.batches import move_each
from rfq.services.checks import Unavailable
from rfq.services.executions import Attempt
from rfq.services.requests import check_taker
from wire.client import CancelTrigger, SetTrigger
from wire.negotiation import AcceptKind

if TYPE_CHECKING:
    from accounts.models import User

log = structlog.get_logger(__name__)

BATCH_MAX = 50
"""Requests whose limits one run of the timer holds against their quotes; the next run takes the rest."""
RETRY = dt.timedelta(seconds=1)
"""After this a limit that quotes reach, but that could not be traded, is tried again."""
RETRIED = ("stale_mark", "insufficient_quantity", "maker_margin_headroom", "maker_margin_unknown", "maker_stopped")
"""Refusals that may be over in a moment: the limit rests on. Any other ends it, under its name."""


def set_trigger(*, user: User, actor: Actor, message: SetTrigger, at: dt.datetime) -> int:
    """Rest a limit on one side, in place of an earlier one; returns the RFQ's id."""
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _set(user, actor, message, at))


def cancel_trigger(*, user: User, actor: Actor, message: CancelTrigger, at: dt.datetime) -> int:
    """Withdraw the limit on one side; returns the RFQ's id."""
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _cancel(user, actor, message, at))


def fire_triggers(at: dt.datetime) -> int:
    """Trade every RFQ whose quotes reach a resting limit; returns how many moved. Raises like ``move_each``."""
    due = Rfq.objects.filter(trigger_due_at__lte=at).order_by("trigger_due_at")
    rows = list(due.values_list("id", "trigger_due_at")[:BATCH_MAX])
    return move_each(rows, lambda row: _fire_one(*row, at))


def _set(user: User, actor: Actor, message: SetTrigger, at: dt.datetime) -> int:
    before = changes.get_locked_by(message.rfq_id, user.firm_id)
    check_taker(user, before.taker_firm_id, before.maker_firm_ids, before.rfq_id)
    limit_price = check_net_price(before.legs, to_decimal("limit price", message.limit_price))
    trigger = TriggerRecord(
        trigger_id=changes.next_id("rfq_trigger"),
        user_id=user.id,
        side=message.side,
        limit_price=limit_price,
        created_at=at,
    )
    after = triggers.set_trigger(before, trigger=trigger, at=at)
    cause = publishers.Cause(action="rfq.trigger_set", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return before.rfq_id


def _cancel(user: User, actor: Actor, message: CancelTrigger, at: dt.datetime) -> int:
    before = changes.get_locked_by(message.rfq_id, user.firm_id)
    check_taker(user, before.taker_firm_id, before.maker_firm_ids, before.rfq_id)
    after = triggers.cancel_trigger(before, side=message.side)
    cause = publishers.Cause(action="rfq.trigger_canceled", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return before.rfq_id


def _fire_one(rfq_id: int, due_at: dt.datetime | None, at: dt.datetime) -> int:
    """1 where the RFQ moved. due_at: since when it was due; what became due anew meanwhile is not put off."""
    rfq = selectors.get_record(rfq_id)
    crossed = triggers.list_crossed(rfq, at=at)
    if not crossed:
        return _settle(rfq_id, None, at)
    trigger = crossed[0]
    attempt = _attempt(trigger, rfq, at)
    try:
        attempt.prepare(rfq)
        with db.unit_of_work():
            commands.set_lock_timeout()
            before = changes.lock(rfq_id, skip_locked=True)
            if before is None or trigger not in triggers.list_crossed(before, at=at):
                return 0
            attempt.execute(before)
            Rfq.objects.filter(id=rfq_id).update(trigger_due_at=None)
    except Refusal as refusal:
        log.warning("trigger_refused", rfq_id=rfq_id, reason=refusal.reason)
        if isinstance(refusal, Unavailable) or refusal.reason in RETRIED:
            Rfq.objects.filter(id=rfq_id, trigger_due_at=due_at).update(trigger_due_at=at + RETRY)
            return 0
        return _settle(rfq_id, (trigger, refusal.reason), at)
    return 1


def _attempt(trigger: TriggerRecord, rfq: RfqRecord, at: dt.datetime) -> Attempt:
    def choose(record: RfqRecord, left_out: Collection[int]) -> execution.Plan:
        return execution.plan_pool(
            record, side=trigger.side, limit_price=trigger.limit_price, versions=None, left_out=left_out, at=at
        )

    return Attempt(
        kind=AcceptKind.TRIGGER,
        choose=choose,
        user=accounts_selectors.get_user(trigger.user_id),
        actor=Actor(user_id=trigger.user_id, firm_id=rfq.taker_firm_id, via="trigger"),
        at=at,
        limit_price=trigger.limit_price,
        trigger=trigger,
    )


def _settle(rfq_id: int, refused: tuple[TriggerRecord, str] | None, at: dt.datetime) -> int:
    """Nothing is due any more, unless that changed under our hands; a limit that was refused ends under that name."""
    with db.unit_of_work():
        commands.set_lock_timeout()
        before = changes.lock(rfq_id, skip_locked=True)
        if before is None:
            return 0
        if refused is None:
            if not triggers.list_crossed(before, at=at):
                Rfq.objects.filter(id=rfq_id).update(trigger_due_at=None)
            return 0
        trigger, reason = refused
        if trigger not in before.triggers:
            return 0
        after = triggers.cancel_trigger(before, side=trigger.side, reason=reason)
        actor = Actor(user_id=trigger.user_id, firm_id=before.taker_firm_id, via="trigger")
        changes.write(before, after, publishers.Cause(action="rfq.trigger_canceled", actor=actor, at=at, reason=reason))
        return 1
