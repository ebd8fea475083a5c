"""What we know of our block RFQs at one venue: what was asked, and what was told of it last. No clock, no I/O."""

import dataclasses

from wire.gateway_routes import AskVenueRfq
from wire.venue_rfqs import ENDED_RFQ_STATES, VenueRfqReport, VenueRfqState

ENDED_RFQS_KEPT = 1_000


@dataclasses.dataclass(slots=True)
class OwnRfq:
    """``told``: the newest report, of ``reports`` so far."""

    asked: AskVenueRfq
    told: VenueRfqReport
    reports: int = 0

    @property
    def is_ended(self) -> bool:
        return self.told.state in ENDED_RFQ_STATES


class OwnRfqs:
    """By label, oldest first."""

    def __init__(self) -> None:
        self.by_label: dict[str, OwnRfq] = {}

    def remember(self, asked: AskVenueRfq, state: VenueRfqState) -> OwnRfq:
        own = OwnRfq(asked, VenueRfqReport(label=asked.label, state=state))
        self.by_label[asked.label] = own
        return own

    def restore_asked(self, asked: AskVenueRfq) -> None:
        """It was about to be sent when the process ended: nobody knows."""
        self.remember(asked, VenueRfqState.UNKNOWN)

    def restore_told(self, told: VenueRfqReport) -> None:
        own = self.by_label.get(told.label)
        if own is not None:
            own.told, own.reports = told, own.reports + 1

    def restore(self, rfqs: list[OwnRfq]) -> None:
        self.by_label = {own.asked.label: own for own in rfqs}

    def open(self) -> list[OwnRfq]:
        return [own for own in self.by_label.values() if not own.is_ended]

    def fold(self) -> list[OwnRfq]:
        """Forgets all but the open ones and the newest that ended; those that are left."""
        ended = [label for label, own in self.by_label.items() if own.is_ended]
        for label in ended[: max(0, len(ended) - ENDED_RFQS_KEPT)]:
            del self.by_label[label]
        return list(self.by_label.values())
