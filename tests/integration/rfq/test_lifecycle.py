"""From the request to the ledger, and every other end of an RFQ, on the real database."""

from decimal import Decimal

import pytest

from audit.models import AuditRecord
from rfq import selectors
from rfq.domain import negotiation
from rfq.domain.transitions import IllegalStep
from rfq.models import BlockTrade, QuoteVersion, TradeLeg
from settlement import selectors as settlement
from tests.integration.rfq.world import CALL, PERPETUAL, PUT, commands_sent, facts_of, hedge, leg, rfq_facts_of, side
from wire import gateway
from wire.facts import BlockFilled, PositionChanged
from wire.units import QuoteState, RfqState, Side


def state_of(rfq_id):
    record = selectors.get_record(rfq_id)
    return record.state, [quote.state for quote in record.quotes]


def test_straddle_from_request_to_ledger(world):
    rfq_id = world.create()
    cobalt, dune = world.quote(rfq_id), world.quote(rfq_id, world.dune, ask=side("0.0600", "0.0500"))
    world.wait(5).tick()
    world.accept(rfq_id, dune)
    (reserve,) = commands_sent(gateway.ReserveBlock)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    assert reserve.reservation_id == trade.id
    assert [(each.side, each.price_ticks, each.quantity_lots) for each in reserve.legs] == [(Side.BUY, 600, 20), (Side.BUY, 500, 20)]
    assert {(each.taker_account_id, each.maker_account_id) for each in reserve.legs} == {
        (world.taker.account.id, world.dune.account.id)
    }
    assert state_of(rfq_id) == (RfqState.PENDING_FILL, [QuoteState.ACTIVE, QuoteState.PENDING_FILL])

    world.event(gateway.BlockReserved(reservation_id=trade.id))
    assert state_of(rfq_id) == (RfqState.FILLED, [QuoteState.TRADED_AWAY, QuoteState.FILLED])
    assert len(commands_sent(gateway.ConfirmBlock)) == 1

    world.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=71))
    legs = TradeLeg.objects.filter(trade=trade).order_by("leg_index")
    assert [(leg.execution_id, leg.side, leg.price, leg.quantity) for leg in legs] == [
        (71, "buy", Decimal("0.06"), Decimal(2)),
        (72, "buy", Decimal("0.05"), Decimal(2)),
    ]
    for party, sign in ((world.taker, ""), (world.dune, "-")):
        held = {position.instrument_name: position.quantity for position in settlement.list_positions([party.account.id])}
        assert held == {CALL: f"{sign}2", PUT: f"{sign}2"}
        fills = [fact.fill for fact in facts_of(party) if isinstance(fact, BlockFilled)]
        assert [(fill.execution_id, fill.rfq_id) for fill in fills] == [(71, rfq_id), (72, rfq_id)]
        assert sum(isinstance(fact, PositionChanged) for fact in facts_of(party)) == 2
    assert not any(isinstance(fact, BlockFilled) for fact in facts_of(world.cobalt))
    assert rfq_facts_of(world.taker)[-1].traded_price == "0.1100"
    assert [version.end_reason for version in QuoteVersion.objects.order_by("quote_id")] == ["traded_away", "filled"]
    assert settlement.check_ledger() == []
    assert cobalt != dune


def test_confirmation_and_reservation_told_again_change_nothing(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).accept(rfq_id, quote_id, taker_side=Side.SELL)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    for _ in range(2):
        world.event(gateway.BlockReserved(reservation_id=trade.id))
    for _ in range(2):
        world.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=5))
    assert len(commands_sent(gateway.ConfirmBlock)) == 1
    assert len([fact for fact in facts_of(world.taker) if isinstance(fact, BlockFilled)]) == 2
    held = {position.instrument_name: position.quantity for position in settlement.list_positions([world.taker.account.id])}
    assert held == {CALL: "-2", PUT: "-2"}


def test_gateway_refuses_and_each_side_learns_its_own_part(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.quote(rfq_id, world.dune)
    world.wait(6).accept(rfq_id, quote_id)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    refused = gateway.BlockRefused(
        reservation_id=trade.id, account_id=world.cobalt.account.id, leg_index=0, reason="position", value=12, bound=10
    )
    world.event(refused)
    assert state_of(rfq_id) == (RfqState.REJECTED, [QuoteState.REJECTED, QuoteState.CANCELED])
    reasons = [rfq_facts_of(party)[-1].reason for party in (world.taker, world.cobalt, world.dune)]
    assert reasons == ["counterparty_refused", "position", ""]
    assert commands_sent(gateway.VoidBlock) == []
    assert AuditRecord.objects.get(action="rfq.rejected", entity=f"rfq:{rfq_id}").reason == "position: 1.2 against 1"


def test_late_reservation_after_the_timeout_makes_no_trade(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).accept(rfq_id, quote_id)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    assert world.wait(1.9).tick() == 0
    assert state_of(rfq_id)[0] is RfqState.PENDING_FILL
    assert world.wait(0.1).tick() == 1
    assert state_of(rfq_id) == (RfqState.REJECTED, [QuoteState.REJECTED])
    (void,) = commands_sent(gateway.VoidBlock)
    assert void.reservation_id == trade.id
    before = facts_of(world.taker)
    world.event(gateway.BlockReserved(reservation_id=trade.id))
    world.event(gateway.BlockVoided(reservation_id=trade.id))
    assert state_of(rfq_id)[0] is RfqState.REJECTED
    assert facts_of(world.taker) == before
    assert commands_sent(gateway.ConfirmBlock) == []
    assert settlement.list_positions([world.taker.account.id]) == []
    assert rfq_facts_of(world.taker)[-1].reason == "gateway_timeout"


def test_refused_confirmation_of_a_trade_that_stands_is_on_record(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).accept(rfq_id, quote_id)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    world.event(gateway.BlockReserved(reservation_id=trade.id))
    refusal = {"account_id": 0, "leg_index": 0, "reason": "unknown_reservation", "value": trade.id, "bound": 0}
    world.event(gateway.BlockRefused(reservation_id=trade.id, **refusal))
    assert state_of(rfq_id)[0] is RfqState.FILLED
    found = AuditRecord.objects.get(action="trade.confirmation_refused")
    assert (found.entity, found.reason) == (f"trade:{trade.id}", "unknown_reservation")


def test_reservation_that_nobody_knows_is_voided(world):
    world.event(gateway.BlockReserved(reservation_id=4_711))
    assert [void.reservation_id for void in commands_sent(gateway.VoidBlock)] == [4_711]


def test_malformed_reservation_is_rejected_by_name(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).accept(rfq_id, quote_id)
    (reserve,) = commands_sent(gateway.ReserveBlock)
    world.event(gateway.CommandRefused(command_id=reserve.command_id, reason="unknown_account", value=0, bound=0))
    assert rfq_facts_of(world.taker)[-1].reason == "unknown_account"
    world.event(gateway.CommandRefused(command_id="order-5", reason="x", value=0, bound=0))


def test_one_rfq_that_cannot_be_moved_does_not_hold_up_the_others(world, monkeypatch):
    broken, sound = world.create(), world.create()
    advance = negotiation.advance

    def stumble(rfq, *, at):
        if rfq.rfq_id == broken:
            raise IllegalStep("planted")
        return advance(rfq, at=at)

    monkeypatch.setattr(negotiation, "advance", stumble)
    with pytest.raises(IllegalStep):
        world.wait(300).tick()
    assert state_of(broken)[0] is RfqState.OPEN
    assert state_of(sound)[0] is RfqState.EXPIRED


def test_expiry_takes_the_quotes_along_and_is_told_to_all(world):
    rfq_id = world.create(life_seconds=60)
    world.quote(rfq_id)
    world.quote(rfq_id, world.dune, life_seconds=10)
    world.wait(10).tick()
    assert state_of(rfq_id) == (RfqState.OPEN, [QuoteState.ACTIVE, QuoteState.EXPIRED])
    world.wait(50).tick()
    assert state_of(rfq_id) == (RfqState.EXPIRED, [QuoteState.EXPIRED, QuoteState.EXPIRED])
    for party in (world.taker, world.cobalt, world.dune):
        assert rfq_facts_of(party)[-1].state is RfqState.EXPIRED
    assert world.tick() == 0


def test_cancel_by_the_taker(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.cancel_rfq(rfq_id)
    assert state_of(rfq_id) == (RfqState.CANCELED, [QuoteState.CANCELED])
    assert rfq_facts_of(world.cobalt)[-1].quotes[0].reason == "rfq_canceled"
    assert all(not view.quotes for view in rfq_facts_of(world.taker))
    assert quote_id


def test_every_version_is_kept(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    assert world.quote(rfq_id, ask=side("0.0700", "0.0600")) == quote_id
    world.cancel_quote(quote_id)
    assert world.quote(rfq_id) == quote_id
    kept = [(version.version, version.end_reason) for version in selectors.list_versions(rfq_id)]
    assert kept == [(1, "replaced"), (2, "canceled"), (3, "")]


def test_hedged_structure_trades_its_hedge_leg_at_the_takers_price(world):
    rfq_id = world.create(legs=[leg(CALL)], hedge=hedge(PERPETUAL, Side.SELL, 4_000, "78000.5"))
    quote_id = world.quote(rfq_id, bid=side("0.0490"), ask=side("0.0510"))
    world.wait(5).tick()
    view = rfq_facts_of(world.taker)[-1]
    assert (view.structure, view.quote_currency, view.quotes[0].bid, view.quotes[0].ask) == (
        "call with hedge", "BTC", "0.0490", "0.0510",
    )
    world.accept(rfq_id, quote_id)
    (reserve,) = commands_sent(gateway.ReserveBlock)
    assert [(each.side, each.price_ticks, each.quantity_lots) for each in reserve.legs] == [(Side.BUY, 510, 20), (Side.SELL, 156_001, 8_000)]


def test_audit_tells_who_did_what_before_and_after(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.wait(6).accept(rfq_id, quote_id)
    trade = BlockTrade.objects.get(rfq_id=rfq_id)
    world.event(gateway.BlockReserved(reservation_id=trade.id))
    records = AuditRecord.objects.filter(entity=f"rfq:{rfq_id}").order_by("id")
    told = [(record.action, record.via, record.before and record.before["state"], record.after["state"]) for record in records]
    assert told == [
        ("rfq.created", "socket", None, "open"),
        ("rfq.accepted", "socket", "open", "pending_fill"),
        ("rfq.filled", "gateway", "pending_fill", "filled"),
    ]
    quotes = AuditRecord.objects.filter(entity=f"quote:{quote_id}").order_by("id")
    assert [record.action for record in quotes] == ["quote.submitted", "quote.pending_fill", "quote.filled"]
    assert {record.stream for record in quotes} == {f"firm:{world.cobalt.firm.id}"}
    assert records[0].command_id
    assert records[0].after["label"] == "secret label"
