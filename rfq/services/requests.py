"""The taker's side: ask makers for a price, and withdraw the request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from accounts import roles
from accounts import selectors as accounts_selectors
from common import valkey
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from market import oracle
from market import selectors as market_selectors
from rfq import publishers, selectors
from rfq.domain import limits, negotiation
from rfq.domain.prices import leg_quantity, to_decimal
from rfq.domain.structures import Structure, StructureLeg, recognize
from rfq.models import Rfq, RfqInvitation, RfqLeg
from rfq.services import changes, commands
from wire.client import CancelRfq, CreateRfq
from wire.client import RfqLeg as LegMessage
from wire.instruments import InstrumentTerms
from wire.limits import RFQ_LEGS_MAX, RFQ_MAKERS_MAX, RFQ_RATIO_MAX
from wire.units import RfqState

if TYPE_CHECKING:
    from accounts.models import User

QUANTITY_DIGITS = 12
"""Decimal places of a quantity that are stored: with a large ratio more could be whole lots, and would be rounded."""
_ADVISORY_SPACE = 7_001
"""First half of the advisory lock that one taker firm's creations wait for, so that its caps hold exactly."""


def create_rfq(*, user: User, actor: Actor, message: CreateRfq, at: dt.datetime) -> int:
    """Ask makers for a firm quote; returns the RFQ's id."""
    if not roles.is_trader(user):
        raise NotAllowed("role", "Only traders ask for quotes.", value=user.role, bound="trader")
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _create(user, actor, message, at))


def cancel_rfq(*, user: User, actor: Actor, message: CancelRfq, at: dt.datetime) -> int:
    """Withdraw an open RFQ and with it every quote; returns the RFQ's id."""
    return commands.once(user_id=user.id, message=message, entity="rfq", act=lambda: _cancel(user, actor, message, at))


def check_taker(user: User, taker_firm_id: int, maker_firm_ids: Sequence[int], rfq_id: int) -> None:
    """Outsiders learn nothing; the other parties learn that this is the taker's to do."""
    if user.firm_id == taker_firm_id and roles.is_trader(user):
        return
    if user.firm_id == taker_firm_id or user.firm_id in maker_firm_ids:
        raise NotAllowed("not_the_taker", "Only a trader of the firm that asked can do this.", value=user.role)
    raise selectors.not_found(rfq_id)


def _cancel(user: User, actor: Actor, message: CancelRfq, at: dt.datetime) -> int:
    before = changes.get_locked(message.rfq_id)
    check_taker(user, before.taker_firm_id, before.maker_firm_ids, before.rfq_id)
    after = negotiation.cancel_rfq(before, at=at)
    cause = publishers.Cause(action="rfq.canceled", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    return before.rfq_id


def _create(user: User, actor: Actor, message: CreateRfq, at: dt.datetime) -> int:
    account = accounts_selectors.get_account_for(user, message.account_id)
    _check_life(message.life_seconds)
    makers = _check_makers(message.maker_firm_ids, account.firm_id)
    terms = _check_legs(message.legs)
    structure = _structure(message.legs, terms)
    quantity = _check_quantity(message, terms)
    _check_caps(account.firm_id, at)
    rfq = Rfq.objects.create(
        taker_firm_id=account.firm_id,
        account_id=account.id,
        user_id=user.id,
        label=_check_label(message.label),
        structure=structure.name,
        quote_currency=structure.quote_currency,
        quantity=quantity,
        side=message.side.value if message.side else "",
        created_at=at,
        tradable_at=at + dt.timedelta(milliseconds=settings.RFQ_GRACE_MS),
        expires_at=at + dt.timedelta(seconds=message.life_seconds),
        updated_at=at,
    )
    RfqLeg.objects.bulk_create(_leg_rows(rfq.id, message.legs, terms, structure))
    RfqInvitation.objects.bulk_create(RfqInvitation(rfq_id=rfq.id, maker_firm_id=firm_id) for firm_id in makers)
    cause = publishers.Cause(action="rfq.created", actor=actor, at=at, command_id=message.command_id)
    changes.write_new(selectors.get_record(rfq.id), cause)
    return rfq.id


def _leg_rows(
    rfq_id: int, legs: Sequence[LegMessage], terms: list[tuple[int, InstrumentTerms]], structure: Structure
) -> list[RfqLeg]:
    return [
        RfqLeg(
            rfq_id=rfq_id,
            leg_index=index,
            instrument_id=instrument_id,
            side=leg.side.value,
            ratio=leg.ratio,
            is_hedge=index == structure.hedge_index,
        )
        for index, (leg, (instrument_id, _)) in enumerate(zip(legs, terms, strict=True))
    ]


def _check_label(label: str) -> str:
    label_max = Rfq._meta.get_field("label").max_length or 0
    if len(label) > label_max or not label.isprintable():
        raise Refusal("label", "A label is one line of printable text.", value=len(label), bound=label_max)
    return label


def _check_life(life_seconds: int) -> None:
    low, high = limits.RFQ_LIFE_SECONDS_MIN, limits.RFQ_LIFE_SECONDS_MAX
    if not low <= life_seconds <= high:
        raise Refusal("rfq_life", "The life of an RFQ is out of bounds.", value=life_seconds, bound=f"{low} to {high}")


def _check_makers(maker_firm_ids: Sequence[int], own_firm_id: int) -> list[int]:
    if not 1 <= len(maker_firm_ids) <= RFQ_MAKERS_MAX:
        raise Refusal(
            "maker_count", "Ask at least one maker.", value=len(maker_firm_ids), bound=f"1 to {RFQ_MAKERS_MAX}"
        )
    if len(set(maker_firm_ids)) != len(maker_firm_ids):
        raise Refusal("duplicate_maker", "A maker is asked once.", value=_first_repeated(maker_firm_ids))
    if own_firm_id in maker_firm_ids:
        raise Refusal("own_firm", "A firm does not trade with itself.", value=own_firm_id)
    known = {firm.id for firm in accounts_selectors.maker_firms()}
    for firm_id in maker_firm_ids:
        if firm_id not in known:
            raise NotFound("unknown_maker", "There is no such maker.", value=firm_id)
    return sorted(maker_firm_ids)


def _check_legs(legs: Sequence[LegMessage]) -> list[tuple[int, InstrumentTerms]]:
    """Id and terms of each leg's instrument."""
    if not 1 <= len(legs) <= RFQ_LEGS_MAX:
        raise Refusal(
            "leg_count", "The number of legs is out of bounds.", value=len(legs), bound=f"1 to {RFQ_LEGS_MAX}"
        )
    names = [leg.instrument_name for leg in legs]
    if len(set(names)) != len(names):
        raise Refusal("duplicate_leg", "An instrument is one leg at most.", value=_first_repeated(names))
    market_time_ns = _market_time_ns()
    found = []
    for leg in legs:
        if not 1 <= leg.ratio <= RFQ_RATIO_MAX:
            raise Refusal(
                "ratio", "The ratio of a leg is out of bounds.", value=leg.ratio, bound=f"1 to {RFQ_RATIO_MAX}"
            )
        instrument = market_selectors.get_instrument(leg.instrument_name)
        expired = (
            bool(instrument.expiry_at_ns) and market_time_ns is not None and market_time_ns >= instrument.expiry_at_ns
        )
        if not instrument.is_active or expired:
            raise Conflict("instrument_not_trading", f"{instrument.name} no longer trades.", value=instrument.name)
        found.append((instrument.id, instrument.terms))
    return found


def _market_time_ns() -> int | None:
    """None where nobody plays a market; then the gateway decides whether an instrument still trades."""
    try:
        return oracle.find_market_time_ns()
    except valkey.Unreachable as error:
        raise Refusal("market_unavailable", "No market data can be read.") from error


def _structure(legs: Sequence[LegMessage], terms: list[tuple[int, InstrumentTerms]]) -> Structure:
    return recognize(
        [
            StructureLeg(terms=contract, side=leg.side, ratio=leg.ratio)
            for leg, (_, contract) in zip(legs, terms, strict=True)
        ]
    )


def _check_quantity(message: CreateRfq, terms: list[tuple[int, InstrumentTerms]]) -> Decimal:
    quantity = to_decimal("quantity", message.quantity)
    if quantity != round(quantity, QUANTITY_DIGITS):
        raise Refusal(
            "quantity_digits", "The quantity has too many decimal places.", value=quantity, bound=QUANTITY_DIGITS
        )
    for leg, (_, contract) in zip(message.legs, terms, strict=True):
        leg_quantity(quantity, leg.ratio, contract.name, contract.lot_size)
    return quantity


def _check_caps(firm_id: int, at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ADVISORY_SPACE, firm_id])
    mine = Rfq.objects.filter(taker_firm_id=firm_id)
    recent = mine.filter(created_at__gt=at - dt.timedelta(minutes=1)).count()
    if recent >= limits.RFQ_CREATE_PER_MINUTE_MAX:
        raise Refusal(
            "rfq_rate", "Too many RFQs in a minute.", value=recent + 1, bound=limits.RFQ_CREATE_PER_MINUTE_MAX
        )
    live = mine.filter(state__in=[RfqState.OPEN.value, RfqState.PENDING_FILL.value]).count()
    if live >= limits.RFQ_OPEN_MAX:
        raise Refusal("rfq_open_count", "Too many open RFQs.", value=live + 1, bound=limits.RFQ_OPEN_MAX)


def _first_repeated(values: Sequence[object]) -> object:
    return next(value for index, value in enumerate(values) if value in values[:index])
