"""Book one side of an execution: fill, position, pending transfers, facts, audit. Once, however often it is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from audit import services as audit
from common import db
from common.actor import GATEWAY
from settlement import publishers, selectors
from settlement.domain import fees, positions
from settlement.domain.valuation import value_units
from settlement.models import Fill, Position, SystemOwner, TransferCode, TransferKind
from settlement.services import deliveries, ledger
from settlement.services.ledger import Posting
from wire.facts import FillView
from wire.identifiers import PAPER_VENUE_ACCOUNT_ID
from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, Liquidity, Side, to_smallest_units

if TYPE_CHECKING:
    from market.models import Instrument


@dataclasses.dataclass(frozen=True)
class Trade:
    """One side of an execution, before it is booked."""

    execution_id: int
    instrument: Instrument
    terms: InstrumentTerms
    side: Side
    price: Decimal
    quantity: Decimal
    at: dt.datetime

    def mirrored(self) -> Trade:
        return dataclasses.replace(self, side=self.side.opposite)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """``fee``: what the venue charged, in smallest units of ``fee_asset``; below zero it paid.

    ``desk_trade_id``: of a trade that people book.
    """

    venue: str
    fee: int
    fee_asset: str
    route_id: int | None = None
    desk_trade_id: int | None = None


def book_fill(  # noqa: PLR0913 - one argument per field of the execution, all by keyword
    *,
    execution_id: int,
    account_id: int,
    firm_id: int,
    instrument: Instrument,
    side: Side,
    price: Decimal,
    quantity: Decimal,
    liquidity: Liquidity,
    counterparty_account_id: int,
    at: dt.datetime,
    order_id: int | None = None,
    rfq_id: int | None = None,
    reference_price: Decimal | None = None,
    elsewhere: Elsewhere | None = None,
) -> FillView:
    """Book this account's side of an execution; with the paper venue as counterparty, its side as well.

    Idempotent by (execution_id, account_id, side): a repeat returns the first answer and changes nothing.
    reference_price: the index in US dollars then, for the fee of linear options. elsewhere: if not in our own book.
    """
    assert account_id > 0, "the paper venue's side is booked with its counterparty's"
    side, liquidity = Side(side), Liquidity(liquidity)
    with db.unit_of_work():
        ledger.enter()
        booked = _find_fill(execution_id, account_id, side)
        if booked is not None:
            return selectors.fill_view(booked)
        trade = Trade(execution_id, instrument, instrument.terms, side, price, quantity, at)
        fill = Fill.objects.create(
            execution_id=execution_id,
            account_id=account_id,
            firm_id=firm_id,
            instrument=instrument,
            counterparty_account_id=counterparty_account_id,
            side=side.value,
            price=price,
            quantity=quantity,
            liquidity=liquidity.value,
            order_id=order_id,
            rfq_id=rfq_id,
            at=at,
            **dataclasses.asdict(elsewhere or _here(trade, liquidity, reference_price)),
        )
        _book_sides(fill, trade)
        return selectors.fill_view(fill)


def book_sides_of(fill: Fill) -> None:
    """Position, transfers, facts and audit record of a fill whose row was just made. Inside the ledger's gate."""
    instrument = fill.instrument
    trade = Trade(fill.execution_id, instrument, instrument.terms, Side(fill.side), fill.price, fill.quantity, fill.at)
    _book_sides(fill, trade)


def fee_key(execution_id: int, account_id: int, side: Side) -> str:
    """Key of the transfer that charged the fee of a fill."""
    return f"fill:{execution_id}:{account_id}:{side.value}:{TransferCode.FEE.value}"


def _here(trade: Trade, liquidity: Liquidity, reference_price: Decimal | None) -> Elsewhere:
    """Our own book and its fee, in the same words."""
    fee = _fee(trade, liquidity, reference_price)
    return Elsewhere(venue="", fee=fee, fee_asset=trade.terms.settlement_currency)


def _fee(trade: Trade, liquidity: Liquidity, reference_price: Decimal | None) -> int:
    return fees.fee_units(
        trade.terms,
        price=trade.price,
        quantity=trade.quantity,
        liquidity=liquidity,
        reference_price=reference_price,
    )


def _find_fill(execution_id: int, account_id: int, side: Side) -> Fill | None:
    rows = Fill.objects.select_related("instrument")
    return rows.filter(execution_id=execution_id, account_id=account_id, side=side.value).first()


def _book_sides(fill: Fill, trade: Trade) -> None:
    postings, position = _book_side(trade, fill.account_id)
    postings += _fee_posting(trade, fill)
    if fill.counterparty_account_id == PAPER_VENUE_ACCOUNT_ID:
        postings += _book_side(trade.mirrored(), None)[0]
    transfers = ledger.write(postings, kind=TransferKind.PENDING, at=trade.at, execution_id=trade.execution_id)
    if position is not None:
        publishers.publish_position(fill.firm_id, position)
    touched = {row.pk: row for item in transfers for row in (item.debit, item.credit)}
    for _, row in sorted(touched.items()):
        if row.account_id == fill.account_id:
            publishers.publish_balance(fill.firm_id, row)
    _record(fill, position)
    if not trade.instrument.is_active:
        occasion = f"{trade.execution_id}:{trade.side.value}"
        deliveries.settle_late_positions(trade.instrument, at=trade.at, occasion=occasion)


def _book_side(trade: Trade, account_id: int | None) -> tuple[list[Posting], Position | None]:
    if trade.terms.kind is InstrumentKind.SPOT:
        return _spot_postings(trade, account_id), None
    position = deliveries.lock_position(trade.instrument, account_id, trade.at)
    booking = positions.apply_fill(deliveries.state_of(position), trade.terms, trade.side, trade.price, trade.quantity)
    deliveries.store_position(position, booking.position, trade.at)
    code = TransferCode.PREMIUM if trade.terms.kind is InstrumentKind.OPTION else TransferCode.REALIZED
    return _payment(trade, account_id, code, trade.terms.settlement_currency, booking.cash), position


def _spot_postings(trade: Trade, account_id: int | None) -> list[Posting]:
    """Coins against money, both through the clearing account."""
    terms, sign = trade.terms, trade.side.sign
    coins = to_smallest_units(trade.quantity * terms.multiplier, terms.base_currency)
    money = value_units(terms, trade.price, trade.quantity)
    return [
        *_payment(trade, account_id, TransferCode.SPOT_BASE, terms.base_currency, sign * coins),
        *_payment(trade, account_id, TransferCode.SPOT_QUOTE, terms.quote_currency, -sign * money),
    ]


def _payment(trade: Trade, account_id: int | None, code: TransferCode, asset: str, amount: int) -> list[Posting]:
    return ledger.payment(
        key=_key(trade, account_id, code), code=code, payee=ledger.owner_of(account_id), asset=asset, amount=amount
    )


def _fee_posting(trade: Trade, fill: Fill) -> list[Posting]:
    if not fill.fee:
        return []
    payer = ledger.owner_of(fill.account_id)
    payee = SystemOwner.PAPER_VENUE.value if fill.venue else SystemOwner.FEES.value
    if fill.fee < 0:
        payer, payee = payee, payer
    return [
        Posting(
            key=_key(trade, fill.account_id, TransferCode.FEE),
            code=TransferCode.FEE,
            debit=payer,
            credit=payee,
            asset=fill.fee_asset,
            amount=abs(fill.fee),
        )
    ]


def _key(trade: Trade, account_id: int | None, code: TransferCode) -> str:
    return f"fill:{trade.execution_id}:{account_id or 0}:{trade.side.value}:{code.value}"


def _record(fill: Fill, position: Position | None) -> None:
    entity = f"rfq:{fill.rfq_id}" if fill.rfq_id else f"order:{fill.order_id}"
    if fill.route_id:
        entity = f"route:{fill.route_id}"
    if fill.desk_trade_id:
        entity = f"desk_trade:{fill.desk_trade_id}"
    view = selectors.fill_view(fill)
    after: dict[str, object] = {
        "execution_id": view.execution_id,
        "account_id": view.account_id,
        "counterparty_account_id": fill.counterparty_account_id,
        "instrument": view.instrument_name,
        "side": view.side.value,
        "price": view.price,
        "quantity": view.quantity,
        "fee": f"{view.fee} {view.fee_asset}",
    }
    if fill.venue:
        after["venue"] = fill.venue
    if position is not None:
        after["position"] = selectors.position_view(position).quantity
    audit.record(
        stream=f"firm:{fill.firm_id}", action="fill.booked", entity=entity, actor=GATEWAY, at=fill.at, after=after
    )
