"""How requests are executed: what was accepted, the taker's resting limits, and makers' last looks."""

from django.db import models
from django.db.models import F, Q

from wire.limits import LAST_LOOK_WINDOW_MS_MAX
from wire.negotiation import AcceptKind, LastLookState, TriggerState
from wire.units import Side

_SIDES = [side.value for side in Side]


class Acceptance(models.Model):
    """How an RFQ was accepted, with all that its allocation is computed from. ``side``: the taker's.

    ``pool``: [quote id, version] of every quote that competed; ``left_out``: [quote id, version, reason] of those that
    stood but could not be taken. ``limit_price``: no part trades beyond it; null where one quote was named.
    """

    rfq = models.OneToOneField("rfq.Rfq", on_delete=models.PROTECT, related_name="acceptance")
    kind = models.CharField(max_length=8)
    side = models.CharField(max_length=4)
    limit_price = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    pool = models.JSONField()
    left_out = models.JSONField(default=list)
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in AcceptKind]), name="accept_kind_known"),
            models.CheckConstraint(condition=Q(side__in=_SIDES), name="accept_side_known"),
            models.CheckConstraint(
                condition=Q(kind="quote", limit_price__isnull=True) | (~Q(kind="quote") & Q(limit_price__isnull=False)),
                name="accept_pool_has_a_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"accept of rfq {self.rfq_id}"


class Trigger(models.Model):
    """A resting limit of the taker, on one side: the RFQ trades when quotes reach it."""

    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="triggers")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4)
    limit_price = models.DecimalField(max_digits=36, decimal_places=12)
    state = models.CharField(max_length=12, default=TriggerState.UNTRIGGERED.value)
    reason = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "side"], condition=Q(state="untriggered"), name="trigger_one_per_side"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TriggerState]), name="trigger_state_known"
            ),
            models.CheckConstraint(condition=Q(side__in=_SIDES), name="trigger_side_known"),
            models.CheckConstraint(
                condition=Q(state="untriggered", ended_at__isnull=True)
                | (~Q(state="untriggered") & Q(ended_at__isnull=False)),
                name="trigger_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"trigger {self.pk} of rfq {self.rfq_id} {self.state}"


class LastLookAgreement(models.Model):
    """Between a maker and a taker: how long the maker may look, and which move of the market excuses it.

    In force once both have agreed, until it is ended. ``tolerance_basis_points``: of one underlying, either way.
    """

    maker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    taker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    window_ms = models.PositiveIntegerField()
    tolerance_basis_points = models.DecimalField(max_digits=8, decimal_places=2)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    maker_agreed_at = models.DateTimeField(null=True)
    taker_agreed_at = models.DateTimeField(null=True)
    house_agreed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    """The second person of the house, where the house put it in force for both."""
    end_asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    """The person of the house who asked for the end of what is in force; another one ends it."""
    end_asked_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)
    """Null with ``ended_at``: a newer agreement of the two firms took its place."""
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(house_agreed_by__isnull=True) | ~Q(house_agreed_by=F("proposed_by")),
                name="last_look_house_agrees_by_two",
            ),
            models.CheckConstraint(
                condition=Q(end_asked_by__isnull=True) | Q(ended_by__isnull=True) | ~Q(ended_by=F("end_asked_by")),
                name="last_look_house_ends_by_two",
            ),
            models.CheckConstraint(
                condition=Q(window_ms__gte=1, window_ms__lte=LAST_LOOK_WINDOW_MS_MAX), name="last_look_window_bounded"
            ),
            models.CheckConstraint(condition=Q(tolerance_basis_points__gte=0), name="last_look_tolerance_positive"),
            models.CheckConstraint(condition=~Q(maker_firm=F("taker_firm")), name="last_look_between_two_firms"),
            models.UniqueConstraint(
                fields=["maker_firm", "taker_firm"],
                condition=Q(maker_agreed_at__isnull=False, taker_agreed_at__isnull=False, ended_at__isnull=True),
                name="last_look_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"last look {self.pk} of firm {self.maker_firm_id} with firm {self.taker_firm_id}"


class LastLook(models.Model):
    """One use of an agreement: what was accepted, and what the maker answered.

    ``reference_value``: the structure's value at the marks of the accept, in its quote currency; ``unit_value``: of one
    underlying. ``moved_basis_points``: how far the first had moved when it was decided, over the second.
    """

    quote = models.OneToOneField("rfq.Quote", on_delete=models.PROTECT, related_name="last_look")
    agreement = models.ForeignKey(LastLookAgreement, on_delete=models.PROTECT, related_name="looks")
    tolerance_basis_points = models.DecimalField(max_digits=8, decimal_places=2)
    reference_value = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    unit_value = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=LastLookState.PENDING.value)
    reason = models.CharField(max_length=64, blank=True)
    moved_basis_points = models.DecimalField(max_digits=20, decimal_places=4, null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in LastLookState]), name="last_look_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", answered_at__isnull=True)
                | (~Q(state="pending") & Q(answered_at__isnull=False)),
                name="last_look_answered_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="rejected") | ~Q(reason=""), name="last_look_rejected_with_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"last look at quote {self.quote_id} {self.state}"
