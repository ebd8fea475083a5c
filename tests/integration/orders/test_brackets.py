"""Brackets from a person's word to the last fill and back, with the real engine and the real database."""

import pytest

from common import clock
from common.errors import Refusal
from orders import services, tree_selectors
from orders.models import Order, ParentOrder
from settlement import selectors as settlement
from settlement.models import Position
from tests.integration.orders.algo_venue import NAME, AlgoVenue, quoted_row, trading_firm
from tests.integration.orders.test_parents import act, actions_of
from wire import client_parents as messages
from wire.algos import AlgoName, AlgoParameters
from wire.brackets import BracketKind, BracketParameters, BracketRole, BracketStage, role_of
from wire.client import CancelOrder
from wire.lifecycle_views import LifecycleKind
from wire.units import Side, StopTrigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(tmp_path):
    with AlgoVenue.running(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(venue):
    return trading_firm(venue)


@pytest.fixture
def row(venue):
    return quoted_row(venue)


def price(row, ticks):
    return str(ticks * row.tick_size)


def bracket(row, kind=BracketKind.OTOCO, entry=None, profit=700, stop=400, **changes):
    return BracketParameters(
        kind=kind,
        entry_price=entry and price(row, entry),
        take_profit=profit and price(row, profit),
        stop_loss=stop and price(row, stop),
        **changes,
    )


def stage(desk, parts, number=1, side=Side.BUY):
    message = messages.StageParent(
        command_id=f"bracket-{number}", account_id=desk.account.id, instrument_name=NAME, side=side, quantity="1",
        algo=AlgoName.BRACKET, parameters=AlgoParameters(bracket=parts),
    )  # fmt: skip
    return services.stage_parent(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def start(venue, desk, parent):
    act(desk, "start", parent, messages.StartParent)
    venue.relay()
    venue.tell()
    parent.refresh_from_db()
    assert parent.state == "working"
    return parent


def roles(parent):
    children = Order.objects.filter(parent=parent).order_by("id")
    return [(role_of(child.client_order_id), child.state, child.is_reduce_only) for child in children]


def look(venue, row, parent, seconds=3):
    venue.turn(row, seconds)
    venue.tell()
    venue.relay()
    venue.project()
    parent.refresh_from_db()
    return parent


def view_of(desk, parent):
    return tree_selectors.get_lifecycle(desk.user, LifecycleKind.PARENT, parent.pk).parent


def test_an_entry_gets_both_exits_and_the_stop_closes_it(venue, desk, row):
    parent = look(venue, row, start(venue, desk, stage(desk, bracket(row))))
    assert roles(parent) == [(BracketRole.ENTRY, "filled", False), (BracketRole.TAKE_PROFIT, "new", True)]
    view = view_of(desk, parent)
    assert (view.bracket.stage, view.bracket.open_quantity, view.bracket.exit_working_quantity) == (
        BracketStage.PROTECTED, "1", "1",
    )  # fmt: skip
    venue.book.mark_ticks = 399
    parent = look(venue, row, parent, 5)
    assert roles(parent)[1:] == [(BracketRole.TAKE_PROFIT, "canceled", True), (BracketRole.STOP_LOSS, "filled", True)]
    view = view_of(desk, parent)
    assert (parent.state, parent.reason, view.filled_quantity, view.bracket.closed_quantity) == (
        "done", "stop_loss", "1", "1",
    )  # fmt: skip
    assert view.bracket.average_exit_price is not None
    assert Position.objects.get(account=desk.account).quantity == 0
    assert settlement.check_ledger() == []
    assert actions_of(parent)[-2:] == ["parent.changed", "parent.done"]


def test_the_profit_closes_it_and_the_stop_never_leaves(venue, desk, row):
    parent = look(venue, row, start(venue, desk, stage(desk, bracket(row, profit=520))))
    parent.refresh_from_db()
    act(desk, "change", parent, messages.ChangeParent, parameters=AlgoParameters(bracket=bracket(row, profit=490)))
    parent = look(venue, row, parent, 4)
    assert (parent.state, parent.reason) == ("done", "take_profit")
    assert [role for role, _, _ in roles(parent)] == [
        BracketRole.ENTRY, BracketRole.TAKE_PROFIT, BracketRole.TAKE_PROFIT,
    ]  # fmt: skip


def test_a_kill_at_any_moment_leaves_the_same_bracket(venue, desk, row):
    """The gateway dies after each second of it; nothing is sent twice, and it ends where it would have."""
    parent = start(venue, desk, stage(desk, bracket(row)))
    for at in range(8):
        venue.turn(row)
        venue.restart()
        if at >= 3:
            venue.book.mark_ticks = 399
    parent = look(venue, row, parent, 3)
    assert parent.state == "done"
    filled = [role for role, state, _ in roles(parent) if state == "filled"]
    assert filled == [BracketRole.ENTRY, BracketRole.STOP_LOSS]
    assert Position.objects.get(account=desk.account).quantity == 0


def test_the_database_may_be_away_meanwhile(venue, desk, row):
    """Nothing is projected and nothing is relayed while it trades; afterwards it is all there."""
    parent = start(venue, desk, stage(desk, bracket(row)))
    for second in range(6):
        venue.now_ns += 10**9
        venue.quote(row, venue.rng)
        venue.book.mark_ticks = 399 if second >= 3 else venue.book.mark_ticks
        venue.algos.desk.on_time(venue.now_ns)
        venue.send_only()
    parent = look(venue, row, parent, 1)
    assert (parent.state, parent.reason) == ("done", "stop_loss")


def test_oco_reduces_a_position_with_one_of_two(venue, desk, row):
    opened = look(venue, row, start(venue, desk, stage(desk, bracket(row, BracketKind.OTO, profit=700, stop=None))))
    act(desk, "cancel", opened, messages.CancelParent)
    look(venue, row, opened)
    venue.now_ns = clock.now_ns()
    parts = bracket(row, BracketKind.OCO, profit=495, stop=400)
    parent = look(venue, row, start(venue, desk, stage(desk, parts, 2, Side.SELL)), 4)
    assert (parent.state, parent.reason, parent.cumulative_lots) == ("done", "take_profit", parent.quantity_lots)
    assert Position.objects.get(account=desk.account).quantity == 0


def test_cancel_of_one_exit_by_hand_is_the_end_of_both(venue, desk, row):
    parent = look(venue, row, start(venue, desk, stage(desk, bracket(row))))
    child = Order.objects.filter(parent=parent).order_by("id").last()
    services.cancel_order(
        user=desk.user, actor=desk.actor, message=CancelOrder(command_id="c1", order_id=child.pk), at=clock.now()
    )
    parent = look(venue, row, parent)
    assert (parent.state, parent.reason) == ("canceled", "an exit was canceled: requested")
    venue.book.mark_ticks = 399
    look(venue, row, parent)
    assert [state for _, state, _ in roles(parent)] == ["filled", "canceled"]


def test_an_exit_without_a_position_is_refused_loudly_and_tried_again(venue, desk, row):
    parent = look(venue, row, start(venue, desk, stage(desk, bracket(row, BracketKind.OCO), side=Side.SELL)), 2)
    view = view_of(desk, parent)
    assert (parent.state, view.bracket.problem) == ("working", "exit refused: reduce_only")
    first = view.rejected
    parent = look(venue, row, parent, 40)
    assert view_of(desk, parent).rejected > first
    assert (parent.state, parent.reason) == ("done", "closed_elsewhere")


def test_what_a_bracket_is_does_not_change_while_it_works(venue, desk, row):
    parent = start(venue, desk, stage(desk, bracket(row)))
    changed = AlgoParameters(bracket=bracket(row, BracketKind.OTO, stop=None))
    with pytest.raises(Refusal) as refused:
        act(desk, "change", parent, messages.ChangeParent, parameters=changed)
    assert refused.value.reason == "bracket_kind_fixed"


@pytest.mark.parametrize(
    ("changes", "side", "reason"),
    [
        ({"stop": None}, Side.BUY, "bracket_parts"),
        ({"kind": BracketKind.OTO}, Side.BUY, "bracket_parts"),
        ({"kind": BracketKind.OCO, "entry": 500}, Side.SELL, "entry_price_forbidden"),
        ({"profit": 300}, Side.BUY, "take_profit_wrong_side"),
        ({}, Side.SELL, "take_profit_wrong_side"),
        ({"kind": BracketKind.OCO}, Side.BUY, "take_profit_wrong_side"),
        ({"entry": 750}, Side.BUY, "take_profit_wrong_side"),
        ({"entry": 390}, Side.BUY, "stop_loss_wrong_side"),
        ({"stop_limit": "0.00001"}, Side.BUY, "stop_limit_off_grid"),
        ({"stop_limit": "0.9"}, Side.BUY, "stop_limit_wrong_side"),
        ({"kind": BracketKind.OTO, "stop": None, "stop_limit": "0.02"}, Side.BUY, "stop_limit_forbidden"),
    ],
)
def test_a_bracket_that_makes_no_sense_is_not_staged(desk, row, changes, side, reason):
    with pytest.raises(Refusal) as refused:
        stage(desk, bracket(row, **{"trigger": StopTrigger.LAST_TRADE, **changes}), side=side)
    assert refused.value.reason == reason
    assert not ParentOrder.objects.exists()


@pytest.mark.parametrize(
    ("algo", "parts", "reason"),
    [(AlgoName.BRACKET, False, "bracket_required"), (AlgoName.TWAP, True, "bracket_forbidden")],
)
def test_parts_belong_to_brackets(desk, row, algo, parts, reason):
    message = messages.StageParent(
        command_id="b", account_id=desk.account.id, instrument_name=NAME, side=Side.BUY, quantity="1", algo=algo,
        parameters=AlgoParameters(bracket=bracket(row) if parts else None),
    )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        services.stage_parent(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    assert refused.value.reason == reason
