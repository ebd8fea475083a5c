"""Parent orders from a person's word to the children's fills and back, with the real engine and the real database."""

import asyncio
import sqlite3

import pytest

from accounts.models import Account
from audit.models import AuditRecord
from common import clock
from common.errors import Conflict, Refusal
from gateway.algos import service
from gateway.algos.desk import SteeringRefused
from orders import parent_selectors, services, tree_selectors
from orders.models import Order, ParentOrder, ParentPolicy
from settlement import selectors as settlement
from settlement.models import Fill, Position
from strategies.algos import Enter, step
from tests import builders
from tests.integration.orders.algo_venue import NAME, AlgoVenue, quoted_row, trading_firm
from wire import client_parents as messages
from wire.algos import ALGORITHMS, AlgoLimits, AlgoName, AlgoParameters, strategy_id_of
from wire.client import AmendOrder
from wire.client_desk_trades import AllocateTrade, Share
from wire.lifecycle_views import LifecycleKind
from wire.units import Side

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(tmp_path):
    with AlgoVenue.running(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(venue):
    return trading_firm(venue, *ALGORITHMS)


@pytest.fixture
def row(venue):
    return quoted_row(venue)


def stage(desk, number=1, **changes):
    values = {
        "command_id": f"stage-{number}", "account_id": desk.account.id, "instrument_name": NAME, "side": Side.BUY,
        "quantity": "3", "algo": AlgoName.TWAP, "parameters": AlgoParameters(duration_s=20, slice_s=5),
    }  # fmt: skip
    return services.stage_parent(
        user=desk.user, actor=desk.actor, message=messages.StageParent(**{**values, **changes}), at=clock.now()
    )


def act(desk, verb, parent, message_type, user=None, **fields):
    message = message_type(command_id=f"{verb}-{parent.pk}-{parent.steered}", parent_order_id=parent.pk, **fields)
    service = getattr(services, f"{verb}_parent")
    return service(user=user or desk.user, actor=desk.actor, message=message, at=clock.now())


def started(venue, desk, **changes):
    parent = stage(desk, **changes)
    act(desk, "start", parent, messages.StartParent)
    venue.relay()
    venue.tell()
    parent.refresh_from_db()
    assert parent.state == "working"
    return parent


def finish(venue, row, parent, seconds=60):
    for _ in range(seconds):
        venue.turn(row)
        venue.tell()
        venue.relay()
        parent.refresh_from_db()
        if parent.ended_at:
            venue.project()
            parent.refresh_from_db()
            return parent
    raise AssertionError(f"parent order is {parent.state} after {seconds} s: {parent.progress}")


def actions_of(parent):
    rows = AuditRecord.objects.filter(entity=f"parent:{parent.pk}").order_by("sequence")
    return [record.action for record in rows]


def test_twap_trades_all_of_it_and_says_so(venue, desk, row):
    parent = finish(venue, row, started(venue, desk))
    children = Order.objects.filter(parent=parent)
    lots = sum(child.cumulative_lots for child in children)
    assert (parent.state, parent.cumulative_lots, parent.quantity_lots) == ("done", lots, lots)
    assert {child.origin for child in children} == {"algo"}
    assert len(children) >= 4
    assert actions_of(parent) == ["parent.staged", "parent.start_requested", "parent.started", "parent.done"]
    view = tree_selectors.get_lifecycle(desk.user, LifecycleKind.PARENT, parent.pk)
    assert view.parent.filled_quantity == "3"
    assert (view.parent.arrival_mid is not None, view.parent.cost_arrival_basis_points is not None) == (True, True)
    assert sum(float(fill.quantity) for fill in view.fills) == 3
    assert [at for at, _ in view.parent.plan] == [5 * 10**9, 10 * 10**9, 15 * 10**9, 20 * 10**9]


def test_a_parent_order_is_shared_out_as_a_whole_once_all_its_fills_are_here(venue, desk, row):
    fund = Account.objects.create(firm=desk.firm, desk=desk.desk, name="Fund")
    venue.limit(type(desk)(account=fund, firm=desk.firm, desk=desk.desk))
    parent = finish(venue, row, started(venue, desk))

    def share(number, **source):
        message = AllocateTrade(
            command_id=f"share-{number}", shares=(Share(account_id=fund.id, ratio=1),), reason="to the fund", **source
        )
        return services.allocate_trade(user=desk.user, actor=desk.actor, message=message, at=clock.now())

    told = ParentOrder.objects.filter(pk=parent.pk)
    told.update(cumulative_lots=parent.cumulative_lots - 1)
    with pytest.raises(Conflict) as early:
        share(1, parent_order_id=parent.pk)
    assert early.value.reason == "fills_missing"
    told.update(cumulative_lots=parent.cumulative_lots)
    with pytest.raises(Conflict) as part:
        share(2, order_id=Order.objects.filter(parent=parent, cumulative_lots__gt=0).first().pk)
    assert part.value.reason == "child_of_parent"
    trade = share(3, parent_order_id=parent.pk)
    for _ in range(3):
        venue.relay()
        venue.project()
    trade.refresh_from_db()
    legs = list(trade.legs.values_list("price_ticks", "quantity_lots"))
    assert (trade.state, sum(lots for _, lots in legs)) == ("done", parent.cumulative_lots)
    assert sum(price * lots for price, lots in legs) == parent.traded_tick_lots
    fees = Fill.objects.filter(account=desk.account, desk_trade_id=None).values_list("fee", flat=True)
    assert trade.fee == sum(fees) > 0
    held = Position.objects.exclude(quantity=0).filter(account__firm=desk.firm)
    assert list(held.values_list("account_id", "quantity")) == [(fund.id, 3)]
    assert settlement.check_ledger() == []


def test_pause_cancels_children_and_cancel_ends_it(venue, desk, row):
    parent = started(venue, desk, parameters=AlgoParameters(duration_s=600, slice_s=60))
    venue.turn(row, 3)
    act(desk, "pause", parent, messages.PauseParent)
    venue.relay()
    venue.turn(row, 2)
    venue.tell()
    parent.refresh_from_db()
    assert (parent.state, parent.requested) == ("paused", "")
    assert not Order.objects.filter(parent=parent).working().exists()
    act(desk, "resume", parent, messages.ResumeParent)
    venue.relay()
    venue.turn(row, 2)
    act(desk, "cancel", parent, messages.CancelParent)
    venue.relay()
    parent = finish(venue, row, parent)
    assert parent.state == "canceled"
    assert not Order.objects.filter(parent=parent).working().exists()
    with pytest.raises(Refusal) as refused:
        act(desk, "resume", parent, messages.ResumeParent)
    assert refused.value.reason == "parent_not_steerable"


def test_parameters_change_while_it_works(venue, desk, row):
    parent = started(venue, desk, parameters=AlgoParameters(duration_s=600, slice_s=60))
    venue.turn(row, 2)
    act(desk, "change", parent, messages.ChangeParent, parameters=AlgoParameters(duration_s=10, slice_s=5))
    venue.relay()
    parent = finish(venue, row, parent)
    assert parent.state == "done"
    assert len(parent.plan) == 2


def test_a_desk_that_takes_two_lets_nobody_start_alone(venue, desk, row):
    second = builders.add_user(desk.firm, desk.desk)
    admin = builders.add_user(builders.trading_firm("House", kind="house").firm, role="admin")
    overseer = builders.add_user(admin.firm, role="compliance")
    policy = messages.ProposeParentPolicy(command_id="p", desk_id=desk.desk.id, takes_two=True, reason="two eyes more")
    proposal = services.propose_policy(user=admin, actor=desk.actor, message=policy, at=clock.now())
    assert not parent_selectors.takes_two(desk.desk.id)
    decision = messages.DecideParentPolicy(command_id="d", proposal_id=proposal, is_approved=True, reason="agreed")
    with pytest.raises(Refusal) as alone:
        services.decide_policy(user=admin, actor=desk.actor, message=decision, at=clock.now())
    assert alone.value.reason == "same_person"
    services.decide_policy(user=overseer, actor=desk.actor, message=decision, at=clock.now())
    parent = stage(desk)
    for verb, kind, fields, reason in (
        ("start", messages.StartParent, {}, "approval_missing"),
        ("approve", messages.ApproveParent, {"reason": "fine by me"}, "same_person"),
    ):
        with pytest.raises(Refusal) as refused:
            act(desk, verb, parent, kind, **fields)
        assert refused.value.reason == reason
    act(desk, "approve", parent, messages.ApproveParent, second, reason="fine by me")
    act(desk, "start", parent, messages.StartParent)
    parent.refresh_from_db()
    assert (parent.approved_by_id, parent.requested) == (second.pk, "work")


def test_a_change_does_not_undo_a_pause_that_is_under_way(venue, desk, row):
    parent = started(venue, desk, parameters=AlgoParameters(duration_s=600, slice_s=60))
    act(desk, "pause", parent, messages.PauseParent)
    parent.refresh_from_db()
    act(desk, "change", parent, messages.ChangeParent, limits=AlgoLimits(limit_price="0.01"))
    venue.relay()
    venue.tell()
    parent.refresh_from_db()
    assert (parent.state, parent.requested) == ("paused", "")
    assert venue.algos.desk.parents[parent.pk].state.terms.limit_ticks > 0


def test_what_another_person_approved_does_not_change_once_it_was_started(venue, desk, row):
    ParentPolicy.objects.create(desk=desk.desk, takes_two=True)
    parent = stage(desk)
    act(desk, "approve", parent, messages.ApproveParent, builders.add_user(desk.firm, desk.desk), reason="fine")
    for state, reason in (("approved", "already_requested"), ("working", "approval_missing")):
        if state == "approved":
            act(desk, "start", parent, messages.StartParent)
        else:
            venue.relay()
            venue.tell()
        parent.refresh_from_db()
        assert parent.state == state
        with pytest.raises(Refusal) as refused:
            act(desk, "change", parent, messages.ChangeParent, limits=AlgoLimits(limit_price="0.01"))
        assert refused.value.reason == reason


def test_a_start_that_comes_too_late_is_refused_and_ends_it(venue, desk, row):
    parent = stage(desk)
    act(desk, "start", parent, messages.StartParent)
    venue.now_ns += 3_600 * 10**9
    with pytest.raises(Exception, match="command_expired"):
        venue.relay()
    assert not venue.algos.desk.parents


def test_the_engine_takes_no_more_than_the_parent_wants(venue, desk, row):
    parent = started(venue, desk)
    venue.turn(row, 2)
    child = Order.objects.filter(parent=parent).first()
    venue.engine.enter_order(
        clock.now_ns(), "ALGO", f"{parent.pk}-999", clock.now_ns() + 10**12, desk.account.id, desk.user.id,
        desk.desk.id, desk.firm.id, row.id, 0, 0, 1, parent.quantity_lots, child.price_ticks,
        strategy_id=strategy_id_of(AlgoName.TWAP), parent_order_id=parent.pk,
    )  # fmt: skip
    venue.project()
    rejected = Order.objects.get(client_order_id=f"{parent.pk}-999")
    assert (rejected.state, rejected.reason) == ("rejected", "orders_out_vs_orders_in")


def test_an_algorithm_without_deployment_caps_pauses_itself(venue, desk, row):
    venue.allow(strategy_id_of(AlgoName.TWAP), max_orders=0)
    parent = started(venue, desk)
    for _ in range(30):
        venue.turn(row)
    venue.tell()
    parent.refresh_from_db()
    assert (parent.state, parent.reason, parent.cumulative_lots) == ("paused", "deployment_cap", 0)
    assert parent.progress["rejected"] == 5


def test_a_child_is_changed_by_its_parent_alone(venue, desk, row):
    parent = started(venue, desk, limits=AlgoLimits(limit_price="0.01"))
    venue.turn(row, 2)
    child = Order.objects.filter(parent=parent).working().first()
    with pytest.raises(Refusal) as refused:
        message = AmendOrder(command_id="amend", order_id=child.pk, quantity="9")
        services.amend_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    assert refused.value.reason == "child_of_parent"


def test_a_log_that_cannot_be_written_leaves_nothing_at_work(venue, desk, row, monkeypatch):
    """And no word is taken that a restart would not know."""
    parent = started(venue, desk, algo=AlgoName.PEG, parameters=AlgoParameters(duration_s=600))
    venue.turn(row)
    working = [child.order_id for child in venue.algos.desk.parents[parent.pk].state.children]
    assert working and {order[0] for order in venue.engine.working_orders()} >= set(working)

    def fail(batch):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(venue.algos.desk, "write", fail)
    monkeypatch.setattr(service, "TICK_SECONDS", 0.01)
    asyncio.run(venue.algos.run())
    assert venue.engine.flush(20)
    assert not {order[0] for order in venue.engine.working_orders()} & set(working)
    command = venue.algos.desk.parents[parent.pk].command
    with pytest.raises(SteeringRefused, match="algo_log_failed"):
        asyncio.run(venue.algos.on_command(venue.sequence + 1, command))


def test_what_was_on_its_way_when_the_log_failed_is_canceled_too(venue, desk, row, monkeypatch):
    parent = started(venue, desk, algo=AlgoName.PEG, parameters=AlgoParameters(duration_s=600))
    venue.now_ns += 10**9
    venue.quote(row, venue.rng)
    venue.algos.desk.on_time(venue.now_ns)
    asyncio.run(venue.algos.send())
    assert [child.order_id for child in venue.algos.desk.parents[parent.pk].state.children] == [0]
    monkeypatch.setattr(service, "TICK_SECONDS", 0.01)

    async def fail_and_hear():
        canceling = asyncio.create_task(venue.algos._cancel_children())  # noqa: SLF001 - what run() does then
        await asyncio.sleep(0)
        assert venue.engine.flush(20)
        for raw in venue.engine.drain():
            venue.algos.on_event(raw)
        await canceling

    asyncio.run(fail_and_hear())
    assert venue.engine.flush(20)
    assert not venue.engine.working_orders()


@pytest.mark.parametrize("at", [1, 4, 6, 9])
def test_after_a_kill_the_state_is_what_it_was_and_no_child_comes_twice(venue, desk, row, at):
    parent = started(venue, desk)
    venue.turn(row, at)
    before = venue.algos.desk.parents[parent.pk].state
    venue.restart()
    assert venue.algos.desk.parents[parent.pk].state == before
    parent = finish(venue, row, parent)
    assert (parent.state, parent.cumulative_lots) == ("done", parent.quantity_lots)
    numbers = [child.client_order_id for child in Order.objects.filter(parent=parent)]
    assert len(numbers) == len(set(numbers)) == parent.progress["children"]


def test_a_child_that_was_decided_and_not_sent_is_given_up(venue, desk, row):
    parent = started(venue, desk)
    venue.now_ns += 10**9
    venue.algos.desk.on_time(venue.now_ns)
    assert venue.algos.desk.actions
    venue.algos.desk.write(venue.algos.desk.take_batch())
    venue.restart()
    assert venue.algos.desk.parents[parent.pk].state.children == ()
    parent = finish(venue, row, parent)
    assert parent.cumulative_lots == parent.quantity_lots
    assert not Order.objects.filter(client_order_id=f"{parent.pk}-1").exists()


def test_the_log_replays_to_the_state_that_it_made(venue, desk, row):
    parent = finish(venue, row, started(venue, desk))
    state = None
    sent = []
    for given in venue.algos.desk._log.load_inputs(parent.pk):  # noqa: SLF001 - the log itself is what is tested
        state, actions = step(state, given)
        sent += actions
    told = parent.progress
    assert (state.phase, state.executed_lots, state.executed_tick_lots) == (
        "done", parent.cumulative_lots, parent.traded_tick_lots
    )  # fmt: skip
    assert (state.children_sent, state.rejected, state.market_lots) == (
        told["children"], told["rejected"], told["market_lots"]
    )  # fmt: skip
    entered = {child.client_order_id for child in Order.objects.filter(parent=parent)}
    assert {f"{parent.pk}-{action.child}" for action in sent if isinstance(action, Enter)} == entered


def test_parents_of_another_firm_do_not_exist(venue, desk, row):
    stranger = builders.trading_firm("Other", deposits={"BTC": "1"})
    parent = stage(desk)
    with pytest.raises(Refusal):
        tree_selectors.get_lifecycle(stranger.user, LifecycleKind.PARENT, parent.pk)
    assert parent_selectors.list_parents(stranger.user) == []
    with pytest.raises(Refusal):
        act(stranger, "cancel", parent, messages.CancelParent)


def test_staging_twice_is_once_and_what_makes_no_sense_is_refused(venue, desk, row):
    assert stage(desk).pk == stage(desk).pk
    assert ParentOrder.objects.count() == 1
    for fields, reason in (
        ({"algo": AlgoName.ICEBERG}, "display_quantity_required"),
        ({"algo": AlgoName.SNIPER}, "trigger_price_required"),
        ({"parameters": AlgoParameters(duration_s=86_400, slice_s=1)}, "too_many_slices"),
        ({"limits": AlgoLimits(limit_price="0.00001")}, "limit_price_off_grid"),
    ):
        with pytest.raises(Refusal) as refused:
            stage(desk, 2, **fields)
        assert refused.value.reason == reason
    asyncio.run(venue.algos.send())
