"""Orders as clients asked for them and as the gateway's events left them."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q

from common.fields import UnitsField
from orders.domain.lifecycle import AWAITING_STATES, OrderStatus
from orders.domain.ticket import OFFERED_TIMES, OFFERED_TYPES
from wire.units import TERMINAL_ORDER_STATES, OrderState, Side

TERMINAL = sorted(state.value for state in TERMINAL_ORDER_STATES)
AWAITING = sorted(state.value for state in AWAITING_STATES)


class OrderQuerySet(models.QuerySet["Order"]):
    def working(self) -> "OrderQuerySet":
        return self.exclude(state__in=TERMINAL)

    def terminal(self) -> "OrderQuerySet":
        return self.filter(state__in=TERMINAL)


class Order(models.Model):
    """Ticks and lots of the instrument, as in the gateway; ``price`` and ``quantity`` as asked."""

    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    order_type = models.CharField(max_length=6, choices=[(kind.value, kind.value) for kind in OFFERED_TYPES])
    time_in_force = models.CharField(max_length=3, choices=[(item.value, item.value) for item in OFFERED_TIMES])
    is_post_only = models.BooleanField(default=False)
    price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    price_ticks = models.BigIntegerField(null=True)
    quantity_lots = models.BigIntegerField()
    cumulative_lots = models.BigIntegerField(default=0)
    canceled_lots = models.BigIntegerField(default=0)
    traded_tick_lots = UnitsField(default=0)
    """Sum of price ticks x lots over the fills: what the average price is made of, exactly."""
    traded_lots = models.BigIntegerField(default=0)
    """Lots of the fills seen; behind ``cumulative_lots`` only while a fill is outrun by a newer event."""
    state = models.CharField(max_length=16, choices=[(state.value, state.value) for state in OrderState])
    is_cancel_requested = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True)
    reason_value = models.CharField(max_length=40, blank=True)
    reason_bound = models.CharField(max_length=40, blank=True)
    awaiting_since = models.DateTimeField(null=True)
    """When the answer that is still due was asked for."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="order_command_unique"),
            models.CheckConstraint(
                condition=Q(quantity_lots__gt=0, cumulative_lots__gte=0, canceled_lots__gte=0, traded_lots__gte=0)
                & Q(traded_lots__lte=F("cumulative_lots"))
                & Q(quantity_lots__gte=F("cumulative_lots") + F("canceled_lots")),
                name="order_quantities_add_up",
            ),
            models.CheckConstraint(
                condition=Q(state__in=TERMINAL, quantity_lots=F("cumulative_lots") + F("canceled_lots"))
                | (~Q(state__in=TERMINAL) & Q(quantity_lots__gt=F("cumulative_lots") + F("canceled_lots"))),
                name="order_ends_when_nothing_is_left",
            ),
            models.CheckConstraint(
                condition=Q(state="filled", quantity_lots=F("cumulative_lots"))
                | (~Q(state="filled") & Q(quantity_lots__gt=F("cumulative_lots"))),
                name="order_filled_is_all_traded",
            ),
            models.CheckConstraint(
                condition=Q(order_type="limit", price__isnull=False, price_ticks__isnull=False)
                | Q(order_type="market", price__isnull=True, price_ticks__isnull=True, is_post_only=False),
                name="order_limit_has_price",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"]),
            models.Index(fields=["firm", "account"], name="order_working", condition=~Q(state__in=TERMINAL)),
            models.Index(fields=["awaiting_since"], name="order_awaiting", condition=Q(state__in=AWAITING)),
        ]

    def __str__(self) -> str:
        return f"order {self.pk}"

    @property
    def leaves_lots(self) -> int:
        return self.quantity_lots - self.cumulative_lots - self.canceled_lots

    @property
    def status(self) -> OrderStatus:
        return OrderStatus(
            state=OrderState(self.state),
            quantity_lots=self.quantity_lots,
            cumulative_lots=self.cumulative_lots,
            canceled_lots=self.canceled_lots,
            is_cancel_requested=self.is_cancel_requested,
            reason=self.reason,
            reason_value=self.reason_value,
            reason_bound=self.reason_bound,
        )

    def average_price(self, tick_size: Decimal) -> Decimal | None:
        if not self.traded_lots:
            return None
        return Decimal(self.traded_tick_lots) / self.traded_lots * tick_size


class OrderCommand(models.Model):
    """A command of a client that was taken, so that its repeat gets the same answer. ``content``: what it asked for."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    command_id = models.CharField(max_length=64)
    content = models.TextField()
    entity = models.CharField(max_length=16)
    entity_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "command_id"], name="order_command_taken_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.command_id}"


class OrderEvent(models.Model):
    """A gateway event that was applied to an order, once."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    event_number = models.BigIntegerField(unique=True)
    journal_sequence = models.BigIntegerField()
    at_ns = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    execution_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16)
    """The order's state after the event."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "execution_id"], name="order_execution_once"),
        ]
        indexes = [models.Index(fields=["order", "event_number"])]
        triggers = [pgtrigger.Protect(name="order_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"order {self.order_id} event {self.event_number}"
