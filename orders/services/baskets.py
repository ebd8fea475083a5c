"""Baskets: look at what a file would send, then place its rows as one act."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from audit import services as audit
from common import clock, db
from common.actor import Actor
from common.errors import Refusal
from orders.basket_selectors import basket_view
from orders.models import Basket, BasketRow
from orders.services import commands
from orders.services.basket_rows import CheckedRow, check_rows
from orders.services.placing import check_may_trade, place_order
from streams import services as streams
from wire.basket_views import BasketPlaced
from wire.client_baskets import PlaceBasket

if TYPE_CHECKING:
    from accounts.models import User


def place_basket(*, user: User, actor: Actor, message: PlaceBasket, at: dt.datetime) -> Basket:
    """Place the chosen rows, all in one transaction, or none. Idempotent by (user, command_id), each row besides by
    its client order id.

    Raises Refusal: not_authorized, unknown_account, the reasons of a file, and of the first row that cannot be placed,
    with its number in the sentence.
    """
    check_may_trade(user)
    assert user.firm_id is not None, "who trades has a firm"
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return Basket.objects.get(id=taken.entity_id)
        rows = check_rows(
            user,
            message.csv,
            account_id=message.account_id,
            command_id=message.command_id,
            now_ns=clock.to_ns(at),
            only=message.rows,
        )
        basket = Basket.objects.create(
            command_id=message.command_id,
            user=user,
            firm_id=user.firm_id,
            name=message.name.strip(),
            digest=hashlib.sha256(message.csv.encode()).hexdigest(),
            row_count=len(rows),
            created_at=at,
        )
        for row in rows:
            _place_row(basket, row, user, actor, at)
        commands.answer(taken, entity="basket", entity_id=basket.pk)
        _record(basket, actor, at)
        streams.publish_fact(firm_id=basket.firm_id, fact=BasketPlaced(basket=basket_view(basket)))
        return basket


def _place_row(basket: Basket, row: CheckedRow, user: User, actor: Actor, at: dt.datetime) -> None:
    try:
        if row.refusal is not None:
            raise row.refusal
        assert row.message is not None, "a row without a refusal is an order"
        order = place_order(user=user, actor=actor, message=row.message, at=at)
    except Refusal as refusal:
        why = f"row {row.row.number}: {refusal.message}"
        raise type(refusal)(refusal.reason, why, value=refusal.value, bound=refusal.bound) from refusal
    BasketRow.objects.create(
        basket=basket,
        number=row.row.number,
        client_order_id=row.client_order_id,
        order=order,
        is_repeat=row.known_order_id is not None,
    )


def _record(basket: Basket, actor: Actor, at: dt.datetime) -> None:
    placed = [[row.number, row.order_id, row.is_repeat] for row in basket.rows.order_by("number")]
    audit.record(
        stream=f"firm:{basket.firm_id}",
        action="basket.placed",
        entity=f"basket:{basket.pk}",
        actor=actor,
        at=at,
        after={"name": basket.name, "sha256": basket.digest, "rows": placed},
        command_id=basket.command_id,
    )
