"""Book the executions of a trade: both sides of every leg, with the execution ids of the gateway."""

import datetime as dt

from accounts import selectors as accounts_selectors
from rfq.models import BlockTrade, TradeLeg
from settlement import services as settlement
from streams import services as streams
from wire.facts import BlockFilled
from wire.units import Liquidity, Side


def complete(trade: BlockTrade, *, first_execution_id: int, at: dt.datetime) -> None:
    """``first_execution_id + leg_index`` is the execution id of a leg, the same for both of its sides."""
    for leg in TradeLeg.objects.filter(trade_id=trade.id).select_related("instrument").order_by("leg_index"):
        execution_id = first_execution_id + leg.leg_index
        TradeLeg.objects.filter(id=leg.id).update(execution_id=execution_id)
        side, maker_side = Side(leg.side), Side(leg.side).opposite
        taker, maker = trade.taker_account_id, trade.maker_account_id
        _book(trade, leg, execution_id, (taker, side, Liquidity.TAKER, maker), at)
        _book(trade, leg, execution_id, (maker, maker_side, Liquidity.MAKER, taker), at)
    BlockTrade.objects.filter(id=trade.id).update(
        state="completed", first_execution_id=first_execution_id, completed_at=at
    )


def _book(
    trade: BlockTrade, leg: TradeLeg, execution_id: int, party: tuple[int, Side, Liquidity, int], at: dt.datetime
) -> None:
    account_id, side, liquidity, counterparty_account_id = party
    firm_id = accounts_selectors.get_account(account_id).firm_id
    fill = settlement.book_fill(
        execution_id=execution_id,
        account_id=account_id,
        firm_id=firm_id,
        instrument=leg.instrument,
        side=side,
        price=leg.price,
        quantity=leg.quantity,
        liquidity=liquidity,
        counterparty_account_id=counterparty_account_id,
        at=at,
        rfq_id=trade.rfq_id,
        reference_price=leg.reference_price,
    )
    streams.publish_fact(firm_id=firm_id, fact=BlockFilled(fill=fill))
