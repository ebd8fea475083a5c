"""What a maker sends besides quotes; ``wire.client`` offers the messages."""

from typing import Annotated

import msgspec

from wire.client_types import Command, EntityId, NameText
from wire.quoting import (
    COUNTERPARTIES_PER_MESSAGE_MAX,
    DECISIONS_PER_MESSAGE_MAX,
    KeptDecision,
    QuotingParameters,
)
from wire.units import PassReason

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class PassRfq(Command, tag="rfq.pass"):
    """The firm does not quote this RFQ; a quote that stands is withdrawn with it."""

    rfq_id: EntityId
    reason: PassReason = PassReason.PASS


class SetQuoter(Command, tag="maker.set_parameters"):
    """``expected_version``: the version that was changed; another one in between refuses this."""

    expected_version: Count
    parameters: QuotingParameters


class CounterpartyReport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Absolute counts, as in ``wire.quoting.CounterpartyStatistics``."""

    taker_firm_id: EntityId
    taker_name: NameText
    quotes: Count
    hits: Count
    markouts: Count
    markout_sum: float


class ReportQuoter(Command, tag="maker.report"):
    """What a running quoter has in force, and its statistics that changed."""

    version_in_force: Count
    counterparties: Annotated[list[CounterpartyReport], msgspec.Meta(max_length=COUNTERPARTIES_PER_MESSAGE_MAX)] = []


class KeepDecisions(Command, tag="maker.keep_decisions"):
    """What the firm's own quotes were made of; a version has one decision, and the first stays."""

    decisions: Annotated[list[KeptDecision], msgspec.Meta(min_length=1, max_length=DECISIONS_PER_MESSAGE_MAX)]
