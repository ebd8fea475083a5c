"""What is kept of an RFQ beside its state: the steps it took, the market it saw, the tape, corrections of its trades.

Append-only but for the work lists: the database refuses update and delete.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q


def append_only(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


class RfqStep(models.Model):
    """One call of a rule of negotiation. ``state_sha256``: of the record after it (``rfq.domain.replay``)."""

    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="steps")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=48)
    arguments = models.JSONField()
    at = models.DateTimeField()
    state_sha256 = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rfq", "sequence"], name="rfq_step_sequence_unique")]
        triggers = [append_only("rfq_step_append_only")]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} step {self.sequence} {self.kind}"


class SightingKind(models.TextChoices):
    CREATED = "created", "the RFQ was created"
    QUOTED = "quoted", "a version of a quote was made"
    ACCEPTED = "accepted", "a quote was accepted"
    ENDED = "ended", "the RFQ ended"
    AFTER_TRADE = "after_trade", "some time after a trade"
    BASELINE = "baseline", "an instant that has nothing to do with the RFQ"


class Sighting(models.Model):
    """What the market showed of the structure at one instant; a figure that could not be had is null and has a reason.

    mark_net, model_net, lit_bid, lit_ask: of one unit, in the RFQ's quote currency. offset_ms: after the trade, or of
    the edge of a baseline window after the RFQ ended. ``content``: legs, ages, missing figures with their reasons.
    """

    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="sightings")
    kind = models.CharField(max_length=12, choices=SightingKind)
    quote_id = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    offset_ms = models.BigIntegerField(default=0)
    window = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    index_price = models.FloatField(null=True)
    mark_net = models.FloatField(null=True)
    model_net = models.FloatField(null=True)
    lit_bid = models.FloatField(null=True)
    lit_ask = models.FloatField(null=True)
    content = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "kind", "offset_ms", "window"],
                condition=Q(kind__in=["after_trade", "baseline"]),
                name="sighting_taken_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=SightingKind.values), name="sighting_kind_known"),
        ]
        indexes = [models.Index(fields=["at"])]
        triggers = [append_only("sighting_append_only")]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} {self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"


class SightingDue(models.Model):
    """A sighting that is still to be taken; the row goes when it was."""

    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=SightingKind)
    offset_ms = models.BigIntegerField()
    window = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"])]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} {self.kind} due {self.due_at:%Y-%m-%d %H:%M:%S}"


class PrintKind(models.TextChoices):
    TRADE = "trade", "a completed block trade"
    BUST = "bust", "a block trade that was busted"
    AMENDMENT = "amendment", "a block trade at another price"


class TapePrint(models.Model):
    """One line of the public tape. ``sequence`` is gapless; ``rfq`` stays inside and is never published."""

    sequence = models.BigIntegerField(primary_key=True)
    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="prints")
    kind = models.CharField(max_length=12, choices=PrintKind)
    refers_to = models.BigIntegerField(null=True)
    """The line that a bust or an amendment is about."""
    at = models.DateTimeField()
    structure = models.CharField(max_length=32)
    quote_currency = models.CharField(max_length=6)
    side = models.CharField(max_length=4)
    quantity = models.DecimalField(max_digits=36, decimal_places=12)
    price = models.DecimalField(max_digits=36, decimal_places=12)
    price_digits = models.PositiveSmallIntegerField(default=8)
    mark = models.FloatField(null=True)
    legs = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=PrintKind.values), name="tape_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="trade", refers_to__isnull=True) | (~Q(kind="trade") & Q(refers_to__isnull=False)),
                name="tape_correction_refers",
            ),
        ]
        triggers = [append_only("tape_append_only")]

    def __str__(self) -> str:
        return f"print {self.sequence}"


class CorrectionState(models.TextChoices):
    REQUESTED = "requested", "waits for a second person"
    REFUSED = "refused", "the second person said no"
    SENT = "sent", "the gateway checks it"
    RESERVED = "reserved", "the gateway holds the risk of both sides"
    DONE = "done", "booked"
    FAILED = "failed", "the gateway refused it"


class TradeCorrection(models.Model):
    """A bust or an amendment of a completed trade: asked for by one person, decided by another, booked as new facts.

    leg_prices: of an amendment, the prices that should have been. reservation_id: its number at the gateway.
    """

    trade = models.ForeignKey("rfq.BlockTrade", on_delete=models.PROTECT, related_name="corrections")
    kind = models.CharField(max_length=12, choices=[("bust", "bust"), ("amendment", "amendment")])
    leg_prices = ArrayField(models.DecimalField(max_digits=36, decimal_places=12), null=True)
    state = models.CharField(max_length=12, choices=CorrectionState, default=CorrectionState.REQUESTED)
    requested_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    request_reason = models.CharField(max_length=200)
    request_command_id = models.CharField(max_length=64)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decide_reason = models.CharField(max_length=200, blank=True)
    decide_command_id = models.CharField(max_length=64, blank=True)
    reservation_id = models.BigIntegerField(null=True, unique=True)
    first_execution_id = models.BigIntegerField(null=True, unique=True)
    gateway_reason = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trade"],
                condition=Q(state__in=["requested", "sent", "reserved"]),
                name="correction_one_open_per_trade",
            ),
            models.UniqueConstraint(
                fields=["trade"], condition=Q(kind="bust", state="done"), name="correction_one_bust_per_trade"
            ),
            models.UniqueConstraint(fields=["requested_by", "request_command_id"], name="correction_asked_once"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")), name="correction_two_people"
            ),
            models.CheckConstraint(
                condition=Q(kind="bust", leg_prices__isnull=True) | Q(kind="amendment", leg_prices__isnull=False),
                name="correction_amends_prices",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of trade {self.trade_id} {self.state}"
