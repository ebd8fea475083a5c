"""Random negotiations against the real database, judged by rules that are written here a second time, simply.

``PARLEY_EXAMPLES`` says how many (each is twenty steps), ``PARLEY_SEED`` which. Many run in parts, each with firms and a
transaction of its own, so that ``-n 2`` shares them out.
"""

import dataclasses
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import msgspec
import pytest
from django.db import transaction
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from common.errors import Refusal
from rfq import selectors
from rfq.domain.records import RfqRecord, TradeState
from rfq.domain.views import view_for_firm
from rfq.selectors import replays
from tests.integration.rfq import guards, looks
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import side
from wire import gateway
from wire.facts import AnyFact, RfqChanged, RfqView
from wire.negotiation import LastLookReason, QuoteCondition
from wire.units import QuoteState, RfqState, Side

RFQS_MAX = 4
EXAMPLES = int(os.environ.get("PARLEY_EXAMPLES", "15"))
PART = 100
"""Examples of one transaction: what they leave in the tables, though rolled back, slows the next ones down."""
PARTS = -(-EXAMPLES // PART)
MAKERS = ("cobalt", "dune")
WINDOWS_MS = (1_000, 2_000)
decode_fact = msgspec.json.Decoder(AnyFact).decode


class Negotiations(RuleBasedStateMachine):
    """Each rule predicts from what was last seen whether the desk agrees, and compares."""

    start: ClassVar[worlds.World]
    """With two requests that two makers have quoted and that are open to trade, the same for every example, which is undone."""
    began: ClassVar[list[tuple[int, int, int]]]
    """Those quotes: RFQ, quote, version."""
    guarded: ClassVar[dict[str, guards.Guard]]
    lives: ClassVar[int] = 0

    rfqs = Bundle("rfqs")
    quotes = Bundle("quotes")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = dataclasses.replace(type(self).start)
        self.parties = [self.world.taker, self.world.cobalt, self.world.dune]
        self.seen = looks.Look(records={}, versions=[], looks=[], resting=[], commands=[], facts=[], frozen={})
        self.guards = {maker: guard.copy() for maker, guard in type(self).guarded.items()}
        self.causes: set[str] = set()
        self.gone: set[int] = set()
        """Of this step: why quotes may be withdrawn, and makers that must have nothing standing after it."""
        self.told: dict[int, dict[int, RfqView]] = {party.firm.id: {} for party in self.parties}
        self.read = dict.fromkeys(self.told, 0)
        self.facts_read = 0
        self.moved: list[tuple[int, str]] = []
        self.executions = itertools.count(10, 10)

    def teardown(self) -> None:
        try:
            self.check_whole_life()
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            Negotiations.lives += 1

    def check_whole_life(self):
        looks.check_ledger(self.seen)
        self.check_reads()
        replayed = map(replays.replay_rfq, replays.iterate_ids())
        differences = [str(found.difference) for found in replayed if found.difference]
        assert differences == [], "every RFQ replays to what is stored"

    def check_reads(self):
        """What was told is what a list reads, and, for one party an example, what a client's snapshot holds."""
        for number, party in enumerate(self.parties):
            views = selectors.list_views(party.user)
            if number == Negotiations.lives % len(self.parties):
                views = selectors.snapshot(party.firm.id, "")["rfqs"]
            assert self.told[party.firm.id] == {view.rfq_id: view for view in views}

    @initialize(target=quotes)
    def take_what_was_begun(self):
        return multiple(*self.began)

    @precondition(lambda self: len(self.seen.records) < RFQS_MAX)
    @rule(target=rfqs, life=st.integers(10, 40), asked=st.sampled_from([None, Side.BUY, Side.SELL]))
    def create(self, life, asked):
        return self.world.create(life_seconds=life, side=asked)

    @rule(
        target=quotes,
        rfq_id=rfqs,
        maker=st.sampled_from(MAKERS),
        life=st.sampled_from([None, 10]),
        edge=st.integers(0, 5),
        quantity=st.sampled_from([None, "1"]),
        condition=st.sampled_from(QuoteCondition),
    )
    def quote(self, rfq_id, maker, life, edge, quantity, condition):
        record, party = self.seen.records[rfq_id], getattr(self.world, maker)
        prices = {"bid": side(f"0.05{edge}1", "0.0411"), "ask": side("0.0611", f"0.06{edge}1")}
        if record.side:
            prices["bid" if record.side is Side.BUY else "ask"] = None
        try:
            quote_id = self.world.quote(
                rfq_id, party, life_seconds=life, quantity=quantity, condition=condition, **prices
            )
        except Refusal as refusal:
            assert not (self.is_open(record) and self.guards[maker].may_quote(self.world.at)), refusal
            return multiple()
        assert self.is_open(record)
        assert self.guards[maker].may_quote(self.world.at)
        earlier = record.find_quote_of(party.firm.id)
        return (rfq_id, quote_id, earlier.version + 1 if earlier else 1)

    def is_open(self, record: RfqRecord) -> bool:
        return record.state is RfqState.OPEN and self.world.at < record.expires_at

    def is_tradable(self, record: RfqRecord) -> bool:
        return self.is_open(record) and record.tradable_at <= self.world.at

    def guard(self, firm_id) -> guards.Guard:
        (found,) = [guard for guard in self.guards.values() if guard.party.firm.id == firm_id]
        return found

    @rule(quote=quotes)
    def cancel_quote(self, quote):
        _, quote_id, _ = quote
        standing = self.seen.find_quote(quote_id)
        maker = self.guard(standing.maker_firm_id).party
        self.causes = {"requested"}
        self.judge(standing.state is QuoteState.ACTIVE, lambda: self.world.cancel_quote(quote_id, maker))

    @rule(rfq_id=rfqs)
    def cancel_rfq(self, rfq_id):
        self.judge(self.is_open(self.seen.records[rfq_id]), lambda: self.world.cancel_rfq(rfq_id))

    @rule(quote=quotes, taker_side=st.sampled_from(Side))
    def accept(self, quote, taker_side):
        self.try_to_accept(*quote, taker_side)

    @precondition(lambda self: self.seen.active())
    @rule(choice=st.integers(0, 99), taker_side=st.sampled_from(Side))
    def accept_what_stands(self, choice, taker_side):
        standing = self.seen.active()
        record, chosen = standing[choice % len(standing)]
        self.try_to_accept(record.rfq_id, chosen.quote_id, chosen.version, taker_side)

    @precondition(lambda self: self.seen.active())
    @rule(choice=st.integers(0, 99), taker_side=st.sampled_from(Side))
    def fill_what_stands(self, choice, taker_side):
        """Accepted and, where its maker has no last look, reserved at the same instant: what hits protections."""
        standing = self.seen.active()
        record, chosen = standing[choice % len(standing)]
        self.try_to_accept(record.rfq_id, chosen.quote_id, chosen.version, taker_side)
        if selectors.get_record(record.rfq_id).find_quote(chosen.quote_id).state is QuoteState.PENDING_FILL:
            self.world.reserve(record.rfq_id)

    def try_to_accept(self, rfq_id, quote_id, version, taker_side):
        record, standing = self.seen.records[rfq_id], self.seen.find_quote(quote_id)
        allowed = (
            self.is_tradable(record)
            and (standing.state, standing.version) == (QuoteState.ACTIVE, version)
            and self.is_quoted(standing, taker_side)
            and standing.prices.quantity == record.quantity
            and self.guard(standing.maker_firm_id).may_trade(self.world.at)
        )
        self.judge(allowed, lambda: self.world.accept(rfq_id, quote_id, version, taker_side))

    def is_quoted(self, quote, taker_side):
        prices = quote.prices.ask_leg_prices if taker_side is Side.BUY else quote.prices.bid_leg_prices
        return prices is not None and self.world.at < quote.prices.expires_at

    @rule(rfq_id=rfqs, taker_side=st.sampled_from(Side))
    def trade_the_pool(self, rfq_id, taker_side):
        """Without a bound on the price that matters: it fills where what stands can add up to the size of two."""
        record = self.seen.records[rfq_id]
        active = [quote for quote in record.quotes if quote.state is QuoteState.ACTIVE]
        active = [quote for quote in active if self.guard(quote.maker_firm_id).may_trade(self.world.at)]
        sizes = [quote.prices.quantity for quote in active if self.is_quoted(quote, taker_side)]
        allowed = self.is_tradable(record) and (record.quantity in sizes or len(sizes) == len(MAKERS))
        limit = "9" if taker_side is Side.BUY else "0"
        self.judge(allowed, lambda: self.world.trade(rfq_id, limit, taker_side))

    @rule(rfq_id=rfqs, taker_side=st.sampled_from(Side), limit=st.sampled_from(["0.0000", "0.1112", "9"]))
    def rest_a_limit(self, rfq_id, taker_side, limit):
        record = self.seen.records[rfq_id]
        allowed = self.is_open(record) and record.side in {None, taker_side}
        self.judge(allowed, lambda: self.world.set_trigger(rfq_id, limit, taker_side))

    @precondition(lambda self: self.seen.resting)
    @rule(choice=st.integers(0, 99), taker_side=st.sampled_from(Side))
    def lift_a_limit(self, choice, taker_side):
        rfq_id = self.seen.resting[choice % len(self.seen.resting)]
        rests = self.seen.records[rfq_id].find_trigger(taker_side) is not None
        self.judge(rests, lambda: self.world.cancel_trigger(rfq_id, taker_side))

    @precondition(lambda self: self.seen.waiting)
    @rule(
        choice=st.integers(0, 99),
        reason=st.sampled_from([None, None, LastLookReason.CREDIT_CHECK, LastLookReason.PRICE_TOLERANCE]),
    )
    def answer_last_look(self, choice, reason):
        """The market stands still: nobody may take a price back for having moved."""
        look = self.seen.waiting[choice % len(self.seen.waiting)]
        may_confirm = reason is not None or self.guard(look.maker_firm_id).may_confirm()
        allowed = self.world.at < look.due_at and reason is not LastLookReason.PRICE_TOLERANCE and may_confirm
        self.judge(allowed, lambda: self.world.answer(look.quote_id, reason, self.guard(look.maker_firm_id).party))
        state = selectors.get_record(look.rfq_id).find_quote(look.quote_id).state
        if allowed:
            assert state == ("pending_fill" if reason is None else "last_look_rejected")
        else:
            assert state == "pending_last_look", "the timers end it"

    @rule()
    def fire_limits(self):
        self.world.fire()

    @rule(maker=st.sampled_from(MAKERS), trades_max=st.integers(1, 2), frozen_seconds=st.sampled_from([0, 5]))
    def protect(self, maker, trades_max, frozen_seconds):
        self.guards[maker].protect(self.world, trades_max, frozen_seconds)

    @rule(maker=st.sampled_from(MAKERS))
    def lose_or_find_the_socket(self, maker):
        guard = self.guards[maker]
        if guard.is_connected:
            self.causes, self.gone = {"disconnect"}, {guard.party.firm.id}
            guard.disconnect(self.world)
        else:
            guard.reconnect(self.world)

    @rule(maker=st.sampled_from(MAKERS))
    def beat_the_dead_man(self, maker):
        self.guards[maker].live(self.world)

    @rule(maker=st.sampled_from(MAKERS), scope=st.sampled_from(guards.SCOPES))
    def kill_or_release(self, maker, scope):
        self.causes, guard = {"kill"}, self.guards[maker]
        guard.kill(self.world, scope, is_engaged=scope not in guard.killed)

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 2.0, 5.0, 9.0, 30.0]))
    def timers(self, seconds):
        every = self.guards.values()
        self.world.wait(seconds)
        ends = {guard.party.firm.id: guard.ended_by_timers(self.world.at) for guard in every}
        self.causes, self.gone = set().union(*ends.values()), {firm_id for firm_id, causes in ends.items() if causes}
        guards.run_timers(self.world, every)
        assert guards.run_timers(self.world, every) == 0, "nothing is due twice"
        for guard in every:
            guard.thaw(self.world.at)

    @precondition(lambda self: self.seen.reservations(gateway.ReserveBlock))
    @rule(
        choice=st.integers(0, 99),
        answer=st.sampled_from(["reserved", "reserved", "confirmed", "confirmed", "refused", "voided"]),
    )
    def gateway_answers(self, choice, answer):
        """In any order, late and more than once; but never about what it was not asked."""
        asked = self.seen.reservations(gateway.ReserveBlock)
        (trade,) = [each for each in self.seen.trades if each.trade_id == asked[choice % len(asked)]]
        if answer == "reserved":
            self.world.event(gateway.BlockReserved(reservation_id=trade.trade_id))
        elif answer == "refused":
            refused = gateway.BlockRefused(
                reservation_id=trade.trade_id,
                account_id=trade.maker_account_id,
                leg_index=0,
                reason="position",
                value=1,
                bound=0,
            )
            self.world.event(refused)
        elif answer == "voided":
            self.world.event(gateway.BlockVoided(reservation_id=trade.trade_id))
        elif trade.state in {TradeState.RESERVED, TradeState.COMPLETED}:
            first = next(self.executions)
            self.world.event(gateway.BlockConfirmed(reservation_id=trade.trade_id, first_execution_id=first))

    def judge(self, allowed, act):
        try:
            act()
        except Refusal as refusal:
            assert not allowed, refusal
        else:
            assert allowed

    @invariant()
    def the_desk_is_in_order(self):
        """Everything is read once a step; what only a trade can change is checked when one has come or gone."""
        before, self.seen = self.seen, looks.Look.take(self.facts_read)
        self.check_guards(before)
        changed = {rfq_id for rfq_id, record in self.seen.records.items() if before.records.get(rfq_id) != record}
        for rfq_id in changed:
            looks.check_end(before.records.get(rfq_id), self.seen.records[rfq_id])
        for record in self.seen.records.values():
            looks.check_record(record, self.seen)
        looks.check_versions(self.seen)
        looks.check_reservations(self.seen)
        looks.check_commands(self.seen)
        moved = sorted((trade.trade_id, trade.state) for trade in self.seen.trades)
        if moved != self.moved:
            self.moved = moved
            looks.check_ledger(self.seen)
            looks.check_allocations(self.seen)
        self.check_facts(changed)

    def check_guards(self, before):
        step = {"causes": self.causes, "gone": self.gone, "at": self.world.at}
        guards.check_step(self.guards.values(), before, self.seen, **step)
        self.causes, self.gone = set(), set()

    def check_facts(self, changed):
        """What was told so far, gapless, and what each party may read now. Of a view that stayed as it was, nothing is told."""
        news = set()
        for row in self.seen.facts:
            self.facts_read = row.number
            if row.firm_id not in self.told:
                continue
            self.read[row.firm_id] += 1
            assert row.sequence == self.read[row.firm_id]
            fact = decode_fact(row.payload)
            if isinstance(fact, RfqChanged):
                assert self.told[row.firm_id].get(fact.rfq.rfq_id) != fact.rfq
                self.told[row.firm_id][fact.rfq.rfq_id] = fact.rfq
                news.add(fact.rfq.rfq_id)
        for firm_id, rfq_id in itertools.product(self.told, changed | news):
            assert self.told[firm_id].get(rfq_id) == view_for_firm(self.seen.records[rfq_id], firm_id)


@contextmanager
def begun(looking: tuple[str, ...]) -> Iterator[None]:
    """Two requests with two quotes each; the makers in ``looking`` have a last look, the last one a protection. Undone at the end."""
    world = dataclasses.replace(Negotiations.start)
    with transaction.atomic():
        for maker, window_ms in zip(looking, WINDOWS_MS, strict=False):
            world.agree_last_look(getattr(world, maker), window_ms=window_ms)
        Negotiations.guarded = {}
        for maker in MAKERS:
            world = dataclasses.replace(world, **{maker: dataclasses.replace(getattr(world, maker), session=maker)})
            guard = Negotiations.guarded[maker] = guards.Guard(party=getattr(world, maker))
            guard.arm(world)
        guard.protect(world, 1, 5)
        begun = itertools.product([world.create(life_seconds=60) for _ in range(2)], MAKERS)
        Negotiations.began = [(rfq_id, world.quote(rfq_id, getattr(world, maker)), 1) for rfq_id, maker in begun]
        world.wait(5).tick()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Negotiations, "start", world)
            yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_negotiations(ids_in_order, part):
    waiting = min(PART, EXAMPLES - part * PART)
    beginnings = [(), MAKERS[:1], MAKERS]
    Negotiations.lives = 0
    with worlds.patient_marks():
        Negotiations.start = dataclasses.replace(worlds.build(), plays=False)
        for number, looking in enumerate(beginnings):
            share = (waiting + number) // len(beginnings)
            options = settings(
                max_examples=max(1, share),
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            word = f"{os.environ.get('PARLEY_SEED', 'parley')}-{part}-{number}"
            machine = seed(word)(type("Seeded", (Negotiations,), {}))
            with begun(looking):
                run_state_machine_as_test(machine, settings=options)
    assert Negotiations.lives >= waiting
