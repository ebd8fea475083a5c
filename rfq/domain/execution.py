"""From an accept to its fill or its rejection: what is taken, the makers' last looks, the gateway's answers.

The taker always trades the full size it asked for, with one quote or with several. What it trades with each maker, and
for each of its accounts, is one trade; an RFQ is filled when the gateway has reserved all of them, and any refusal
rejects them all. Where a maker has a last look, nothing is reserved before it has confirmed.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

from common.errors import Conflict, NotFound
from rfq.domain import limits
from rfq.domain.allocation import Fill, Offer, allocate, in_steps, share_out, size_step
from rfq.domain.prices import accepted_leg_prices, net_of
from rfq.domain.records import LastLookRecord, QuoteRecord, RfqRecord, TradeRecord, TradeState
from rfq.domain.rules import rule
from rfq.domain.transitions import (
    PENDING_QUOTE_STATES,
    cancel_triggers,
    check_open,
    finish,
    step_quote,
    step_rfq,
    with_each_in,
    with_quote,
    with_trade_states,
)
from wire.negotiation import LastLookReason, QuoteCondition, TriggerState
from wire.units import QuoteState, RfqState, Side

REASON_GATEWAY_TIMEOUT = "gateway_timeout"
REASON_LAST_LOOK_REJECTED = "last_look_rejected"
REASON_LAST_LOOK_TIMEOUT = "last_look_timeout"
REASON_ACCEPTED = "rfq_accepted"
LAST_LOOK_REASONS = (REASON_LAST_LOOK_REJECTED, REASON_LAST_LOOK_TIMEOUT)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What an accept takes. ``pool``: the quotes that competed for it."""

    side: Side
    pool: tuple[Offer, ...]
    fills: tuple[Fill, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Share:
    """What one account of the taker gets of one fill, in units of the structure."""

    account_id: int
    fill: Fill
    quantity: Decimal


def plan_quote(rfq: RfqRecord, *, quote_id: int, version: int, side: Side, at: dt.datetime) -> Plan:
    """Take the full size from exactly this version of one quote."""
    quote = check_accept(rfq, quote_id=quote_id, version=version, side=side, at=at)
    if quote.prices.quantity != rfq.quantity:
        raise Conflict(
            "quote_too_small",
            "The quote is for less than the whole size; trade it in the pool.",
            value=quote.prices.quantity,
            bound=rfq.quantity,
        )
    return _plan(rfq, side, (_offer(rfq, quote, side),))


def plan_pool(
    rfq: RfqRecord,
    *,
    side: Side,
    limit_price: Decimal,
    versions: Collection[tuple[int, int]] | None,
    left_out: Collection[int] = (),
    at: dt.datetime,
) -> Plan:
    """Take the full size from the pool, nothing of it beyond ``limit_price``.

    versions: (quote id, version) of what may be taken; None: whatever stands. left_out: ids of quotes whose makers
    cannot trade now. Refuses ``insufficient_quantity`` where that does not fill the size.
    """
    check_tradable(rfq, at)
    pool = standing(rfq, side=side, limit_price=limit_price, at=at)
    pool = tuple(
        offer
        for offer in pool
        if offer.quote_id not in left_out and (versions is None or (offer.quote_id, offer.version) in versions)
    )
    return _plan(rfq, side, pool)


def standing(
    rfq: RfqRecord, *, side: Side, limit_price: Decimal | None = None, at: dt.datetime | None = None
) -> tuple[Offer, ...]:
    """The quotes that stand on a side (at ``at``) within a price, each as its offer."""
    offers = (
        _offer(rfq, quote, side)
        for quote in rfq.quotes
        if quote.state is QuoteState.ACTIVE
        and accepted_leg_prices(quote, side) is not None
        and (at is None or at < quote.prices.expires_at)
    )
    return tuple(offer for offer in offers if limit_price is None or side.sign * offer.price <= side.sign * limit_price)


def split(rfq: RfqRecord, fills: Sequence[Fill]) -> list[Share]:
    """The fills over the taker's accounts, in the order in which they become trades."""
    step = size_step(rfq.legs)
    accounts = rfq.taker_shares
    shares = share_out(
        [in_steps(fill.quantity, step) for fill in fills], [in_steps(each.quantity, step) for each in accounts]
    )
    return [
        Share(account_id=accounts[account].account_id, fill=fills[fill], quantity=size * step)
        for account, fill, size in shares
    ]


@rule
def accept(
    rfq: RfqRecord,
    *,
    side: Side,
    fills: tuple[Fill, ...],
    trade_ids: tuple[int, ...],
    looks: tuple[tuple[int, LastLookRecord], ...],
    accepted_by: int,
    trigger_id: int | None = None,
    at: dt.datetime,
) -> RfqRecord:
    """The RFQ is pending until the makers with a last look, and then the gateway, have answered.

    trade_ids: one per share of ``split``. looks: (quote id, terms) of those that have one. accepted_by: user.
    trigger_id: of what fired, if it did.
    """
    check_tradable(rfq, at)
    trades = tuple(
        _trade(rfq, share, side, trade_id, (accepted_by, at))
        for share, trade_id in zip(split(rfq, fills), trade_ids, strict=True)
    )
    pending = cancel_triggers(_fire(rfq, trigger_id), REASON_ACCEPTED)
    terms = dict(looks)
    for fill in fills:
        pending = with_quote(pending, _take(pending, fill, terms.get(fill.quote_id), at))
    pending = dataclasses.replace(step_rfq(pending, RfqState.PENDING_FILL, at), is_tradable=True, trades=trades)
    return _wait(pending, at)


def check_accept(rfq: RfqRecord, *, quote_id: int, version: int, side: Side, at: dt.datetime) -> QuoteRecord:
    """The quote, if it can be traded now. During the grace no quote is confirmed to exist."""
    check_tradable(rfq, at)
    quote = rfq.find_quote(quote_id)
    if quote is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    if quote.version != version:
        raise Conflict("quote_version", "The quote has been replaced.", value=version, bound=quote.version)
    if quote.state is QuoteState.EXPIRED or (quote.state is QuoteState.ACTIVE and at >= quote.prices.expires_at):
        raise Conflict(
            "quote_expired", "The quote has expired.", value=at.isoformat(), bound=quote.prices.expires_at.isoformat()
        )
    if quote.state is not QuoteState.ACTIVE:
        raise Conflict("quote_not_active", "The quote is no longer active.", value=quote.state.value, bound="active")
    if accepted_leg_prices(quote, side) is None:
        raise Conflict("side_not_quoted", "The maker does not quote this side.", value=side.value)
    return quote


def check_tradable(rfq: RfqRecord, at: dt.datetime) -> None:
    """Open, and the grace is over."""
    check_open(rfq, at)
    if at < rfq.tradable_at:
        remaining_ms = (rfq.tradable_at - at) // dt.timedelta(milliseconds=1)
        raise Conflict(
            "grace_period",
            "Makers still compete: nothing trades yet.",
            value=f"{remaining_ms} ms left",
            bound="0 ms left",
        )


@rule
def confirm_last_look(rfq: RfqRecord, *, quote_id: int, at: dt.datetime) -> RfqRecord:
    """The maker stands by its price. Raises Conflict ``last_look_over`` where its window is not open."""
    quote = check_last_look(rfq, quote_id=quote_id, at=at)
    return _wait(with_quote(rfq, step_quote(quote, QuoteState.PENDING_FILL, "", at)), at)


@rule
def reject_last_look(rfq: RfqRecord, *, quote_id: int, reason: LastLookReason, at: dt.datetime) -> RfqRecord:
    """The maker takes its price back: nothing trades, with anybody. Raises Conflict ``last_look_over``."""
    quote = check_last_look(rfq, quote_id=quote_id, at=at)
    taken_back = with_quote(rfq, step_quote(quote, QuoteState.LAST_LOOK_REJECTED, reason.value, at))
    return _reject(taken_back, REASON_LAST_LOOK_REJECTED, quote.maker_firm_id, at)


def check_last_look(rfq: RfqRecord, *, quote_id: int, at: dt.datetime) -> QuoteRecord:
    """The quote whose maker may answer now."""
    quote = rfq.find_quote(quote_id)
    if quote is None:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    if quote.state is not QuoteState.PENDING_LAST_LOOK:
        raise Conflict("last_look_over", "No answer is awaited.", value=quote.state.value, bound="pending_last_look")
    assert quote.last_look is not None, "what is pending has its terms"
    if at >= quote.last_look.due_at:
        bound = quote.last_look.due_at.isoformat()
        raise Conflict("last_look_over", "The time to answer is over.", value=at.isoformat(), bound=bound)
    return quote


def is_awaiting_makers(rfq: RfqRecord) -> bool:
    return any(quote.state is QuoteState.PENDING_LAST_LOOK for quote in rfq.quotes)


@rule
def reserved(rfq: RfqRecord, *, trade_id: int, at: dt.datetime) -> RfqRecord | None:
    """The gateway holds the risk of both sides of a trade; of the last one: the RFQ is filled. None where too late."""
    trade = rfq.find_trade(trade_id)
    if rfq.state is not RfqState.PENDING_FILL or trade is None or trade.state is not TradeState.PENDING:
        return None
    held = with_trade_states(rfq, TradeState.RESERVED, trade_id=trade_id)
    if any(each.state is not TradeState.RESERVED for each in held.trades):
        return held
    won = with_each_in(held, {QuoteState.PENDING_FILL}, lambda quote: step_quote(quote, QuoteState.FILLED, "", at))
    return finish(won, RfqState.FILLED, at)


@rule
def refused(rfq: RfqRecord, *, reason: str, reason_firm_id: int | None, at: dt.datetime) -> RfqRecord | None:
    """One trade cannot be, and so none: nothing was traded by anybody. None where it has been decided already."""
    if rfq.state is not RfqState.PENDING_FILL:
        return None
    return _reject(rfq, reason, reason_firm_id, at)


@rule
def confirmed(rfq: RfqRecord, *, trade_id: int) -> RfqRecord | None:
    """The executions of a trade are on the journal. None where they were booked before, or the trade does not stand."""
    trade = rfq.find_trade(trade_id)
    if rfq.state is not RfqState.FILLED or trade is None or trade.state is not TradeState.RESERVED:
        return None
    return with_trade_states(rfq, TradeState.COMPLETED, trade_id=trade_id)


def time_out(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord:
    """Silence rejects by name: of a maker at the end of its last look, of the gateway at the end of its time."""
    if not is_awaiting_makers(rfq):
        return _reject(rfq, REASON_GATEWAY_TIMEOUT, None, at)
    silent = [quote for quote in rfq.quotes if _is_silent(quote, at)]
    assert silent, "a pending last look is due when the RFQ is"
    for quote in silent:
        rfq = with_quote(rfq, step_quote(quote, QuoteState.LAST_LOOK_REJECTED, "timeout", at))
    return _reject(rfq, REASON_LAST_LOOK_TIMEOUT, silent[0].maker_firm_id, at)


def _is_silent(quote: QuoteRecord, at: dt.datetime) -> bool:
    return quote.state is QuoteState.PENDING_LAST_LOOK and quote.last_look is not None and at >= quote.last_look.due_at


def _reject(rfq: RfqRecord, reason: str, reason_firm_id: int | None, at: dt.datetime) -> RfqRecord:
    lost = with_each_in(rfq, PENDING_QUOTE_STATES, lambda quote: step_quote(quote, QuoteState.REJECTED, "", at))
    ended = finish(with_trade_states(lost, TradeState.REJECTED), RfqState.REJECTED, at, reason=reason)
    return dataclasses.replace(ended, reason_firm_id=reason_firm_id)


def _wait(rfq: RfqRecord, at: dt.datetime) -> RfqRecord:
    """Until the first last look is due; with none open, for as long as the gateway has."""
    looks = [
        quote.last_look.due_at
        for quote in rfq.quotes
        if quote.state is QuoteState.PENDING_LAST_LOOK and quote.last_look
    ]
    return dataclasses.replace(rfq, pending_until=min(looks) if looks else at + limits.PENDING_FILL_TIMEOUT)


def _take(rfq: RfqRecord, fill: Fill, look: LastLookRecord | None, at: dt.datetime) -> QuoteRecord:
    quote = rfq.find_quote(fill.quote_id)
    assert quote is not None, "a fill has its quote"
    assert quote.version == fill.version, "a fill is of a quote as it stands"
    state = QuoteState.PENDING_FILL if look is None else QuoteState.PENDING_LAST_LOOK
    return dataclasses.replace(step_quote(quote, state, "", at), last_look=look)


def _trade(rfq: RfqRecord, share: Share, side: Side, trade_id: int, accepted: tuple[int, dt.datetime]) -> TradeRecord:
    quote = rfq.find_quote(share.fill.quote_id)
    assert quote is not None, "a fill has its quote"
    return TradeRecord(
        trade_id=trade_id,
        quote_id=share.fill.quote_id,
        version=share.fill.version,
        side=side,
        net_price=share.fill.price,
        quantity=share.quantity,
        taker_account_id=share.account_id,
        maker_account_id=quote.prices.account_id,
        accepted_by=accepted[0],
        accepted_at=accepted[1],
        allocation_reason=share.fill.reason,
    )


def _plan(rfq: RfqRecord, side: Side, pool: tuple[Offer, ...]) -> Plan:
    fills = allocate(pool, side=side, quantity=rfq.quantity, step=size_step(rfq.legs)) if pool else None
    if fills is None:
        raise Conflict(
            "insufficient_quantity",
            "The quotes within this price do not fill the whole size.",
            value=sum((offer.quantity for offer in pool), start=Decimal(0)),
            bound=rfq.quantity,
        )
    return Plan(side=side, pool=pool, fills=fills)


def _offer(rfq: RfqRecord, quote: QuoteRecord, side: Side) -> Offer:
    price = net_of(rfq.legs, accepted_leg_prices(quote, side))
    assert price is not None, "the side is quoted"
    return Offer(
        quote_id=quote.quote_id,
        version=quote.version,
        price=price,
        quantity=quote.prices.quantity,
        is_all_or_none=quote.prices.condition is QuoteCondition.ALL_OR_NONE,
        made_at=quote.updated_at,
    )


def _fire(rfq: RfqRecord, trigger_id: int | None) -> RfqRecord:
    triggers = tuple(
        dataclasses.replace(each, state=TriggerState.TRIGGERED) if each.trigger_id == trigger_id else each
        for each in rfq.triggers
    )
    return dataclasses.replace(rfq, triggers=triggers)
