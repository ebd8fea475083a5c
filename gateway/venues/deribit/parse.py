"""From Deribit's words to ours."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from gateway.venues.block_rfqs import RfqView
from gateway.venues.books import VenueInstrument
from gateway.venues.deribit import messages
from gateway.venues.execution import Execution, OrderView
from gateway.venues.market import VenueTicker, VenueTrade
from wire.instruments import InstrumentTerms, UnknownInstrumentName, parse_instrument_name
from wire.units import NANOSECONDS_PER_MS, Liquidity, OrderState, Side
from wire.venue_rfqs import MAKER_NAME_LENGTH_MAX, MAKERS_TOLD_MAX, VenueQuote, VenueRfqState

OFFERED_KINDS = frozenset({"future", "option", "spot"})
"""Combinations have names of their own."""
STATES = {
    "open": OrderState.NEW,
    "untriggered": OrderState.NEW,
    "filled": OrderState.FILLED,
    "cancelled": OrderState.CANCELED,
    "rejected": OrderState.REJECTED,
}
RFQ_STATES: dict[messages.RfqState, VenueRfqState] = {
    "created": VenueRfqState.OPEN,
    "open": VenueRfqState.OPEN,
    "filled": VenueRfqState.FILLED,
    "traded": VenueRfqState.FILLED,
    "cancelled": VenueRfqState.CANCELED,
    "expired": VenueRfqState.EXPIRED,
    "closed": VenueRfqState.EXPIRED,
}
BLOCK_LEG = "block_rfq-"
PRICE_STEP = Decimal("1e-12")
"""Of a net price over several makers."""
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
    leg = None if trade.block_rfq_id is None else name_block_leg(trade.block_rfq_id, trade.instrument_name)
    return Execution(
        execution_id=trade.trade_id,
        venue_order_id=leg or trade.order_id,
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


def read_block_rfq(rfq: messages.BlockRfq) -> RfqView:
    """Quotes best first, as the venue sorts nothing."""
    trades = rfq.trades or []
    traded = sum(decimal(trade.amount) for trade in trades)
    value = sum(decimal(trade.price) * decimal(trade.amount) for trade in trades)
    return RfqView(
        venue_rfq_id=rfq.block_rfq_id,
        label=rfq.label or "",
        state=RFQ_STATES[rfq.state],
        venue_amount=decimal(rfq.amount),
        bids=_read_quotes(rfq.bids, is_bid=True),
        asks=_read_quotes(rfq.asks, is_bid=False),
        created_at_ns=rfq.creation_timestamp * NANOSECONDS_PER_MS,
        expires_at_ns=rfq.expiration_timestamp * NANOSECONDS_PER_MS,
        traded_price=(value / traded).quantize(PRICE_STEP) if traded else None,
    )


def name_block_leg(venue_rfq_id: int, name: str) -> str:
    """A leg has an order id of its own only once it has traded: here it is named by what is known before."""
    return f"{BLOCK_LEG}{venue_rfq_id}-{name}"


def find_block_leg(venue_order_id: str) -> tuple[int, str] | None:
    """(the block RFQ, the instrument); None for an order of the venue's books."""
    if not venue_order_id.startswith(BLOCK_LEG):
        return None
    rfq_id, _, name = venue_order_id.removeprefix(BLOCK_LEG).partition("-")
    return (int(rfq_id), name) if rfq_id.isdecimal() else None


def read_block_leg(rfq: messages.BlockRfq, name: str) -> OrderView | None:
    """The leg as an order, filled as far as the request traded; None where nothing of it did."""
    leg = next((each for each in rfq.legs if each.instrument_name == name), None)
    if leg is None or not rfq.trades:
        return None
    traded = sum(decimal(trade.amount) for trade in rfq.trades) * leg.ratio / contract_amount(name)
    is_bought = (leg.direction == "buy") == (rfq.trades[0].direction == "buy")
    return OrderView(
        venue_order_id=name_block_leg(rfq.block_rfq_id, name),
        client_order_id="",
        name=name,
        side=Side.BUY if is_bought else Side.SELL,
        quantity=traded,
        price=None,
        filled=traded,
        state=OrderState.FILLED,
        updated_at_ns=0,
    )


def _read_quotes(quotes: Iterable[messages.BlockQuote], *, is_bid: bool) -> list[VenueQuote]:
    found = [
        VenueQuote(
            price=decimal(quote.price),
            quantity=decimal(quote.amount),
            makers=[maker[:MAKER_NAME_LENGTH_MAX] for maker in quote.makers[:MAKERS_TOLD_MAX]],
            is_all_or_none=quote.execution_instruction == "all_or_none",
            updated_at_ns=quote.last_update_timestamp * NANOSECONDS_PER_MS,
            expires_at_ns=(quote.expires_at or 0) * NANOSECONDS_PER_MS,
        )
        for quote in quotes
    ]
    return sorted(found, key=lambda quote: -quote.price if is_bid else quote.price)


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
