"""Accept a quote: check, decide under the lock, and ask the gateway to reserve the risk of both sides."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from common import clock, valkey
from common.actor import Actor
from common.errors import Conflict, Refusal
from market import oracle
from rfq import publishers, selectors
from rfq.domain import limits, negotiation
from rfq.domain.negotiation import accepted_leg_prices, accepted_quote
from rfq.domain.records import QuoteRecord, RfqRecord
from rfq.models import TradeLeg
from rfq.services import changes, commands, margin, stops
from rfq.services.requests import check_taker
from streams import services as streams
from wire import gateway
from wire.client import AcceptQuote
from wire.limits import STALE_AFTER_MS
from wire.units import NANOSECONDS_PER_MS, to_steps

if TYPE_CHECKING:
    from accounts.models import User


class Unavailable(Refusal):
    """Nothing new is risked while nobody can check it."""

    status = 503


def accept_quote(*, user: User, actor: Actor, message: AcceptQuote, at: dt.datetime) -> int:
    """Trade one side of exactly this version of a quote; returns the RFQ's id.

    The RFQ is pending until the gateway has reserved the risk of both sides, or refused, or said nothing in time.
    """
    index_prices: dict[int, Decimal] = {}
    return commands.once(
        user_id=user.id,
        message=message,
        entity="rfq",
        prepare=lambda: index_prices.update(_check_before_lock(user, message, at)),
        act=lambda: _accept(user, actor, message, at, index_prices),
    )


def reserve_command_id(trade_id: int) -> str:
    return f"block-{trade_id}-reserve"


def _check_before_lock(user: User, message: AcceptQuote, at: dt.datetime) -> dict[int, Decimal]:
    """All that is slow: marks, gateway, margin of both sides. A version's prices never change, so this stays true.

    Returns the index of each leg's coin, by leg.
    """
    rfq = selectors.get_record(message.rfq_id)
    quote = _check(user, message, rfq, at)
    _check_gateway()
    index_prices = _check_marks(rfq)
    margin.check_headroom(rfq, quote, message.side)
    return index_prices


def _accept(user: User, actor: Actor, message: AcceptQuote, at: dt.datetime, index_prices: dict[int, Decimal]) -> int:
    before = changes.get_locked(message.rfq_id)
    quote = _check(user, message, before, at)
    stops.check_user(user)
    stops.check_maker(quote.prices.user_id)
    after = negotiation.accept_quote(
        before,
        quote_id=message.quote_id,
        version=message.version,
        side=message.side,
        trade_id=changes.next_id("rfq_blocktrade"),
        at=at,
    )
    cause = publishers.Cause(action="rfq.accepted", actor=actor, at=at, command_id=message.command_id)
    changes.write(before, after, cause)
    for leg_index, price in index_prices.items():
        TradeLeg.objects.filter(trade__rfq_id=before.rfq_id, leg_index=leg_index).update(reference_price=price)
    streams.send_to_gateway(_reservation(after))
    return before.rfq_id


def _check(user: User, message: AcceptQuote, rfq: RfqRecord, at: dt.datetime) -> QuoteRecord:
    check_taker(user, rfq.taker_firm_id, rfq.maker_firm_ids, rfq.rfq_id)
    return negotiation.check_accept(rfq, quote_id=message.quote_id, version=message.version, side=message.side, at=at)


def _reservation(rfq: RfqRecord) -> gateway.ReserveBlock:
    assert rfq.trade is not None, "an accepted RFQ has its trade"
    quote = accepted_quote(rfq)
    prices = accepted_leg_prices(quote, rfq.trade.side)
    assert prices is not None, "the accepted side is quoted"
    return gateway.ReserveBlock(
        command_id=reserve_command_id(rfq.trade.trade_id),
        valid_until_ns=clock.to_ns(rfq.trade.accepted_at + limits.RESERVE_VALID),
        reservation_id=rfq.trade.trade_id,
        legs=[
            gateway.BlockLeg(
                instrument_id=leg.instrument_id,
                side=changes.leg_side(leg.side, rfq.trade.side),
                price_ticks=to_steps("price", price, leg.tick_size),
                quantity_lots=to_steps("quantity", rfq.quantity * leg.ratio, leg.lot_size),
                taker_account_id=rfq.account_id,
                maker_account_id=quote.prices.account_id,
            )
            for leg, price in zip(rfq.legs, prices, strict=True)
        ],
    )


def _check_gateway() -> None:
    try:
        heartbeat = oracle.find_heartbeat()
    except valkey.Unreachable as error:
        raise Unavailable("gateway_unavailable", "The gateway cannot be reached.") from error
    if heartbeat is None or not heartbeat.is_running:
        state = heartbeat.state if heartbeat else "silent"
        raise Unavailable("gateway_unavailable", "The gateway takes no new risk.", value=state, bound="running")


def _check_marks(rfq: RfqRecord) -> dict[int, Decimal]:
    names = [leg.instrument_name for leg in rfq.legs]
    try:
        tickers = oracle.get_tickers(names)
    except valkey.Unreachable as error:
        raise Unavailable("stale_mark", "No market data can be read.") from error
    now_ns = clock.now_ns()
    for name in names:
        ticker = tickers.get(name)
        if ticker is None or ticker.mark_price is None:
            raise Conflict("stale_mark", f"{name} has no mark.", value=name)
        if oracle.is_stale(ticker, now_ns):
            age_ms = (now_ns - ticker.at_ns) // NANOSECONDS_PER_MS
            raise Conflict(
                "stale_mark", f"The mark of {name} is stale.", value=f"{age_ms} ms", bound=f"{STALE_AFTER_MS} ms"
            )
    indices = {index: tickers[name].index_price for index, name in enumerate(names)}
    return {index: Decimal(repr(price)) for index, price in indices.items() if price is not None}
