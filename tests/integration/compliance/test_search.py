import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import selectors as audit_selectors
from audit.models import AuditRecord
from common import clock
from compliance import selectors
from compliance.domain.criteria import Criteria
from orders import services as orders
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import World
from wire.client import PlaceOrder
from wire.units import OrderType, Side


@pytest.fixture
def order_id(world: World) -> int:
    worlds.publish_market()
    message = PlaceOrder(
        command_id="command-of-the-order",
        account_id=world.taker.account.id,
        instrument_name=worlds.PERPETUAL,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity="10",
        price="77000.0",
    )
    order = orders.place_order(user=world.taker.user, actor=world.taker.actor, message=message, at=clock.now())
    return int(order.pk)


def found(world: World, **criteria) -> tuple[list[int], list[int]]:
    result = selectors.search(world.house.user, Criteria(**criteria))
    return [order.order_id for order in result.orders], [rfq.rfq_id for rfq in result.rfqs]


def test_search_finds_by_every_field(world: World, order_id: int) -> None:
    rfq_id = world.create()
    world.quote(rfq_id)
    both = ([order_id], [rfq_id])
    assert found(world) == both
    assert found(world, order_id=order_id) == ([order_id], [])
    assert found(world, rfq_id=rfq_id) == ([], [rfq_id])
    assert found(world, user=world.taker.user.username.upper()) == both
    assert found(world, user=world.cobalt.user.username) == ([], [rfq_id])
    assert found(world, firm=world.taker.firm.name[:4].lower()) == both
    assert found(world, firm=world.dune.firm.name) == ([], [rfq_id])
    assert found(world, firm=world.ember.firm.name) == ([], [])
    assert found(world, instrument=worlds.PERPETUAL) == ([order_id], [])
    assert found(world, instrument=worlds.CALL) == ([], [rfq_id])
    assert found(world, after=clock.now() + dt.timedelta(minutes=1)) == ([], [])
    assert found(world, before=clock.now() + dt.timedelta(minutes=1)) == both


def test_order_timeline_names_people_and_proves_its_place(world: World, order_id: int) -> None:
    timeline = selectors.order_timeline(world.house.user, order_id)
    assert timeline.order is not None
    first = timeline.entries[0]
    assert (first.who, first.firm, first.record.command_id) == (
        world.taker.user.username, world.taker.firm.name, "command-of-the-order",
    )  # fmt: skip
    assert first.is_proven
    assert {difference.field for difference in first.differences} >= {"state", "quantity"}


def test_rfq_timeline_holds_the_quotes_too(world: World) -> None:
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    timeline = selectors.rfq_timeline(world.house.user, rfq_id)
    assert {entry.record.entity for entry in timeline.entries} == {f"rfq:{rfq_id}", f"quote:{quote_id}"}
    assert timeline.unproven == 0


def test_a_record_that_was_changed_is_not_proven(world: World) -> None:
    rfq_id = world.create()
    (record,) = AuditRecord.objects.filter(entity=f"rfq:{rfq_id}")
    record.after = {**(record.after or {}), "quantity": "3"}
    assert audit_selectors.list_unproven([record]) == {record.pk}


def test_search_page_asks_as_often_for_three_rfqs_as_for_one(
    world: World, officer: Client, django_assert_num_queries
) -> None:
    world.create()
    with CaptureQueriesContext(connection) as one:
        assert officer.get("/compliance/").status_code == 200
    world.create()
    world.create()
    with django_assert_num_queries(len(one)):
        officer.get("/compliance/")
