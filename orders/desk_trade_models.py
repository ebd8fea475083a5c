"""Trades that people book: fills made elsewhere, corrections of these, and trades shared out to accounts."""

from django.db import models
from django.db.models import F, Q

from common.fields import UnitsField
from orders.parent_models import ParentOrder
from wire.desk_trade_views import DESK_BLOCKS_FROM, DeskTradeKind, DeskTradeState

OPEN = sorted([DeskTradeState.REQUESTED, DeskTradeState.SENT, DeskTradeState.RESERVED])
LIVE = sorted([*OPEN, DeskTradeState.DONE])
"""What happened or may still happen."""
TWO_PEOPLE = sorted([DeskTradeKind.MANUAL_FILL, DeskTradeKind.BUST, DeskTradeKind.CORRECTION])


class DeskTrade(models.Model):
    """``original``: what it corrects, takes back or undoes. ``order``, ``parent``: what an allocation shares out."""

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in DeskTradeKind])
    state = models.CharField(max_length=9, choices=[(state.value, state.value) for state in DeskTradeState])
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=13, blank=True)
    fee = UnitsField(default=0)
    """Of a fill made elsewhere; of an allocation, what the fees of its trades sum up to."""
    fee_asset = models.CharField(max_length=6)
    traded_at = models.DateTimeField()
    requested_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    request_reason = models.CharField(max_length=200)
    command_id = models.CharField(max_length=64)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decide_reason = models.CharField(max_length=200, blank=True)
    original = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followers")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, null=True, related_name="+")
    parent = models.ForeignKey(ParentOrder, on_delete=models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    gateway_reason = models.CharField(max_length=160, blank=True)
    first_execution_id = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["requested_by", "command_id"], name="desk_trade_command_unique"),
            models.UniqueConstraint(
                fields=["original"], condition=Q(state__in=LIVE), name="desk_trade_followed_by_one"
            ),
            models.CheckConstraint(condition=~Q(request_reason=""), name="desk_trade_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="desk_trade_takes_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=TWO_PEOPLE)
                | Q(state=DeskTradeState.REQUESTED.value)
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="desk_trade_is_decided_first",
            ),
            models.CheckConstraint(
                condition=Q(state=DeskTradeState.DONE.value, done_at__isnull=False, first_execution_id__isnull=False)
                | (~Q(state=DeskTradeState.DONE.value) & Q(done_at__isnull=True, first_execution_id__isnull=True)),
                name="desk_trade_done_has_executions",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"], name="desk_trade_newest"),
            models.Index(fields=["sent_at"], name="desk_trade_unanswered", condition=Q(state__in=["sent", "reserved"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def reservation_id(self) -> int:
        return DESK_BLOCKS_FROM + self.pk


class DeskLeg(models.Model):
    """``side``: of ``account``; ``other_account``: None where the other side is elsewhere."""

    trade = models.ForeignKey(DeskTrade, on_delete=models.PROTECT, related_name="legs")
    number = models.PositiveSmallIntegerField()
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    other_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[("buy", "buy"), ("sell", "sell")])
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    reverses = models.BigIntegerField(null=True)
    """The execution that it takes back."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trade", "number"], name="desk_leg_once"),
            models.CheckConstraint(condition=Q(quantity_lots__gt=0, price_ticks__gt=0), name="desk_leg_is_positive"),
            models.CheckConstraint(
                condition=Q(other_account__isnull=True) | ~Q(other_account=F("account")), name="desk_leg_has_two_sides"
            ),
        ]

    def __str__(self) -> str:
        return f"leg {self.number} of {self.trade_id}"
