"""What a structure is worth at the marks: the reference of last looks."""

from decimal import Decimal

from common import clock, valkey
from market import oracle
from rfq.domain.prices import net_of
from rfq.domain.records import RfqRecord

VALUE_DIGITS = 12


def find_value(rfq: RfqRecord) -> tuple[Decimal | None, Decimal | None]:
    """(net value of one unit, value of one underlying), both in the quote currency; None without fresh marks.

    An option priced in coin counts in its coin, of which one underlying is 1; otherwise the index says what one costs.
    """
    names = [leg.instrument_name for leg in rfq.legs]
    try:
        tickers = oracle.get_tickers(names)
    except valkey.Unreachable:
        return None, None
    now_ns = clock.now_ns()
    marks = []
    for name in names:
        ticker = tickers.get(name)
        if ticker is None or ticker.mark_price is None or oracle.is_stale(ticker, now_ns):
            return None, None
        marks.append(Decimal(repr(ticker.mark_price)))
    value = net_of(rfq.legs, marks)
    assert value is not None, "every leg has a mark"
    first = next(index for index, leg in enumerate(rfq.legs) if not leg.is_hedge)
    if names[first].partition("-")[0] == rfq.quote_currency:
        return round(value, VALUE_DIGITS), Decimal(1)
    index_price = tickers[names[first]].index_price
    unit = None if not index_price else round(Decimal(repr(index_price)), VALUE_DIGITS)
    return round(value, VALUE_DIGITS), unit
