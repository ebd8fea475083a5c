"""Makers quote, replace and withdraw; the taker withdraws; the timers run. ``transitions`` says what may follow what.

Each rule takes a record and the time and gives the next record. A maker has one quote per RFQ. Replacing it keeps the
id and raises the version, also after it was canceled or had expired; each version ends once. Every refusal is named,
and nothing is half done: the record given stays as it was.
"""

import dataclasses
import datetime as dt

from common.errors import Conflict, NotAllowed, NotFound
from rfq.domain import execution
from rfq.domain.prices import check_quantity, check_two_way
from rfq.domain.records import QuotePrices, QuoteRecord, RfqRecord
from rfq.domain.rules import rule
from rfq.domain.transitions import TERMINAL_STATES, check_open, finish, step_quote, with_each_active, with_quote
from wire.units import QuoteState, RfqState

REASON_REQUESTED = "requested"


@rule
def submit_quote(
    rfq: RfqRecord, *, maker: tuple[int, str], quote_id: int, prices: QuotePrices, at: dt.datetime
) -> RfqRecord:
    """maker: firm id and name. quote_id: used where the maker has no quote yet; a later version keeps the first id."""
    maker_firm_id, maker_name = maker
    if maker_firm_id not in rfq.maker_firm_ids:
        raise NotAllowed("not_invited", "Your firm is not invited to quote this RFQ.", value=rfq.rfq_id)
    check_open(rfq, at)
    check_two_way(rfq.legs, prices, rfq.side)
    check_quantity(rfq, prices.quantity)
    earlier = rfq.find_quote_of(maker_firm_id)
    quote = QuoteRecord(
        quote_id=earlier.quote_id if earlier else quote_id,
        maker_firm_id=maker_firm_id,
        maker_name=maker_name,
        version=earlier.version + 1 if earlier else 1,
        state=QuoteState.ACTIVE,
        prices=prices,
        created_at=earlier.created_at if earlier else at,
        updated_at=at,
    )
    others = tuple(other for other in rfq.quotes if other.maker_firm_id != maker_firm_id)
    in_order = sorted((*others, quote), key=lambda each: each.quote_id)
    return dataclasses.replace(rfq, quotes=tuple(in_order))


@rule
def cancel_quote(rfq: RfqRecord, *, quote_id: int, maker_firm_id: int, at: dt.datetime) -> RfqRecord:
    """The maker withdraws its quote; refused once it was accepted, or is no longer active."""
    quote = rfq.find_quote(quote_id)
    if quote is None or quote.maker_firm_id != maker_firm_id:
        raise NotFound("quote_not_found", "There is no such quote.", value=quote_id)
    if quote.state is not QuoteState.ACTIVE:
        raise Conflict("quote_not_active", "The quote is no longer active.", value=quote.state.value, bound="active")
    return with_quote(rfq, step_quote(quote, QuoteState.CANCELED, REASON_REQUESTED, at))


@rule
def cancel_quotes_of(rfq: RfqRecord, *, maker_firm_id: int, reason: str, at: dt.datetime) -> RfqRecord:
    """Whatever the maker has standing ends: ``requested``, ``mmp``, ``disconnect``, ``kill``, as ``reason`` says.

    What was accepted already stays as it is. The same record where nothing stands.
    """
    return with_each_active(
        rfq,
        lambda quote: (
            step_quote(quote, QuoteState.CANCELED, reason, at) if quote.maker_firm_id == maker_firm_id else quote
        ),
    )


@rule
def cancel_rfq(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord:
    """The taker withdraws its request, and with it every quote."""
    check_open(rfq, at)
    return finish(rfq, RfqState.CANCELED, at, reason=REASON_REQUESTED)


@rule
def advance(rfq: RfqRecord, *, at: dt.datetime) -> RfqRecord:
    """Every timer that is due at ``at``: the pending fill, the RFQ's life, the grace, the quotes' lives."""
    if rfq.state is RfqState.PENDING_FILL and rfq.pending_until is not None and at >= rfq.pending_until:
        return execution.time_out(rfq, at=at)
    if rfq.state in TERMINAL_STATES:
        return rfq
    if rfq.state is RfqState.OPEN and at >= rfq.expires_at:
        return finish(rfq, RfqState.EXPIRED, at)
    if rfq.state is RfqState.OPEN and not rfq.is_tradable and at >= rfq.tradable_at:
        rfq = dataclasses.replace(rfq, is_tradable=True, updated_at=at)
    return with_each_active(
        rfq, lambda quote: step_quote(quote, QuoteState.EXPIRED, "", at) if at >= quote.prices.expires_at else quote
    )
