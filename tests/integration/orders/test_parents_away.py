"""Parent orders whose children go to a venue: real engine, order library and database, the venue in memory."""

from decimal import Decimal

import msgspec
import pytest

from common import clock, valkey
from common.errors import Conflict, NotFound, Refusal
from gateway.events import decode_event
from gateway.registry import Registry
from orders import services, tree_selectors
from orders.models import Order, Route
from settlement.models import Position
from settlement.selectors import check_ledger
from tests import builders
from tests.integration.orders.algo_venue import SECOND, AlgoVenue
from tests.integration.orders.away import Away
from tests.integration.orders.test_parents import act, stage
from tests.integration.orders.venue import MID_TICKS
from wire import client_parents as messages
from wire.algos import ALGORITHMS, AlgoLimits, AlgoName, AlgoParameters, strategy_id_of
from wire.brackets import BracketKind, BracketParameters
from wire.client import AmendRoute
from wire.lifecycle_views import LifecycleKind
from wire.market import VenueDepth, VenueLevels
from wire.transport import MARKET_LATEST

pytestmark = pytest.mark.django_db

NAME = "BTC-27MAR26-80000-C"
VENUE = "aster"


class Desk:
    """The gateway's algorithms and its routes on one engine."""

    def __init__(self, folder):
        self.venue = AlgoVenue(folder)
        self.row = builders.listed(NAME)
        self.venue.list([self.row])
        self.quote()
        self.away = Away(self.venue, Registry([(self.row.id, NAME)]), folder / "venues", [VENUE])
        self.trader = builders.trading_firm(deposits={"BTC": "50"})
        self.venue.limit(self.trader)
        for algo in ALGORITHMS:
            self.venue.allow(strategy_id_of(algo))
        self.connect()

    @property
    def api(self):
        return self.away.venues[VENUE]

    def connect(self):
        self.venue.routes = self.away.routes
        self.venue.algos._entry._routes = self.away.routes  # noqa: SLF001 - as the gateway makes it

    def quote(self):
        """The same again: the risk gate takes nothing in a market that nobody quoted for five seconds of the wall's."""
        mid = MID_TICKS[NAME]
        bids, asks = [(mid - 2, 20), (mid - 4, 50)], [(mid + 2, 20), (mid + 4, 50)]
        self.venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, self.row.id, mid, bids, asks)

    def show(self, *offering):
        """Market and venues as the gateway shows them; ``offering``: the venues that have the instrument."""
        builders.play_market(self.row)
        self.away.show()
        at_ns = clock.now_ns()
        books = [
            VenueLevels(venue=venue, state="live", heard_at_ns=at_ns, updated_at_ns=at_ns, bids=[], asks=[])
            for venue in offering
        ]
        depth = VenueDepth(at_ns=at_ns, market_time_ns=at_ns, instrument_name=NAME, venues=books)
        valkey.client().hset(MARKET_LATEST, f"venue_depth.{NAME}", msgspec.json.encode(depth))

    def start(self, **changes):
        self.show(VENUE)
        parent = stage(self.trader, venue=VENUE, **changes)
        act(self.trader, "start", parent, messages.StartParent)
        self.turn(parent, 0)
        assert parent.state == "working"
        return parent

    def turn(self, parent, seconds=1):
        """Time passes; what the algorithm sends goes out, and what the venue says comes back."""
        for _ in range(seconds):
            self.venue.now_ns = max(self.venue.now_ns, clock.now_ns()) + SECOND
            self.quote()
            assert self.venue.engine.flush(20), self.venue.engine.state
            self.venue.algos.desk.on_time(self.venue.now_ns)
            self.settle()
        self.settle()
        parent.refresh_from_db()

    def settle(self):
        self.away.settle()
        self.venue.tell()
        self.away.settle()

    def kill(self, heard):
        """Without a word: what is in memory is gone, what left or was journaled is not. ``heard``: the last event that
        the database was told of.
        """
        self.away.close()
        self.venue.restart()
        for raw in self.venue.engine.events_from(heard + 1, 1_000):
            builders.project(decode_event(raw))
        self.away.open()
        self.connect()

    def held(self):
        found = Position.objects.filter(account=self.trader.account, instrument=self.row).first()
        return Decimal(0) if found is None else found.quantity

    def close(self):
        self.away.end()
        self.venue.algos.close()
        self.venue.engine.stop()


@pytest.fixture
def desk(tmp_path):
    opened = Desk(tmp_path)
    yield opened
    opened.close()


def test_children_are_routes_of_the_venue_and_the_tree_shows_them(desk):
    parent = desk.start()
    desk.turn(parent, 40)
    routes = Route.objects.filter(parent=parent)
    assert (parent.state, parent.cumulative_lots) == ("done", parent.quantity_lots)
    assert {route.venue for route in routes} == {VENUE}
    assert len(routes) == len(desk.api.orders) >= 4
    assert not Order.objects.exists()
    assert desk.held() == 3
    assert check_ledger() == []
    tree = tree_selectors.get_lifecycle(desk.trader.user, LifecycleKind.PARENT, parent.pk)
    assert (tree.parent.venue, tree.orders, len(tree.routes)) == (VENUE, [], len(routes))
    assert sum(Decimal(fill.quantity) for fill in tree.fills) == 3
    assert [latency.venue for latency in tree.latencies] == [VENUE]


def test_a_silent_venue_holds_its_child_and_nothing_replaces_it(desk):
    desk.api.script = ["silence"]
    parent = desk.start(algo=AlgoName.ICEBERG, parameters=AlgoParameters(duration_s=600, display_quantity="1"))
    desk.turn(parent, 5)
    (route,) = Route.objects.filter(parent=parent)
    assert route.state == "unknown"
    assert parent.progress["working_lots"] * 3 == parent.quantity_lots
    desk.api.script = [0]
    desk.away.agree()
    desk.turn(parent, 1)
    route.refresh_from_db()
    assert (route.state, len(desk.api.orders)) == ("new", 1)


def test_a_refusing_venue_pauses_the_parent_with_its_words(desk):
    desk.api.script = ["reject"] * 5
    parent = desk.start()
    desk.turn(parent, 12)
    assert (parent.state, parent.reason) == ("paused", "10009 not_enough_funds")
    assert parent.progress["rejected"] == 5


def test_caps_of_the_strategy_hold_for_routes(desk):
    desk.venue.allow(strategy_id_of(AlgoName.TWAP), max_orders=0)
    parent = desk.start()
    desk.turn(parent, 12)
    assert (parent.state, parent.reason) == ("paused", "deployment_cap")
    assert desk.api.orders == {}


def test_a_kill_between_the_journal_and_the_venue_sends_nothing_and_goes_on(desk):
    parent = desk.start()
    desk.venue.now_ns += SECOND
    desk.venue.algos.desk.on_time(desk.venue.now_ns)
    heard = desk.venue.engine.event_number
    desk.venue.send_only()
    assert len(desk.venue.engine.open_routes()) == 1
    desk.kill(heard)
    desk.turn(parent, 2)
    lost = Route.objects.filter(parent=parent).order_by("id").first()
    assert (lost.state, lost.reason) == ("rejected", "never_sent")
    desk.turn(parent, 40)
    assert (parent.state, desk.held()) == ("done", 3)
    assert lost.client_order_id not in {each.client_order_id for each in desk.api.orders.values()}


def test_a_kill_before_the_journal_gives_the_child_up(desk):
    parent = desk.start()
    desk.venue.now_ns += SECOND
    desk.venue.algos.desk.on_time(desk.venue.now_ns)
    batch = desk.venue.algos.desk.take_batch()
    desk.venue.algos.desk.write(batch)
    desk.kill(desk.venue.engine.event_number)
    desk.turn(parent, 40)
    assert (parent.state, desk.held()) == ("done", 3)
    children = parent.progress["children"]
    assert len(desk.api.orders) == children - 1, "the one that was given up never left"


def test_a_child_that_rests_at_the_venue_is_found_again_after_a_kill(desk):
    desk.api.script = [0]
    parent = desk.start(algo=AlgoName.ICEBERG, parameters=AlgoParameters(duration_s=600, display_quantity="3"))
    desk.turn(parent, 2)
    (resting,) = desk.api.orders
    desk.kill(desk.venue.engine.event_number)
    desk.turn(parent, 3)
    assert list(desk.api.orders) == [resting], "nothing is sent beside it"
    desk.api.fill(resting, Decimal(3))
    desk.away.agree()
    desk.turn(parent, 1)
    assert (parent.state, parent.cumulative_lots, desk.held()) == ("done", parent.quantity_lots, 3)


def test_a_late_fill_counts_and_a_bust_is_not_traded_anew(desk):
    desk.api.script = [Decimal("0.5")]
    parent = desk.start(algo=AlgoName.ICEBERG, parameters=AlgoParameters(duration_s=600, display_quantity="2"))
    desk.turn(parent, 1)
    trading = desk.away.tradings[VENUE]
    trading.on_execution(desk.api.bust(desk.api.executions[0]))
    desk.turn(parent, 1)
    assert (parent.cumulative_lots, desk.held()) == (0, 0)
    state = desk.venue.algos.desk.parents[parent.pk].state
    assert (state.busted_lots, state.executed_lots) == (parent.quantity_lots // 3, 0)
    for view in list(desk.api.orders.values()):
        desk.api.fill(view.venue_order_id, Decimal(1))
    desk.away.agree()
    desk.turn(parent, 5)
    assert desk.held() == 2
    assert parent.state == "done"


def test_canceling_the_parent_cancels_what_rests_at_the_venue(desk):
    desk.api.script = [0]
    parent = desk.start(algo=AlgoName.ICEBERG, parameters=AlgoParameters(duration_s=600, display_quantity="1"))
    desk.turn(parent, 1)
    act(desk.trader, "cancel", parent, messages.CancelParent)
    desk.turn(parent, 1)
    assert parent.state == "canceled"
    assert [view.state for view in desk.api.orders.values()] == ["canceled"]


def test_the_choice_of_a_venue_is_checked(desk):
    desk.show("borea")
    with pytest.raises(NotFound, match="takes no orders here"):
        stage(desk.trader, venue="nowhere")
    bracket = AlgoParameters(bracket=BracketParameters(kind=BracketKind.OTO, entry_price="0.05", take_profit="0.06"))
    with pytest.raises(Refusal, match="works in our own book"):
        stage(desk.trader, number=2, venue=VENUE, algo=AlgoName.BRACKET, parameters=bracket, limits=AlgoLimits())
    with pytest.raises(NotFound, match=f"does not offer {NAME}") as elsewhere:
        stage(desk.trader, number=3, venue=VENUE)
    assert (elsewhere.value.reason, elsewhere.value.bound) == ("not_at_venue", "borea")


def test_a_venue_that_has_the_instrument_no_more_starts_nothing(desk):
    desk.show(VENUE)
    parent = stage(desk.trader, venue=VENUE)
    desk.show()
    with pytest.raises(NotFound) as gone:
        act(desk.trader, "start", parent, messages.StartParent)
    assert (gone.value.reason, gone.value.bound) == ("not_at_venue", "no venue")


def test_no_person_amends_an_algorithms_route(desk):
    desk.api.script = [0]
    parent = desk.start(algo=AlgoName.ICEBERG, parameters=AlgoParameters(duration_s=600, display_quantity="1"))
    desk.turn(parent, 1)
    route = Route.objects.get(parent=parent)
    message = AmendRoute(command_id="amend", route_id=route.pk, price="0.04")
    with pytest.raises(Conflict, match="moves its own orders"):
        services.amend_route(user=desk.trader.user, actor=desk.trader.actor, message=message, at=clock.now())


def test_a_pov_at_a_venue_keeps_its_part_of_what_others_trade_there(desk):
    parameters = AlgoParameters(duration_s=600, slice_s=5, participation_basis_points=2_000)
    parent = desk.start(algo=AlgoName.POV, quantity="9", parameters=parameters)
    lots, each = 0, parent.quantity_lots // 45
    for _ in range(60):
        lots += each
        desk.venue.book.elsewhere = (lots, lots * 500)
        desk.turn(parent)
    state = desk.venue.algos.desk.parents[parent.pk].state
    share = state.executed_lots / (state.executed_lots + state.market_lots)
    assert state.market_lots == lots
    assert share == pytest.approx(0.2, abs=0.02)
    tree = tree_selectors.get_lifecycle(desk.trader.user, LifecycleKind.PARENT, parent.pk)
    assert Decimal(tree.costs.market_price) == 500 * desk.row.tick_size
    assert tree.costs.market_basis_points is not None
