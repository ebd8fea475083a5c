"""A parent order with what belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from orders.models import Order
from orders.parent_selectors import not_found, parent_view, visible_parents
from orders.selectors import order_view
from settlement import selectors as settlement
from wire.facts import FillView, OrderView
from wire.parent_views import ParentView

if TYPE_CHECKING:
    from accounts.models import User

CHILDREN_SHOWN_MAX = 500


class ParentTree(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order with its newest children and their fills, oldest first."""

    parent: ParentView
    children: list[OrderView]
    fills: list[FillView]


def get_tree(user: User, parent_id: int) -> ParentTree:
    """Raises NotFound."""
    parent = visible_parents(user).filter(id=parent_id).first()
    if parent is None:
        raise not_found(parent_id)
    children = Order.objects.select_related("instrument").filter(parent=parent).order_by("-id")[:CHILDREN_SHOWN_MAX]
    ids = [child.pk for child in children]
    return ParentTree(
        parent=parent_view(parent),
        children=[order_view(child) for child in reversed(children)],
        fills=list(settlement.list_fills_of_orders(ids)),
    )
