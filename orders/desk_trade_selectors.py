"""Reads of trades that people book. What belongs to another firm does not exist for the asker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import roles
from common import clock
from common.decimals import plain_text
from orders.models import DeskLeg, DeskTrade
from wire.desk_trade_views import DeskLegView, DeskTradeKind, DeskTradeState, DeskTradeView
from wire.units import Side, from_smallest_units

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

ROWS_MAX = 100


def visible_desk_trades(user: User) -> QuerySet[DeskTrade]:
    """Of the user's firm; of all firms for compliance and admin."""
    trades = DeskTrade.objects.all()
    if roles.sees_every_firm(user):
        return trades
    if user.firm_id is None or not roles.may_trade(user):
        return trades.none()
    return trades.filter(firm_id=user.firm_id)


def list_desk_trades(user: User) -> list[DeskTradeView]:
    """Newest first."""
    trades = visible_desk_trades(user).prefetch_related("legs__instrument", "followers")
    return [desk_trade_view(trade) for trade in trades.order_by("-id")[:ROWS_MAX]]


def desk_trade_view(trade: DeskTrade) -> DeskTradeView:
    legs = sorted(trade.legs.all(), key=lambda leg: leg.number)
    return DeskTradeView(
        desk_trade_id=trade.pk,
        kind=DeskTradeKind(trade.kind),
        state=DeskTradeState(trade.state),
        source=trade.source,
        fee=plain_text(from_smallest_units(trade.fee, trade.fee_asset)),
        fee_asset=trade.fee_asset,
        reason=trade.request_reason,
        requested_by_user_id=trade.requested_by_id,
        requested_at_ns=clock.to_ns(trade.requested_at),
        decided_by_user_id=trade.decided_by_id,
        decide_reason=trade.decide_reason,
        original_id=trade.original_id,
        is_standing=is_standing(trade),
        order_id=trade.order_id,
        parent_order_id=trade.parent_id,
        gateway_reason=trade.gateway_reason,
        traded_at_ns=clock.to_ns(trade.traded_at),
        done_at_ns=clock.to_ns(trade.done_at) if trade.done_at else 0,
        legs=[_leg_view(trade, leg) for leg in legs],
    )


def is_standing(trade: DeskTrade) -> bool:
    """Booked, no counter-entry itself, and neither corrected, taken back nor undone."""
    if trade.state != DeskTradeState.DONE or trade.kind in (DeskTradeKind.BUST, DeskTradeKind.UNDO):
        return False
    return all(follower.state != DeskTradeState.DONE for follower in trade.followers.all())


def _leg_view(trade: DeskTrade, leg: DeskLeg) -> DeskLegView:
    first = trade.first_execution_id
    return DeskLegView(
        account_id=leg.account_id,
        other_account_id=leg.other_account_id,
        instrument_name=leg.instrument.name,
        side=Side(leg.side),
        quantity=plain_text(leg.quantity_lots * leg.instrument.lot_size),
        price=plain_text(leg.price_ticks * leg.instrument.tick_size),
        execution_id=None if first is None else first + leg.number,
        reverses=leg.reverses,
    )
