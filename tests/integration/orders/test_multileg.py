"""Multi-leg orders from a person's word to the last leg and back, with the real engine and the real database."""

from decimal import Decimal

import msgspec
import pytest

from common import clock
from common.errors import Refusal
from orders import services, tree_selectors
from orders.models import Order, ParentOrder
from settlement import selectors as settlement
from settlement.models import Position
from streams.models import OutboxCommand
from tests import builders
from tests.integration.orders.algo_venue import AlgoVenue, trading_firm
from tests.integration.orders.test_parents import act, actions_of
from wire import client_parents as messages
from wire import gateway
from wire.algos import AlgoLimits, AlgoName, AlgoParameters, strategy_id_of
from wire.client_rfq import RfqLeg
from wire.gateway_controls import SetParentOrder
from wire.lifecycle_views import LifecycleKind
from wire.multileg import LeggingRule, MultilegParameters, leg_parent_id
from wire.units import Side, TimeInForce

pytestmark = pytest.mark.django_db

LOW, HIGH = "BTC-27MAR26-80000-C", "BTC-27MAR26-90000-C"
MIDS = {LOW: 500, HIGH: 300}


class LegVenue(AlgoVenue):
    """Quotes both calls around their middles, two ticks to each side; ``mids`` and ``sizes`` are the test's."""

    def __init__(self, folder):
        super().__init__(folder)
        self.mids, self.sizes, self.rows = dict(MIDS), dict.fromkeys(MIDS, 20), []

    def quote(self, row, rng):
        del row, rng
        for row in self.rows:
            mid, size = self.mids[row.name], self.sizes[row.name]
            bids, asks = [(mid - 2, size)], [(mid + 2, size)]
            self.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, row.id, mid, bids, asks)


@pytest.fixture
def venue(tmp_path):
    with LegVenue.running(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(venue):
    return trading_firm(venue, AlgoName.MULTILEG)


@pytest.fixture
def rows(venue):
    listed = [builders.listed(name) for name in (LOW, HIGH)]
    venue.list(listed)
    venue.rows = listed
    venue.quote(None, None)
    return listed


def net(ticks):
    return str(Decimal("0.0001") * ticks)


def spread(price=net(204), legs=None, **changes):
    given = {"legging_limit": "1", "legging_slippage": net(5), "legging_timeout_s": 3, **changes}
    legs = legs or (RfqLeg(instrument_name=LOW, side=Side.BUY), RfqLeg(instrument_name=HIGH, side=Side.SELL))
    return MultilegParameters(legs=tuple(legs), net_price=price, **given)


def stage(desk, parts, number=1, side=Side.BUY, quantity="2", **changes):
    message = messages.StageParent(
        command_id=f"multileg-{number}", account_id=desk.account.id, instrument_name=LOW, side=side, quantity=quantity,
        algo=AlgoName.MULTILEG, parameters=AlgoParameters(multileg=parts), **changes,
    )  # fmt: skip
    return services.stage_parent(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def start(venue, desk, parent):
    builders.play_market(*venue.rows)
    venue.now_ns = clock.now_ns()
    act(desk, "start", parent, messages.StartParent)
    venue.relay()
    venue.tell()
    parent.refresh_from_db()
    assert parent.state == "working"
    return parent


def look(venue, parent, seconds=3):
    for _ in range(seconds):
        venue.turn(None)
        venue.tell()
        venue.relay()
    venue.project()
    parent.refresh_from_db()
    return parent


def view_of(desk, parent):
    return tree_selectors.get_lifecycle(desk.user, LifecycleKind.PARENT, parent.pk).parent


def held(desk):
    return {each.instrument.name: each.quantity for each in Position.objects.filter(account=desk.account)}


def children(parent):
    rows = Order.objects.filter(parent=parent).order_by("id")
    return [(row.instrument.name, row.side, row.client_order_id[-1], row.state) for row in rows]


def test_a_call_spread_is_bought_at_its_net_price_leg_by_leg(venue, desk, rows):
    parent = look(venue, start(venue, desk, stage(desk, spread())))
    assert (parent.state, held(desk)) == ("done", {LOW: 2, HIGH: -2})
    view = view_of(desk, parent)
    shown = view.multileg
    assert (shown.name, shown.net_price, view.average_price, shown.unmatched_quantity) == (
        "call spread", "0.0204", "0.0204", "0",
    )  # fmt: skip
    assert [(leg.side, leg.filled_quantity, leg.average_price) for leg in shown.legs] == [
        (Side.BUY, "2", "0.0502"), (Side.SELL, "2", "0.0298"),
    ]  # fmt: skip
    assert view.filled_quantity == "2"
    assert {(name, side, task) for name, side, task, _ in children(parent)} == {(LOW, "buy", "k"), (HIGH, "sell", "k")}
    assert len(children(parent)) == 4, "one unit at a time: that is what may stand alone"
    assert settlement.check_ledger() == []
    assert actions_of(parent)[-1] == "parent.done"


def test_a_worse_net_price_waits_and_selling_takes_no_less(venue, desk, rows):
    parent = look(venue, start(venue, desk, stage(desk, spread(net(203)))))
    assert (parent.state, children(parent)) == ("working", [])
    sold = look(venue, start(venue, desk, stage(desk, spread(net(196)), 2, Side.SELL)))
    assert (sold.state, held(desk)) == ("done", {LOW: -2, HIGH: 2})
    assert view_of(desk, sold).multileg.net_price == "0.0196"


def test_a_resting_leg_follows_the_other_and_its_fill_is_hedged(venue, desk, rows):
    parent = look(venue, start(venue, desk, stage(desk, spread(net(200), quoting_leg=LOW, legging_timeout_s=60))))
    resting = Order.objects.get(parent=parent)
    assert (resting.client_order_id[-1], resting.price, resting.state) == ("q", Decimal("0.0498"), "new")
    venue.mids[HIGH] = 298
    parent = look(venue, parent)
    assert [state for *_, state in children(parent)] == ["canceled", "new"]
    venue.mids[LOW] = 490
    parent = look(venue, parent, 8)
    assert (parent.state, held(desk)) == ("done", {LOW: 2, HIGH: -2})
    assert {task for _, _, task, _ in children(parent)} == {"q", "h"}
    assert Decimal(view_of(desk, parent).multileg.net_price) <= Decimal(net(200))


def alone(venue, desk, rows, parts):
    """The bought call has traded, and nobody bids for the other."""
    parent = start(venue, desk, stage(desk, parts))
    engine = venue.engine
    take = venue.algos.desk.on_time
    venue.now_ns += 10**9
    take(venue.now_ns)
    engine.set_quotes(clock.now_ns(), builders.FEBRUARY, rows[1].id, 300, [(290, 20)], [(302, 20)])
    venue.mids[HIGH] = 292
    return look(venue, parent, 1)


def test_a_leg_that_stands_alone_is_completed_late_within_the_slippage(venue, desk, rows):
    parent = alone(venue, desk, rows, spread(legging_slippage=net(8)))
    shown = view_of(desk, parent).multileg
    assert (held(desk), shown.unmatched_quantity, shown.is_late) == ({LOW: 1}, "1", False)
    parent = look(venue, parent, 5)
    assert held(desk) == {LOW: 1, HIGH: -1}
    assert [task for _, _, task, state in children(parent) if state == "filled"] == ["k", "l"]
    assert (view_of(desk, parent).multileg.net_price, parent.state) == ("0.0212", "working")


def test_a_leg_that_stands_alone_is_unwound_where_the_order_says_so(venue, desk, rows):
    parent = alone(venue, desk, rows, spread(legging_rule=LeggingRule.UNWIND))
    parent = look(venue, parent, 5)
    assert (parent.state, parent.reason) == ("canceled", "legging_unwound")
    assert held(desk).get(LOW, 0) == 0
    assert view_of(desk, parent).multileg.legs[0].unwound_quantity == "1"


def test_a_kill_with_a_leg_in_flight_trades_each_leg_once(venue, desk, rows):
    parent = start(venue, desk, stage(desk, spread()))
    for _ in range(6):
        venue.turn(None)
        venue.restart()
    parent = look(venue, parent, 3)
    assert (parent.state, held(desk)) == ("done", {LOW: 2, HIGH: -2})


def caps(parent):
    """What the engine was told last that may leave, leg by leg."""
    sent = {}
    for row in OutboxCommand.objects.order_by("id"):
        command = msgspec.json.decode(row.payload, type=gateway.AnyGatewayCommand)
        if isinstance(command, SetParentOrder):
            sent[command.parent_order_id] = command.quantity_lots
    assert set(sent) == {leg_parent_id(parent.pk, leg) for leg in (0, 1)}
    return [sent[leg_parent_id(parent.pk, leg)] for leg in (0, 1)]


def test_the_engine_caps_each_leg_by_itself(venue, desk, rows):
    parent = start(venue, desk, stage(desk, spread(net(100))))
    assert caps(parent) == [20, 20]
    look(venue, parent, 1)
    act(desk, "change", parent, messages.ChangeParent, quantity="5")
    look(venue, parent, 1)
    assert caps(parent) == [50, 50]
    act(desk, "cancel", parent, messages.CancelParent)
    parent = look(venue, parent, 2)
    assert (parent.state, parent.quantity_lots, caps(parent)) == ("canceled", 50, [0, 0])


def test_a_quantity_that_was_lowered_too_late_is_still_made_whole(venue, desk, rows):
    parts = spread(legging_slippage=net(8))
    parent = alone(venue, desk, rows, parts)
    act(desk, "change", parent, messages.ChangeParent, quantity="0.5")
    parent = look(venue, parent, 20)
    assert (parent.state, held(desk), parent.quantity_lots) == ("done", {LOW: 1, HIGH: -1}, 10)


def test_what_stands_alone_is_unwound_under_a_limit_that_was_lowered_since(venue, desk, rows):
    parent = alone(venue, desk, rows, spread(legging_rule=LeggingRule.UNWIND))
    lowered = AlgoParameters(multileg=spread(legging_rule=LeggingRule.UNWIND, legging_limit="0.1"))
    act(desk, "change", parent, messages.ChangeParent, parameters=lowered, quantity="1")
    parent = look(venue, parent, 20)
    assert (parent.state, parent.reason, held(desk).get(LOW, 0)) == ("canceled", "legging_unwound", 0)


def test_net_price_and_quantity_change_while_it_works_and_the_legs_do_not(venue, desk, rows):
    parent = look(venue, start(venue, desk, stage(desk, spread(net(190)))))
    changed = AlgoParameters(multileg=spread(net(204)))
    act(desk, "change", parent, messages.ChangeParent, parameters=changed, quantity="1")
    parent = look(venue, parent)
    assert (parent.state, held(desk), parent.quantity_lots) == ("done", {LOW: 1, HIGH: -1}, 10)
    working = look(venue, start(venue, desk, stage(desk, spread(net(190)), 2)))
    legs = (RfqLeg(instrument_name=LOW, side=Side.BUY), RfqLeg(instrument_name=HIGH, side=Side.SELL, ratio=2))
    with pytest.raises(Refusal) as refused:
        act(desk, "change", working, messages.ChangeParent, parameters=AlgoParameters(multileg=spread(legs=legs)))
    assert refused.value.reason == "legs_fixed"
    with pytest.raises(Refusal) as bare:
        act(desk, "change", working, messages.ChangeParent, parameters=AlgoParameters())
    assert bare.value.reason == "multileg_required"


def test_a_refused_leg_is_named_and_pauses_what_is_whole(venue, desk, rows):
    venue.allow(strategy_id_of(AlgoName.MULTILEG), max_order_value_micros=1)
    parent = look(venue, start(venue, desk, stage(desk, spread())), 30)
    assert (parent.state, parent.reason.split(":")[0]) == ("paused", "leg 1 refused")
    assert held(desk) == {}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"time_in_force": TimeInForce.FOK}, "fok_not_legged"),
        ({"time_in_force": TimeInForce.DAY}, "time_not_legged"),
        ({"time_in_force": TimeInForce.GTD}, "expiry_required"),
        ({"expires_at_ns": 5}, "expiry_forbidden"),
        ({"time_in_force": TimeInForce.IOC, "quoting_leg": LOW}, "quoting_leg_rests"),
        ({"quoting_leg": "BTC-PERPETUAL"}, "quoting_leg_unknown"),
        ({"price": "0.00005"}, "net_price_off_grid"),
        ({"price": "1" + "0" * 20}, "net_price_too_large"),
        ({"legging_limit": "0.05"}, "legging_limit_off_grid"),
        ({"legging_limit": "0"}, "legging_limit_not_positive"),
        ({"legging_slippage": "0.00001"}, "legging_slippage_off_grid"),
        ({"legs": [RfqLeg(instrument_name=LOW, side=Side.BUY), RfqLeg(instrument_name=LOW, side=Side.SELL)]}, "duplicate_leg"),
        ({"legs": [RfqLeg(instrument_name=LOW, side=Side.BUY, ratio=2), RfqLeg(instrument_name=HIGH, side=Side.SELL, ratio=2)]}, "ratios_not_lowest"),
        ({"legs": [RfqLeg(instrument_name=LOW, side=Side.BUY), RfqLeg(instrument_name="BTC-PERPETUAL", side=Side.SELL)]}, "quote_currency_mixed"),
        ({"legs": [RfqLeg(instrument_name=HIGH, side=Side.BUY), RfqLeg(instrument_name=LOW, side=Side.SELL)]}, "first_leg"),
    ],
)  # fmt: skip
def test_a_structure_that_makes_no_sense_is_not_staged(desk, rows, changes, reason):
    builders.listed("BTC-PERPETUAL")
    with pytest.raises(Refusal) as refused:
        stage(desk, spread(**changes))
    assert refused.value.reason == reason
    assert not ParentOrder.objects.exists()


def test_limits_and_legs_belong_to_their_own_orders(desk, rows):
    with pytest.raises(Refusal) as limited:
        stage(desk, spread(), limits=AlgoLimits(max_child_quantity="1"))
    with pytest.raises(Refusal) as bare:
        stage(desk, None)
    message = messages.StageParent(
        command_id="x", account_id=desk.account.id, instrument_name=LOW, side=Side.BUY, quantity="1",
        algo=AlgoName.TWAP, parameters=AlgoParameters(multileg=spread()),
    )  # fmt: skip
    with pytest.raises(Refusal) as forbidden:
        services.stage_parent(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    assert [each.value.reason for each in (limited, bare, forbidden)] == [
        "limits_forbidden", "multileg_required", "multileg_forbidden",
    ]  # fmt: skip
