"""Trades that people book, with the real engine and the real ledger: positions agree, and the books balance."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Account
from audit.models import AuditRecord
from common import clock
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from orders import desk_trade_selectors, services
from orders.models import DeskTrade, Order
from settlement import selectors as settlement
from settlement.models import Fill, Position, Transfer
from tests import builders
from tests.integration.orders.venue import Venue
from wire.client import PlaceOrder
from wire.client_desk_trades import AllocateTrade, CorrectFill, DecideDeskTrade, EnterFill, Share, UndoAllocation
from wire.desk_trade_views import DESK_BLOCKS_FROM
from wire.gateway import VoidBlock
from wire.units import OrderType, Side, TimeInForce

pytestmark = pytest.mark.django_db
NAME = "BTC-27MAR26-80000-C"


@pytest.fixture
def venue(tmp_path):
    opened = Venue(tmp_path / "journal")
    yield opened
    opened.engine.stop()


@pytest.fixture
def desk(venue):
    trader = builders.trading_firm(deposits={"BTC": "50"})
    venue.limit(trader)
    trader.second = builders.add_user(trader.firm, trader.desk)
    return trader


@pytest.fixture
def row(venue, desk):
    listed = builders.listed(NAME)
    builders.play_market(listed, at_ns=clock.now_ns() + 1_500_000_000)
    venue.list([listed])
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, listed.id, 500, [(499, 30)], [(501, 3), (502, 30)])
    return listed


@pytest.fixture
def funds(venue, desk):
    """Two more accounts of the firm, known to the gateway."""
    made = []
    for name in ("Alpha", "Beta"):
        account = Account.objects.create(firm=desk.firm, desk=desk.desk, name=name)
        venue.limit(type(desk)(account=account, firm=desk.firm, desk=desk.desk))
        made.append(account)
    return made


def settle(venue):
    """Commands into the engine and its answers back, until nothing is left to say."""
    for _ in range(3):
        venue.relay()
        venue.project()


def lots_held(venue, account):
    assert venue.engine.flush(20)
    return {found[0]: found[2] for found in venue.engine.positions()}.get(account.id, 0)


def enter(desk, number=1, **changes):
    values = {
        "command_id": f"enter-{number}", "account_id": desk.account.id, "instrument_name": NAME, "side": Side.BUY,
        "quantity": "2", "price": "0.05", "source": "voice", "fee": "0.0003", "reason": "agreed by phone",
    }  # fmt: skip
    message = EnterFill(**{**values, **changes})
    return services.enter_fill(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def decide(desk, trade, user=None, *, is_approved=True):
    user = user or desk.second
    message = DecideDeskTrade(
        command_id=f"decide-{trade.pk}-{user.pk}", desk_trade_id=trade.pk, is_approved=is_approved, reason="seen it"
    )
    return services.decide_desk_trade(user=user, actor=builders.actor_of(user), message=message, at=clock.now())


def correct(desk, trade, number=1, **changes):
    message = CorrectFill(command_id=f"correct-{number}", desk_trade_id=trade.pk, reason="misheard", **changes)
    return services.correct_fill(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def booked(venue, desk, trade):
    decide(desk, trade)
    settle(venue)
    trade.refresh_from_db()
    assert (trade.state, trade.gateway_reason) == ("done", "")
    return trade


def position(account):
    found = Position.objects.filter(account=account).first()
    return found.quantity if found else 0


def paid(account):
    """What left (below zero) the account in coins, with what is pending."""
    (balance,) = [one for one in settlement.list_balances([account.id]) if one.asset == "BTC"] or [None]
    return Decimal(balance.posted) + Decimal(balance.pending) if balance else Decimal(0)


def test_a_fill_by_voice_takes_two_people_and_is_booked_like_any(venue, desk, row):
    trade = enter(desk)
    settle(venue)
    assert (trade.state, Fill.objects.count(), position(desk.account)) == ("requested", 0, 0)
    with pytest.raises(NotAllowed, match="two people"):
        decide(desk, trade, desk.user)
    booked(venue, desk, trade)
    fill = Fill.objects.get()
    assert (fill.venue, fill.desk_trade_id, fill.quantity, fill.price) == ("manual:voice", trade.pk, 2, Decimal("0.05"))
    assert position(desk.account) == 2
    assert lots_held(venue, desk.account) == 2 / row.lot_size
    assert paid(desk.account) == 50 - Decimal("0.1") - Decimal("0.0003")
    assert settlement.check_ledger() == []
    records = AuditRecord.objects.filter(entity=f"desk_trade:{trade.pk}").order_by("sequence")
    assert [record.action for record in records] == [
        "desk_trade.requested", "desk_trade.approved", "desk_trade.sent", "fill.booked", "desk_trade.booked",
    ]  # fmt: skip


def test_a_refused_fill_books_nothing_and_is_decided_once(venue, desk, row):
    trade = enter(desk)
    decide(desk, trade, is_approved=False)
    settle(venue)
    assert DeskTrade.objects.get().state == "refused"
    with pytest.raises(Conflict, match="was decided"):
        decide(desk, trade, builders.add_user(desk.firm, desk.desk))
    assert not Fill.objects.exists()


def test_the_database_itself_wants_two_people(desk, row):
    trade = enter(desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        DeskTrade.objects.filter(pk=trade.pk).update(decided_by=desk.user, decided_at=clock.now(), state="sent")
    with pytest.raises(IntegrityError), transaction.atomic():
        DeskTrade.objects.filter(pk=trade.pk).update(state="sent")


def test_a_bust_is_a_new_fact_and_leaves_nothing(venue, desk, row):
    trade = booked(venue, desk, enter(desk))
    bust = correct(desk, trade)
    assert bust.kind == "bust"
    booked(venue, desk, bust)
    assert (Fill.objects.count(), position(desk.account), lots_held(venue, desk.account)) == (2, 0, 0)
    assert paid(desk.account) == 50
    assert settlement.check_ledger() == []
    trade.refresh_from_db()
    assert not desk_trade_selectors.is_standing(trade)
    with pytest.raises(Conflict):
        correct(desk, trade, 2)


def test_a_fee_that_was_settled_is_paid_back_by_the_venue(venue, desk, row):
    from settlement.services import run_netting_cycle  # noqa: PLC0415 - only here

    trade = booked(venue, desk, enter(desk, fee="-0.0002"))
    assert paid(desk.account) == 50 - Decimal("0.1") + Decimal("0.0002")
    run_netting_cycle(at=clock.now())
    booked(venue, desk, correct(desk, trade))
    assert paid(desk.account) == 50
    assert settlement.check_ledger() == []


def test_a_correction_leaves_what_should_have_been(venue, desk, row):
    trade = booked(venue, desk, enter(desk))
    first = booked(venue, desk, correct(desk, trade, price="0.06", quantity="3"))
    second = booked(venue, desk, correct(desk, first, 2, price="0.055"))
    assert position(desk.account) == 3 == lots_held(venue, desk.account) * row.lot_size
    assert paid(desk.account) == 50 - 3 * Decimal("0.055") - Decimal("0.0003")
    booked(venue, desk, correct(desk, second, 3))
    assert (position(desk.account), paid(desk.account)) == (0, 50)
    assert settlement.check_ledger() == []


def test_the_gateway_may_say_no_and_nothing_is_booked(venue, desk, row):
    trade = enter(desk, quantity="200000")
    decide(desk, trade)
    settle(venue)
    trade.refresh_from_db()
    assert trade.state == "failed"
    assert trade.gateway_reason.startswith("max_order_quantity:")
    assert not Fill.objects.exists()
    correctable = enter(desk, 2)
    booked(venue, desk, correctable)


def test_silence_fails_by_name_and_a_late_reservation_is_void(venue, desk, row):
    trade = enter(desk)
    decide(desk, trade)
    assert services.keep_desk_trades(clock.now()) == 0
    assert services.keep_desk_trades(clock.now() + dt.timedelta(seconds=11)) == 1
    sent = []
    venue.relay(sent.append)
    venue.project()
    assert [type(command) for command in sent][-1] is VoidBlock
    trade.refresh_from_db()
    assert (trade.state, Fill.objects.count(), lots_held(venue, desk.account)) == ("failed", 0, 0)
    assert trade.reservation_id == DESK_BLOCKS_FROM + trade.pk


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": "0.05"}, "quantity_off_grid"),
        ({"price": "0.00007"}, "price_off_grid"),
        ({"price": "-1"}, "price_not_positive"),
        ({"fee": "0.0000000001"}, "fee_off_grid"),
        ({"fee": "9999999999"}, "fee_too_large"),
        ({"traded_at_ns": 10**18}, "traded_at_out_of_range"),
        ({"instrument_name": "BTC-NOTHING"}, "unknown_instrument"),
        ({"account_id": 10**6}, "unknown_account"),
    ],
)
def test_a_fill_that_cannot_be_is_refused(desk, row, changes, reason):
    with pytest.raises(Refusal) as refused:
        enter(desk, **changes)
    assert refused.value.reason == reason
    assert not DeskTrade.objects.exists()


def test_a_repeat_of_a_command_is_the_same_trade(venue, desk, row):
    trade = enter(desk)
    assert enter(desk).pk == trade.pk
    decide(desk, trade)
    decide(desk, trade)
    settle(venue)
    assert Fill.objects.count() == 1


def test_other_firms_see_and_decide_nothing(desk, row):
    trade = enter(desk)
    other = builders.trading_firm()
    assert desk_trade_selectors.list_desk_trades(other.user) == []
    with pytest.raises(NotFound):
        decide(desk, trade, other.user)


def trade_at_two_prices(venue, desk):
    """Buys 5 lots: 3 at 501 and 2 at 502."""
    message = PlaceOrder(
        command_id="buy", account_id=desk.account.id, instrument_name=NAME, side=Side.BUY,
        order_type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, quantity="0.5", price="0.0502",
    )  # fmt: skip
    order = services.place_order(user=desk.user, actor=desk.actor, message=message, at=clock.now())
    settle(venue)
    order.refresh_from_db()
    assert (order.state, order.cumulative_lots, order.traded_tick_lots) == ("filled", 5, 3 * 501 + 2 * 502)
    return order


def allocate(desk, order, shares, number=1):
    message = AllocateTrade(
        command_id=f"share-{number}", order_id=order.pk, shares=tuple(shares), reason="to the funds"
    )
    return services.allocate_trade(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def undo(desk, trade):
    message = UndoAllocation(command_id=f"undo-{trade.pk}", desk_trade_id=trade.pk, reason="wrong funds")
    return services.undo_allocation(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def test_a_trade_is_shared_out_at_its_average_to_the_last_unit(venue, desk, row, funds):
    order = trade_at_two_prices(venue, desk)
    before = {account.id: paid(account) for account in [desk.account, *funds]}
    trade = allocate(desk, order, [Share(account_id=funds[0].id, ratio=2), Share(account_id=funds[1].id, ratio=3)])
    settle(venue)
    trade.refresh_from_db()
    assert (trade.state, trade.gateway_reason) == ("done", "")
    assert [position(account) * 10 for account in [desk.account, *funds]] == [0, 2, 3]
    assert [lots_held(venue, account) for account in [desk.account, *funds]] == [0, 2, 3]
    legs = [(leg.account_id, leg.price_ticks, leg.quantity_lots) for leg in trade.legs.order_by("number")]
    assert sum(price * lots for _, price, lots in legs) == order.traded_tick_lots
    spent = Decimal("0.0501") * 3 / 10 + Decimal("0.0502") * 2 / 10
    fee = Decimal(Fill.objects.get(order_id=order.pk, price=Decimal("0.0501")).fee) / 10**8
    fee += Decimal(Fill.objects.get(order_id=order.pk, price=Decimal("0.0502")).fee) / 10**8
    assert paid(desk.account) == 50, "whoever traded has paid nothing in the end"
    assert sum(before[account.id] - paid(account) for account in funds) == spent + fee
    assert settlement.check_ledger() == []


def test_an_allocation_is_undone_by_the_same_the_other_way_round(venue, desk, row, funds):
    order = trade_at_two_prices(venue, desk)
    before = paid(desk.account)
    trade = allocate(desk, order, [Share(account_id=funds[0].id, quantity="0.3")])
    settle(venue)
    with pytest.raises(Conflict) as refused:
        allocate(desk, order, [Share(account_id=funds[1].id, quantity="0.1")], 2)
    assert refused.value.reason == "already_allocated"
    counter = undo(desk, DeskTrade.objects.get(pk=trade.pk))
    settle(venue)
    counter.refresh_from_db()
    assert (counter.state, counter.kind) == ("done", "undo_allocation")
    assert [lots_held(venue, account) for account in [desk.account, *funds]] == [5, 0, 0]
    assert (paid(desk.account), paid(funds[0])) == (before, 0)
    assert settlement.check_ledger() == []
    with pytest.raises(Conflict):
        undo(desk, DeskTrade.objects.get(pk=counter.pk))
    allocate(desk, order, [Share(account_id=funds[1].id, quantity="0.1")], 3)
    settle(venue)
    assert lots_held(venue, funds[1]) == 1


def test_an_undoing_pays_back_the_same_fee_after_a_late_fill(venue, desk, row, funds):
    """What traded since the trade was shared out changes no account's part of it."""
    order = trade_at_two_prices(venue, desk)
    before = paid(desk.account)
    trade = allocate(desk, order, [Share(account_id=one.id, quantity="0.1") for one in funds])
    settle(venue)
    assert Transfer.objects.filter(key__startswith=f"desk_trade:{trade.pk}:fee").count() == 2
    Order.objects.filter(pk=order.pk).update(cumulative_lots=50, quantity_lots=50)
    counter = undo(desk, DeskTrade.objects.get(pk=trade.pk))
    settle(venue)
    counter.refresh_from_db()
    assert (counter.state, counter.gateway_reason) == ("done", "")
    assert (paid(desk.account), paid(funds[0]), paid(funds[1])) == (before, 0, 0)
    assert settlement.check_ledger() == []


def test_an_account_that_the_gateway_does_not_let_trade_gets_nothing(venue, desk, row, funds):
    order = trade_at_two_prices(venue, desk)
    stranger = Account.objects.create(firm=desk.firm, desk=desk.desk, name="Unlimited")
    trade = allocate(desk, order, [Share(account_id=funds[0].id, ratio=1), Share(account_id=stranger.id, ratio=1)])
    settle(venue)
    trade.refresh_from_db()
    assert (trade.state, trade.gateway_reason.split(":")[0]) == ("failed", "no_limits")
    assert [lots_held(venue, account) for account in [desk.account, *funds]] == [5, 0, 0]
    assert not Transfer.objects.filter(key__startswith="desk_trade:").exists()


def test_what_cannot_be_shared_out_is_refused(venue, desk, row, funds):
    order = trade_at_two_prices(venue, desk)
    one, two = (account.id for account in funds)
    cases = [
        ([Share(account_id=one, quantity="0.6")], "allocation_sum"),
        ([Share(account_id=one, quantity="0.1"), Share(account_id=two, ratio=1)], "allocation_mixed"),
        ([Share(account_id=one, ratio=1), Share(account_id=one, ratio=1)], "account_twice"),
        ([Share(account_id=one, ratio=1_000_000), Share(account_id=two, ratio=1)], "allocation_too_small"),
        ([Share(account_id=desk.account.id, ratio=1)], "own_account"),
        ([Share(account_id=one, quantity="0.15")], "quantity_off_grid"),
        ([Share(account_id=10**6, ratio=1)], "unknown_account"),
    ]
    for number, (shares, reason) in enumerate(cases):
        with pytest.raises(Refusal) as refused:
            allocate(desk, order, shares, number)
        assert refused.value.reason == reason
    Order.objects.filter(pk=order.pk).update(state="partially_filled", quantity_lots=9)
    with pytest.raises(Conflict) as working:
        allocate(desk, order, [Share(account_id=one, ratio=1)], 99)
    assert working.value.reason == "order_working"
    assert not DeskTrade.objects.exists()


def test_rest_offers_every_step(client, venue, desk, row):
    body = {
        "type": "fill.enter", "command_id": "rest-1", "account_id": desk.account.id, "instrument_name": NAME,
        "side": "buy", "quantity": "2", "price": "0.05", "source": "voice", "reason": "agreed by phone",
    }  # fmt: skip
    client.force_login(desk.user)
    entered = client.post("/api/desk_trades/enter", json.dumps(body), content_type="application/json")
    assert (entered.status_code, entered.json()["entity"]) == (202, "desk_trade")
    word = {
        "type": "fill.decide", "command_id": "rest-2", "desk_trade_id": entered.json()["entity_id"],
        "is_approved": True, "reason": "seen it",
    }  # fmt: skip
    refused = client.post("/api/desk_trades/decide", json.dumps(word), content_type="application/json")
    assert (refused.status_code, refused.json()["reason"]) == (403, "same_person")
    client.force_login(desk.second)
    client.post("/api/desk_trades/decide", json.dumps(word), content_type="application/json")
    settle(venue)
    (view,) = client.get("/api/desk_trades").json()
    assert (view["state"], view["is_standing"], view["legs"][0]["quantity"]) == ("done", True, "2")


def test_the_list_asks_as_often_whatever_is_there(venue, desk, row, django_assert_num_queries):
    for number in range(1, 4):
        enter(desk, number)
        with django_assert_num_queries(4):
            assert len(desk_trade_selectors.list_desk_trades(desk.user)) == number
