"""Trades with several makers: what is taken, from whom and why, for which account, all of it or nothing."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Account
from common import clock
from common.errors import Refusal
from rfq import selectors
from rfq.domain.records import TradeState
from rfq.models import Acceptance, BlockTrade, QuoteVersion, TradeLeg
from rfq.selectors import allocations
from risk.models import ControlState
from settlement import selectors as settlement_selectors
from settlement.models import Fill
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import commands_sent, rfq_facts_of, side
from wire import client, gateway
from wire.negotiation import AllocationReason, QuoteCondition, QuoteOutcome
from wire.units import QuoteState, RfqState, Side

CHEAP, DEAR = side("0.0600", "0.0500"), side("0.0620", "0.0500")
"""Net 0.11 and 0.112; the bid is 0.0922 everywhere."""
ALL = QuoteCondition.ALL_OR_NONE


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


@pytest.fixture
def pooled(world):
    """Two makers with one unit each, of two: a cheap and a dear one."""
    rfq_id = world.create()
    quotes = {
        "cobalt": world.quote(rfq_id, ask=CHEAP, quantity="1"),
        "dune": world.quote(rfq_id, world.dune, ask=DEAR, quantity="1"),
    }
    world.wait(5).tick()
    return rfq_id, quotes


def trades_of(rfq_id):
    rows = BlockTrade.objects.filter(rfq_id=rfq_id).order_by("id")
    return [(row.quote_id, row.quantity, row.net_price, row.allocation_reason, row.state) for row in rows]


def test_the_full_size_is_taken_from_two_makers(world, pooled):
    rfq_id, quotes = pooled
    world.trade(rfq_id, "0.112")
    assert trades_of(rfq_id) == [
        (quotes["cobalt"], 1, Decimal("0.11"), "price", "pending"),
        (quotes["dune"], 1, Decimal("0.112"), "price", "pending"),
    ]
    assert [command.reservation_id for command in commands_sent(gateway.ReserveBlock)] == list(
        BlockTrade.objects.order_by("id").values_list("id", flat=True)
    )
    assert set(TradeLeg.objects.values_list("quantity", flat=True)) == {1}
    assert selectors.get_record(rfq_id).state is RfqState.PENDING_FILL


def test_it_is_filled_when_all_are_reserved_and_both_ledgers_agree(world, pooled):
    rfq_id, quotes = pooled
    world.trade(rfq_id, "0.112")
    first, second = BlockTrade.objects.order_by("id")
    world.event(gateway.BlockReserved(reservation_id=first.id))
    assert selectors.get_record(rfq_id).state is RfqState.PENDING_FILL
    assert commands_sent(gateway.ConfirmBlock) == []
    world.event(gateway.BlockReserved(reservation_id=second.id))
    assert selectors.get_record(rfq_id).state is RfqState.FILLED
    assert [command.reservation_id for command in commands_sent(gateway.ConfirmBlock)] == [first.id, second.id]
    world.confirm(rfq_id)
    record = selectors.get_record(rfq_id)
    assert {trade.state for trade in record.trades} == {TradeState.COMPLETED}
    assert {quote.state for quote in record.quotes} == {QuoteState.FILLED}
    bought = Fill.objects.filter(account=world.taker.account, rfq_id=rfq_id)
    assert sum(fill.quantity for fill in bought) == 4
    for party in (world.cobalt, world.dune):
        assert sum(fill.quantity for fill in Fill.objects.filter(account=party.account)) == 2
    assert settlement_selectors.check_ledger() == []
    view = rfq_facts_of(world.taker)[-1]
    assert (view.traded_price, view.accepted_side, len(view.trades)) == ("0.111", Side.BUY, 2)
    assert [trade.allocation_reason for trade in view.trades] == [AllocationReason.PRICE] * 2
    own = rfq_facts_of(world.cobalt)[-1]
    assert (own.traded_price, [trade.quantity for trade in own.trades]) == ("0.1100", ["1"])
    assert own.trades[0].allocation_reason is None
    assert own.trades[0].account_id == world.cobalt.account.id
    assert own.quotes[0].outcome is QuoteOutcome.LIFT


@pytest.mark.parametrize("refused_first", [True, False])
def test_one_refusal_voids_the_others_and_nobody_trades(world, pooled, refused_first):
    rfq_id, quotes = pooled
    world.trade(rfq_id, "0.112")
    first, second = BlockTrade.objects.order_by("id")
    if not refused_first:
        world.event(gateway.BlockReserved(reservation_id=first.id))
    refused = gateway.BlockRefused(
        reservation_id=second.id, account_id=world.dune.account.id, leg_index=0, reason="position", value=2, bound=1
    )
    world.event(refused)
    record = selectors.get_record(rfq_id)
    assert (record.state, record.reason, record.reason_firm_id) == (RfqState.REJECTED, "position", world.dune.firm.id)
    assert {quote.state for quote in record.quotes} == {QuoteState.REJECTED}
    assert [command.reservation_id for command in commands_sent(gateway.VoidBlock)] == [first.id]
    world.event(gateway.BlockReserved(reservation_id=first.id))
    assert commands_sent(gateway.ConfirmBlock) == []
    assert not Fill.objects.exists()
    assert rfq_facts_of(world.cobalt)[-1].reason == rfq_facts_of(world.taker)[-1].reason == "counterparty_refused"
    assert rfq_facts_of(world.dune)[-1].reason == "position"


def test_silence_of_the_gateway_voids_every_reservation(world, pooled):
    rfq_id, _ = pooled
    world.trade(rfq_id, "0.112")
    first, second = BlockTrade.objects.order_by("id")
    world.event(gateway.BlockReserved(reservation_id=second.id))
    world.wait(2).tick()
    assert selectors.get_record(rfq_id).reason == "gateway_timeout"
    assert {command.reservation_id for command in commands_sent(gateway.VoidBlock)} == {first.id, second.id}


def test_refusals_of_a_pooled_trade(world, pooled):
    rfq_id, quotes = pooled
    assert reason_of(lambda: world.trade(rfq_id, "0.1119")) == "insufficient_quantity"
    assert reason_of(lambda: world.trade(rfq_id, "0.2", quotes=[(quotes["cobalt"], 1)])) == "insufficient_quantity"
    assert reason_of(lambda: world.trade(rfq_id, "0.2", Side.SELL)) == "insufficient_quantity"
    assert reason_of(lambda: world.trade(rfq_id, "0.2", party=world.cobalt)) == "not_the_taker"
    assert reason_of(lambda: world.trade(rfq_id, "0.2", party=world.other_taker)) == "rfq_not_found"
    assert reason_of(lambda: world.trade(rfq_id, "0.1121234567891")) == "price_digits"
    assert reason_of(lambda: world.accept(rfq_id, quotes["cobalt"])) == "quote_too_small"
    assert not BlockTrade.objects.exists()


def test_a_replaced_version_is_not_taken_unless_it_was_seen(world, pooled):
    rfq_id, quotes = pooled
    seen = [(quotes["cobalt"], 1), (quotes["dune"], 1)]
    world.quote(rfq_id, ask=CHEAP, quantity="1")
    assert reason_of(lambda: world.trade(rfq_id, "0.2", quotes=seen)) == "insufficient_quantity"
    world.trade(rfq_id, "0.2", quotes=[(quotes["cobalt"], 2), seen[1]])
    assert allocations.find_allocation_difference(rfq_id) is None


def test_quotes_that_the_taker_did_not_name_are_kept_as_left_out(world):
    rfq_id = world.create()
    cobalt, dune = world.quote(rfq_id, ask=DEAR), world.quote(rfq_id, world.dune, ask=CHEAP)
    world.wait(5).tick()
    world.trade(rfq_id, "0.2", quotes=[(cobalt, 1)])
    row = Acceptance.objects.get()
    assert (row.pool, row.left_out) == ([[cobalt, 1]], [[dune, 1, "not_named"]])
    world.reserve(rfq_id)
    assert allocations.find_allocation_difference(rfq_id) is None


def test_an_all_or_none_is_whole_or_nothing(world):
    rfq_id = world.create()
    whole = world.quote(rfq_id, ask=CHEAP, condition=ALL)
    part = world.quote(rfq_id, world.dune, ask=CHEAP)
    world.wait(5).tick()
    assert rfq_facts_of(world.taker)[-1].asks.fills[0].quote_id == whole
    world.trade(rfq_id, "0.11")
    assert trades_of(rfq_id) == [(whole, 2, Decimal("0.11"), "all_or_none", "pending")]
    world.reserve(rfq_id)
    assert rfq_facts_of(world.dune)[-1].quotes[0].outcome is QuoteOutcome.TIED
    assert selectors.get_record(rfq_id).find_quote(part).state is QuoteState.TRADED_AWAY


def test_a_maker_who_cannot_trade_is_left_out_of_the_pool(world):
    rfq_id = world.create()
    cobalt = world.quote(rfq_id, ask=CHEAP)
    dune = world.quote(rfq_id, world.dune, ask=DEAR)
    world.wait(5).tick()
    ControlState.objects.create(scope="user", scope_id=world.cobalt.user.id, updated_at=clock.now(), is_killed=True)
    world.trade(rfq_id, "0.2")
    assert trades_of(rfq_id) == [(dune, 2, Decimal("0.112"), "price", "pending")]
    assert Acceptance.objects.get().left_out == [[cobalt, 1, "maker_stopped"]]


def test_each_account_gets_every_price_alike(world):
    second = Account.objects.create(firm=world.taker.firm, desk=world.taker.account.desk, name="Second")
    worlds.fund(second, world.at)
    shares = [
        client.RfqAllocation(account_id=world.taker.account.id, quantity="3"),
        client.RfqAllocation(account_id=second.id, quantity="1"),
    ]
    rfq_id = world.create(quantity="4", allocations=shares)
    world.quote(rfq_id, ask=CHEAP, quantity="2")
    world.quote(rfq_id, world.dune, ask=DEAR, quantity="2")
    world.wait(5).tick()
    world.trade(rfq_id, "0.2")
    rows = BlockTrade.objects.order_by("id").values_list("taker_account_id", "quantity", "net_price")
    first = world.taker.account.id
    assert [(account, str(quantity.normalize()), str(price.normalize())) for account, quantity, price in rows] == [
        (first, "1.5", "0.11"),
        (second.id, "0.5", "0.11"),
        (first, "1.5", "0.112"),
        (second.id, "0.5", "0.112"),
    ]
    world.reserve(rfq_id)
    world.confirm(rfq_id)
    assert sum(fill.quantity for fill in Fill.objects.filter(account=second)) == 2
    assert settlement_selectors.check_ledger() == []
    assert allocations.find_allocation_difference(rfq_id) is None


def test_quote_quantity_is_checked(world):
    rfq_id = world.create()
    assert reason_of(lambda: world.quote(rfq_id, quantity="2.1")) == "quote_quantity"
    assert reason_of(lambda: world.quote(rfq_id, quantity="0")) == "quantity_not_positive"
    assert reason_of(lambda: world.quote(rfq_id, quantity="0.00001")) == "quantity_off_lot"


def test_best_prices_are_aggregated_and_pooled_for_the_taker_alone(world, pooled):
    rfq_id, quotes = pooled
    view = rfq_facts_of(world.taker)[-1]
    assert [(level.price, level.quantity) for level in view.asks.levels] == [("0.1100", "1"), ("0.1120", "1")]
    assert [(level.price, level.quantity) for level in view.bids.levels] == [("0.0922", "2")]
    assert (view.asks.limit_price, view.asks.average_price) == ("0.1120", "0.111")
    assert [(fill.quote_id, fill.quantity) for fill in view.asks.fills] == [(quotes["cobalt"], "1"), (quotes["dune"], "1")]
    for party in (world.cobalt, world.dune):
        assert (rfq_facts_of(party)[-1].asks, rfq_facts_of(party)[-1].bids) == (None, None)


def test_the_pool_is_hidden_in_the_grace(world):
    rfq_id = world.create()
    world.quote(rfq_id)
    assert selectors.get_view(world.taker.user, rfq_id).asks is None


def test_outcomes_are_told_in_fix_words_without_prices(world):
    rfq_id = world.create(maker_firm_ids=[party.firm.id for party in world.makers])
    world.quote(rfq_id, ask=CHEAP)
    world.quote(rfq_id, world.dune, ask=DEAR)
    world.quote(rfq_id, world.ember, ask=DEAR)
    world.wait(5).tick()
    world.trade(rfq_id, "0.2")
    assert [rfq_facts_of(party)[-1].quotes[0].outcome for party in world.makers] == [None] * 3
    world.reserve(rfq_id)
    outcomes = [rfq_facts_of(party)[-1].quotes[0].outcome for party in world.makers]
    assert outcomes == [QuoteOutcome.LIFT, QuoteOutcome.TIED_COVER, QuoteOutcome.TIED_COVER]


def verify(*arguments):
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_allocation", *arguments, stdout=out, stderr=err)
    except SystemExit as done:
        assert done.code == 1
    return out.getvalue() + err.getvalue()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda trade: BlockTrade.objects.filter(id=trade.id).update(quantity=Decimal("0.9")), "quantity 0.9"),
        (lambda trade: BlockTrade.objects.filter(id=trade.id).update(net_price=Decimal("0.1099")), "price 0.1099"),
        (lambda trade: BlockTrade.objects.filter(id=trade.id).update(allocation_reason="time"), "reason time"),
        (lambda trade: QuoteVersion.objects.filter(quote_id=trade.quote_id).update(ask_net=Decimal("0.113")), "quote"),
        (lambda trade: Acceptance.objects.update(limit_price=Decimal("0.1")), "beyond the limit"),
        (lambda trade: Acceptance.objects.update(pool=[[trade.quote_id, 1]]), "did not compete"),
        (lambda trade: Acceptance.objects.all().delete(), "without an accept"),
    ],
)
def test_the_verifier_finds_what_was_changed(world, damage, said):
    rfq_id = world.create(maker_firm_ids=[party.firm.id for party in world.makers])
    world.quote(rfq_id, ask=CHEAP, quantity="1")
    world.quote(rfq_id, world.dune, ask=DEAR, quantity="1")
    world.quote(rfq_id, world.ember, ask=DEAR)
    world.wait(5).tick()
    world.trade(rfq_id, "0.112")
    world.reserve(rfq_id)
    assert verify("--all") == "1 allocations verified\n"
    damage(BlockTrade.objects.order_by("id").first())
    found = verify(str(rfq_id))
    assert found.startswith(f"DIFFERS rfq {rfq_id}: ")
    assert said in found
