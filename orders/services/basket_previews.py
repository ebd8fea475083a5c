"""What a file would send, before the click. Changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from common import clock, valkey
from common.decimals import plain_text
from common.errors import Refusal
from market import oracle
from orders.domain.grid import settlement_value
from orders.services.basket_rows import CheckedRow, check_rows
from orders.services.placing import check_may_trade
from risk import services as risk
from risk.services import PreviewLeg
from wire.basket_views import BasketMargin, BasketPreview, BasketRowPreview
from wire.client_baskets import PreviewBasket
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import User

MONEY_STEP = Decimal("1e-8")


def preview_basket(*, user: User, message: PreviewBasket, at: dt.datetime) -> BasketPreview:
    """Every row with what keeps it from being placed, notional by currency, margin by account as if all were traded.

    Raises Refusal: not_authorized, unknown_account, and the reasons of a file that cannot be read.
    """
    check_may_trade(user)
    rows = check_rows(
        user, message.csv, account_id=message.account_id, command_id=message.command_id, now_ns=clock.to_ns(at)
    )
    prices = _prices(rows)
    return BasketPreview(
        rows=[_row_preview(row, prices) for row in rows],
        margins=[_margin(account_id, legs) for account_id, legs in sorted(_legs(rows).items())],
        notionals=_totals(rows, prices),
    )


def _prices(rows: list[CheckedRow]) -> dict[str, Decimal]:
    """Marks, for orders without a price of their own."""
    try:
        tickers = oracle.get_tickers({row.instrument.name for row in rows if row.instrument is not None})
    except valkey.Unreachable:
        return {}
    return {name: Decimal(repr(ticker.mark_price)) for name, ticker in tickers.items() if ticker.mark_price}


def _row_preview(row: CheckedRow, marks: dict[str, Decimal]) -> BasketRowPreview:
    refusal, notional = row.refusal, _notional(row, marks)
    return BasketRowPreview(
        number=row.row.number,
        client_order_id=row.client_order_id,
        cells=dict(row.row.cells),
        account_id=0 if row.message is None else row.message.account_id,
        notional="" if notional is None else plain_text(notional.quantize(MONEY_STEP)),
        currency="" if row.instrument is None else row.instrument.terms.settlement_currency,
        order_id=row.known_order_id,
        reason="" if refusal is None else refusal.reason,
        message="" if refusal is None else refusal.message,
        value="" if refusal is None else refusal.value or "",
        bound="" if refusal is None else refusal.bound or "",
    )


def _notional(row: CheckedRow, marks: dict[str, Decimal]) -> Decimal | None:
    if row.ticket is None or row.instrument is None:
        return None
    price = row.ticket.price or marks.get(row.instrument.name)
    return None if not price else settlement_value(row.instrument.terms, price, row.ticket.quantity)


def _totals(rows: list[CheckedRow], marks: dict[str, Decimal]) -> list[tuple[str, str, str]]:
    sums: dict[str, list[Decimal]] = {}
    for row in _new(rows):
        notional = _notional(row, marks)
        if notional is not None and row.message is not None and row.instrument is not None:
            both = sums.setdefault(row.instrument.terms.settlement_currency, [Decimal(0), Decimal(0)])
            both[row.message.side is Side.SELL] += notional
    return [
        (currency, *(plain_text(amount.quantize(MONEY_STEP)) for amount in both))  # type: ignore[misc]  # two of them
        for currency, both in sorted(sums.items())
    ]


def _legs(rows: list[CheckedRow]) -> dict[int, list[PreviewLeg]]:
    """By account: what all rows that would be placed would trade."""
    legs: dict[int, list[PreviewLeg]] = {}
    for row in _new(rows):
        assert row.message is not None, "a row without a refusal is an order"
        assert row.ticket is not None, "and its ticket is checked"
        leg = PreviewLeg(
            instrument_name=row.message.instrument_name,
            signed_quantity=row.message.side.sign * row.ticket.quantity,
            price=row.ticket.price,
        )
        legs.setdefault(row.message.account_id, []).append(leg)
    return legs


def _new(rows: list[CheckedRow]) -> Iterator[CheckedRow]:
    return (row for row in rows if row.refusal is None and row.known_order_id is None)


def _margin(account_id: int, legs: list[PreviewLeg]) -> BasketMargin:
    try:
        preview = risk.preview_margin(account_id=account_id, legs=legs)
    except Refusal as refusal:
        return BasketMargin(account_id=account_id, reason=refusal.reason)
    return BasketMargin(
        account_id=account_id,
        equity_before=str(preview.before.equity),
        equity_after=str(preview.after.equity),
        initial_before=str(preview.before.initial_margin),
        initial_after=str(preview.after.initial_margin),
    )
