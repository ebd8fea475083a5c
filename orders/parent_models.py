"""Parent orders: what a trader wants. Their children are orders, their routes what venues have of them."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from common.fields import UnitsField
from common.proposals import ProposedByOne, two_people
from wire.algos import ENDED_PARENT_STATES, AlgoName, ParentState
from wire.gateway_algos import AlgoAction
from wire.units import Side

ENDED = sorted(state.value for state in ENDED_PARENT_STATES)


class ParentQuerySet(models.QuerySet["ParentOrder"]):
    def open(self) -> "ParentQuerySet":
        return self.exclude(state__in=ENDED)


class ParentOrder(models.Model):
    """Ticks and lots of the instrument, as in the gateway. ``parameters`` and ``limits`` as ``wire.algos`` has them.

    ``requested``: what the gateway was asked for and has not confirmed. The figures of ``progress`` are the gateway's,
    those of ``cumulative_lots`` and ``traded_tick_lots`` the sum of the children's fills; a venue may fill late what it
    said was over, and so more than was wanted.
    """

    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    quantity_lots = models.BigIntegerField()
    algo = models.CharField(max_length=24, choices=[(algo.value, algo.value) for algo in AlgoName])
    venue = models.CharField(max_length=20, blank=True)
    """Where its children go, as routes; empty: orders in our own book."""
    parameters = models.JSONField(default=dict)
    limits = models.JSONField(default=dict)
    structure = models.JSONField(null=True)
    """Of a multi-leg order, as ``orders.domain.multileg`` has it: its steps and its legs. Its lots are those steps."""
    state = models.CharField(max_length=8, choices=[(state.value, state.value) for state in ParentState])
    requested = models.CharField(max_length=8, blank=True, choices=[(word.value, word.value) for word in AlgoAction])
    reason = models.CharField(max_length=120, blank=True)
    needs_approval = models.BooleanField(default=False)
    approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    steered = models.PositiveIntegerField(default=0)
    """Commands that the gateway was sent about it."""
    cumulative_lots = models.BigIntegerField(default=0)
    traded_tick_lots = UnitsField(default=0)
    progress = models.JSONField(default=dict)
    """The gateway's last report of it."""
    plan = models.JSONField(default=list)
    """[nanoseconds since the start, lots that should be traded by then]."""
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    objects = ParentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="parent_command_unique"),
            models.CheckConstraint(
                condition=Q(quantity_lots__gt=0, cumulative_lots__gte=0)
                & (Q(cumulative_lots__lte=F("quantity_lots")) | ~Q(venue="")),
                name="parent_trades_no_more_than_it_wants",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approved_by=F("user"))),
                name="parent_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False) | Q(approved_by__isnull=False) | Q(state__in=["staged", "canceled"]),
                name="parent_works_once_approved",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, ended_at__isnull=False) | (~Q(state__in=ENDED) & Q(ended_at__isnull=True)),
                name="parent_ends_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"], name="parent_newest"),
            models.Index(fields=["firm"], name="parent_open", condition=~Q(state__in=ENDED)),
        ]

    def __str__(self) -> str:
        return f"parent order {self.pk}"

    @property
    def steps(self) -> tuple[Decimal, Decimal]:
        """(smallest quantity, smallest price): lot and tick of the instrument, or step and net tick of a structure."""
        if self.structure is not None:
            return Decimal(self.structure["step"]), Decimal(self.structure["tick"])
        return self.instrument.lot_size, self.instrument.tick_size

    def average_price(self, tick_size: Decimal) -> Decimal | None:
        if not self.cumulative_lots:
            return None
        return Decimal(self.traded_tick_lots) / self.cumulative_lots * tick_size


class ParentPolicy(models.Model):
    """What a desk demands of its parent orders; a desk without a row demands nothing."""

    desk = models.OneToOneField("accounts.Desk", on_delete=models.PROTECT, related_name="+", primary_key=True)
    takes_two = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"parent policy of desk {self.desk_id}"


class ParentPolicyProposal(ProposedByOne):
    """What one person of the house proposed for a desk; another one puts it in force."""

    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    takes_two = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk"], condition=Q(state="waiting"), name="parent_policy_one_waits"),
            *two_people("parent_policy"),
        ]

    def __str__(self) -> str:
        return f"parent policy proposed for desk {self.desk_id} {self.state}"


class AlgoLogProgress(models.Model):
    """Up to which number the reports of a gateway's log of algorithms are stored."""

    log = models.CharField(max_length=32, primary_key=True)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"log {self.log} up to {self.number}"
