"""Busts and amendments: two people, new facts, and books that balance afterwards."""

import itertools
from decimal import Decimal

import pytest

from accounts.models import User
from audit.models import AuditRecord
from common import clock
from common.actor import Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from market.models import Instrument
from rfq import services
from rfq.models import BlockTrade, TradeCorrection
from rfq.selectors import replays, tape
from rfq.services import corrections
from settlement import selectors as settlement
from settlement import services as settlement_services
from settlement.models import Fill
from tests.integration.rfq import world as worlds
from tests.integration.rfq.lives import reservation_of, traded
from tests.integration.rfq.world import commands_sent
from wire import gateway
from wire.client_corrections import DecideCorrection, RequestCorrection

_executions = itertools.count(700_000, 100)


def officer(world):
    user = User.objects.create(username=worlds.command_id(), firm=world.house.firm, role="compliance")
    return user, Actor(user_id=user.id, firm_id=user.firm_id, via="test")


def ask(world, rfq_id, party=None, **changes):
    party = party or world.house
    fields = {"command_id": worlds.command_id(), "trade_id": reservation_of(rfq_id), "reason": "wrong strike"}
    message = RequestCorrection(**{**fields, **changes})
    return services.request_correction(user=party.user, actor=party.actor, message=message, at=world.at)


def decide(world, row, *, is_approved=True, who=None):
    user, actor = who or officer(world)
    message = DecideCorrection(
        command_id=worlds.command_id(), correction_id=row.pk, is_approved=is_approved, reason="I agree"
    )
    return services.decide_correction(user=user, actor=actor, message=message, at=world.at)


def carry_out(world, row):
    """The gateway reserves and confirms; the first execution id."""
    row.refresh_from_db()
    first = next(_executions)
    world.event(gateway.BlockReserved(reservation_id=row.reservation_id))
    for _ in range(2):
        world.event(gateway.BlockConfirmed(reservation_id=row.reservation_id, first_execution_id=first))
    row.refresh_from_db()
    return first


def money(world):
    """Everything that the parties own, and the positions that they hold."""
    ids = [party.account.id for party in (world.taker, world.cobalt)]
    owned = {
        (row.account_id, row.asset): Decimal(row.posted) + Decimal(row.pending) for row in settlement.list_balances(ids)
    }
    held = {(row.account_id, row.instrument_name): row.quantity for row in settlement.list_positions(ids)}
    return owned, held


@pytest.mark.parametrize("is_netted", [False, True], ids=["pending", "settled"])
def test_bust_gives_everything_back(world, is_netted):
    before = money(world)
    rfq_id = traded(world)
    assert money(world) != before
    if is_netted:
        settlement_services.run_netting_cycle(clock.now())
    row = decide(world, ask(world, rfq_id))
    (command,) = [sent for sent in commands_sent(gateway.ReserveBlock) if sent.reservation_id == row.reservation_id]
    assert [leg.side for leg in command.legs] == ["sell", "sell"]
    first = carry_out(world, row)
    assert (row.state, row.first_execution_id) == ("done", first)
    assert money(world) == before
    assert settlement.check_ledger() == []
    settlement_services.run_netting_cycle(clock.now())
    assert settlement.check_ledger() == []
    assert replays.replay_rfq(rfq_id).difference is None
    assert BlockTrade.objects.get(rfq_id=rfq_id).state == "completed", "nothing is edited"


def test_amendment_moves_the_difference_of_the_prices(world):
    rfq_id = traded(world)
    owned, held = money(world)
    row = decide(world, ask(world, rfq_id, leg_prices=["0.0591", "0.0491"]))
    carry_out(world, row)
    now, still = money(world)
    assert still == held
    taker, maker = (world.taker.account.id, "BTC"), (world.cobalt.account.id, "BTC")
    assert now[taker] - owned[taker] == Decimal("0.004"), "two units at two legs, each 0.001 cheaper"
    assert now[maker] - owned[maker] == Decimal("-0.004")
    assert settlement.check_ledger() == []
    again = decide(world, ask(world, rfq_id))
    carry_out(world, again)
    assert money(world)[1] == {}
    assert settlement.check_ledger() == []
    lines = tape.list_after(0)
    assert [(line.kind, line.price, line.refers_to) for line in lines] == [
        ("trade", "0.1102", None), ("amendment", "0.1082", 1), ("bust", "0.1082", 1),
    ]


def test_two_people_and_the_second_of_the_house(world):
    row = ask(world, traded(world))
    with pytest.raises(NotAllowed) as same:
        decide(world, row, who=(world.house.user, world.house.actor))
    assert same.value.reason == "same_person"
    with pytest.raises(NotAllowed):
        decide(world, row, who=(world.taker.user, world.taker.actor))
    decide(world, row, is_approved=False)
    row.refresh_from_db()
    assert (row.state, row.reservation_id) == ("refused", None)
    with pytest.raises(Conflict) as decided:
        decide(world, row)
    assert decided.value.reason == "already_decided"


def test_parties_may_ask_and_others_may_not(world):
    rfq_id = traded(world)
    for party in (world.dune, world.ember, world.other_taker):
        with pytest.raises(NotFound):
            ask(world, rfq_id, party)
    row = ask(world, rfq_id, world.cobalt)
    with pytest.raises(Conflict) as second:
        ask(world, rfq_id, world.taker)
    assert second.value.reason == "correction_open"
    assert row.kind == "bust"


def test_repeated_command_asks_once(world):
    rfq_id = traded(world)
    first = ask(world, rfq_id, command_id="again")
    assert ask(world, rfq_id, command_id="again").pk == first.pk
    assert TradeCorrection.objects.count() == 1


def test_gateway_that_refuses_leaves_everything_as_it_was(world):
    rfq_id = traded(world)
    before, fills = money(world), Fill.objects.count()
    row = decide(world, ask(world, rfq_id))
    refused = gateway.BlockRefused(
        reservation_id=row.reservation_id, account_id=world.cobalt.account.id, leg_index=0, reason="price_collar", value=9, bound=5
    )
    world.event(refused)
    row.refresh_from_db()
    assert (row.state, row.gateway_reason) == ("failed", "price_collar: 9 against 5")
    assert (money(world), Fill.objects.count()) == (before, fills)
    assert ask(world, rfq_id).state == "requested", "it may be asked again"


def test_unreadable_command_fails_the_correction(world):
    row = decide(world, ask(world, traded(world)))
    command_id = f"block-{row.reservation_id}-reserve"
    world.event(gateway.CommandRefused(command_id=command_id, reason="command_expired", value=2, bound=1))
    row.refresh_from_db()
    assert row.state == "failed"


def test_silent_gateway_fails_the_correction_by_name_and_lets_go_of_it(world):
    rfq_id = traded(world)
    before, fills = money(world), Fill.objects.count()
    row = decide(world, ask(world, rfq_id))
    assert corrections.keep_corrections(world.wait(4.999).at) == 0
    assert corrections.keep_corrections(world.wait(0.001).at) == 1
    row.refresh_from_db()
    assert (row.state, row.gateway_reason) == ("failed", "no_answer: none within 5 s")
    assert [sent.reservation_id for sent in commands_sent(gateway.VoidBlock)] == [row.reservation_id]
    world.event(gateway.BlockReserved(reservation_id=row.reservation_id))
    world.event(gateway.BlockVoided(reservation_id=row.reservation_id))
    assert row.reservation_id not in [sent.reservation_id for sent in commands_sent(gateway.ConfirmBlock)]
    assert (money(world), Fill.objects.count()) == (before, fills), "what comes late books nothing"
    assert corrections.keep_corrections(world.wait(60).at) == 0
    said = AuditRecord.objects.filter(action="trade.correction_failed", reason=row.gateway_reason)
    assert said.count() == 1
    carry_out(world, decide(world, ask(world, rfq_id)))
    assert settlement.check_ledger() == []


def test_correction_that_is_held_and_never_booked_is_named_once_and_books_when_it_comes(world):
    row = decide(world, ask(world, traded(world)))
    world.event(gateway.BlockReserved(reservation_id=row.reservation_id))
    assert corrections.keep_corrections(world.wait(29.999).at) == 0
    assert corrections.keep_corrections(world.wait(0.001).at) == 1
    assert corrections.keep_corrections(world.wait(60).at) == 0
    row.refresh_from_db()
    assert (row.state, row.gateway_reason) == ("reserved", "no_confirmation: none within 30 s")
    assert AuditRecord.objects.filter(action="trade.correction_overdue").count() == 1
    assert commands_sent(gateway.VoidBlock) == [], "the gateway may have executed it"
    world.event(gateway.BlockConfirmed(reservation_id=row.reservation_id, first_execution_id=next(_executions)))
    row.refresh_from_db()
    assert (row.state, row.gateway_reason) == ("done", "")


def test_refused_confirmation_fails_the_correction(world):
    rfq_id = traded(world)
    row = decide(world, ask(world, rfq_id))
    world.event(gateway.BlockReserved(reservation_id=row.reservation_id))
    command_id = f"block-{row.reservation_id}-confirm"
    world.event(gateway.CommandRefused(command_id=command_id, reason="unknown_reservation", value=1, bound=0))
    row.refresh_from_db()
    assert (row.state, row.gateway_reason) == ("failed", "unknown_reservation: 1 against 0")
    assert ask(world, rfq_id).state == "requested", "it may be asked again"


def test_what_cannot_be_corrected_is_refused_by_name(world):
    unconfirmed = traded(world, confirmed=False)
    with pytest.raises(Conflict) as early:
        ask(world, unconfirmed)
    assert early.value.reason == "trade_not_completed"
    rfq_id = traded(world)
    for prices, reason in ((["0.05"], "leg_count"), (["0.05", "0"], "price_not_positive"), (["0.05", "0.00001"], "price_off_tick")):
        with pytest.raises(Refusal) as refused:
            ask(world, rfq_id, leg_prices=prices)
        assert refused.value.reason == reason
    row = decide(world, ask(world, rfq_id))
    carry_out(world, row)
    with pytest.raises(Conflict) as twice:
        ask(world, rfq_id)
    assert twice.value.reason == "trade_busted"
    late = traded(world)
    Instrument.objects.update(state="delivered", delivered_at=clock.now(), delivery_price=Decimal(70_000))
    with pytest.raises(Conflict) as gone:
        ask(world, late)
    assert gone.value.reason == "instrument_delivered"
