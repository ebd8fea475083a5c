"""What an order traded, shared out to accounts of its firm; undone by the same trades the other way round alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from common import db
from common.actor import Actor
from common.errors import Conflict, Refusal
from orders.desk_trade_selectors import is_standing
from orders.domain.allocations import price_pieces, share_lots
from orders.models import TERMINAL, DeskTrade, Order, ParentOrder
from orders.services import commands
from orders.services.canceling import lock_own
from orders.services.desk_trade_booking import orders_of
from orders.services.desk_trades import LegDraft, lock_visible, send, store
from orders.services.manual_fills import check_not_followed, check_trades_still, counter_leg
from orders.services.parents import lock_parent
from orders.services.placing import check_may_trade
from settlement import selectors as settlement
from wire.algos import AlgoName
from wire.client_desk_trades import AllocateTrade, UndoAllocation
from wire.desk_trade_views import DeskTradeKind, DeskTradeState
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import User


BY_ORDER = frozenset({AlgoName.BRACKET, AlgoName.MULTILEG})
"""Parents whose orders are not of one side of one instrument: they are shared out one by one."""


def allocate_trade(*, user: User, actor: Actor, message: AllocateTrade, at: dt.datetime) -> DeskTrade:
    """Share it out at its average price; booked once the gateway, which holds every account to its limits, says so.

    Idempotent by (user, command_id). Raises Refusal: not_authorized, unknown_order, unknown_parent, allocation_source,
    order_working, fills_missing, nothing_traded, child_of_parent, parent_of_bracket, already_allocated,
    instrument_not_trading, unknown_account, own_account, command_id_reused, and the reasons of shares that do not add
    up.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return DeskTrade.objects.get(pk=taken.entity_id)
        source = _lock_source(user, message)
        _check_source(source)
        trade = DeskTrade(
            kind=DeskTradeKind.ALLOCATION.value,
            firm_id=source.firm_id,
            fee_asset=source.instrument.terms.settlement_currency,
            traded_at=at,
            requested_by=user,
            request_reason=message.reason.strip(),
            command_id=message.command_id,
            order=source if isinstance(source, Order) else None,
            parent=source if isinstance(source, ParentOrder) else None,
        )
        trade.fee = settlement.sum_fees(orders_of(trade))
        store(trade, _legs(user, source, message), actor, at)
        send(trade, actor, at)
        commands.answer(taken, entity="desk_trade", entity_id=trade.pk)
        return trade


def undo_allocation(*, user: User, actor: Actor, message: UndoAllocation, at: dt.datetime) -> DeskTrade:
    """Book the same trades the other way round. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_desk_trade, not_undoable, correction_open, instrument_not_trading.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return DeskTrade.objects.get(pk=taken.entity_id)
        original = lock_visible(user, message.desk_trade_id)
        check_not_followed(original)
        if original.kind != DeskTradeKind.ALLOCATION or not is_standing(original):
            why = "only an allocation that is booked is undone"
            raise Conflict("not_undoable", why, value=f"{original.kind} {original.state}", bound="allocation done")
        legs = list(original.legs.select_related("instrument").order_by("number"))
        check_trades_still(legs[0].instrument)
        first = original.first_execution_id
        assert first is not None, "what is booked has its executions"
        trade = DeskTrade(
            kind=DeskTradeKind.UNDO.value,
            firm_id=original.firm_id,
            fee_asset=original.fee_asset,
            traded_at=original.traded_at,
            requested_by=user,
            request_reason=message.reason.strip(),
            command_id=message.command_id,
            original=original,
        )
        store(trade, [counter_leg(leg, first + leg.number) for leg in legs], actor, at)
        send(trade, actor, at)
        commands.answer(taken, entity="desk_trade", entity_id=trade.pk)
        return trade


def _lock_source(user: User, message: AllocateTrade) -> Order | ParentOrder:
    if (message.order_id is None) == (message.parent_order_id is None):
        raise Refusal("allocation_source", "an allocation names an order or a parent order")
    if message.order_id is not None:
        return lock_own(user, message.order_id)
    assert message.parent_order_id is not None, "one of the two is named"
    return lock_parent(message.parent_order_id, user.firm_id)


def _check_source(source: Order | ParentOrder) -> None:
    ended = source.state in TERMINAL if isinstance(source, Order) else source.ended_at is not None
    if not ended:
        raise Conflict("order_working", f"{source} is {source.state}", value=source.state, bound="ended")
    if isinstance(source, ParentOrder):
        _check_fills(source)
    if not source.cumulative_lots:
        raise Conflict("nothing_traded", f"{source} has traded nothing", value=0, bound=1)
    if isinstance(source, Order) and source.parent is not None and source.parent.algo not in BY_ORDER:
        raise Conflict("child_of_parent", "its parent order is shared out as a whole", value=source.parent_id)
    if isinstance(source, ParentOrder) and source.algo in BY_ORDER:
        why = "what a bracket or a multi-leg order traded is shared out order by order"
        raise Conflict("parent_of_bracket", why, value=source.pk, bound="an order")
    check_trades_still(source.instrument)
    name = "order" if isinstance(source, Order) else "parent"
    known = DeskTrade.objects.filter(**{name: source}, kind=DeskTradeKind.ALLOCATION)
    for trade in known.exclude(state__in=[DeskTradeState.REFUSED, DeskTradeState.FAILED]):
        if trade.state != DeskTradeState.DONE or is_standing(trade):
            raise Conflict("already_allocated", f"{source} is shared out: undo that first", value=trade.pk)


def _check_fills(parent: ParentOrder) -> None:
    """The gateway's report of the end may be here before the last fills are."""
    told = parent.progress.get("executed_lots", 0)
    if parent.cumulative_lots != told:
        why = "not all that it traded is booked yet: ask again in a moment"
        raise Conflict("fills_missing", why, value=parent.cumulative_lots, bound=told)


def _legs(user: User, source: Order | ParentOrder, message: AllocateTrade) -> list[LegDraft]:
    for share in message.shares:
        accounts.get_account_for(user, share.account_id)
        if share.account_id == source.account_id:
            why = "what is not shared out stays where it is"
            raise Refusal("own_account", why, value=share.account_id, bound="another account")
    lots = share_lots(message.shares, source.cumulative_lots, source.instrument.lot_size)
    pieces = price_pieces(
        [share.account_id for share in message.shares], lots, source.cumulative_lots, int(source.traded_tick_lots)
    )
    return [
        LegDraft(
            account_id=piece.account_id,
            other_account_id=source.account_id,
            instrument_id=source.instrument_id,
            side=Side(source.side),
            price_ticks=piece.price_ticks,
            quantity_lots=piece.lots,
        )
        for piece in pieces
    ]
