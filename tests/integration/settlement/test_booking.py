import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import AuditRecord
from common import clock, db
from market import services as market
from settlement import selectors, services, tasks
from settlement.models import Delivery, Fill, LedgerAccount, NetObligation, NettingCycle, Position, Transfer
from streams.models import Fact, OutboxCommand
from tests import builders
from wire import gateway

pytestmark = pytest.mark.django_db

CALL, PERPETUAL, SPOT, FUTURE = "BTC-27MAR26-80000-C", "BTC-PERPETUAL", "BTC_USDC", "BTC-27MAR26"


def book(desk, instrument, execution_id, side, price, quantity, *, counterparty=None, **changes):
    return services.book_fill(
        **{
            "execution_id": execution_id, "account_id": desk.account.id, "firm_id": desk.firm.id,
            "instrument": instrument, "side": side, "price": Decimal(price), "quantity": Decimal(quantity),
            "liquidity": "taker", "counterparty_account_id": 0 if counterparty is None else counterparty.account.id,
            "at": clock.now(), "order_id": 1, **changes,
        }
    )


def cross(buyer, seller, instrument, execution_id, price, quantity):
    book(buyer, instrument, execution_id, "buy", price, quantity, counterparty=seller)
    book(seller, instrument, execution_id, "sell", price, quantity, counterparty=buyer, liquidity="maker")


def balances(desk):
    return {row.asset: (row.posted, row.pending) for row in selectors.list_balances([desk.account.id])}


def positions(desk, **options):
    return {
        row.instrument_name: (row.quantity, row.average_price, row.realized)
        for row in selectors.list_positions([desk.account.id], **options)
    }


def facts_of(desk):
    return [json.loads(row.payload) for row in Fact.objects.filter(firm_id=desk.firm.id).order_by("sequence")]


def owned(owner, asset="BTC"):
    row = LedgerAccount.objects.filter(owner=owner, asset=asset).first()
    return 0 if row is None else row.credits_posted + row.credits_pending - row.debits_posted - row.debits_pending


def test_option_premium_and_fee_are_pending():
    desk, call = builders.trading_firm(deposits={"BTC": "5"}), builders.listed(CALL)
    fill = book(desk, call, 1, "buy", "0.05", "10")
    assert (fill.fee, fill.fee_asset, fill.price, fill.quantity) == ("0.003", "BTC", "0.05", "10")
    assert positions(desk) == {CALL: ("10", "0.05", "0")}
    assert balances(desk) == {"BTC": ("5", "-0.503")}
    assert (owned("paper_venue"), owned("fees"), owned("clearing")) == (50_000_000, 300_000, 0)
    assert selectors.check_ledger() == []


def test_spot_exchanges_two_assets():
    desk, spot = builders.trading_firm(deposits={"USDC": "100000"}), builders.listed(SPOT)
    book(desk, spot, 1, "buy", "70000.5", "0.5")
    assert balances(desk) == {"BTC": ("0", "0.5"), "USDC": ("100000", "-35000.25")}
    assert positions(desk) == {} and not Position.objects.exists()
    assert selectors.check_ledger() == []


def test_inverse_profit_is_realized_in_coin():
    desk, perpetual = builders.trading_firm(), builders.listed(PERPETUAL)
    book(desk, perpetual, 1, "buy", "50000", "100", liquidity="maker")
    assert balances(desk) == {}
    book(desk, perpetual, 2, "sell", "62500", "100", liquidity="maker")
    assert balances(desk) == {"BTC": ("0", "0.004")}
    assert positions(desk) == {}
    assert positions(desk, include_flat=True) == {PERPETUAL: ("0", "0", "0.004")}
    assert owned("paper_venue") == -400_000 and owned("clearing") == 0


def test_the_same_fill_twice_is_booked_once():
    desk, call = builders.trading_firm(deposits={"BTC": "5"}), builders.listed(CALL)
    first = book(desk, call, 1, "buy", "0.05", "10")
    counts = [model.objects.count() for model in (Fill, Transfer, Fact, AuditRecord)]
    assert book(desk, call, 1, "buy", "0.05", "10") == first
    assert [model.objects.count() for model in (Fill, Transfer, Fact, AuditRecord)] == counts
    assert positions(desk) == {CALL: ("10", "0.05", "0")}


def test_both_sides_of_one_account_are_booked():
    desk, call = builders.trading_firm(), builders.listed(CALL)
    cross(desk, desk, call, 1, "0.05", "10")
    assert Fill.objects.count() == 2 and positions(desk) == {}
    assert selectors.check_ledger() == []


def test_facts_and_audit_tell_of_a_fill():
    desk, call = builders.trading_firm(), builders.listed(CALL)
    book(desk, call, 1, "sell", "0.05", "10")
    found = {fact["type"]: fact for fact in facts_of(desk)}
    assert found["position.changed"]["position"]["quantity"] == "-10"
    assert found["balance.changed"]["balance"] == {
        "account_id": desk.account.id, "asset": "BTC", "posted": "0", "pending": "0.497",
    }
    record = AuditRecord.objects.get(action="fill.booked")
    assert (record.entity, record.after["execution_id"], record.after["position"]) == ("order:1", 1, "-10")


def test_snapshot_is_what_the_facts_amount_to():
    desk, call, perpetual = builders.trading_firm(), builders.listed(CALL), builders.listed(PERPETUAL)
    book(desk, call, 1, "buy", "0.05", "10")
    book(desk, perpetual, 2, "buy", "50000", "10")
    book(desk, perpetual, 3, "sell", "51000", "10")
    services.run_netting_cycle(at=clock.now())
    held = {"positions": {}, "balances": {}}
    for fact in facts_of(desk):
        if fact["type"] == "position.changed":
            held["positions"][fact["position"]["instrument_name"]] = fact["position"]
        elif fact["type"] == "balance.changed":
            held["balances"][fact["balance"]["asset"]] = fact["balance"]
    fresh = json.loads(json.dumps(selectors.snapshot(desk.firm.id, "trader"), default=lambda row: row.__struct_config__ and {
        name: getattr(row, name) for name in row.__struct_fields__
    }))
    assert {row["instrument_name"]: row for row in fresh["positions"]} == held["positions"]
    assert {row["asset"]: row for row in fresh["balances"]} == held["balances"]


def test_netting_posts_one_net_transfer_per_account():
    buyer, seller = builders.trading_firm(), builders.trading_firm()
    call = builders.listed(CALL)
    for number in range(1, 4):
        cross(buyer, seller, call, number, "0.05", "10")
    cycle = services.run_netting_cycle(at=clock.now())
    assert cycle.transfer_count == 12
    assert {(row.ledger_account.owner, row.amount) for row in NetObligation.objects.all()} == {
        (f"account:{buyer.account.id}", -150_900_000), (f"account:{seller.account.id}", 149_100_000), ("fees", 1_800_000),
    }
    assert balances(buyer) == {"BTC": ("-1.509", "0")} and balances(seller) == {"BTC": ("1.491", "0")}
    assert Transfer.objects.filter(code="net", cycle=cycle).count() == 3
    assert Transfer.objects.filter(kind="void", cycle=cycle).count() == 12
    assert selectors.check_ledger() == []
    (view,) = selectors.list_cycles()
    assert sum(Decimal(row.amount) for row in view.obligations) == 0
    assert facts_of(buyer)[-1]["balance"]["posted"] == "-1.509"


def test_netting_again_finds_nothing_and_continues_later():
    desk, call = builders.trading_firm(), builders.listed(CALL)
    book(desk, call, 1, "buy", "0.05", "10")
    assert tasks.run_netting_cycle(unknown_argument=1) == 1
    assert tasks.run_netting_cycle() == 0
    book(desk, call, 2, "buy", "0.05", "10")
    assert tasks.run_netting_cycle() == 1
    assert NettingCycle.objects.count() == 2 and balances(desk)["BTC"] == ("-1.006", "0")


def test_netting_is_bounded_and_resumes(monkeypatch):
    monkeypatch.setattr(services.netting, "TRANSFERS_PER_CYCLE_MAX", 4)
    desk, call = builders.trading_firm(), builders.listed(CALL)
    for number in range(1, 5):
        book(desk, call, number, "buy", "0.05", "10")
    assert tasks.run_netting_cycle() == 3
    assert balances(desk)["BTC"] == ("-2.012", "0") and selectors.check_ledger() == []


def test_netting_that_is_killed_leaves_nothing(monkeypatch):
    desk, call = builders.trading_firm(), builders.listed(CALL)
    book(desk, call, 1, "buy", "0.05", "10")
    before = balances(desk), Transfer.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr(services.netting, "_record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.run_netting_cycle(at=clock.now())
    assert (balances(desk), Transfer.objects.count()) == before and not NettingCycle.objects.exists()
    assert services.run_netting_cycle(at=clock.now()).transfer_count == 3
    assert selectors.check_ledger() == []


def deliver(instrument, price_micros, number=1):
    event = gateway.InstrumentDelivered(
        instrument_id=instrument.id, delivery_price_micros=price_micros, market_time_ns=10**18
    )
    builders.project(builders.Journal().envelope(event, number=number))


def test_expired_option_settles_at_the_delivery_price():
    buyer, seller, call = builders.trading_firm(), builders.trading_firm(), builders.listed(CALL)
    cross(buyer, seller, call, 1, "0.05", "10")
    for _ in range(2):
        deliver(call, 100_000_000_000)
    assert balances(buyer)["BTC"] == ("0", "1.497") and balances(seller)["BTC"] == ("0", "-1.503")
    assert positions(buyer) == positions(seller) == {}
    assert positions(buyer, include_flat=True) == {CALL: ("0", "0", "1.5")}
    (delivery,) = Delivery.objects.all()
    assert (delivery.positions_settled, delivery.price) == (2, Decimal(100_000))
    assert [json.loads(row.payload)["type"] for row in OutboxCommand.objects.all()] == ["gateway.settle_instrument"]
    services.run_netting_cycle(at=clock.now())
    assert balances(buyer)["BTC"] == ("1.497", "0") and selectors.check_ledger() == []


def test_delivery_leaves_rounding_in_its_own_account():
    desks, future = [builders.trading_firm() for _ in range(3)], builders.listed(FUTURE)
    cross(desks[0], desks[1], future, 1, "70000.5", "7")
    cross(desks[0], desks[2], future, 2, "70001", "11")
    deliver(future, 69_999_123_457)
    assert owned("clearing") == 0 and abs(owned("rounding")) <= 3
    assert selectors.check_ledger() == []


def test_instrument_without_positions_is_settled_all_the_same():
    call = builders.listed(CALL)
    deliver(call, 100_000_000_000)
    assert Delivery.objects.get().positions_settled == 0
    assert json.loads(OutboxCommand.objects.get().payload)["instrument_id"] == call.id


def test_fill_after_delivery_settles_at_once():
    buyer, seller, call = builders.trading_firm(), builders.trading_firm(), builders.listed(CALL)
    market.deliver_instrument(instrument_id=call.id, delivery_price=Decimal(100_000), at=clock.now())
    call.refresh_from_db()
    services.settle_delivery(instrument=call, delivery_price=call.delivery_price, at=clock.now())
    cross(buyer, seller, call, 1, "0.05", "10")
    assert positions(buyer) == positions(seller) == {}
    assert balances(buyer)["BTC"] == ("0", "1.497")
    assert selectors.check_ledger() == []


NAMES = [CALL, PERPETUAL, SPOT, FUTURE, "BTC_USDC-PERPETUAL", "ETH_USDC-27MAR26-2000-P"]
FILLS = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.integers(0, 2), st.integers(0, 3), st.integers(1, 150_000), st.integers(1, 500),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fills=FILLS, delivery=st.integers(1, 200_000))
def test_random_trading_keeps_the_books_in_order(fills, delivery):
    """Random trades with the venue (party 3) and between clients, netted at random, then everything delivered."""
    from django.db import transaction

    with transaction.atomic():
        desks = [builders.trading_firm(deposits={"BTC": "50", "USDC": "1000000"}) for _ in range(3)]
        rows = {name: builders.listed(name) for name in NAMES}
        for number, (name, taker, other, ticks, lots, nets) in enumerate(fills, start=1):
            terms = rows[name].terms
            price, quantity = ticks * terms.tick_size, lots * terms.lot_size
            if other == 3:
                book(desks[taker], rows[name], number, "buy" if nets else "sell", price, quantity)
            else:
                cross(desks[taker], desks[other], rows[name], number, price, quantity)
            if nets:
                services.run_netting_cycle(at=clock.now())
            assert selectors.check_ledger() == []
        for row in rows.values():
            if row.expiry_at:
                with db.unit_of_work():
                    services.settle_delivery(instrument=row, delivery_price=Decimal(delivery), at=clock.now())
        services.run_netting_cycle(at=clock.now())
        assert selectors.check_ledger() == []
        assert services.run_netting_cycle(at=clock.now()) is None
        transaction.set_rollback(True)
