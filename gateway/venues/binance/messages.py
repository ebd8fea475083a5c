"""Messages of Binance's REST interface and streams, as documented. The venue's own words stop at ``parse``."""

import msgspec


class Filter(msgspec.Struct, frozen=True):
    """Named fields of the filters that matter; which ones are set depends on ``filterType``."""

    filterType: str  # noqa: N815 - the venue's spelling
    tickSize: str = ""  # noqa: N815 - as above
    stepSize: str = ""  # noqa: N815 - as above


class Symbol(msgspec.Struct, frozen=True):
    """``contractType``: of futures."""

    symbol: str
    baseAsset: str  # noqa: N815 - the venue's spelling
    quoteAsset: str  # noqa: N815 - as above
    status: str = "TRADING"
    contractType: str = ""  # noqa: N815 - as above
    filters: list[Filter] = []


class ExchangeInfo(msgspec.Struct, frozen=True):
    symbols: list[Symbol]


class Trade(msgspec.Struct, frozen=True):
    """``m``: the buyer rested, so the seller was the aggressor."""

    e: str
    s: str
    p: str
    q: str
    T: int
    m: bool
    t: int = 0
    a: int = 0


class StreamFrame(msgspec.Struct, frozen=True):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
