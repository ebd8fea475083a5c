"""What a request says, checked: its legs and their instruments, its quantity, its shares and its hedge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import selectors as accounts_selectors
from common import valkey
from common.errors import Conflict, Refusal
from market import oracle
from market import selectors as market_selectors
from rfq.domain import limits
from rfq.domain.prices import check_digits, leg_quantity, read_price, to_decimal
from rfq.domain.records import AllocationRecord, LegRecord
from rfq.domain.shares import check_shares
from rfq.domain.structures import StructureLeg, divisor, recognize
from wire.client import RfqHedge, RfqLeg, RfqTerms
from wire.client_rfq import LABEL_LENGTH_MAX
from wire.limits import RFQ_LEGS_MAX, RFQ_RATIO_MAX

if TYPE_CHECKING:
    from accounts.models import Account, User
    from market.models import Instrument


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckedTerms:
    """legs: ratios in lowest terms, the hedge leg last. quantity, allocations: in units of those."""

    account: Account
    structure: str
    quote_currency: str
    legs: tuple[LegRecord, ...]
    quantity: Decimal
    allocations: tuple[AllocationRecord, ...]


def check_terms(user: User, message: RfqTerms) -> CheckedTerms:
    """Everything that does not change with the market or with other requests. Raises Refusal."""
    account = accounts_selectors.get_account_for(user, message.account_id)
    _check_life(message.life_seconds)
    _check_label(message.label)
    asked: list[RfqLeg | RfqHedge] = [*message.legs, *([message.hedge] if message.hedge else [])]
    instruments = _check_instruments(message.legs, asked)
    structure = recognize(
        [_structure_leg(leg, found) for leg, found in zip(message.legs, instruments, strict=False)],
        _structure_leg(message.hedge, instruments[-1]) if message.hedge else None,
    )
    unit = divisor([leg.ratio for leg in asked])
    legs = tuple(_leg_record(leg, found, unit) for leg, found in zip(asked, instruments, strict=True))
    quantity = _read_quantity(message.quantity, unit)
    for leg in legs:
        leg_quantity(quantity, leg.ratio, leg.instrument_name, leg.lot_size)
    return CheckedTerms(
        account=account,
        structure=structure.name,
        quote_currency=structure.quote_currency,
        legs=legs,
        quantity=quantity,
        allocations=_allocations(user, message, quantity, unit, legs),
    )


def _check_label(label: str) -> None:
    if len(label) > LABEL_LENGTH_MAX or not label.isprintable():
        raise Refusal("label", "A label is one line of printable text.", value=len(label), bound=LABEL_LENGTH_MAX)


def _check_life(life_seconds: int) -> None:
    low, high = limits.RFQ_LIFE_SECONDS_MIN, limits.RFQ_LIFE_SECONDS_MAX
    if not low <= life_seconds <= high:
        raise Refusal("rfq_life", "The life of an RFQ is out of bounds.", value=life_seconds, bound=f"{low} to {high}")


def _check_instruments(legs: Sequence[RfqLeg], asked: Sequence[RfqLeg | RfqHedge]) -> list[Instrument]:
    """The instrument of each leg, all of them trading."""
    if not 1 <= len(legs) <= RFQ_LEGS_MAX:
        raise Refusal(
            "leg_count", "The number of legs is out of bounds.", value=len(legs), bound=f"1 to {RFQ_LEGS_MAX}"
        )
    names = [leg.instrument_name for leg in asked]
    repeated = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if repeated is not None:
        raise Refusal("duplicate_leg", "An instrument is one leg at most.", value=repeated)
    market_time_ns = _market_time_ns()
    return [_check_instrument(leg, market_time_ns) for leg in asked]


def _check_instrument(leg: RfqLeg | RfqHedge, market_time_ns: int | None) -> Instrument:
    if not 1 <= leg.ratio <= RFQ_RATIO_MAX:
        raise Refusal("ratio", "The ratio of a leg is out of bounds.", value=leg.ratio, bound=f"1 to {RFQ_RATIO_MAX}")
    instrument = market_selectors.get_instrument(leg.instrument_name)
    expired = bool(instrument.expiry_at_ns) and market_time_ns is not None and market_time_ns >= instrument.expiry_at_ns
    if not instrument.is_active or expired:
        raise Conflict("instrument_not_trading", f"{instrument.name} no longer trades.", value=instrument.name)
    return instrument


def _market_time_ns() -> int | None:
    """None where nobody plays a market; then the gateway decides whether an instrument still trades."""
    try:
        return oracle.find_market_time_ns()
    except valkey.Unreachable as error:
        raise Refusal("market_unavailable", "No market data can be read.") from error


def _structure_leg(leg: RfqLeg | RfqHedge, instrument: Instrument) -> StructureLeg:
    return StructureLeg(terms=instrument.terms, side=leg.side, ratio=leg.ratio)


def _leg_record(leg: RfqLeg | RfqHedge, instrument: Instrument, unit: int) -> LegRecord:
    terms = instrument.terms
    record = LegRecord(
        instrument_id=instrument.id,
        instrument_name=instrument.name,
        side=leg.side,
        ratio=leg.ratio // unit,
        tick_size=terms.tick_size,
        lot_size=terms.lot_size,
    )
    if isinstance(leg, RfqHedge):
        return dataclasses.replace(record, is_hedge=True, fixed_price=read_price(leg.price, record))
    return record


def _read_quantity(text: str, unit: int) -> Decimal:
    quantity = to_decimal("quantity", text)
    check_digits(quantity)
    return quantity * unit


def _allocations(
    user: User, message: RfqTerms, quantity: Decimal, unit: int, legs: tuple[LegRecord, ...]
) -> tuple[AllocationRecord, ...]:
    shares = [
        AllocationRecord(
            account_id=accounts_selectors.get_account_for(user, share.account_id).pk,
            quantity=_read_quantity(share.quantity, unit),
        )
        for share in message.allocations
    ]
    check_shares(shares, quantity, legs)
    return tuple(sorted(shares, key=lambda share: share.account_id))
