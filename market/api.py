"""Instruments and the latest market data over REST."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from common import rest
from common.errors import NotFound
from market import oracle, selectors
from wire.instruments import COINS, InstrumentView
from wire.market import Index, Ticker

router = Router(tags=["market"])


@router.get("/market/instruments", openapi_extra=rest.describe(response=list[InstrumentView]))
def list_instruments(request: HttpRequest, coin: str | None = None) -> HttpResponse:
    """Active instruments, of one coin or of all."""
    if coin is not None:
        _check_coin(coin)
    return rest.answer([selectors.instrument_view(row) for row in selectors.list_instruments(coin)])


@router.get("/market/instruments/{name}", openapi_extra=rest.describe(response=InstrumentView))
def get_instrument(request: HttpRequest, name: str) -> HttpResponse:
    """One instrument, listed or delivered."""
    return rest.answer(selectors.instrument_view(selectors.get_instrument(name)))


@router.get("/market/tickers", openapi_extra=rest.describe(response=list[Ticker]))
def list_tickers(request: HttpRequest, coin: str) -> HttpResponse:
    """The latest ticker of every instrument of the coin."""
    _check_coin(coin)
    return rest.answer(oracle.tickers_of(coin))


@router.get("/market/index/{coin}", openapi_extra=rest.describe(response=Index))
def get_index(request: HttpRequest, coin: str) -> HttpResponse:
    """The latest index of the coin."""
    _check_coin(coin)
    index = oracle.get_index(coin)
    if index is None:
        raise NotFound("no_index", f"nobody has published an index of {coin}", value=coin)
    return rest.answer(index)


def _check_coin(coin: str) -> None:
    if coin not in COINS:
        raise NotFound("unknown_coin", f"{coin} is not one of {', '.join(COINS)}", value=coin, bound=", ".join(COINS))
