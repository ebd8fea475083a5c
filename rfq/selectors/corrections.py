"""Read what was asked for and decided about corrections of trades."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts import roles
from rfq.domain.prices import price_text
from rfq.domain.records import LegRecord
from rfq.models import CorrectionState, TradeCorrection
from rfq.selectors import get_record

if TYPE_CHECKING:
    from accounts.models import User


OPEN_STATES = frozenset({CorrectionState.REQUESTED, CorrectionState.SENT, CorrectionState.RESERVED})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Correction:
    """Names and reasons of people are for the house and for their own firm; the others read that it was done.

    ``is_waiting``: for a second person. ``may_decide``: the reader can be that one.
    """

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
    may_decide: bool
    is_open: bool

    @property
    def word(self) -> str:
        """What it has made of the trade; empty where it has not."""
        done = {"bust": "busted", "amendment": "amended"}
        return done[self.kind] if self.state == CorrectionState.DONE else ""


def list_corrections(user: User, rfq_id: int) -> list[Correction]:
    """Of the RFQ's trades, oldest first: all for the house, for a firm its own requests and what was booked."""
    rows = TradeCorrection.objects.filter(trade__rfq_id=rfq_id).select_related("requested_by", "decided_by")
    if not roles.sees_every_firm(user):
        own = Q(trade__taker_account__firm_id=user.firm_id) | Q(trade__maker_account__firm_id=user.firm_id)
        rows = rows.filter(own & (Q(requested_by__firm_id=user.firm_id) | Q(state=CorrectionState.DONE)))
    found = list(rows.order_by("id"))
    legs = get_record(rfq_id).legs if found else ()
    return [_correction(user, row, legs) for row in found]


def _correction(user: User, row: TradeCorrection, legs: Sequence[LegRecord]) -> Correction:
    sees_all = roles.sees_every_firm(user)
    is_own = sees_all or row.requested_by.firm_id == user.firm_id
    return Correction(
        correction_id=row.pk,
        trade_id=row.trade_id,
        kind=row.kind,
        state=str(row.state),
        leg_prices=_prices_text(row, legs),
        requested_at=row.requested_at,
        requested_by=row.requested_by.get_username() if is_own else "",
        request_reason=row.request_reason if is_own else "",
        decided_by=row.decided_by.get_username() if sees_all and row.decided_by else "",
        decide_reason=row.decide_reason if is_own else "",
        gateway_reason=row.gateway_reason if is_own else "",
        is_waiting=row.state == CorrectionState.REQUESTED,
        may_decide=sees_all and row.state == CorrectionState.REQUESTED and row.requested_by_id != user.pk,
        is_open=row.state in OPEN_STATES,
    )


def _prices_text(row: TradeCorrection, legs: Sequence[LegRecord]) -> str:
    if row.leg_prices is None:
        return ""
    return ", ".join(price_text(price, leg.tick_size) for price, leg in zip(row.leg_prices, legs, strict=True))
