"""Messages about trades that are to be taken back or priced anew: one person asks, another one decides."""

from typing import Annotated

import msgspec

from wire.client_types import Command, DecimalText, EntityId, ReasonText
from wire.limits import RFQ_LEGS_MAX


class RequestCorrection(Command, tag="trade.request_correction"):
    """leg_prices: what each leg should have been priced at; None takes the trade back altogether. Books nothing yet."""

    trade_id: EntityId
    reason: ReasonText
    leg_prices: Annotated[list[DecimalText], msgspec.Meta(min_length=1, max_length=RFQ_LEGS_MAX)] | None = None


class DecideCorrection(Command, tag="trade.decide_correction"):
    """Another person's word on what was asked for. Approved, it goes to the gateway, which may still refuse it."""

    correction_id: EntityId
    is_approved: bool
    reason: ReasonText
