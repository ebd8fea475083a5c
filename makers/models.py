"""What a maker firm set its auto-quoter to, what it saw of its takers, why its quotes were as they were, its passes."""

from django.db import models
from django.db.models import Q

from wire.units import PassReason


class Quoter(models.Model):
    """Parameters of one firm's auto-quoter. Every version is in the audit; ``version_in_force`` is what runs."""

    firm = models.OneToOneField("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    parameters = models.JSONField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    version_in_force = models.PositiveIntegerField(default=0)
    in_force_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"quoter of firm {self.firm_id} version {self.version}"


class Counterparty(models.Model):
    """What a maker saw of one taker; ``taker_firm_id`` 0: of all that did not say who they are."""

    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    taker_firm_id = models.PositiveBigIntegerField()
    taker_name = models.CharField(max_length=64)
    quotes = models.PositiveBigIntegerField()
    hits = models.PositiveBigIntegerField()
    markouts = models.PositiveBigIntegerField()
    markout_sum = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["firm", "taker_firm_id"], name="counterparty_once_per_firm"),
            models.CheckConstraint(
                condition=Q(hits__lte=models.F("quotes"), markouts__lte=models.F("hits")),
                name="counterparty_counts_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"taker {self.taker_firm_id} as firm {self.firm_id} saw it"


class Decision(models.Model):
    """What one version of a quote was made of: ``wire.quoting.QuoteDecision``."""

    quote = models.ForeignKey("rfq.Quote", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    content = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["quote", "version"], name="decision_once_per_version")]

    def __str__(self) -> str:
        return f"decision of quote {self.quote_id} version {self.version}"


class RfqPass(models.Model):
    """A maker that does not quote. ``is_told``: the taker may see it, the grace being over."""

    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    maker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=16)
    at = models.DateTimeField()
    is_told = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rfq", "maker_firm"], name="rfq_pass_once_per_maker"),
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in PassReason]), name="rfq_pass_reason_known"
            ),
        ]
        indexes = [models.Index(fields=["id"], name="rfq_pass_untold", condition=Q(is_told=False))]

    def __str__(self) -> str:
        return f"firm {self.maker_firm_id} passes rfq {self.rfq_id}"
