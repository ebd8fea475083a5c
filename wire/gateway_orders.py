"""Commands about orders that work, and about how an instrument trades."""

from wire.gateway_controls import GatewayCommand
from wire.units import InstrumentPhase


class AmendOrder(GatewayCommand, tag="gateway.amend_order"):
    """New quantity (what was executed included), new price, or both; None leaves one as it is."""

    valid_until_ns: int
    order_id: int
    quantity_lots: int | None = None
    price_ticks: int | None = None


class SetInstrumentPhase(GatewayCommand, tag="gateway.set_instrument_phase"):
    """Call an auction, halt, or trade on: back to ``continuous``, what crosses trades at one price."""

    instrument_id: int
    phase: InstrumentPhase


class SetPriceBands(GatewayCommand, tag="gateway.set_price_bands"):
    """How far from a price, and from the last trade, an instrument may trade; zero basis points: no band."""

    instrument_id: int
    reference_ticks: int
    static_basis_points: int
    dynamic_basis_points: int
    pauses: bool = False
    """What would trade outside calls an auction; otherwise it is canceled."""
