"""Orders as clients asked for them and as the gateway's events left them."""

import enum
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q

from common.fields import UnitsField
from orders.basket_models import Basket, BasketRow
from orders.desk_trade_models import DeskLeg, DeskTrade
from orders.domain.lifecycle import AWAITING_STATES, OrderStatus
from orders.parent_models import AlgoLogProgress, ParentOrder, ParentPolicy, ParentPolicyProposal
from orders.route_models import ExternalOrder, Route, RouteFill, RouteQuerySet, SplitOrder, VenueBreak
from orders.venue_rfq_models import VenueAcceptance, VenueRfq, VenueRfqLeg
from orders.volume_models import VolumeCurve
from wire.gateway_entered import ENTERED_ORDERS_FROM
from wire.units import (
    TERMINAL_ORDER_STATES,
    OrderState,
    OrderType,
    PegReference,
    SelfMatch,
    Side,
    StopTrigger,
    TimeInForce,
)

__all__ = [
    "AWAITING",
    "TERMINAL",
    "AlgoLogProgress",
    "Basket",
    "BasketRow",
    "DeskLeg",
    "DeskTrade",
    "ExternalOrder",
    "Order",
    "OrderCommand",
    "OrderEvent",
    "OrderOrigin",
    "OrderQuerySet",
    "OverrideRequest",
    "ParentOrder",
    "ParentPolicy",
    "ParentPolicyProposal",
    "Route",
    "RouteFill",
    "RouteQuerySet",
    "SplitOrder",
    "VenueAcceptance",
    "VenueBreak",
    "VenueRfq",
    "VenueRfqLeg",
    "VolumeCurve",
]

TERMINAL = sorted(state.value for state in TERMINAL_ORDER_STATES)
AWAITING = sorted(state.value for state in AWAITING_STATES)


class OrderOrigin(enum.StrEnum):
    """Where an order came in."""

    TERMINAL = "terminal"
    FIX = "fix"
    ALGO = "algo"


def _words(values: type[enum.StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in values]


class OrderQuerySet(models.QuerySet["Order"]):
    def working(self) -> "OrderQuerySet":
        return self.exclude(state__in=TERMINAL)

    def terminal(self) -> "OrderQuerySet":
        return self.filter(state__in=TERMINAL)

    def newest(self) -> "OrderQuerySet":
        """Newest first, wherever they came in."""
        return self.order_by("-created_at", "-id")

    def before(self, order_id: int) -> "OrderQuerySet":
        """What is older than that order; nothing where there is no such order."""
        at = Order.objects.filter(id=order_id).values_list("created_at", flat=True).first()
        if at is None:
            return self.none()
        return self.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=order_id))


class Order(models.Model):
    """Ticks and lots of the instrument, as in the gateway; ``price`` and ``quantity`` as asked."""

    command_id = models.CharField(max_length=64)
    origin = models.CharField(max_length=8, choices=_words(OrderOrigin), default=OrderOrigin.TERMINAL.value)
    session = models.CharField(max_length=64, blank=True)
    """Name of the FIX session that entered it."""
    client_order_id = models.CharField(max_length=36, blank=True)
    """ClOrdID of the message that entered it."""
    parent = models.ForeignKey(ParentOrder, on_delete=models.PROTECT, null=True, related_name="children")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=[(side.value, side.value) for side in Side])
    order_type = models.CharField(max_length=10, choices=_words(OrderType))
    time_in_force = models.CharField(max_length=3, choices=_words(TimeInForce))
    is_post_only = models.BooleanField(default=False)
    is_reduce_only = models.BooleanField(default=False)
    expires_at_ns = models.BigIntegerField(default=0)
    """Of GTD orders; to the nanosecond, as the gateway compares it."""
    display_lots = models.BigIntegerField(default=0)
    minimum_lots = models.BigIntegerField(default=0)
    stop_ticks = models.BigIntegerField(default=0)
    trigger = models.CharField(max_length=10, choices=_words(StopTrigger), default=StopTrigger.LAST_TRADE.value)
    is_triggered = models.BooleanField(default=False)
    peg_reference = models.CharField(max_length=7, choices=_words(PegReference), default=PegReference.MID.value)
    peg_offset_ticks = models.BigIntegerField(default=0)
    self_match = models.CharField(max_length=13, choices=_words(SelfMatch), default=SelfMatch.CANCEL_NEWEST.value)
    confirmed_soft_bound_micros = models.BigIntegerField(default=0)
    price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    price_ticks = models.BigIntegerField(null=True)
    quantity_lots = models.BigIntegerField()
    arrival_mid = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    """Of our own book when a person placed it; None where a side was empty, or nobody looked."""
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
                condition=Q(order_type__in=["limit", "stop_limit"], price__isnull=False, price_ticks__isnull=False)
                | Q(order_type__in=["market", "stop"], price__isnull=True, price_ticks__isnull=True, is_post_only=False)
                | Q(order_type="peg", is_post_only=False),
                name="order_limit_has_price",
            ),
            models.CheckConstraint(
                condition=Q(order_type__in=["stop", "stop_limit"], stop_ticks__gt=0)
                | (~Q(order_type__in=["stop", "stop_limit"]) & Q(stop_ticks=0)),
                name="order_stop_has_stop_price",
            ),
            models.CheckConstraint(
                condition=Q(time_in_force="gtd", expires_at_ns__gt=0) | (~Q(time_in_force="gtd") & Q(expires_at_ns=0)),
                name="order_gtd_has_expiry",
            ),
            models.CheckConstraint(
                condition=Q(display_lots__gte=0, minimum_lots__gte=0, confirmed_soft_bound_micros__gte=0),
                name="order_terms_not_negative",
            ),
            models.CheckConstraint(
                condition=(Q(origin="fix", parent__isnull=True) | Q(origin="algo", parent__isnull=False))
                & Q(id__gt=ENTERED_ORDERS_FROM)
                & ~Q(session="")
                | Q(origin="terminal", id__lt=ENTERED_ORDERS_FROM, session="", client_order_id="", parent=None),
                name="order_id_says_its_origin",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"]),
            models.Index(fields=["parent", "id"], name="order_of_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["client_order_id"], name="order_client_id", condition=~Q(client_order_id="")),
            models.Index(fields=["firm", "-created_at", "-id"], name="order_newest"),
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


class OverrideRequest(models.Model):
    """A rejected order that is to pass the control that rejected it, once: one person asks, another approves.

    Approving places it anew, as ``placed``.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="override")
    control = models.CharField(max_length=64)
    requested_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    request_reason = models.CharField(max_length=200)
    approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approve_reason = models.CharField(max_length=200, blank=True)
    placed = models.OneToOneField(Order, on_delete=models.PROTECT, null=True, related_name="overridden")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(request_reason=""), name="override_has_a_reason"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True, placed__isnull=True)
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False, placed__isnull=False)
                    & ~Q(approve_reason="")
                ),
                name="override_approved_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")),
                name="override_takes_two_people",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="override_open", condition=Q(approved_by__isnull=True))]

    def __str__(self) -> str:
        return f"override of order {self.order_id}"


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
