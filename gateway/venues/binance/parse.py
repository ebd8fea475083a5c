"""From Binance's words to ours."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from gateway.venues.binance import messages
from gateway.venues.books import VenueInstrument
from gateway.venues.market import VenueTrade
from wire.instruments import COINS, STABLE_CURRENCIES
from wire.units import NANOSECONDS_PER_MS, Side

SPOT_STEP = Decimal("0.00000001")
"""Books show quantities finer than the step that orders need."""
_decode_trade = msgspec.json.Decoder(messages.Trade).decode


def read_instruments(listed: Iterable[messages.Symbol], *, is_spot: bool) -> list[VenueInstrument]:
    """Coins and stable currencies that Parley names, while they trade; of futures perpetuals only."""
    return [found for each in listed if (found := find_instrument(each, is_spot=is_spot)) is not None]


def find_instrument(listed: messages.Symbol, *, is_spot: bool) -> VenueInstrument | None:
    if listed.baseAsset not in COINS or listed.quoteAsset not in STABLE_CURRENCIES or listed.status != "TRADING":
        return None
    if not is_spot and listed.contractType != "PERPETUAL":
        return None
    filters = {each.filterType: each for each in listed.filters}
    if "PRICE_FILTER" not in filters or "LOT_SIZE" not in filters:
        return None
    name = f"{listed.baseAsset}_{listed.quoteAsset}"
    return VenueInstrument(
        name=name if is_spot else f"{name}-PERPETUAL",
        symbol=listed.symbol,
        price_tick=Decimal(filters["PRICE_FILTER"].tickSize).normalize(),
        amount_step=SPOT_STEP if is_spot else Decimal(filters["LOT_SIZE"].stepSize).normalize(),
    )


def read_trade(content: bytes | msgspec.Raw, name: str) -> VenueTrade:
    """A ``trade`` or ``aggTrade``. Raises msgspec.DecodeError."""
    trade = _decode_trade(content)
    return VenueTrade(
        trade_id=str(trade.t or trade.a),
        name=name,
        side=Side.SELL if trade.m else Side.BUY,
        price=Decimal(trade.p),
        amount=Decimal(trade.q),
        at_ns=trade.T * NANOSECONDS_PER_MS,
    )
