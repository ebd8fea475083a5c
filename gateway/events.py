"""From the engine's event tuples to the messages of ``wire.gateway``."""

import enum
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import msgspec

from gateway.engine import RawEvent
from wire.gateway import AnyGatewayEvent, EventEnvelope, GatewayEvent, InstrumentListed
from wire.gateway_routes import RouteReported
from wire.instruments import InstrumentTerms
from wire.venue_reports import ExecutionReport

EVENT_TYPES: tuple[type[GatewayEvent], ...] = get_args(AnyGatewayEvent)
"""Position = the engine's number of the kind."""
_encoder = msgspec.json.Encoder()


def decode_event(raw: RawEvent) -> EventEnvelope:
    """The envelope of one engine event."""
    number, journal_sequence, index, at_ns, command_sequence, kind, payload = raw
    return EventEnvelope(
        event_number=number,
        journal_sequence=journal_sequence,
        index=index,
        at_ns=at_ns,
        command_sequence=command_sequence,
        event=_BUILDERS[kind](payload),
    )


def encode_event(raw: RawEvent) -> bytes:
    return _encoder.encode(decode_event(raw))


def entry_id(raw: RawEvent) -> str:
    """Id of the stream entry: publishing twice is harmless."""
    return f"{raw[1]}-{raw[2]}"


Builder = Callable[[tuple[Any, ...]], Any]


def _make_builder(event_type: type[GatewayEvent]) -> Builder:
    """Fields in their order, small integers turned into the words of their enum."""
    hints = get_type_hints(event_type)
    converters = [(name, _converter(hints[name])) for name in event_type.__struct_fields__]

    def build(payload: tuple[Any, ...]) -> GatewayEvent:
        pairs = zip(converters, payload, strict=True)
        return event_type(**{name: convert(value) if convert else value for (name, convert), value in pairs})

    return build


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        members = list(annotation)
        return lambda value: members[value]
    return bool if annotation is bool else None


def _build_listed(payload: tuple[Any, ...]) -> InstrumentListed:
    instrument_id, terms_json = payload
    return InstrumentListed(instrument_id=instrument_id, terms=msgspec.json.decode(terms_json, type=InstrumentTerms))


def _build_reported(payload: tuple[Any, ...]) -> RouteReported:
    *counted, report = payload
    fields = dict(zip(RouteReported.__struct_fields__, counted, strict=False))
    return RouteReported(**fields, report=msgspec.json.decode(report, type=ExecutionReport))


_SPECIAL: dict[type[GatewayEvent], Builder] = {InstrumentListed: _build_listed, RouteReported: _build_reported}
"""Of events that carry JSON."""
_BUILDERS: list[Builder] = [_SPECIAL.get(event_type) or _make_builder(event_type) for event_type in EVENT_TYPES]
