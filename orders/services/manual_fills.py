"""Fills that were made elsewhere: one person enters them, another approves, and so is what was wrong."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import Conflict, Refusal
from market import selectors as market
from orders.desk_trade_selectors import is_standing
from orders.domain.grid import steps
from orders.models import DeskLeg, DeskTrade
from orders.services import commands
from orders.services.desk_trades import LegDraft, lock_visible, store
from orders.services.placing import check_may_trade
from wire.client_desk_trades import CorrectFill, EnterFill
from wire.desk_trade_views import DeskTradeKind
from wire.limits import PRICE_TICKS_MAX, QUANTITY_LOTS_MAX
from wire.units import Side, from_smallest_units, to_smallest_units

if TYPE_CHECKING:
    from accounts.models import User
    from market.models import Instrument

TRADED_WITHIN = dt.timedelta(days=30)
FEE_MAX = Decimal(10) ** 9
CORRECTABLE = (DeskTradeKind.MANUAL_FILL, DeskTradeKind.CORRECTION)


def enter_fill(*, user: User, actor: Actor, message: EnterFill, at: dt.datetime) -> DeskTrade:
    """Write a fill down; it is booked once another person has approved it. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_account, unknown_instrument, instrument_not_trading, the reasons of a
    quantity or price off the grid, fee_off_grid, fee_too_large, traded_at_out_of_range, command_id_reused.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return DeskTrade.objects.get(pk=taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        instrument = market.get_instrument(message.instrument_name)
        check_trades_still(instrument)
        terms = instrument.terms
        leg = LegDraft(
            account_id=account.pk,
            other_account_id=None,
            instrument_id=instrument.pk,
            side=message.side,
            price_ticks=steps("price", Decimal(message.price), terms.tick_size, PRICE_TICKS_MAX),
            quantity_lots=steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX),
        )
        trade = DeskTrade(
            kind=DeskTradeKind.MANUAL_FILL.value,
            firm_id=account.firm_id,
            source=message.source,
            fee=_fee(message.fee, terms.settlement_currency),
            fee_asset=terms.settlement_currency,
            traded_at=_traded_at(message, at),
            requested_by=user,
            request_reason=message.reason.strip(),
            command_id=message.command_id,
        )
        store(trade, [leg], actor, at)
        commands.answer(taken, entity="desk_trade", entity_id=trade.pk)
        return trade


def correct_fill(*, user: User, actor: Actor, message: CorrectFill, at: dt.datetime) -> DeskTrade:
    """Ask that a fill be taken back, or become another; booked once another person has approved it.

    Raises Refusal: not_authorized, unknown_desk_trade, not_correctable, correction_open, nothing_to_correct,
    instrument_not_trading, and the reasons of a quantity or price off the grid.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return DeskTrade.objects.get(pk=taken.entity_id)
        original = lock_visible(user, message.desk_trade_id)
        standing = _standing_leg(original)
        check_trades_still(standing.instrument)
        assert original.first_execution_id is not None, "what is booked has its executions"
        back = counter_leg(standing, original.first_execution_id + standing.number)
        is_bust = message.quantity is None and message.price is None
        trade = DeskTrade(
            kind=(DeskTradeKind.BUST if is_bust else DeskTradeKind.CORRECTION).value,
            firm_id=original.firm_id,
            source=original.source,
            fee=0 if is_bust else original.fee,
            fee_asset=original.fee_asset,
            traded_at=original.traded_at,
            requested_by=user,
            request_reason=message.reason.strip(),
            command_id=message.command_id,
            original=original,
        )
        store(trade, [back] if is_bust else [back, _corrected(standing, message)], actor, at)
        commands.answer(taken, entity="desk_trade", entity_id=trade.pk)
        return trade


def counter_leg(leg: DeskLeg, execution_id: int) -> LegDraft:
    """The same the other way round."""
    return LegDraft(
        account_id=leg.account_id,
        other_account_id=leg.other_account_id,
        instrument_id=leg.instrument_id,
        side=Side(leg.side).opposite,
        price_ticks=leg.price_ticks,
        quantity_lots=leg.quantity_lots,
        reverses=execution_id,
    )


def check_not_followed(original: DeskTrade) -> None:
    """Raises Conflict ``correction_open``: one person at a time."""
    if original.followers.exclude(state__in=["refused", "failed"]).exists():
        why = f"trade {original.pk} was taken back or corrected already, or is about to be"
        raise Conflict("correction_open", why, value=original.pk)


def check_trades_still(instrument: Instrument) -> None:
    """Raises Conflict ``instrument_not_trading``."""
    if not instrument.is_active:
        raise Conflict("instrument_not_trading", f"{instrument.name} does not trade", value=instrument.state)


def _standing_leg(original: DeskTrade) -> DeskLeg:
    """The one leg of a fill that counts: of a correction, the one that is not a taking back."""
    check_not_followed(original)
    if original.kind not in CORRECTABLE or not is_standing(original):
        why = "only a fill that was entered by hand, and is booked, is corrected so"
        raise Conflict("not_correctable", why, value=f"{original.kind} {original.state}", bound="manual_fill done")
    return original.legs.select_related("instrument").get(reverses__isnull=True)


def _corrected(standing: DeskLeg, message: CorrectFill) -> LegDraft:
    terms = standing.instrument.terms
    price, lots = standing.price_ticks, standing.quantity_lots
    if message.price is not None:
        price = steps("price", Decimal(message.price), terms.tick_size, PRICE_TICKS_MAX)
    if message.quantity is not None:
        lots = steps("quantity", Decimal(message.quantity), terms.lot_size, QUANTITY_LOTS_MAX)
    if (price, lots) == (standing.price_ticks, standing.quantity_lots):
        raise Refusal("nothing_to_correct", "that is what it is already", value=message.price or message.quantity)
    return LegDraft(
        account_id=standing.account_id,
        other_account_id=None,
        instrument_id=standing.instrument_id,
        side=Side(standing.side),
        price_ticks=price,
        quantity_lots=lots,
    )


def _fee(text: str, asset: str) -> int:
    fee = Decimal(text)
    if abs(fee) > FEE_MAX:
        raise Refusal("fee_too_large", "no fee is that large", value=fee, bound=FEE_MAX)
    units = to_smallest_units(fee, asset)
    if from_smallest_units(units, asset) != fee:
        raise Refusal("fee_off_grid", f"the fee is finer than {asset} is", value=fee)
    return units


def _traded_at(message: EnterFill, at: dt.datetime) -> dt.datetime:
    if message.traded_at_ns is None:
        return at
    traded_at = clock.from_ns(message.traded_at_ns)
    if not at - TRADED_WITHIN <= traded_at <= at:
        why = "a fill was made before now, and not long ago"
        raise Refusal("traded_at_out_of_range", why, value=traded_at, bound=at - TRADED_WITHIN)
    return traded_at
