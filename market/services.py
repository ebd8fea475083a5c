"""Project what the gateway says about instruments."""

import datetime as dt
from decimal import Decimal

from common.decimals import plain
from market.models import Instrument, InstrumentState, instrument_of
from wire.instruments import InstrumentTerms


class InstrumentTermsChanged(RuntimeError):
    """The gateway lists an instrument again with other terms or under another id: two truths about one contract."""


def list_instrument(*, instrument_id: int, terms: InstrumentTerms) -> Instrument:
    """Add the instrument; a repeat changes nothing. Raises InstrumentTermsChanged."""
    known = Instrument.objects.filter(id=instrument_id).first()
    if known is None:
        same_name = Instrument.objects.filter(name=terms.name).first()
        if same_name is not None:
            raise InstrumentTermsChanged(f"{terms.name} is instrument {same_name.id} and was listed as {instrument_id}")
        instrument = instrument_of(instrument_id, terms)
        instrument.save(force_insert=True)
        return instrument
    if known.terms != terms:
        raise InstrumentTermsChanged(f"instrument {instrument_id} is {known.terms} and was listed as {terms}")
    return known


def deliver_instrument(*, instrument_id: int, delivery_price: Decimal, at: dt.datetime) -> Instrument:
    """The instrument expired at ``delivery_price`` (US dollars); ``at``: market clock. A repeat changes nothing."""
    instrument = Instrument.objects.select_for_update().get(id=instrument_id)
    if instrument.state == InstrumentState.DELIVERED:
        assert instrument.delivery_price == plain(delivery_price), "an instrument is delivered at one price"
        return instrument
    instrument.state = InstrumentState.DELIVERED
    instrument.delivery_price = delivery_price
    instrument.delivered_at = at
    instrument.save(update_fields=["state", "delivery_price", "delivered_at"])
    return instrument
