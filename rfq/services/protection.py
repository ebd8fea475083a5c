"""Market-maker protection: set, hit, thawed, reset; and the withdrawal of a frozen firm's quotes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import roles
from common import db
from common.actor import GATEWAY, TIMER, Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from rfq.domain.records import RfqRecord
from rfq.models import MakerProtection, ProtectedFill, Quote, RfqLeg
from rfq.selectors.protection import protection_view
from rfq.services import commands, windows
from rfq.services.batches import Failures, move_all
from rfq.services.withdrawals import withdraw
from wire.client_protection import PROTECTION_TRADES_MAX, ResetProtection, SetProtection
from wire.instruments import COINS
from wire.units import QuoteState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

REASON_PROTECTION = "mmp"


def set_protection(*, user: User, actor: Actor, message: SetProtection, at: dt.datetime) -> int:
    """Set the firm's limits in a coin; what is frozen stays so, and the window keeps its fills. Returns the row's id.

    Raises NotAllowed ``role``, Refusal ``unknown_coin``, ``protection_without_limits`` and ``limit_not_positive``.
    """
    return commands.once(user_id=user.id, message=message, entity="protect", act=lambda: _set(user, actor, message, at))


def reset_protection(*, user: User, actor: Actor, message: ResetProtection, at: dt.datetime) -> int:
    """Thaw the firm in the coin and empty its window; what is pending still counts.

    Raises NotFound ``protection_not_found``.
    """
    return commands.once(
        user_id=user.id, message=message, entity="protect", act=lambda: _reset(user, actor, message, at)
    )


def withdraw_hit(rfq: RfqRecord, at: dt.datetime) -> int:
    """In the transaction of the fill: every other quote of the firms that it froze, where nobody holds the RFQ.

    What others hold at this instant cannot be accepted any more, and the timers withdraw it within a moment: waiting
    for it here could wait for somebody who waits for us.
    """
    filled = [quote.maker_firm_id for quote in rfq.quotes if quote.state is QuoteState.FILLED]
    rows = MakerProtection.objects.filter(firm_id__in=filled, coin__in=windows.coins_of(rfq), frozen_at=at)
    left_to_the_timers = Failures()
    return sum(_withdraw(row, at, GATEWAY, left_to_the_timers) for row in rows.order_by("id"))


def keep_protections(at: dt.datetime) -> int:
    """The timers' part: thaw whom the time thaws, and withdraw what a frozen firm still has standing.

    Raises like ``move_each``.
    """
    due = MakerProtection.objects.filter(frozen_until__lte=at).order_by("id").values_list("id", flat=True)
    frozen = MakerProtection.objects.filter(frozen_at__isnull=False).order_by("id").values_list("id", flat=True)
    return move_all((due, lambda row_id: _thaw(row_id, at)), (frozen, lambda row_id: _withdraw_late(row_id, at)))


def _set(user: User, actor: Actor, message: SetProtection, at: dt.datetime) -> int:
    firm_id = _check_maker(user)
    _check_limits(message)
    row = _lock(firm_id, message.coin)
    was = protection_view(row) if row is not None else None
    row = row or MakerProtection(firm_id=firm_id, coin=message.coin)
    row.interval_ms, row.frozen_ms = message.interval_ms, message.frozen_ms
    row.quantity_max, row.delta_max = _amount(message.quantity_max), _amount(message.delta_max)
    row.vega_max = _amount(message.vega_max)
    row.trade_count_max = message.trade_count_max or PROTECTION_TRADES_MAX
    row.save()
    windows.record(row, "set", actor, at, was, message.command_id)
    return row.pk


def _reset(user: User, actor: Actor, message: ResetProtection, at: dt.datetime) -> int:
    firm_id = _check_maker(user)
    row = _lock(firm_id, message.coin)
    if row is None:
        raise NotFound("protection_not_found", "Your firm has no protection in this coin.", value=message.coin)
    was = protection_view(row)
    ProtectedFill.objects.filter(protection_id=row.pk, is_pending=False).delete()
    _unfreeze(row)
    windows.record(row, "reset", actor, at, was, message.command_id)
    return row.pk


def _thaw(row_id: int, at: dt.datetime) -> int:
    """The freeze ends by itself. The window stays: what is still in it counts on."""
    failures = Failures()
    with db.unit_of_work():
        row = _unheld().filter(id=row_id, frozen_until__lte=at).first()
        if row is None:
            return 0
        while _standing(row).exists() and _withdraw(row, at, TIMER, failures):
            pass
        is_clear = not _standing(row).exists()
        if is_clear:
            was = protection_view(row)
            _unfreeze(row)
            windows.record(row, "thawed", TIMER, at, was)
    failures.raise_first()
    return int(is_clear)


def _withdraw_late(row_id: int, at: dt.datetime) -> int:
    failures = Failures()
    with db.unit_of_work():
        row = _unheld().filter(id=row_id, frozen_at__isnull=False).first()
        ended = _withdraw(row, at, TIMER, failures) if row is not None else 0
    failures.raise_first()
    return ended


def _unheld() -> QuerySet[MakerProtection]:
    """Rows that nobody else holds: the timers come again in a moment, and wait for no firm."""
    return MakerProtection.objects.select_for_update(no_key=True, skip_locked=True)


def _unfreeze(row: MakerProtection) -> None:
    row.frozen_at, row.frozen_until, row.hit = None, None, ""
    row.save(update_fields=["frozen_at", "frozen_until", "hit"])


def _lock(firm_id: int, coin: str) -> MakerProtection | None:
    return MakerProtection.objects.select_for_update(no_key=True).filter(firm_id=firm_id, coin=coin).first()


def _standing(row: MakerProtection) -> QuerySet[Quote]:
    """Active quotes of the firm in the coin that may not stand: all from before the end of the freeze.

    One that was being written as the limit was hit, so that the hit waited for it, is younger than the freeze.
    """
    in_coin = RfqLeg.objects.filter(instrument__name__startswith=row.coin).values("rfq_id")
    mine = Quote.objects.filter(maker_firm_id=row.firm_id, state=QuoteState.ACTIVE.value, rfq_id__in=in_coin)
    if row.frozen_until is not None:
        mine = mine.filter(updated_at__lt=row.frozen_until)
    return mine


def _withdraw(row: MakerProtection, at: dt.datetime, actor: Actor, failures: Failures) -> int:
    return withdraw(_standing(row), REASON_PROTECTION, actor, at, failures)


def _check_maker(user: User) -> int:
    if user.firm is None or user.firm.kind != "maker" or not roles.may_trade(user):
        raise NotAllowed("role", "Only people of a maker set its protection.", value=user.role, bound="client")
    return user.firm.pk


def _check_limits(message: SetProtection) -> None:
    if message.coin not in COINS:
        raise Refusal("unknown_coin", "There is no such coin.", value=message.coin, bound=", ".join(COINS))
    bounds = (message.quantity_max, message.delta_max, message.vega_max)
    if message.interval_ms and message.trade_count_max is None and not any(bounds):
        raise Conflict("protection_without_limits", "A protection needs one limit at least.")
    for bound in bounds:
        if bound is not None and Decimal(bound) <= 0:
            raise Refusal("limit_not_positive", "A limit must be above zero.", value=bound, bound=0)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
