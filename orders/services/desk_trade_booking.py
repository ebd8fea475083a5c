"""Executions of a trade that people booked, into positions and ledger: like any fill, and with its own kind."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from orders.domain.allocations import divide
from orders.models import DeskLeg, DeskTrade, Order
from settlement import services as settlement
from streams import services as streams
from wire.desk_trade_views import DeskTradeFilled, DeskTradeKind
from wire.units import Liquidity, Side

if TYPE_CHECKING:
    from wire.facts import FillView

MANUAL_PREFIX = "manual:"
"""What the venue of such a fill begins with."""
ALLOCATED = "allocation"


def book(trade: DeskTrade, *, first_execution_id: int, at: dt.datetime) -> None:
    """Every leg for each account that has a side of it, then the fees of what was shared out."""
    legs = list(trade.legs.select_related("instrument").order_by("number"))
    for leg in legs:
        _book_side(trade, leg, first_execution_id + leg.number, is_other=False, at=at)
        if leg.other_account_id is not None:
            _book_side(trade, leg, first_execution_id + leg.number, is_other=True, at=at)
    if trade.kind == DeskTradeKind.ALLOCATION:
        _share_fees(trade, legs, first_execution_id, at)
    elif trade.kind == DeskTradeKind.UNDO:
        _pay_back_fees(trade, legs, first_execution_id, at)


def traded_lots(trade: DeskTrade) -> int:
    """Of what an allocation shares out."""
    source = trade.order or trade.parent
    assert source is not None, "an allocation names what it shares out"
    return source.cumulative_lots


def orders_of(trade: DeskTrade) -> list[int]:
    """Ids of the orders whose fills an allocation shares out."""
    if trade.order_id is not None:
        return [trade.order_id]
    return list(Order.objects.filter(parent_id=trade.parent_id).values_list("id", flat=True))


def _book_side(trade: DeskTrade, leg: DeskLeg, execution_id: int, *, is_other: bool, at: dt.datetime) -> None:
    own, other, side = leg.account_id, leg.other_account_id, Side(leg.side)
    if is_other:
        assert other is not None, "there is another account"
        own, other, side = other, own, side.opposite
    firm_id = accounts.get_account(own).firm_id
    fill: FillView
    if leg.reverses is not None:
        fill = settlement.reverse_fill(
            execution_id=execution_id,
            reversed_execution_id=leg.reverses,
            account_id=own,
            side=side.opposite,
            at=at,
            desk_trade_id=trade.pk,
        )
    else:
        fill = settlement.book_fill(
            execution_id=execution_id,
            account_id=own,
            firm_id=firm_id,
            instrument=leg.instrument,
            side=side,
            price=leg.price_ticks * leg.instrument.tick_size,
            quantity=leg.quantity_lots * leg.instrument.lot_size,
            liquidity=Liquidity.MAKER if is_other else Liquidity.TAKER,
            counterparty_account_id=other or 0,
            at=at,
            elsewhere=_elsewhere(trade),
        )
    streams.publish_fact(firm_id=firm_id, fact=DeskTradeFilled(fill=fill))


def _elsewhere(trade: DeskTrade) -> settlement.Elsewhere:
    """An allocation is charged nothing: the fees of its trades are passed on."""
    is_allocation = trade.kind == DeskTradeKind.ALLOCATION
    return settlement.Elsewhere(
        venue=ALLOCATED if is_allocation else f"{MANUAL_PREFIX}{trade.source}",
        fee=0 if is_allocation else trade.fee,
        fee_asset=trade.fee_asset,
        desk_trade_id=trade.pk,
    )


def _share_fees(trade: DeskTrade, legs: list[DeskLeg], execution_id: int, at: dt.datetime) -> None:
    """In proportion to the lots, the remainder by largest remainder."""
    lots: dict[int, int] = {}
    for leg in legs:
        lots[leg.account_id] = lots.get(leg.account_id, 0) + leg.quantity_lots
    weights = [*lots.values(), traded_lots(trade) - sum(lots.values())]
    parts = divide(trade.fee, weights) if trade.fee else [0] * len(weights)
    source = legs[0].other_account_id
    assert source is not None, "an allocation comes from an account"
    settlement.pass_on_fees(
        key=_fee_key(trade),
        payers=dict(zip(lots, parts, strict=False)),
        payee_account_id=source,
        asset=trade.fee_asset,
        execution_id=execution_id,
        at=at,
    )


def _pay_back_fees(trade: DeskTrade, legs: list[DeskLeg], execution_id: int, at: dt.datetime) -> None:
    """What was passed on, whatever has traded since."""
    assert trade.original is not None, "an undoing names what it undoes"
    settlement.pay_back_fees(
        key=_fee_key(trade),
        of=_fee_key(trade.original),
        account_ids={leg.account_id for leg in legs},
        execution_id=execution_id,
        at=at,
    )


def _fee_key(trade: DeskTrade) -> str:
    return f"desk_trade:{trade.pk}:fee"
