"""Block RFQs that went to other venues, as we asked and as the venue left them."""

import enum

from django.db import models
from django.db.models import Q

from wire.units import Side
from wire.venue_rfqs import ENDED_RFQ_STATES, VenueRfqState

_ENDED = sorted(state.value for state in ENDED_RFQ_STATES)


def _words(values: type[enum.StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in values]


class VenueRfq(models.Model):
    """``label``: what it is called at the venue; ``venue_reference``: the venue's number of it. ``quantity``: units of
    the structure. The legs of an acceptance are routes; ``acceptances`` counts them.

    Locks: a request before its routes.
    """

    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    venue = models.CharField(max_length=20)
    label = models.CharField(max_length=40, unique=True)
    venue_reference = models.CharField(max_length=24, blank=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    state = models.CharField(max_length=8, choices=_words(VenueRfqState))
    bids = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    """Quotes as ``wire.venue_rfqs.VenueQuote``, best first: the last that were told."""
    acceptances = models.PositiveSmallIntegerField(default=0)
    accepted_side = models.CharField(max_length=4, blank=True, choices=_words(Side))
    accepted_price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    """Net, the worst that the latest acceptance takes."""
    traded_price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    report_number = models.BigIntegerField(default=0)
    """The newest report of the venue's log that was applied."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="venue_rfq_command_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="venue_rfq_asks_for_something"),
            models.CheckConstraint(
                condition=Q(accepted_side="", accepted_price__isnull=True, acceptances=0)
                | (~Q(accepted_side="") & Q(accepted_price__isnull=False, acceptances__gt=0)),
                name="venue_rfq_accepted_at_a_price",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"], name="venue_rfq_newest"),
            models.Index(fields=["firm"], name="venue_rfq_open", condition=~Q(state__in=_ENDED)),
        ]

    def __str__(self) -> str:
        return f"RFQ {self.pk} at {self.venue}"


class VenueRfqLeg(models.Model):
    """``side``: when the structure is bought."""

    venue_rfq = models.ForeignKey(VenueRfq, on_delete=models.PROTECT, related_name="legs")
    number = models.PositiveSmallIntegerField()
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=_words(Side))
    ratio = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["venue_rfq", "number"], name="venue_rfq_leg_once"),
            models.UniqueConstraint(fields=["venue_rfq", "instrument"], name="venue_rfq_leg_names_one_instrument"),
            models.CheckConstraint(condition=Q(ratio__gt=0), name="venue_rfq_leg_ratio_is_positive"),
        ]

    def __str__(self) -> str:
        return f"leg {self.number} of {self.venue_rfq_id}"


class VenueAcceptance(models.Model):
    """That quotes were to be taken, at ``price`` or better. Its legs are the routes of the request with its ``number``.

    Locks: a route before its acceptance.
    """

    venue_rfq = models.ForeignKey(VenueRfq, on_delete=models.PROTECT, related_name="taken")
    number = models.PositiveSmallIntegerField()
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=_words(Side))
    price = models.DecimalField(max_digits=38, decimal_places=12)
    quoted_price = models.DecimalField(max_digits=38, decimal_places=12)
    """The best quote when it was sent."""
    left_price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    """The best quote when it ended; None: nobody quoted, or it has not ended."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    """When the last of its legs ended."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["venue_rfq", "number"], name="venue_acceptance_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(left_price__isnull=True), name="venue_acceptance_ends_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"acceptance {self.number} of {self.venue_rfq_id}"
