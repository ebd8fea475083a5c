"""Reads of baskets. What belongs to another firm does not exist for the asker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import roles
from common import clock
from common.errors import NotFound
from orders.models import Basket
from orders.selectors import order_view
from wire.basket_views import BasketResult, BasketRowView, BasketView

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User

BASKETS_SHOWN_MAX = 50


def list_baskets(user: User) -> list[BasketView]:
    """The newest of the user's firm; of all firms for compliance and admin."""
    return [basket_view(basket) for basket in _visible(user).order_by("-id")[:BASKETS_SHOWN_MAX]]


def get_basket(user: User, basket_id: int) -> BasketResult:
    """With what has become of each row. Raises NotFound."""
    basket = _visible(user).filter(id=basket_id).first()
    if basket is None:
        raise NotFound("unknown_basket", f"you have no basket {basket_id}", value=basket_id)
    rows = basket.rows.select_related("order__instrument").order_by("number")
    return BasketResult(
        basket=basket_view(basket),
        rows=[
            BasketRowView(
                number=row.number,
                client_order_id=row.client_order_id,
                is_repeat=row.is_repeat,
                order=order_view(row.order),
            )
            for row in rows
        ],
    )


def basket_view(basket: Basket) -> BasketView:
    return BasketView(
        basket_id=basket.pk,
        user_id=basket.user_id,
        name=basket.name,
        row_count=basket.row_count,
        created_at_ns=clock.to_ns(basket.created_at),
    )


def _visible(user: User) -> QuerySet[Basket]:
    if roles.sees_every_firm(user):
        return Basket.objects.all()
    if user.firm_id is None or not roles.may_trade(user):
        return Basket.objects.none()
    return Basket.objects.filter(firm_id=user.firm_id)
