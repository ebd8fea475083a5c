"""Orders that leave for venues and come back: real engine, real order library, real database, venues in memory."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from accounts import roles
from audit.models import AuditRecord
from common import clock, valkey
from common.errors import Refusal
from gateway.registry import Registry
from orders import route_selectors, services
from orders.models import ExternalOrder, Route, RouteFill, SplitOrder, VenueBreak
from settlement.models import Fill, Position
from settlement.selectors import check_ledger
from tests import builders
from tests.integration.orders.away import Away
from tests.integration.risk.gate import MARK, NAME
from wire.client import AmendRoute, CancelRoute, CancelSplit, PlaceBest, PlaceRoute, PlannedPart
from wire.market import VenueDepth, VenueLevels
from wire.transport import MARKET_LATEST
from wire.units import OrderType, Side, TimeInForce

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(venue, perpetual, desk, tmp_path):
    builders.play_market(perpetual)
    opened = Away(venue, Registry([(perpetual.id, NAME)]), tmp_path / "venues", ["aster", "borea"])
    yield opened
    opened.end()


def send(desk, row, away, venue_name="aster", lots=10, tif=TimeInForce.GTC, command_id="route-1", price=MARK):
    message = PlaceRoute(
        command_id=command_id,
        account_id=desk.account.id,
        instrument_name=row.name,
        venue=venue_name,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=str(lots * row.terms.lot_size),
        price=str(price),
        time_in_force=tif,
    )
    builders.play_market(row)
    away.show()
    route = services.place_route(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    route.refresh_from_db()
    return route


def held(desk, row):
    position = Position.objects.filter(account=desk.account, instrument=row).first()
    return Decimal(0) if position is None else position.quantity


def engine_position(venue, desk):
    rows = [row for row in venue.engine.positions() if row[0] == desk.account.id]
    return rows[0][2:] if rows else (0, 0, 0)


def test_route_is_filled_at_its_venue_and_booked_once(venue, perpetual, desk, away):
    route = send(desk, perpetual, away)
    lot = perpetual.terms.lot_size
    assert (route.state, route.cumulative_quantity, route.leaves_quantity) == ("filled", 10 * lot, 0)
    assert route.sent_at is not None
    assert route.acknowledged_at >= route.sent_at
    fill = Fill.objects.get(route_id=route.id)
    assert (fill.venue, fill.quantity, fill.counterparty_account_id) == ("aster", 10 * lot, 0)
    assert held(desk, perpetual) == 10 * lot
    assert engine_position(venue, desk) == (10, 0, 0)
    assert check_ledger() == []
    again = services.place_route(
        user=desk.user,
        actor=desk.actor,
        at=clock.now(),
        message=PlaceRoute(
            command_id="route-1",
            account_id=desk.account.id,
            instrument_name=perpetual.name,
            venue="aster",
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            quantity=str(10 * lot),
            price=str(MARK),
        ),
    )
    assert again.id == route.id
    assert len(away.venues["aster"].orders) == 1


def test_gate_refuses_a_route_and_nothing_leaves(perpetual, desk, away):
    route = send(desk, perpetual, away, lots=1, price=MARK * 3)
    assert (route.state, route.reason) == ("rejected", "price_collar")
    assert away.venues["aster"].orders == {}


def test_venue_refuses_in_its_own_words(venue, perpetual, desk, away):
    away.venues["aster"].script = ["reject"]
    route = send(desk, perpetual, away)
    assert (route.state, route.reason, route.reason_text) == ("rejected", "not_enough_funds", "10009 not_enough_funds")
    assert engine_position(venue, desk) == (0, 0, 0)


def test_bust_takes_fill_position_and_fee_back(venue, perpetual, desk, away):
    route = send(desk, perpetual, away)
    api, trading = away.venues["aster"], away.tradings["aster"]
    trading.on_execution(api.bust(api.executions[0]))
    away.feed()
    away.settle()
    route.refresh_from_db()
    assert [row.is_bust for row in RouteFill.objects.filter(route=route).order_by("id")] == [False, True]
    assert (route.cumulative_quantity, held(desk, perpetual)) == (0, 0)
    assert Decimal(route.fees["USDC"]) == 0
    assert engine_position(venue, desk) == (0, 0, 0)
    assert check_ledger() == []


def test_silence_is_unknown_held_and_found_again_but_never_resent(venue, perpetual, desk, away):
    away.venues["aster"].script = ["silence"]
    route = send(desk, perpetual, away)
    assert route.state == "unknown"
    assert engine_position(venue, desk) == (0, 10, 0)
    away.close()
    away.open()
    away.settle()
    route.refresh_from_db()
    assert route.state == "new"
    assert len(away.venues["aster"].orders) == 1


def test_what_was_admitted_and_never_sent_is_rejected_at_the_next_start(venue, perpetual, desk, away):
    message = PlaceRoute(
        command_id="lost",
        account_id=desk.account.id,
        instrument_name=perpetual.name,
        venue="aster",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=str(perpetual.terms.lot_size),
        price=str(MARK),
    )
    route = services.place_route(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    venue.relay()
    assert venue.engine.flush(20)
    away.close()
    away.open()
    away.settle()
    route.refresh_from_db()
    assert (route.state, route.reason) == ("rejected", "never_sent")
    assert engine_position(venue, desk) == (0, 0, 0)
    assert away.venues["aster"].orders == {}


def test_kill_switch_cancels_at_the_venue(venue, perpetual, desk, away):
    away.venues["aster"].script = [0]
    route = send(desk, perpetual, away)
    assert route.state == "new"
    venue.engine.set_kill_switch(clock.now_ns(), venue.sequence + 1, 4, desk.account.id, True)
    venue.sequence += 1
    away.settle()
    route.refresh_from_db()
    assert (route.state, route.reason, engine_position(venue, desk)) == ("canceled", "kill_switch", (0, 0, 0))


def test_cancel_of_a_client_reaches_the_venue(perpetual, desk, away):
    away.venues["aster"].script = [0]
    route = send(desk, perpetual, away)
    message = CancelRoute(command_id="cancel-1", route_id=route.id)
    services.cancel_route(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    route.refresh_from_db()
    assert route.state == "pending_cancel"
    away.settle()
    route.refresh_from_db()
    assert (route.state, route.reason, route.leaves_quantity) == ("canceled", "requested", 0)


def test_position_that_nothing_explains_is_a_break_until_it_agrees(perpetual, desk, away):
    send(desk, perpetual, away)
    api, trading = away.venues["aster"], away.tradings["aster"]
    api.extra = Decimal(3)
    away.loop.run_until_complete(trading.verify())
    away.feed()
    away.settle()
    row = VenueBreak.objects.get()
    lot = perpetual.terms.lot_size
    assert (row.venue, row.expected, row.held, row.resolved_at) == ("aster", 10 * lot, 10 * lot + 3, None)
    assert AuditRecord.objects.filter(action="venue.position_break").count() == 1
    compliance = builders.add_user(None, role="compliance")
    assert roles.sees_every_firm(compliance)
    assert [each.held for each in route_selectors.list_breaks(compliance)] == [f"{row.held.normalize():f}"]
    api.extra = Decimal(0)
    away.loop.run_until_complete(trading.verify())
    away.feed()
    away.settle()
    row.refresh_from_db()
    assert row.resolved_at is not None


def amend(desk, route, command_id="amend-1", **terms):
    message = AmendRoute(command_id=command_id, route_id=route.id, **terms)
    services.amend_route(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def test_an_amendment_is_what_the_venue_made_of_it(venue, perpetual, desk, away):
    lot = perpetual.terms.lot_size
    away.venues["aster"].script = [Decimal("0.4")]
    route = send(desk, perpetual, away)
    amend(desk, route, quantity=str(15 * lot), price=str(MARK + 10))
    away.settle()
    route.refresh_from_db()
    assert (route.state, route.quantity_lots, route.price) == ("partially_filled", 15, MARK + 10)
    assert (route.quantity, route.leaves_quantity) == (15 * lot, 11 * lot)
    assert engine_position(venue, desk) == (4, 11, 0)
    amend(desk, route, "amend-2", price=str(MARK * 3))
    away.settle()
    route.refresh_from_db()
    assert (route.reason, route.price, engine_position(venue, desk)) == ("refused: price_collar", MARK + 10, (4, 11, 0))
    away.venues["aster"].refuses_amendments = "10010 already_closed"
    amend(desk, route, "amend-3", quantity=str(20 * lot))
    away.settle()
    route.refresh_from_db()
    assert (route.reason, route.reason_text) == ("amend rejected: already_closed", "10010 already_closed")
    assert (route.quantity_lots, engine_position(venue, desk)) == (15, (4, 11, 0))
    with pytest.raises(Refusal, match="traded already"):
        amend(desk, route, "amend-4", quantity=str(4 * lot))


def test_an_order_of_others_is_listed_followed_and_never_touched(venue, perpetual, desk, away):
    api, trading = away.venues["aster"], away.tradings["aster"]
    strange = api.show(perpetual, "by-hand", quantity=Decimal(7))
    away.agree()
    assert trading.own.orders[f"external:{strange}"].is_external
    api.fill(strange, Decimal(2))
    away.agree()
    (row,) = ExternalOrder.objects.all()
    assert (row.venue_order_id, row.cumulative_quantity, row.state) == (strange, 2, "partially_filled")
    assert AuditRecord.objects.filter(action="venue.external_order").count() == 1
    assert (Route.objects.count(), Fill.objects.count(), engine_position(venue, desk)) == (0, 0, (0, 0, 0))
    away.close()
    away.open()
    away.settle()
    assert ExternalOrder.objects.count() == 1
    assert route_selectors.list_external_orders(builders.add_user(None, role="compliance"))[0].filled_quantity == "2"


def test_a_report_that_no_venue_should_make_stops_that_venue_alone(perpetual, desk, away):
    away.venues["aster"].script = [Decimal(0)]
    route = send(desk, perpetual, away)
    shown = away.venues["aster"].orders[route.venue_order_id]
    away.tradings["aster"].on_order(msgspec.structs.replace(shown, quantity=Decimal(10) ** 30))
    away.pump()
    assert [away.tradings[name].is_ready for name in ("aster", "borea")] == [False, True]
    assert send(desk, perpetual, away, "borea", command_id="route-2").state == "filled"


def place_best(desk, row, away, parts, lots, command_id="best-1"):
    lot = row.terms.lot_size
    message = PlaceBest(
        command_id=command_id,
        account_id=desk.account.id,
        instrument_name=row.name,
        side=Side.BUY,
        quantity=str(lots * lot),
        price=str(MARK + 20),
        parts=[PlannedPart(venue=name, quantity=str(part * lot), price=str(MARK + 10)) for name, part in parts],
    )
    builders.play_market(row)
    away.show()
    split = services.place_best(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    away.settle()
    split.refresh_from_db()
    return split


def states(split):
    return [(each.venue, each.state) for each in Route.objects.filter(split=split).order_by("id")]


def test_parts_leave_as_they_were_confirmed_and_the_order_ends(venue, perpetual, desk, away):
    split = place_best(desk, perpetual, away, [("aster", 6), ("borea", 4)], 10)
    assert states(split) == [("aster", "filled"), ("borea", "filled")]
    services.reroute_due(clock.now())
    split.refresh_from_db()
    assert (split.state, split.reason) == ("done", "")
    assert engine_position(venue, desk) == (10, 0, 0)


def test_what_is_unknown_still_counts_so_that_nothing_is_bought_twice(perpetual, desk, away):
    away.venues["aster"].script = ["silence"]
    split = place_best(desk, perpetual, away, [("aster", 6), ("borea", 4)], 10)
    services.reroute_due(clock.now())
    split.refresh_from_db()
    assert states(split) == [("aster", "unknown"), ("borea", "filled")]
    assert split.state == "working"


def test_cancel_of_a_split_order_ends_it(perpetual, desk, away):
    away.venues["aster"].script = ["silence"]
    split = place_best(desk, perpetual, away, [("aster", 6)], 10)
    message = CancelSplit(command_id="cancel-best", split_id=split.id)
    services.cancel_split(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    assert SplitOrder.objects.get().state == "canceled"
    services.reroute_due(clock.now())
    assert Route.objects.count() == 1


def show_depth(row, away, asks):
    """``asks``: lots at MARK by venue."""
    at_ns = clock.now_ns()
    level = lambda lots: [(str(MARK), str(lots * row.terms.lot_size))]  # noqa: E731 - one level
    venues = [
        VenueLevels(
            venue=name,
            state="live",
            heard_at_ns=at_ns,
            updated_at_ns=at_ns,
            bids=[],
            asks=level(lots),
            taker_fee="0.0005",
        )
        for name, lots in asks.items()
    ]
    depth = VenueDepth(at_ns=at_ns, market_time_ns=at_ns, instrument_name=row.name, venues=venues)
    valkey.client().hset(MARKET_LATEST, f"venue_depth.{row.name}", msgspec.json.encode(depth))
    away.show()


def test_what_a_venue_refused_is_routed_to_another_and_never_too_much(venue, perpetual, desk, away):
    away.venues["aster"].script = ["reject"]
    split = place_best(desk, perpetual, away, [("aster", 6), ("borea", 4)], 10)
    assert states(split) == [("aster", "rejected"), ("borea", "filled")]
    builders.play_market(perpetual)
    show_depth(perpetual, away, {"aster": 50, "borea": 50})
    services.reroute_due(clock.now())
    away.settle()
    assert states(split)[2:] == [("borea", "filled")]
    assert Route.objects.filter(split=split).latest("id").quantity_lots == 6
    services.reroute_due(clock.now() + dt.timedelta(seconds=1))
    split.refresh_from_db()
    assert (split.state, split.rounds, engine_position(venue, desk)) == ("done", 2, (10, 0, 0))


def test_what_nobody_takes_ends_after_a_while(perpetual, desk, away):
    away.venues["aster"].script = ["reject"]
    split = place_best(desk, perpetual, away, [("aster", 6)], 6)
    told = Route.objects.get().updated_at
    for seconds, state in ((1, "working"), (7, "done")):
        services.reroute_due(told + dt.timedelta(seconds=seconds))
        split.refresh_from_db()
        assert split.state == state
    assert (split.reason, Route.objects.count()) == ("nothing_left_to_take", 1)
