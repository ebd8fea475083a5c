"""Instrument terms, read from Deribit-style names.

``BTC-PERPETUAL`` and ``BTC-27MAR26`` are inverse (settled in the coin), ``BTC_USDC-PERPETUAL`` linear;
``BTC-27MAR26-80000-C`` is an inverse option, ``XRP_USDC-27MAR26-0d625-P`` a linear one with a decimal strike
(``d`` stands for the point); ``BTC_USDC`` is spot. Expiry is 08:00 UTC. Source: Deribit API documentation,
"Naming", and the contract specifications of the same exchange for tick, lot and contract size.
"""

import datetime as dt
import re
from decimal import Decimal

import msgspec

from wire.units import NANOSECONDS_PER_SECOND, InstrumentKind, OptionType

EXPIRY_HOUR_UTC = 8
COINS = ("BTC", "ETH", "SOL")
STABLE_CURRENCIES = ("USDC", "USDT")

_NAME = re.compile(
    r"(?P<base>[A-Z]{2,6})(?:_(?P<quote>[A-Z]{3,5}))?"
    r"(?:-(?:(?P<perpetual>PERPETUAL)"
    r"|(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d{2})(?:-(?P<strike>\d+(?:d\d+)?)-(?P<right>[CP]))?))?",
    re.ASCII,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}


class UnknownInstrumentName(ValueError):
    """A name that no rule of this module reads."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"instrument name {name!r}: {why}")
        self.name, self.why = name, why


class InstrumentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract says.

    tick_size: price step, in quote currency (coin for inverse options). lot_size: quantity step, in contracts.
    multiplier: what one contract stands for: US dollars for inverse futures and perpetuals, coins otherwise.
    strike: US dollars, options only. expiry_at_ns: UTC nanoseconds, 0 where nothing expires.
    """

    name: str
    kind: InstrumentKind
    is_inverse: bool
    base_currency: str
    quote_currency: str
    settlement_currency: str
    tick_size: Decimal
    lot_size: Decimal
    multiplier: Decimal
    expiry_at_ns: int = 0
    strike: Decimal | None = None
    option_type: OptionType | None = None

    @property
    def underlying_name(self) -> str:
        """The name of the future of this expiry, or of the coin where there is none: groups instruments by forward."""
        return "-".join(self.name.split("-")[:2]) if self.expiry_at_ns else self.base_currency

    @property
    def expiry_at(self) -> dt.datetime | None:
        if not self.expiry_at_ns:
            return None
        return dt.datetime.fromtimestamp(self.expiry_at_ns // NANOSECONDS_PER_SECOND, tz=dt.UTC)


class InstrumentView(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument as REST shows it. ``state``: listed or delivered; ``delivery_price`` in US dollars."""

    instrument_id: int
    state: str
    terms: InstrumentTerms
    delivery_price: str | None = None


def parse_instrument_name(name: str) -> InstrumentTerms:
    """Terms of the contract that ``name`` stands for. Raises UnknownInstrumentName, saying what is wrong."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownInstrumentName(name, "not of the form COIN[_QUOTE][-EXPIRY[-STRIKE-C|P]]")
    base, quote = match["base"], match["quote"]
    if base not in COINS:
        raise UnknownInstrumentName(name, f"coin {base} is not one of {', '.join(COINS)}")
    if quote is not None and quote not in STABLE_CURRENCIES:
        raise UnknownInstrumentName(name, f"quote currency {quote} is not one of {', '.join(STABLE_CURRENCIES)}")
    kind = _kind(match)
    if kind is InstrumentKind.SPOT and quote is None:
        raise UnknownInstrumentName(name, "spot needs a quote currency, as in BTC_USDC")
    is_inverse = quote is None
    tick_size, lot_size, multiplier = _contract_size(kind, base, is_inverse=is_inverse)
    return InstrumentTerms(
        name=name,
        kind=kind,
        is_inverse=is_inverse,
        base_currency=base,
        quote_currency=_quote_currency(kind, base, quote),
        settlement_currency=quote or base,
        tick_size=tick_size,
        lot_size=lot_size,
        multiplier=multiplier,
        expiry_at_ns=_expiry_at_ns(name, match),
        strike=_strike(name, match),
        option_type={"C": OptionType.CALL, "P": OptionType.PUT}.get(match["right"] or ""),
    )


def _kind(match: re.Match[str]) -> InstrumentKind:
    if match["perpetual"]:
        return InstrumentKind.PERPETUAL
    if match["strike"]:
        return InstrumentKind.OPTION
    return InstrumentKind.FUTURE if match["day"] else InstrumentKind.SPOT


def _strike(name: str, match: re.Match[str]) -> Decimal | None:
    if not match["strike"]:
        return None
    strike = Decimal(match["strike"].replace("d", "."))
    if not strike:
        raise UnknownInstrumentName(name, "the strike is zero")
    return strike


def _quote_currency(kind: InstrumentKind, base: str, quote: str | None) -> str:
    if quote is not None:
        return quote
    return base if kind is InstrumentKind.OPTION else "USD"


def _expiry_at_ns(name: str, match: re.Match[str]) -> int:
    if not match["day"]:
        return 0
    try:
        day = dt.datetime(
            2000 + int(match["year"]), _MONTHS[match["month"]], int(match["day"]), EXPIRY_HOUR_UTC, tzinfo=dt.UTC
        )
    except (KeyError, ValueError) as error:
        raise UnknownInstrumentName(name, "the expiry is not a date") from error
    return int(day.timestamp()) * NANOSECONDS_PER_SECOND


_INVERSE_CONTRACT_USD = {"BTC": Decimal(10), "ETH": Decimal(1), "SOL": Decimal(1)}
_FUTURE_TICK = {"BTC": Decimal("0.5"), "ETH": Decimal("0.05"), "SOL": Decimal("0.01")}
_INVERSE_OPTION_LOT = {"BTC": Decimal("0.1"), "ETH": Decimal(1), "SOL": Decimal(1)}
_LINEAR_LOT = {"BTC": Decimal("0.001"), "ETH": Decimal("0.01"), "SOL": Decimal("0.1")}
_LINEAR_OPTION_TICK = {"BTC": Decimal(5), "ETH": Decimal("0.2"), "SOL": Decimal("0.01")}


def _contract_size(kind: InstrumentKind, base: str, *, is_inverse: bool) -> tuple[Decimal, Decimal, Decimal]:
    """Tick size, lot size and multiplier."""
    one = Decimal(1)
    if kind is InstrumentKind.OPTION:
        if is_inverse:
            return Decimal("0.0001"), _INVERSE_OPTION_LOT[base], one
        return _LINEAR_OPTION_TICK[base], _LINEAR_LOT[base] * 10, one
    if is_inverse:
        return _FUTURE_TICK[base], one, _INVERSE_CONTRACT_USD[base]
    return _FUTURE_TICK[base], _LINEAR_LOT[base], one
