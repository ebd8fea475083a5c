"""Put together the confirmation of one completed trade, for one of its parties or for compliance."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from accounts import selectors as accounts
from common.decimals import plain_text
from common.errors import Conflict, NotFound
from rfq import selectors
from rfq.domain import confirmation_page, views
from rfq.domain.prices import net_text
from rfq.domain.records import RfqRecord
from rfq.models import BlockTrade, TradeLeg
from rfq.selectors import packs
from settlement import selectors as settlement
from wire.facts import FillView, RfqView
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import User

_SETTLEMENT_WORDS = {
    "pending": "pending",
    "posted": "settled",
    "void": confirmation_page.TAKEN_BACK,
    "post": "settled",
}


def build(user: User, trade_id: int) -> dict[str, Any]:
    """Raises NotFound where the trade is not the reader's, Conflict ``trade_not_completed``."""
    trade = BlockTrade.objects.select_related("rfq", "quote").filter(id=trade_id).first()
    record = selectors.get_record(trade.rfq_id) if trade is not None else None
    view = selectors.view_for(user, record) if record is not None else None
    if trade is None or record is None or view is None or not is_party(view, trade):
        raise NotFound("trade_not_found", "There is no such trade.", value=trade_id)
    if trade.state != "completed":
        raise Conflict("trade_not_completed", "The trade is not completed.", value=trade.state, bound="completed")
    legs = list(TradeLeg.objects.filter(trade_id=trade_id).select_related("instrument").order_by("leg_index"))
    accounts_read = _accounts_of(view, trade)
    fills = _fills(record, legs, accounts_read)
    return {
        "document": "trade confirmation",
        "format": 2,
        "reader": view.role,
        "trade_id": trade.pk,
        "rfq_id": trade.rfq_id,
        "quote_id": trade.quote_id,
        "quote_version": trade.version,
        "structure": record.structure,
        "quantity": plain_text(trade.quantity),
        "net_price": net_text(record.legs, trade.net_price),
        "quote_currency": record.quote_currency,
        "traded_at": trade.accepted_at.isoformat(timespec="microseconds"),
        "completed_at": trade.completed_at.isoformat(timespec="microseconds") if trade.completed_at else "",
        "parties": _parties(record, view, trade),
        "clearing": "Parley clearing stands between the two parties of every trade",
        "legs": [_leg(fill) for fill in fills],
        "fees": _fees(fills),
        "settlement": _settlement(legs, accounts_read),
        "corrections": [row for row in packs.corrections_of(trade.rfq_id) if row["trade_id"] == str(trade.pk)],
    }


def list_trade_ids(view: RfqView) -> list[int]:
    """Completed trades of the RFQ that the reader of ``view`` has a part in."""
    rows = BlockTrade.objects.filter(rfq_id=view.rfq_id, state="completed").order_by("id")
    return [row.pk for row in rows if is_party(view, row)]


def is_party(view: RfqView, trade: BlockTrade) -> bool:
    return view.role != views.MAKER or any(quote.quote_id == trade.quote_id for quote in view.quotes)


def _accounts_of(view: RfqView, trade: BlockTrade) -> list[int]:
    """The reader's accounts in the trade; compliance reads both."""
    if view.role == views.TAKER:
        return [trade.taker_account_id]
    if view.role == views.MAKER:
        return [trade.maker_account_id]
    return [trade.taker_account_id, trade.maker_account_id]


def _fills(record: RfqRecord, legs: list[TradeLeg], account_ids: list[int]) -> list[FillView]:
    executions = {leg.execution_id for leg in legs}
    found = settlement.list_fills(rfq_id=record.rfq_id)
    mine = [fill for fill in found if fill.execution_id in executions and fill.account_id in account_ids]
    return sorted(mine, key=lambda fill: (fill.execution_id, fill.account_id))


def _parties(record: RfqRecord, view: RfqView, trade: BlockTrade) -> dict[str, str]:
    """Names as the reader's own view gives them: whom it does not name stays unnamed."""
    makers = {quote.quote_id: quote.maker_name for quote in view.quotes}
    undisclosed = confirmation_page.NOT_DISCLOSED
    names = {"taker": view.taker_name or undisclosed, "maker": makers.get(trade.quote_id) or undisclosed}
    own = {views.TAKER: [trade.taker_account_id], views.MAKER: [trade.maker_account_id]}.get(
        view.role, [trade.taker_account_id, trade.maker_account_id]
    )
    side = Side(trade.side)
    return {
        **names,
        "taker_side": side.value,
        "maker_side": side.opposite.value,
        "accounts": ", ".join(accounts.get_account(account_id).name for account_id in own),
    }


def _leg(fill: FillView) -> dict[str, str]:
    return {
        "execution_id": str(fill.execution_id),
        "account_id": str(fill.account_id),
        "instrument": fill.instrument_name,
        "side": fill.side.value,
        "quantity": fill.quantity,
        "price": fill.price,
        "liquidity": fill.liquidity,
        "fee": f"{fill.fee} {fill.fee_asset}",
    }


def _fees(fills: list[FillView]) -> dict[str, str]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        totals[fill.fee_asset] += Decimal(fill.fee)
    return {asset: plain_text(total) for asset, total in sorted(totals.items())}


def _settlement(legs: list[TradeLeg], account_ids: list[int]) -> list[dict[str, str]]:
    """What the trade moves, and whether a netting cycle has settled it."""
    executions = [leg.execution_id for leg in legs if leg.execution_id is not None]
    return [
        {
            "account_id": str(row.account_id),
            "what": row.code.replace("_", " "),
            "amount": f"{row.amount} {row.asset}",
            "state": _SETTLEMENT_WORDS[row.kind],
            "cycle": "" if row.cycle_id is None else str(row.cycle_id),
        }
        for row in settlement.list_execution_transfers(executions, account_ids)
    ]
