"""Load an RFQ under its lock and write what changed between two records of it."""

import datetime as dt
import secrets
from decimal import Decimal

from django.db import connection

from rfq import publishers, selectors
from rfq.domain.negotiation import accepted_leg_prices, accepted_quote
from rfq.domain.prices import net_of
from rfq.domain.records import LegVolatility, QuotePrices, QuoteRecord, RfqRecord, TradeRecord
from rfq.models import BlockTrade, Quote, QuoteVersion, Rfq, TradeLeg
from rfq.services import sightings, steps, tape
from wire.units import QuoteState, Side

QUOTE_ID_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""
_LIVE_QUOTE_STATES = (QuoteState.ACTIVE, QuoteState.PENDING_FILL)


def lock(rfq_id: int, *, skip_locked: bool = False) -> RfqRecord | None:
    """The RFQ with its row and then its quotes' rows locked, in the order of their ids.

    None where there is no such RFQ or, with ``skip_locked``, where another transaction holds it.
    """
    sightings.look_before_lock(rfq_id)
    rows = Rfq.objects.select_for_update(skip_locked=skip_locked, no_key=True).filter(id=rfq_id).values_list("id")
    if not list(rows):
        return None
    list(Quote.objects.select_for_update(no_key=True).filter(rfq_id=rfq_id).order_by("id").values_list("id"))
    return selectors.get_record(rfq_id)


def get_locked(rfq_id: int) -> RfqRecord:
    """Raises NotFound."""
    record = lock(rfq_id)
    if record is None:
        raise selectors.not_found(rfq_id)
    return record


def next_id(table: str) -> int:
    """An id of ``table`` before its row exists."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        return int(cursor.fetchone()[0])


def write(before: RfqRecord, after: RfqRecord, cause: publishers.Cause) -> None:
    """Rows, facts and audit records of the step from ``before`` to ``after``."""
    _write_rfq(before, after)
    for quote in after.quotes:
        earlier = before.find_quote(quote.quote_id)
        if quote != earlier:
            _write_quote(earlier, quote, after, cause.at)
    if after.trade is not None and after.trade != before.trade:
        _write_trade(before, after, after.trade, cause)
    steps.append(after, cause.at)
    sightings.take(before, after)
    tape.print_completed(before, after, cause.at)
    publishers.publish(before, after, cause)


def new_quote_id() -> int:
    """Drawn by lot: the next number of a count would tell a maker how many others have quoted."""
    while True:
        quote_id = secrets.randbelow(QUOTE_ID_MAX) + 1
        if not Quote.objects.filter(id=quote_id).exists():
            return quote_id


def write_new(rfq: RfqRecord, cause: publishers.Cause) -> None:
    """Facts, audit records and the first step of an RFQ whose rows were just made."""
    steps.begin(rfq, cause.at)
    sightings.take_first(rfq)
    publishers.publish(None, rfq, cause)


def _write_rfq(before: RfqRecord, after: RfqRecord) -> None:
    was = (before.state, before.reason, before.reason_firm_id, before.is_tradable, before.updated_at)
    now = (after.state, after.reason, after.reason_firm_id, after.is_tradable, after.updated_at)
    if was != now:
        Rfq.objects.filter(id=after.rfq_id).update(
            state=after.state.value,
            reason=after.reason,
            reason_firm_id=after.reason_firm_id,
            is_tradable=after.is_tradable,
            updated_at=after.updated_at,
        )


def _write_quote(before: QuoteRecord | None, after: QuoteRecord, rfq: RfqRecord, at: dt.datetime) -> None:
    if before is None:
        Quote.objects.create(
            id=after.quote_id,
            rfq_id=rfq.rfq_id,
            maker_firm_id=after.maker_firm_id,
            version=after.version,
            state=after.state.value,
            created_at=after.created_at,
            updated_at=after.updated_at,
        )
    else:
        Quote.objects.filter(id=after.quote_id).update(
            version=after.version, state=after.state.value, reason=after.reason, updated_at=after.updated_at
        )
    if before is None or after.version != before.version:
        _end_version(after.quote_id, at, "replaced")
        _write_version(after, rfq)
    elif after.state not in _LIVE_QUOTE_STATES:
        _end_version(after.quote_id, at, after.state.value)


def _end_version(quote_id: int, at: dt.datetime, reason: str) -> None:
    QuoteVersion.objects.filter(quote_id=quote_id, ended_at__isnull=True).update(ended_at=at, end_reason=reason)


def _write_version(quote: QuoteRecord, rfq: RfqRecord) -> None:
    prices = quote.prices
    QuoteVersion.objects.create(
        quote_id=quote.quote_id,
        version=quote.version,
        account_id=prices.account_id,
        user_id=prices.user_id,
        bid_leg_prices=_column(prices.bid_leg_prices),
        ask_leg_prices=_column(prices.ask_leg_prices),
        **_volatility_columns(prices),
        bid_net=net_of(rfq.legs, prices.bid_leg_prices),
        ask_net=net_of(rfq.legs, prices.ask_leg_prices),
        created_at=quote.updated_at,
        expires_at=prices.expires_at,
    )


def _volatility_columns(prices: QuotePrices) -> dict[str, list[Decimal | None] | None]:
    """Both sides share forwards and years: they were converted at one instant."""
    sides = [prices.bid_volatilities, prices.ask_volatilities]
    given = [side for side in sides if side is not None]
    legs = [next((one for one in leg if one is not None), None) for leg in zip(*given, strict=True)]
    return {
        "bid_leg_volatilities": _volatility_column(prices.bid_volatilities),
        "ask_leg_volatilities": _volatility_column(prices.ask_volatilities),
        "volatility_forwards": [None if one is None else one.forward for one in legs] if given else None,
        "volatility_years": [None if one is None else one.years for one in legs] if given else None,
    }


def _volatility_column(side: tuple[LegVolatility | None, ...] | None) -> list[Decimal | None] | None:
    return None if side is None else [None if one is None else one.volatility for one in side]


def _column(prices: tuple[Decimal, ...] | None) -> list[Decimal] | None:
    return None if prices is None else list(prices)


def _write_trade(before: RfqRecord, after: RfqRecord, trade: TradeRecord, cause: publishers.Cause) -> None:
    if before.trade is not None:
        BlockTrade.objects.filter(id=trade.trade_id).exclude(state="completed").update(state=trade.state.value)
        return
    quote = accepted_quote(after)
    assert cause.actor.user_id is not None, "a person or a key accepts"
    BlockTrade.objects.create(
        id=trade.trade_id,
        rfq_id=after.rfq_id,
        quote_id=trade.quote_id,
        version=trade.version,
        side=trade.side.value,
        net_price=trade.net_price,
        taker_account_id=after.account_id,
        maker_account_id=quote.prices.account_id,
        accepted_at=trade.accepted_at,
        accepted_by_id=cause.actor.user_id,
    )
    prices = accepted_leg_prices(quote, trade.side)
    assert prices is not None, "the accepted side is quoted"
    TradeLeg.objects.bulk_create(
        TradeLeg(
            trade_id=trade.trade_id,
            leg_index=index,
            instrument_id=leg.instrument_id,
            side=leg_side(leg.side, trade.side).value,
            price=price,
            quantity=after.quantity * leg.ratio,
        )
        for index, (leg, price) in enumerate(zip(after.legs, prices, strict=True))
    )


def leg_side(structure_side: Side, taker_side: Side) -> Side:
    """What the taker does in a leg: the leg's own side if it buys the structure, the other one if it sells."""
    return structure_side if taker_side is Side.BUY else structure_side.opposite
