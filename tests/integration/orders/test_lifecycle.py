"""What became of an order, of a route and of an order over venues: tree, latency, reasons and costs."""

from decimal import Decimal

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from common.errors import NotFound
from gateway.registry import Registry
from orders import handlers, services, tree_selectors
from orders.models import Order, Route
from tests import builders
from tests.integration.orders.away import Away
from tests.integration.orders.test_routes import send
from tests.integration.risk.gate import MARK, NAME
from wire.client import PlaceBest, PlannedPart
from wire.lifecycle_views import Lifecycle, LifecycleKind, ShowLifecycle
from wire.units import Side

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(venue, perpetual, desk, tmp_path):
    builders.play_market(perpetual)
    opened = Away(venue, Registry([(perpetual.id, NAME)]), tmp_path / "venues", ["aster", "borea"])
    yield opened
    opened.end()


def show(desk, kind, entity_id):
    return tree_selectors.get_lifecycle(desk.user, LifecycleKind(kind), entity_id)


def test_a_split_order_shows_its_routes_their_fills_and_each_venue(perpetual, desk, away):
    lot = perpetual.terms.lot_size
    away.venues["borea"].script = ["reject"]
    builders.play_market(perpetual, bid=str(MARK - 1), ask=str(MARK + 1))
    away.show()
    message = PlaceBest(
        command_id="best-1", account_id=desk.account.id, instrument_name=perpetual.name, side=Side.BUY,
        quantity=str(10 * lot), price=str(MARK),
        parts=[
            PlannedPart(venue="aster", quantity=str(6 * lot), price=str(MARK)),
            PlannedPart(venue="borea", quantity=str(4 * lot), price=str(MARK)),
        ],
    )  # fmt: skip
    split = services.place_best(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    found = show(desk, "split", split.pk)
    assert [(route.venue, route.state, route.reason) for route in found.routes] == [
        ("aster", "filled", ""), ("borea", "rejected", "not_enough_funds"),
    ]  # fmt: skip
    assert [(fill.route_id, fill.venue, Decimal(fill.quantity)) for fill in found.fills] == [
        (found.routes[0].route_id, "aster", 6 * lot)
    ]
    assert [(row.venue, row.sent, row.answered, row.rejected) for row in found.latencies] == [
        ("aster", 1, 1, 0), ("borea", 1, 1, 1),
    ]  # fmt: skip
    assert found.latencies[0].median_ms == found.routes[0].latency_ms
    assert (found.split.split_id, found.costs.arrival_mid) == (split.pk, str(MARK))
    assert (found.costs.filled_quantity, found.costs.arrival_basis_points) == (str(6 * lot), "0")
    with pytest.raises(NotFound):
        show(builders.trading_firm(), "split", split.pk)


def test_a_route_costs_against_what_was_there_when_it_was_sent(perpetual, desk, away):
    builders.play_market(perpetual, bid=str(MARK - 30), ask=str(MARK - 10))
    route = send(desk, perpetual, away)
    assert route.arrival_mid is None, "its market had no two sides"
    Route.objects.filter(pk=route.pk).update(arrival_mid=MARK / 2)
    builders.play_market(perpetual, bid=str(MARK * 2), ask=str(MARK * 2))
    found = show(desk, "route", route.pk)
    assert (found.costs.arrival_basis_points, found.costs.mid_basis_points) == ("10000", "-5000")
    assert (found.costs.market_price, found.costs.market_quantity) == (None, "0")
    assert [fill.route_id for fill in found.fills] == [route.pk]


def test_an_order_shows_its_fills_its_reason_and_what_others_traded(perpetual, desk):
    other = builders.trading_firm(deposits={"USDC": "100000"})
    builders.play_market(perpetual, bid=str(MARK - 1), ask=str(MARK + 1))
    orders = [
        services.place_order(
            user=party.user, actor=party.actor, at=clock.now(),
            message=builders.limit_order(perpetual, party.account, command_id=f"order-{party.user.pk}"),
        )
        for party in (desk, other)
    ]  # fmt: skip
    journal = builders.Journal()
    for number, order in enumerate(orders, 1):
        builders.project(journal.envelope(builders.execution(order, execution_id=number, lots=4, cumulative=4)))
    mine = Order.objects.get(pk=orders[0].pk)
    found = show(desk, "order", mine.pk)
    assert [fill.order_id for fill in found.fills] == [mine.pk]
    assert (found.costs.arrival_mid, Decimal(found.costs.market_quantity)) == (str(MARK), 4 * perpetual.terms.lot_size)
    assert found.costs.market_basis_points == "0", "both traded at one price"
    assert found.latencies[0].venue == "parley"
    assert found.latency_ms == {mine.pk: found.latencies[0].worst_ms}
    answer = handlers.show_lifecycle(
        desk.user, desk.actor, ShowLifecycle(command_id="x", kind=LifecycleKind.ORDER, id=mine.pk)
    )
    assert msgspec.json.decode(answer.result, type=Lifecycle) == show(desk, "order", mine.pk)
    with pytest.raises(NotFound):
        show(other, "order", mine.pk)


def test_a_tree_asks_the_database_as_often_however_wide_it_is(perpetual, desk, away):
    lot = perpetual.terms.lot_size
    counts = []
    for number, names in enumerate((["aster"], ["aster", "borea"]), 1):
        away.show()
        builders.play_market(perpetual)
        away.show()
        message = PlaceBest(
            command_id=f"best-{number}", account_id=desk.account.id, instrument_name=perpetual.name, side=Side.BUY,
            quantity=str(4 * len(names) * lot), price=str(MARK),
            parts=[PlannedPart(venue=name, quantity=str(4 * lot), price=str(MARK)) for name in names],
        )  # fmt: skip
        split = services.place_best(user=desk.user, actor=desk.actor, message=message, at=clock.now())
        away.settle()
        with CaptureQueriesContext(connection) as asked:
            found = show(desk, "split", split.pk)
        assert len(found.routes) == len(found.fills) == len(names)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_lifecycle_over_rest(perpetual, desk, client):
    builders.play_market(perpetual)
    order = services.place_order(
        user=desk.user, actor=desk.actor, message=builders.limit_order(perpetual, desk.account), at=clock.now()
    )
    client.force_login(desk.user)
    assert client.get(f"/api/lifecycle/order/{order.pk}").json()["orders"][0]["order_id"] == order.pk
    assert client.get(f"/api/lifecycle/parent/{order.pk}").status_code == 404
    assert client.get("/api/lifecycle/nothing/1").status_code == 400
