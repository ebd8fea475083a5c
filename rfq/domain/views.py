"""What each party may know of an RFQ: its own view, and nothing of the others' in it.

The taker sees no quote before the grace has ended, and never one of an RFQ that ended within it. A maker sees its own
quote, its own outcome and the state of the RFQ; no other maker, no count of them, no price that is not its own, and
no name of a taker that is anonymous. A taker to whom makers are anonymous sees aliases that hold in this RFQ alone. The
view is a function of what is stored, never of the clock, so that a snapshot and the facts before it agree.
"""

import dataclasses
import datetime as dt
from decimal import Decimal

from rfq.domain import pool_views
from rfq.domain.audience import ANONYMOUS_TAKER, alias_of
from rfq.domain.execution import LAST_LOOK_REASONS
from rfq.domain.outcomes import outcome_of
from rfq.domain.prices import accepted_leg_prices, net_of, net_text, price_text, quantity_text
from rfq.domain.records import LegRecord, LegVolatility, QuoteRecord, RfqRecord, TradeRecord
from wire.facts import AllocationView, LegVolatilityView, QuoteView, RfqLegView, RfqView
from wire.units import QuoteState, RfqState, Side

TAKER, MAKER, COMPLIANCE = "taker", "maker", "compliance"
COUNTERPARTY_REFUSED = "counterparty_refused"
"""What a party reads where the other party's own limits refused the trade."""


def view_for_firm(rfq: RfqRecord, firm_id: int) -> RfqView | None:
    """The firm's view, None for an outsider."""
    if firm_id == rfq.taker_firm_id:
        return taker_view(rfq)
    if firm_id in rfq.maker_firm_ids:
        return maker_view(rfq, firm_id)
    return None


def taker_view(rfq: RfqRecord) -> RfqView:
    quotes = list(rfq.quotes) if rfq.is_tradable else []
    return _view(rfq, TAKER, quotes, reader_firm_id=rfq.taker_firm_id)


def maker_view(rfq: RfqRecord, firm_id: int) -> RfqView:
    return _view(rfq, MAKER, [quote for quote in rfq.quotes if quote.maker_firm_id == firm_id], reader_firm_id=firm_id)


def compliance_view(rfq: RfqRecord) -> RfqView:
    """Everything, with the reasons of both sides."""
    return _view(rfq, COMPLIANCE, list(rfq.quotes), reader_firm_id=None)


def compliance_quote_view(rfq: RfqRecord, quote: QuoteRecord) -> QuoteView:
    """The quote as it stands in ``compliance_view``."""
    return _quote_view(rfq, quote, COMPLIANCE)


def list_readers(before: RfqRecord, after: RfqRecord) -> tuple[int, ...]:
    """Parties whose own view may differ between the two; for all others it is the same.

    While nothing is filled, a change of quotes alone is in the views of the makers who made them, and in the taker's
    where the taker is shown quotes. Everything else may be in any view.
    """
    if after.state is RfqState.FILLED or not is_change_of_quotes(before, after):
        return after.party_firm_ids
    known = {quote.quote_id: quote for quote in before.quotes}
    makers = {quote.maker_firm_id for quote in after.quotes if quote != known.get(quote.quote_id)}
    shown = {after.taker_firm_id} if after.is_tradable else set()
    return tuple(firm_id for firm_id in after.party_firm_ids if firm_id in makers | shown)


def is_change_of_quotes(before: RfqRecord, after: RfqRecord) -> bool:
    """Whether nothing but quotes differs."""
    return dataclasses.replace(before, quotes=()) == dataclasses.replace(after, quotes=())


def differs(before: RfqRecord, after: RfqRecord, firm_id: int) -> bool:
    """Whether the firm's view is another one: known from what every view shows, compared in full where that agrees."""
    if _mark_of(before, firm_id) != _mark_of(after, firm_id):
        return True
    return view_for_firm(before, firm_id) != view_for_firm(after, firm_id)


def _mark_of(rfq: RfqRecord, firm_id: int) -> tuple[object, ...]:
    """Some of what the firm's view says, cheaply."""
    is_taker = firm_id == rfq.taker_firm_id
    shown = (rfq.quotes if rfq.is_tradable else ()) if is_taker else (rfq.find_quote_of(firm_id),)
    quotes = tuple((quote.quote_id, quote.version, quote.state, quote.updated_at) for quote in shown if quote)
    return rfq.state, rfq.updated_at, quotes


def _view(rfq: RfqRecord, role: str, quotes: list[QuoteRecord], *, reader_firm_id: int | None) -> RfqView:
    is_maker = role == MAKER
    shown = {quote.quote_id for quote in quotes}
    trades = [trade for trade in rfq.trades if trade.quote_id in shown]
    is_pool_shown = role == TAKER and rfq.is_tradable
    return RfqView(
        rfq_id=rfq.rfq_id,
        role=role,
        state=rfq.state,
        label="" if is_maker else rfq.label,
        structure=rfq.structure,
        legs=[leg_view(leg) for leg in rfq.legs],
        quantity=quantity_text(rfq.quantity),
        side=rfq.side,
        quote_currency=rfq.quote_currency,
        taker_firm_id=None if is_maker and rfq.is_taker_anonymous else rfq.taker_firm_id,
        taker_name=ANONYMOUS_TAKER if is_maker and rfq.is_taker_anonymous else rfq.taker_name,
        account_id=None if is_maker else rfq.account_id,
        maker_firm_ids=_maker_firm_ids(rfq, role, reader_firm_id),
        created_at_ns=_ns(rfq.created_at),
        tradable_at_ns=_ns(rfq.tradable_at),
        expires_at_ns=_ns(rfq.expires_at),
        updated_at_ns=_ns(rfq.updated_at),
        quotes=[_quote_view(rfq, quote, role) for quote in quotes],
        reason=_reason(rfq, reader_firm_id, is_party=not is_maker or bool(trades)),
        accepted_quote_id=trades[0].quote_id if trades else None,
        accepted_side=trades[0].side if trades else None,
        traded_price=_traded_text(rfq, trades),
        is_taker_anonymous=rfq.is_taker_anonymous,
        are_makers_anonymous=rfq.are_makers_anonymous,
        audience=None if is_maker else rfq.audience,
        maker_count=None if is_maker else len(rfq.maker_firm_ids),
        allocations=[] if is_maker else _allocation_views(rfq),
        trades=pool_views.trade_views(rfq, trades, is_maker=is_maker),
        triggers=[] if is_maker else pool_views.trigger_views(rfq),
        bids=pool_views.pool_view(rfq, Side.SELL) if is_pool_shown else None,
        asks=pool_views.pool_view(rfq, Side.BUY) if is_pool_shown else None,
    )


def leg_view(leg: LegRecord) -> RfqLegView:
    price = None if leg.fixed_price is None else price_text(leg.fixed_price, leg.tick_size)
    return RfqLegView(
        instrument_name=leg.instrument_name, side=leg.side, ratio=leg.ratio, is_hedge=leg.is_hedge, price=price
    )


def _allocation_views(rfq: RfqRecord) -> list[AllocationView]:
    return [
        AllocationView(account_id=share.account_id, quantity=quantity_text(share.quantity)) for share in rfq.allocations
    ]


def _maker_firm_ids(rfq: RfqRecord, role: str, reader_firm_id: int | None) -> list[int]:
    if role == MAKER:
        assert reader_firm_id is not None, "a maker's view is of one firm"
        return [reader_firm_id]
    return [] if role == TAKER and rfq.are_makers_anonymous else list(rfq.maker_firm_ids)


def _reason(rfq: RfqRecord, reader_firm_id: int | None, *, is_party: bool) -> str:
    """Makers beside the trade learn that it was rejected, not why; of those in it, each its own limits only.

    The taker is told that a maker took its price back: the quote says which, and why.
    """
    if rfq.state is RfqState.REJECTED and not is_party:
        return ""
    if rfq.reason in LAST_LOOK_REASONS and reader_firm_id == rfq.taker_firm_id:
        return rfq.reason
    if rfq.reason_firm_id is None or reader_firm_id is None or reader_firm_id == rfq.reason_firm_id:
        return rfq.reason
    return COUNTERPARTY_REFUSED


def _quote_view(rfq: RfqRecord, quote: QuoteRecord, role: str) -> QuoteView:
    is_hidden = role == TAKER and rfq.are_makers_anonymous
    bid, ask = net_of(rfq.legs, quote.prices.bid_leg_prices), net_of(rfq.legs, quote.prices.ask_leg_prices)
    return QuoteView(
        quote_id=quote.quote_id,
        rfq_id=rfq.rfq_id,
        version=quote.version,
        state=quote.state,
        maker_firm_id=None if is_hidden else quote.maker_firm_id,
        maker_name=_alias(rfq, quote.maker_firm_id) if is_hidden else quote.maker_name,
        bid=None if bid is None else net_text(rfq.legs, bid),
        ask=None if ask is None else net_text(rfq.legs, ask),
        bid_leg_prices=_leg_price_texts(rfq, quote, Side.SELL),
        ask_leg_prices=_leg_price_texts(rfq, quote, Side.BUY),
        created_at_ns=_ns(quote.created_at),
        updated_at_ns=_ns(quote.updated_at),
        expires_at_ns=_ns(quote.prices.expires_at),
        reason=quote.reason,
        bid_volatilities=_volatility_views(quote.prices.bid_volatilities),
        ask_volatilities=_volatility_views(quote.prices.ask_volatilities),
        quantity=quantity_text(quote.prices.quantity),
        condition=quote.prices.condition,
        filled_quantity=_filled_text(rfq, quote),
        last_look_until_ns=_last_look_until_ns(quote),
        outcome=outcome_of(rfq, quote),
    )


def _traded_text(rfq: RfqRecord, trades: list[TradeRecord]) -> str | None:
    if rfq.state is not RfqState.FILLED or not trades:
        return None
    return pool_views.average_text(rfq, [(trade.net_price, trade.quantity) for trade in trades])


def _filled_text(rfq: RfqRecord, quote: QuoteRecord) -> str | None:
    trades = rfq.list_trades_of(quote.quote_id)
    return quantity_text(sum((trade.quantity for trade in trades), start=Decimal(0))) if trades else None


def _last_look_until_ns(quote: QuoteRecord) -> int | None:
    is_open = quote.state is QuoteState.PENDING_LAST_LOOK and quote.last_look is not None
    return _ns(quote.last_look.due_at) if is_open and quote.last_look else None


def _alias(rfq: RfqRecord, maker_firm_id: int) -> str:
    return alias_of(rfq.maker_aliases[rfq.maker_firm_ids.index(maker_firm_id)])


def _volatility_views(found: tuple[LegVolatility | None, ...] | None) -> list[LegVolatilityView | None] | None:
    if found is None:
        return None
    return [
        None
        if one is None
        else LegVolatilityView(
            volatility=quantity_text(one.volatility),
            forward=quantity_text(one.forward),
            years=quantity_text(one.years),
        )
        for one in found
    ]


def _leg_price_texts(rfq: RfqRecord, quote: QuoteRecord, taker_side: Side) -> list[str] | None:
    prices = accepted_leg_prices(quote, taker_side)
    if prices is None:
        return None
    return [price_text(price, leg.tick_size) for price, leg in zip(prices, rfq.legs, strict=True)]


def _ns(at: dt.datetime) -> int:
    return (at - _EPOCH) // dt.timedelta(microseconds=1) * 1_000


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
