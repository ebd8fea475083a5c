"""How a multi-leg order is shown: its legs, its net price so far, and what stands alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from common.decimals import plain_text
from orders.domain.multileg import OrderedLeg, OrderedStructure
from orders.domain.price_texts import price_text
from wire.multileg import LegStanding, MultilegStanding
from wire.parent_views import LegView, MultilegView
from wire.units import Side

if TYPE_CHECKING:
    from orders.models import ParentOrder


def multileg_view(parent: ParentOrder) -> MultilegView | None:
    """None of an order in one instrument."""
    if parent.structure is None:
        return None
    structure = msgspec.convert(parent.structure, OrderedStructure)
    told = parent.progress.get("multileg")
    at = _nothing(structure) if told is None else msgspec.convert(told, MultilegStanding)
    rows = zip(structure.legs, at.legs, strict=True)
    return MultilegView(
        name=structure.name,
        quote_currency=structure.quote_currency,
        step=plain_text(structure.step),
        net_price=price_text(structure.net_price(at.legs)),
        unmatched_quantity=plain_text(at.unmatched_steps * structure.step),
        unmatched_since_ns=at.unmatched_since_ns,
        is_late=at.is_late,
        problem=at.problem,
        legs=[_leg(parent, leg, done) for leg, done in rows],
    )


def _nothing(structure: OrderedStructure) -> MultilegStanding:
    return MultilegStanding(
        quantity_steps=0,
        matched_steps=0,
        unmatched_steps=0,
        unmatched_since_ns=0,
        is_late=False,
        legs=(LegStanding(),) * len(structure.legs),
    )


def _leg(parent: ParentOrder, leg: OrderedLeg, done: LegStanding) -> LegView:
    average = Decimal(done.tick_lots) / done.filled_lots * leg.tick_size if done.filled_lots else None
    return LegView(
        instrument_name=leg.instrument_name,
        side=leg.side if parent.side == Side.BUY else leg.side.opposite,
        ratio=leg.ratio,
        quantity=plain_text(parent.quantity_lots * leg.lots * leg.lot_size),
        filled_quantity=plain_text(done.filled_lots * leg.lot_size),
        unwound_quantity=plain_text(done.unwound_lots * leg.lot_size),
        working_quantity=plain_text(done.working_lots * leg.lot_size),
        average_price=price_text(average),
    )
