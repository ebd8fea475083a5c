"""From Deribit's words to ours."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from gateway.venues.books import VenueInstrument
from gateway.venues.deribit import messages
from gateway.venues.execution import Execution, OrderView
from gateway.venues.market import VenueTicker, VenueTrade
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import NANOSECONDS_PER_MS, Liquidity, OrderState, Side

OFFERED_KINDS = frozenset({"future", "option", "spot"})
"""Combinations have names of their own."""
STATES = {
    "open": OrderState.NEW,
    "untriggered": OrderState.NEW,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELED,
    "rejected": OrderState.REJECTED,
}
_decode_trades = msgspec.json.Decoder(list[messages.PublicTrade]).decode
_decode_ticker = msgspec.json.Decoder(messages.Ticker).decode


def read_instruments(listed: Iterable[messages.Instrument]) -> list[VenueInstrument]:
    """Those that Parley can name, active ones only."""
    return [found for each in listed if (found := find_instrument(each)) is not None]


def find_instrument(listed: messages.Instrument) -> VenueInstrument | None:
    """None for what Parley has no name for, or what has no positive steps. Deribit's names are ours."""
    terms = _find_terms(listed.instrument_name)
    if terms is None or not listed.is_active or listed.kind not in OFFERED_KINDS:
        return None
    if listed.tick_size <= 0 or listed.min_trade_amount <= 0 or listed.contract_size <= 0:
        return None
    return VenueInstrument(
        name=terms.name,
        symbol=listed.instrument_name,
        price_tick=decimal(listed.tick_size),
        amount_step=decimal(listed.min_trade_amount),
        contract_amount=terms.multiplier,
        maker_fee=None if listed.maker_commission is None else decimal(listed.maker_commission),
        taker_fee=None if listed.taker_commission is None else decimal(listed.taker_commission),
    )


def read_trades(content: bytes | msgspec.Raw) -> list[VenueTrade]:
    """Amounts stay the venue's. Raises msgspec.DecodeError."""
    return [
        VenueTrade(
            trade_id=trade.trade_id,
            name=trade.instrument_name,
            side=Side(trade.direction),
            price=decimal(trade.price),
            amount=decimal(trade.amount),
            at_ns=trade.timestamp * NANOSECONDS_PER_MS,
        )
        for trade in _decode_trades(content)
    ]


def read_ticker(content: bytes | msgspec.Raw) -> VenueTicker:
    """Raises msgspec.DecodeError."""
    ticker = _decode_ticker(content)
    return VenueTicker(
        name=ticker.instrument_name,
        at_ns=ticker.timestamp * NANOSECONDS_PER_MS,
        bid_price=_quoted(ticker.best_bid_price, ticker.best_bid_amount),
        ask_price=_quoted(ticker.best_ask_price, ticker.best_ask_amount),
        mark_price=ticker.mark_price,
        index_price=ticker.index_price,
        last_price=ticker.last_price,
    )


def read_order(order: messages.Order, contract_amount: Decimal) -> OrderView:
    """``contract_amount``: the venue's amount of one of our contracts. Raises ValueError for a word it never used."""
    return OrderView(
        venue_order_id=order.order_id,
        client_order_id=order.label,
        name=order.instrument_name,
        side=Side(order.direction),
        quantity=decimal(order.amount) / contract_amount,
        price=decimal(order.price) if isinstance(order.price, float) else None,
        filled=decimal(order.filled_amount) / contract_amount,
        state=find_state(order.order_state),
        updated_at_ns=order.last_update_timestamp * NANOSECONDS_PER_MS,
        reason=order.cancel_reason or order.reject_reason,
    )


def read_execution(trade: messages.UserTrade, contract_amount: Decimal) -> Execution:
    """As ``read_order``."""
    return Execution(
        execution_id=trade.trade_id,
        venue_order_id=trade.order_id,
        client_order_id=trade.label,
        name=trade.instrument_name,
        side=Side(trade.direction),
        price=decimal(trade.price),
        quantity=decimal(trade.amount) / contract_amount,
        liquidity=Liquidity.MAKER if trade.liquidity == "M" else Liquidity.TAKER,
        fee=decimal(trade.fee),
        fee_currency=trade.fee_currency,
        at_ns=trade.timestamp * NANOSECONDS_PER_MS,
        is_busted=trade.busted,
    )


def find_state(word: str) -> OrderState:
    """``open`` becomes partially filled by its executions; ``untriggered`` waits at the venue too. ValueError."""
    if word not in STATES:
        raise ValueError(f"order state {word!r} is not known")
    return STATES[word]


def contract_amount(name: str) -> Decimal:
    """The venue's amount of one of our contracts; 1 for what Parley has no name for."""
    terms = _find_terms(name)
    return terms.multiplier if terms is not None else Decimal(1)


def decimal(number: float) -> Decimal:
    """The shortest decimal that is this float: the venue writes decimals as JSON numbers."""
    return Decimal(repr(number))


def _quoted(price: float | None, amount: float | None) -> float | None:
    return price if price and amount else None


def _find_terms(name: str) -> InstrumentTerms | None:
    try:
        return parse_instrument_name(name)
    except UnknownInstrumentName:
        return None
