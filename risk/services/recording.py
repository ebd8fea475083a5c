"""What the gateway says is in force and no table projects, kept for those who look into it later."""

import msgspec

from audit import services as audit
from common import clock
from common.actor import GATEWAY
from risk.services.controls import entity_of
from wire import gateway
from wire.units import ControlKind

Recorded = gateway.ControlSet | gateway.InstrumentPhaseChanged | gateway.PriceBandsSet

ACTIONS: dict[type, str] = {
    gateway.ControlSet: "control.set",
    gateway.InstrumentPhaseChanged: "instrument.phase_changed",
    gateway.PriceBandsSet: "instrument.price_bands_set",
}


def record_in_force(envelope: gateway.EventEnvelope) -> None:
    """The house's audit record of a control, a trading phase or price bands that took effect.

    Collateral follows each deposit, fill and settlement, which are recorded themselves.
    """
    event = envelope.event
    assert isinstance(event, Recorded)
    if isinstance(event, gateway.ControlSet):
        if event.control is ControlKind.COLLATERAL:
            return
        entity = entity_of(event.scope, event.scope_id)
    else:
        entity = f"instrument:{event.instrument_id}"
    content = msgspec.to_builtins(event)
    del content["type"]
    audit.record(
        stream="house",
        action=ACTIONS[type(event)],
        entity=entity,
        actor=GATEWAY,
        at=clock.from_ns(envelope.at_ns),
        after=content,
    )
