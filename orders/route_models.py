"""Orders at other venues as clients asked for them and as the venues' reports left them."""

import enum
from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import F, Q

from wire.algos import ParentState
from wire.units import TERMINAL_ORDER_STATES, OrderState, OrderType, Side, TimeInForce

_TERMINAL = sorted(state.value for state in TERMINAL_ORDER_STATES)


def _words(values: type[enum.StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in values]


class RouteQuerySet(models.QuerySet["Route"]):
    def working(self) -> "RouteQuerySet":
        return self.exclude(state__in=_TERMINAL)

    def terminal(self) -> "RouteQuerySet":
        return self.filter(state__in=_TERMINAL)


class SplitOrder(models.Model):
    """An order that is split over venues and our own book. Its parts are routes; what they leave open is routed anew
    within ``price_ticks`` while it works, and never more is out than was asked.

    Locks: a part before its split order, and an order in our own book before its part.
    """

    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=_words(Side))
    price = models.DecimalField(max_digits=38, decimal_places=12)
    price_ticks = models.BigIntegerField()
    quantity_lots = models.BigIntegerField()
    arrival_mid = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    state = models.CharField(max_length=8, choices=_words(ParentState))
    reason = models.CharField(max_length=120, blank=True)
    rounds = models.PositiveIntegerField(default=1)
    """How often it was split, the first time counted."""
    next_look_at = models.DateTimeField(null=True)
    """When what is open is routed anew; None once it ended."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="split_command_unique"),
            models.CheckConstraint(
                condition=Q(quantity_lots__gt=0, price_ticks__gt=0), name="split_asks_for_something"
            ),
            models.CheckConstraint(
                condition=Q(state="working", ended_at__isnull=True, next_look_at__isnull=False)
                | Q(state__in=["done", "canceled"], ended_at__isnull=False, next_look_at__isnull=True),
                name="split_ends_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"], name="split_newest"),
            models.Index(fields=["next_look_at"], name="split_due", condition=Q(next_look_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"split order {self.pk}"


class Route(models.Model):
    """An order, or a part of one, at one venue. Prices in the quote currency, quantities in contracts, both as the
    venue counts them; ``price_ticks`` and ``quantity_lots`` as the gateway's risk gate saw them.

    ``order``: where the venue is our own book, the order there. ``client_order_id``: what it is called at the venue.
    """

    parent = models.ForeignKey("orders.ParentOrder", on_delete=models.PROTECT, null=True, related_name="routes")
    split = models.ForeignKey(SplitOrder, on_delete=models.PROTECT, null=True, related_name="routes")
    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT, null=True, related_name="route")
    venue_rfq = models.ForeignKey("orders.VenueRfq", on_delete=models.PROTECT, null=True, related_name="routes")
    """It is a leg of that request's acceptance."""
    acceptance = models.PositiveSmallIntegerField(default=0)
    """Of the request, counted from 1."""
    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    venue = models.CharField(max_length=20)
    client_order_id = models.CharField(max_length=40, unique=True)
    venue_order_id = models.CharField(max_length=64, blank=True)
    side = models.CharField(max_length=4, choices=_words(Side))
    order_type = models.CharField(max_length=10, choices=_words(OrderType))
    time_in_force = models.CharField(max_length=3, choices=_words(TimeInForce))
    is_post_only = models.BooleanField(default=False)
    is_reduce_only = models.BooleanField(default=False)
    confirmed_soft_bound_micros = models.BigIntegerField(default=0)
    price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    price_ticks = models.BigIntegerField(null=True)
    quantity_lots = models.BigIntegerField()
    arrival_mid = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    """Of our own book when it was placed; None where a side was empty."""
    cumulative_quantity = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    """Executed and not taken back."""
    busted_quantity = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    """Executed and taken back: it is not traded anew by itself."""
    leaves_quantity = models.DecimalField(max_digits=38, decimal_places=12)
    """May still be executed: 0 exactly where it ended."""
    traded_quantity = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    traded_value = models.DecimalField(max_digits=48, decimal_places=12, default=0)
    """Sum of price x quantity over the fills, busted ones taken off: what the average price is made of."""
    fees = models.JSONField(default=dict)
    """Asset -> decimal text; below zero the venue paid."""
    state = models.CharField(max_length=16, choices=_words(OrderState))
    is_cancel_requested = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True)
    reason_value = models.CharField(max_length=40, blank=True)
    reason_bound = models.CharField(max_length=40, blank=True)
    reason_text = models.CharField(max_length=200, blank=True)
    """In the venue's words."""
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    """When the venue's first answer came."""
    last_report_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    awaiting_since = models.DateTimeField(null=True)
    report_number = models.BigIntegerField(default=0)
    """The newest report of the venue's log that was applied."""

    objects = RouteQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, quantity_lots__gt=0, cumulative_quantity__gte=0, leaves_quantity__gte=0),
                name="route_quantities_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_TERMINAL, leaves_quantity=0)
                | (~Q(state__in=_TERMINAL) & Q(leaves_quantity__gt=0)),
                name="route_ends_when_nothing_is_left",
            ),
            models.CheckConstraint(
                condition=Q(order_type="limit", price__isnull=False, price_ticks__isnull=False)
                | Q(order_type="market", price__isnull=True, price_ticks__isnull=True, is_post_only=False),
                name="route_limit_has_price",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=True) | Q(venue="parley"), name="route_order_is_in_our_own_book"
            ),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"]),
            models.Index(fields=["parent", "id"], name="route_of_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["split", "id"], name="route_of_split", condition=Q(split__isnull=False)),
            models.Index(fields=["venue_rfq", "id"], name="route_of_venue_rfq", condition=Q(venue_rfq__isnull=False)),
            models.Index(fields=["awaiting_since"], name="route_awaiting", condition=Q(awaiting_since__isnull=False)),
            models.Index(fields=["firm", "account"], name="route_working", condition=~Q(state__in=_TERMINAL)),
        ]

    def __str__(self) -> str:
        return f"route {self.pk} to {self.venue}"

    @property
    def average_price(self) -> Decimal | None:
        return self.traded_value / self.traded_quantity if self.traded_quantity else None


class RouteFill(models.Model):
    """An execution at a venue, or that it was taken back, once. ``execution_id``: of the fill in the ledger."""

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="fills")
    venue = models.CharField(max_length=20)
    venue_execution_id = models.CharField(max_length=64)
    execution_id = models.BigIntegerField(unique=True)
    report_number = models.BigIntegerField()
    side = models.CharField(max_length=4, choices=_words(Side))
    """Of the ledger's fill: the other one for a bust."""
    price = models.DecimalField(max_digits=38, decimal_places=12)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    liquidity = models.CharField(max_length=5)
    fee = models.DecimalField(max_digits=38, decimal_places=18)
    fee_asset = models.CharField(max_length=12)
    is_bust = models.BooleanField(default=False)
    at = models.DateTimeField()
    """By the venue's clock."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["venue", "venue_execution_id", "is_bust"], name="route_fill_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="route_fill_quantity_is_positive"),
        ]
        indexes = [models.Index(fields=["route", "id"])]
        triggers = [pgtrigger.Protect(name="route_fill_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.venue} {self.venue_execution_id}"


class ExternalOrder(models.Model):
    """An order at a venue that Parley did not send: adopted as it was found, never touched."""

    venue = models.CharField(max_length=20)
    venue_order_id = models.CharField(max_length=64)
    instrument_name = models.CharField(max_length=64)
    side = models.CharField(max_length=4, choices=_words(Side))
    price = models.DecimalField(max_digits=38, decimal_places=12, null=True)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    cumulative_quantity = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    state = models.CharField(max_length=16, choices=_words(OrderState))
    found_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["venue", "venue_order_id"], name="external_order_unique")]

    def __str__(self) -> str:
        return f"external {self.venue_order_id} at {self.venue}"


class VenueBreak(models.Model):
    """A position at a venue that our executions do not explain, from when it was seen until it agreed again."""

    venue = models.CharField(max_length=20)
    instrument_name = models.CharField(max_length=64)
    expected = models.DecimalField(max_digits=38, decimal_places=12)
    held = models.DecimalField(max_digits=38, decimal_places=12)
    since = models.DateTimeField()
    updated_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "instrument_name"], name="venue_break_open_once", condition=Q(resolved_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | Q(resolved_at__gte=F("since")), name="venue_break_ends_later"
            ),
        ]
        indexes = [models.Index(fields=["-since"], name="venue_break_newest")]

    def __str__(self) -> str:
        return f"break at {self.venue} in {self.instrument_name}"
