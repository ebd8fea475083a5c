"""Gateway events that the ledger answers to."""

from collections.abc import Callable

from common import clock
from market import selectors as market
from settlement import services
from wire import gateway


def settle_delivered_instrument(envelope: gateway.EventEnvelope) -> None:
    """After ``market`` has stored the delivery price: settle the positions at it."""
    event = envelope.event
    assert isinstance(event, gateway.InstrumentDelivered)
    instrument = market.get_instrument_by_id(event.instrument_id)
    assert instrument.delivery_price is not None, "market projects the delivery first"
    services.settle_delivery(
        instrument=instrument, delivery_price=instrument.delivery_price, at=clock.from_ns(envelope.at_ns)
    )


GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.InstrumentDelivered: settle_delivered_instrument,
}
