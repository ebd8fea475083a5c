"""Reads of instruments."""

from collections.abc import Iterable

from common.decimals import plain_text
from common.errors import NotFound
from market.models import Instrument, InstrumentState
from wire.instruments import InstrumentView

INSTRUMENTS_MAX = 20_000


def get_instrument(name: str) -> Instrument:
    """The instrument of that name, listed or delivered. Raises NotFound."""
    is_text = name.isascii() and name.isprintable()
    instrument = Instrument.objects.filter(name=name).first() if is_text else None
    if instrument is None:
        raise NotFound("unknown_instrument", f"there is no instrument {name!r}", value=name)
    return instrument


def get_instrument_by_id(instrument_id: int) -> Instrument:
    """Raises NotFound."""
    instrument = Instrument.objects.filter(id=instrument_id).first()
    if instrument is None:
        raise NotFound("unknown_instrument", f"there is no instrument {instrument_id}", value=instrument_id)
    return instrument


def list_instruments(
    coin: str | None = None, kinds: Iterable[str] | None = None, *, only_active: bool = True
) -> list[Instrument]:
    """By kind, expiry, strike and type. ``kinds``: words of ``wire.units.InstrumentKind``."""
    instruments = Instrument.objects.all()
    if coin is not None:
        instruments = instruments.of_coin(coin)
    if kinds is not None:
        instruments = instruments.filter(kind__in=list(kinds))
    if only_active:
        instruments = instruments.active()
    return list(instruments.order_by("base_currency", "kind", "expiry_at", "strike", "option_type")[:INSTRUMENTS_MAX])


def instrument_view(instrument: Instrument) -> InstrumentView:
    return InstrumentView(
        instrument_id=instrument.id,
        state=instrument.state,
        terms=instrument.terms,
        delivery_price=None if instrument.delivery_price is None else plain_text(instrument.delivery_price),
    )


def count_delivered() -> int:
    """Instruments that expired and were delivered."""
    return Instrument.objects.filter(state=InstrumentState.DELIVERED).count()
