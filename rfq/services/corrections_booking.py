"""The legs of a correction and their booking: first the opposite of what stands, then, of an amendment, what should."""

import dataclasses
import datetime as dt
from decimal import Decimal

from accounts import selectors as accounts
from common.decimals import plain
from market import selectors as market
from rfq.domain.prices import net_of
from rfq.domain.records import RfqRecord
from rfq.domain.tape import Traded
from rfq.models import CorrectionState, PrintKind, TradeCorrection, TradeLeg
from rfq.selectors import tape as tape_selectors
from rfq.services import tape
from settlement import services as settlement
from streams import services as streams
from wire.facts import BlockFilled
from wire.units import Liquidity, Side


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorrectedLeg:
    """``side``: the taker's. reversed_execution_id: what it takes back; None for a leg at its new price."""

    instrument_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    tick_size: Decimal
    lot_size: Decimal
    reference_price: Decimal | None
    reversed_execution_id: int | None


def legs_of(row: TradeCorrection, record: RfqRecord) -> list[CorrectedLeg]:
    """In the order of their execution ids."""
    standing = _standing(row, record)
    legs = [dataclasses.replace(leg, side=leg.side.opposite) for leg in standing]
    for leg, price in zip(standing, row.leg_prices or (), strict=False):
        legs.append(dataclasses.replace(leg, price=plain(price), reversed_execution_id=None))
    return legs


def book(row: TradeCorrection, record: RfqRecord, *, first_execution_id: int, at: dt.datetime) -> None:
    """Both sides of every leg, and a line on the tape."""
    for offset, leg in enumerate(legs_of(row, record)):
        for account_id, other_id, side, liquidity in (
            (row.trade.taker_account_id, row.trade.maker_account_id, leg.side, Liquidity.TAKER),
            (row.trade.maker_account_id, row.trade.taker_account_id, leg.side.opposite, Liquidity.MAKER),
        ):
            _book_side(row, leg, first_execution_id + offset, (account_id, other_id, side, liquidity), at)
    _print(row, record, at)


def _book_side(
    row: TradeCorrection,
    leg: CorrectedLeg,
    execution_id: int,
    party: tuple[int, int, Side, Liquidity],
    at: dt.datetime,
) -> None:
    account_id, other_id, side, liquidity = party
    firm_id = accounts.get_account(account_id).firm_id
    if leg.reversed_execution_id is not None:
        fill = settlement.reverse_fill(
            execution_id=execution_id,
            reversed_execution_id=leg.reversed_execution_id,
            account_id=account_id,
            side=side.opposite,
            at=at,
        )
    else:
        fill = settlement.book_fill(
            execution_id=execution_id,
            account_id=account_id,
            firm_id=firm_id,
            instrument=market.get_instrument_by_id(leg.instrument_id),
            side=side,
            price=leg.price,
            quantity=leg.quantity,
            liquidity=liquidity,
            counterparty_account_id=other_id,
            at=at,
            rfq_id=row.trade.rfq_id,
            reference_price=leg.reference_price,
        )
    streams.publish_fact(firm_id=firm_id, fact=BlockFilled(fill=fill))


def _standing(row: TradeCorrection, record: RfqRecord) -> list[CorrectedLeg]:
    """The trade's legs as they stand: at the prices and executions of its last amendment, or its own."""
    amended = TradeCorrection.objects.filter(trade_id=row.trade_id, kind="amendment", state=CorrectionState.DONE)
    last = amended.order_by("-id").first()
    found = []
    legs = TradeLeg.objects.filter(trade_id=row.trade_id).order_by("leg_index")
    for leg, terms in zip(legs, record.legs, strict=True):
        price, execution_id = plain(leg.price), leg.execution_id
        if last is not None and last.leg_prices is not None and last.first_execution_id is not None:
            price = plain(last.leg_prices[leg.leg_index])
            execution_id = last.first_execution_id + len(record.legs) + leg.leg_index
        found.append(
            CorrectedLeg(
                instrument_id=leg.instrument_id,
                side=Side(leg.side),
                price=price,
                quantity=plain(leg.quantity),
                tick_size=terms.tick_size,
                lot_size=terms.lot_size,
                reference_price=leg.reference_price,
                reversed_execution_id=execution_id,
            )
        )
    return found


def _print(row: TradeCorrection, record: RfqRecord, at: dt.datetime) -> None:
    """The line names what it corrects; its price is the new one, or the one that was taken back."""
    refers_to = tape_selectors.find_sequence_of(record.rfq_id)
    if refers_to is None:
        return
    prices = [plain(price) for price in row.leg_prices or ()] or [leg.price for leg in _standing(row, record)]
    net = net_of(record.legs, prices)
    assert net is not None, "a trade has a price"
    traded = Traded(side=Side(row.trade.side), quantity=plain(row.trade.quantity), price=net)
    kind = PrintKind.BUST if row.kind == "bust" else PrintKind.AMENDMENT
    tape.print_line(record, traded, at, kind, refers_to=refers_to)
