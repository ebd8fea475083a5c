"""Read what was asked for and decided about corrections of trades."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts import roles
from common.decimals import plain_text
from rfq.models import CorrectionState, TradeCorrection

if TYPE_CHECKING:
    from accounts.models import User


@dataclasses.dataclass(frozen=True, kw_only=True)
class Correction:
    """Names and reasons of people are for the house and for their own firm; the others read that it was done."""

    correction_id: int
    trade_id: int
    kind: str
    state: str
    leg_prices: str
    requested_at: dt.datetime
    requested_by: str
    request_reason: str
    decided_by: str
    decide_reason: str
    gateway_reason: str
    is_waiting: bool


def list_corrections(user: User, rfq_id: int) -> list[Correction]:
    """Of the RFQ's trades, oldest first: all for the house, for a firm its own requests and what was booked."""
    rows = TradeCorrection.objects.filter(trade__rfq_id=rfq_id).select_related("requested_by", "decided_by")
    if not roles.sees_every_firm(user):
        own = Q(trade__taker_account__firm_id=user.firm_id) | Q(trade__maker_account__firm_id=user.firm_id)
        rows = rows.filter(own & (Q(requested_by__firm_id=user.firm_id) | Q(state=CorrectionState.DONE)))
    return [_correction(user, row) for row in rows.order_by("id")]


def _correction(user: User, row: TradeCorrection) -> Correction:
    sees_all = roles.sees_every_firm(user)
    is_own = sees_all or row.requested_by.firm_id == user.firm_id
    return Correction(
        correction_id=row.pk,
        trade_id=row.trade_id,
        kind=row.kind,
        state=str(row.state),
        leg_prices=", ".join(plain_text(price) for price in row.leg_prices or []),
        requested_at=row.requested_at,
        requested_by=row.requested_by.get_username() if is_own else "",
        request_reason=row.request_reason if is_own else "",
        decided_by=row.decided_by.get_username() if sees_all and row.decided_by else "",
        decide_reason=row.decide_reason if is_own else "",
        gateway_reason=row.gateway_reason if is_own else "",
        is_waiting=row.state == CorrectionState.REQUESTED,
    )
