"""Pairs of equities that the gateway's hot path trades, as its numbered reports left them. Prices in US dollars.

A projection of the gateway's log: every row follows from reports, each of which is applied once.
"""

import enum

import pgtrigger
from django.db import models
from django.db.models import F, Q

from wire.pairs import SYMBOL_LENGTH_MAX, PairState
from wire.units import TERMINAL_ORDER_STATES, OrderState, Side

_TERMINAL = sorted(state.value for state in TERMINAL_ORDER_STATES)


def _words(values: type[enum.StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in values]


class PairsDesk(models.Model):
    """What one gateway trades at one venue, and for whom. ``report_number``: the last of its log that was applied."""

    venue = models.CharField(max_length=20, unique=True)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey("accounts.Desk", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    strategy_id = models.BigIntegerField()
    session = models.CharField(max_length=10, blank=True)
    is_session_open = models.BooleanField(default=False)
    session_reason = models.CharField(max_length=200, blank=True)
    is_entering = models.BooleanField(default=True)
    report_number = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(report_number__gte=0), name="pairs_desk_counts_reports")]

    def __str__(self) -> str:
        return f"pairs at {self.venue}"


class Pair(models.Model):
    """``number``: the gateway's. ``cash``: of all its fills. ``zscore``, ``reason``: of its last decision."""

    pairs_desk = models.ForeignKey(PairsDesk, on_delete=models.PROTECT, related_name="pairs")
    number = models.IntegerField()
    first = models.CharField(max_length=SYMBOL_LENGTH_MAX)
    second = models.CharField(max_length=SYMBOL_LENGTH_MAX)
    terms = models.JSONField()
    is_retired = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=_words(PairState), default=PairState.FLAT.value)
    held_first = models.BigIntegerField(default=0)
    held_second = models.BigIntegerField(default=0)
    cash = models.DecimalField(max_digits=24, decimal_places=4, default=0)
    zscore = models.FloatField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pairs_desk", "first", "second"], name="pair_once"),
            models.CheckConstraint(condition=~Q(first=F("second")), name="pair_has_two_legs"),
        ]

    def __str__(self) -> str:
        return f"{self.first}/{self.second}"


class PairOrder(models.Model):
    """An order of the hot path, immediate-or-cancel. ``order_id``: its UserRefNum at the venue.

    ``before``, ``after``: state of the pair around the decision. ``is_adopted``: only the venue knew of it.
    """

    pairs_desk = models.ForeignKey(PairsDesk, on_delete=models.PROTECT, related_name="+")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="orders")
    order_id = models.BigIntegerField()
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    strategy_id = models.BigIntegerField()
    leg = models.SmallIntegerField()
    symbol = models.CharField(max_length=SYMBOL_LENGTH_MAX)
    side = models.CharField(max_length=4, choices=_words(Side))
    lots = models.BigIntegerField()
    price = models.DecimalField(max_digits=20, decimal_places=4)
    zscore = models.FloatField(null=True)
    feed_sequence = models.BigIntegerField(default=0)
    before = models.CharField(max_length=12, choices=_words(PairState))
    after = models.CharField(max_length=12, choices=_words(PairState))
    is_adopted = models.BooleanField(default=False)
    venue_order_id = models.CharField(max_length=20, blank=True)
    filled_lots = models.BigIntegerField(default=0)
    leaves_lots = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=_words(OrderState))
    reason = models.CharField(max_length=40, blank=True)
    decided_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pairs_desk", "order_id"], name="pair_order_once"),
            models.CheckConstraint(
                condition=Q(lots__gt=0, filled_lots__gte=0, leaves_lots__gte=0)
                & Q(lots__gte=F("filled_lots") + F("leaves_lots")),
                name="pair_order_lots_add_up",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_TERMINAL, leaves_lots=0) | (~Q(state__in=_TERMINAL) & Q(leaves_lots__gt=0)),
                name="pair_order_ends_when_nothing_is_left",
            ),
            models.CheckConstraint(condition=Q(leg__in=[0, 1]), name="pair_order_is_of_a_leg"),
        ]
        indexes = [models.Index(fields=["pair", "-id"], name="pair_orders_newest")]

    def __str__(self) -> str:
        return f"pair order {self.order_id}"


class PairFill(models.Model):
    """An execution of a venue, or that it was taken back, once; ``side`` is the other one then."""

    pairs_desk = models.ForeignKey(PairsDesk, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(PairOrder, on_delete=models.PROTECT, related_name="fills")
    report_number = models.BigIntegerField()
    match_number = models.BigIntegerField()
    side = models.CharField(max_length=4, choices=_words(Side))
    lots = models.BigIntegerField()
    price = models.DecimalField(max_digits=20, decimal_places=4)
    liquidity = models.CharField(max_length=1, blank=True)
    is_bust = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "match_number", "is_bust"], name="pair_fill_once"),
            models.UniqueConstraint(fields=["pairs_desk", "report_number"], name="pair_fill_of_one_report"),
            models.CheckConstraint(condition=Q(lots__gt=0, price__gt=0), name="pair_fill_moves_something"),
        ]
        triggers = [pgtrigger.Protect(name="pair_fill_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"execution {self.match_number} of {self.order}"


class PairPosition(models.Model):
    """Shares of an account in a symbol by the fills of its pairs. ``cash``: what they paid and took."""

    pairs_desk = models.ForeignKey(PairsDesk, on_delete=models.PROTECT, related_name="positions")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    strategy_id = models.BigIntegerField()
    symbol = models.CharField(max_length=SYMBOL_LENGTH_MAX)
    lots = models.BigIntegerField(default=0)
    bought_lots = models.BigIntegerField(default=0)
    sold_lots = models.BigIntegerField(default=0)
    cash = models.DecimalField(max_digits=24, decimal_places=4, default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pairs_desk", "account", "symbol"], name="pair_position_once"),
            models.CheckConstraint(
                condition=Q(bought_lots__gte=0, sold_lots__gte=0, lots=F("bought_lots") - F("sold_lots")),
                name="pair_position_is_what_was_traded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lots} {self.symbol}"


class PairsCommand(models.Model):
    """What a person asked of the pairs, until the gateway has answered. ``state``: asked, taken, done, refused."""

    pairs_desk = models.ForeignKey(PairsDesk, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    command_id = models.CharField(max_length=64)
    content = models.TextField()
    action = models.CharField(max_length=16)
    first = models.CharField(max_length=SYMBOL_LENGTH_MAX, blank=True)
    second = models.CharField(max_length=SYMBOL_LENGTH_MAX, blank=True)
    state = models.CharField(max_length=8, default="asked")
    reason = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="pairs_command_once"),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "taken", "done", "refused"]), name="pairs_command_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.user}"
