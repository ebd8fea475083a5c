"""Compute an allocation again from what is stored, and say the first thing that differs."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from rfq.domain.allocation import Fill, Offer, allocate, size_step
from rfq.domain.execution import split
from rfq.domain.records import RfqRecord, TradeRecord
from wire.negotiation import AcceptKind
from wire.units import QuoteState, Side


@dataclasses.dataclass(frozen=True, kw_only=True)
class Accepted:
    """How an RFQ was accepted. ``pool``, ``left_out``: (quote id, version)."""

    kind: AcceptKind
    side: Side
    limit_price: Decimal | None
    pool: tuple[tuple[int, int], ...]
    left_out: tuple[tuple[int, int], ...]
    accepted_at: dt.datetime


@dataclasses.dataclass(frozen=True, kw_only=True)
class StoredVersion:
    """What a version says on the side that traded. ``price``: None where it does not quote it."""

    price: Decimal | None
    quantity: Decimal
    is_all_or_none: bool
    made_at: dt.datetime
    expires_at: dt.datetime


Versions = Mapping[tuple[int, int], StoredVersion]


def find_difference(rfq: RfqRecord, accepted: Accepted | None, versions: Versions) -> str | None:
    """The first difference between what is stored and what the rule gives; None where there is none."""
    if accepted is None:
        return "there are trades without an accept" if rfq.trades else None
    for key in accepted.pool:
        wrong = _cannot_compete(key, accepted, versions)
        if wrong:
            return wrong
    omitted = _find_omitted(rfq, accepted, versions)
    if omitted is not None:
        return f"quote {omitted[0]} version {omitted[1]} stood and did not compete"
    fills = _fills(rfq, accepted, versions)
    return "the pool does not fill the size" if fills is None else _compare(rfq, accepted, fills)


def _cannot_compete(key: tuple[int, int], accepted: Accepted, versions: Versions) -> str | None:
    version = versions.get(key)
    name = f"quote {key[0]} version {key[1]}"
    if version is None:
        return f"{name} is not stored"
    if version.price is None:
        return f"{name} does not quote this side"
    if version.expires_at <= accepted.accepted_at:
        return f"{name} had expired"
    if accepted.limit_price is not None and not _is_within(version.price, accepted.side, accepted.limit_price):
        return f"{name} is beyond the limit"
    return None


def _find_omitted(rfq: RfqRecord, accepted: Accepted, versions: Versions) -> tuple[int, int] | None:
    """One that stood to the end within the limit, and neither competed nor is said to have been left out."""
    if accepted.kind is AcceptKind.QUOTE or accepted.limit_price is None:
        return None
    known = {*accepted.pool, *accepted.left_out}
    for quote in rfq.quotes:
        key = (quote.quote_id, quote.version)
        version = versions.get(key)
        if quote.state is not QuoteState.TRADED_AWAY or key in known or version is None or version.price is None:
            continue
        is_alive = accepted.accepted_at < version.expires_at
        if is_alive and _is_within(version.price, accepted.side, accepted.limit_price):
            return key
    return None


def _is_within(price: Decimal, side: Side, limit_price: Decimal) -> bool:
    return side.sign * price <= side.sign * limit_price


def _fills(rfq: RfqRecord, accepted: Accepted, versions: Versions) -> tuple[Fill, ...] | None:
    offers = [_offer(key, versions[key]) for key in accepted.pool]
    return allocate(offers, side=accepted.side, quantity=rfq.quantity, step=size_step(rfq.legs)) if offers else None


def _offer(key: tuple[int, int], version: StoredVersion) -> Offer:
    assert version.price is not None, "what competes has a price"
    return Offer(
        quote_id=key[0],
        version=key[1],
        price=version.price,
        quantity=version.quantity,
        is_all_or_none=version.is_all_or_none,
        made_at=version.made_at,
    )


def _compare(rfq: RfqRecord, accepted: Accepted, fills: Sequence[Fill]) -> str | None:
    expected = [
        (
            share.fill.quote_id,
            share.fill.version,
            share.account_id,
            accepted.side,
            share.quantity,
            share.fill.price,
            share.fill.reason,
        )
        for share in split(rfq, fills)
    ]
    stored = [_of_trade(trade) for trade in rfq.trades]
    for index, (one, other) in enumerate(zip(expected, stored, strict=False)):
        if one != other:
            return f"trade {rfq.trades[index].trade_id}: the rule gives {_text(one)}, stored is {_text(other)}"
    if len(expected) != len(stored):
        return f"the rule gives {len(expected)} trades, stored are {len(stored)}"
    return None


def _of_trade(trade: TradeRecord) -> tuple[object, ...]:
    return (
        trade.quote_id,
        trade.version,
        trade.taker_account_id,
        trade.side,
        trade.quantity,
        trade.net_price,
        trade.allocation_reason,
    )


def _text(values: Collection[object]) -> str:
    names = ("quote", "version", "account", "side", "quantity", "price", "reason")
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
