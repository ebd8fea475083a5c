"""Baskets: orders that one file placed as one act."""

from django.db import models
from django.db.models import Q


class Basket(models.Model):
    command_id = models.CharField(max_length=64)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80, blank=True)
    digest = models.CharField(max_length=64)
    """SHA-256 of the file's text."""
    row_count = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "command_id"], name="basket_command_unique"),
            models.CheckConstraint(condition=Q(row_count__gt=0), name="basket_has_rows"),
        ]
        indexes = [models.Index(fields=["firm", "-id"], name="basket_newest")]

    def __str__(self) -> str:
        return f"basket {self.pk}"


class BasketRow(models.Model):
    """``number``: in the file, whose heading is 1. ``is_repeat``: the order was there before."""

    basket = models.ForeignKey(Basket, on_delete=models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField()
    client_order_id = models.CharField(max_length=64)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+")
    is_repeat = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["basket", "number"], name="basket_row_once"),
            models.UniqueConstraint(fields=["basket", "order"], name="basket_order_once"),
        ]

    def __str__(self) -> str:
        return f"row {self.number} of basket {self.basket_id}"
