"""The commands of an RFQ's trades to the gateway: reserve the risk of both sides, confirm it, or let it go."""

import datetime as dt

from common import clock
from rfq.domain import limits
from rfq.domain.records import RfqRecord, TradeRecord
from rfq.services.changes import leg_side, traded_leg_prices
from streams import services as streams
from wire import gateway
from wire.units import to_steps


def reserve_all(rfq: RfqRecord, at: dt.datetime) -> None:
    """Every trade is a reservation of its own; together they stand or fall."""
    for trade in rfq.trades:
        streams.send_to_gateway(_reserve_command(rfq, trade, at))


def confirm_all(rfq: RfqRecord) -> None:
    for trade in rfq.trades:
        command_id = f"block-{trade.trade_id}-confirm"
        streams.send_to_gateway(gateway.ConfirmBlock(command_id=command_id, reservation_id=trade.trade_id))


def void_all(rfq: RfqRecord, *, but: int | None = None) -> None:
    """``but``: the trade that the gateway refused, and so holds nothing for."""
    for trade in rfq.trades:
        if trade.trade_id != but:
            streams.send_to_gateway(void_command(trade.trade_id))


def void_command(reservation_id: int) -> gateway.VoidBlock:
    return gateway.VoidBlock(command_id=f"block-{reservation_id}-void", reservation_id=reservation_id)


def reserve_command_id(trade_id: int) -> str:
    return f"block-{trade_id}-reserve"


def _reserve_command(rfq: RfqRecord, trade: TradeRecord, at: dt.datetime) -> gateway.ReserveBlock:
    return gateway.ReserveBlock(
        command_id=reserve_command_id(trade.trade_id),
        valid_until_ns=clock.to_ns(at + limits.RESERVE_VALID),
        reservation_id=trade.trade_id,
        legs=[
            gateway.BlockLeg(
                instrument_id=leg.instrument_id,
                side=leg_side(leg.side, trade.side),
                price_ticks=to_steps("price", price, leg.tick_size),
                quantity_lots=to_steps("quantity", trade.quantity * leg.ratio, leg.lot_size),
                taker_account_id=trade.taker_account_id,
                maker_account_id=trade.maker_account_id,
            )
            for leg, price in zip(rfq.legs, traded_leg_prices(rfq, trade), strict=True)
        ],
    )
