"""Gateway events that instruments are projected from."""

from collections.abc import Callable
from decimal import Decimal

from common import clock
from market import services
from wire import gateway

MICRO_DOLLAR_DIGITS = 6


def apply_instrument_listed(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.InstrumentListed)
    services.list_instrument(instrument_id=event.instrument_id, terms=event.terms)


def apply_instrument_delivered(envelope: gateway.EventEnvelope) -> None:
    event = envelope.event
    assert isinstance(event, gateway.InstrumentDelivered)
    services.deliver_instrument(
        instrument_id=event.instrument_id,
        delivery_price=Decimal(event.delivery_price_micros).scaleb(-MICRO_DOLLAR_DIGITS),
        at=clock.from_ns(event.market_time_ns),
    )


GATEWAY_HANDLERS: dict[type[gateway.GatewayEvent], Callable[[gateway.EventEnvelope], None]] = {
    gateway.InstrumentListed: apply_instrument_listed,
    gateway.InstrumentDelivered: apply_instrument_delivered,
}
