"""Random negotiations against the real database, judged by rules that are written here a second time, simply.

``PARLEY_EXAMPLES`` says how many (each is twenty steps), ``PARLEY_SEED`` which.
"""

import dataclasses
import os
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
from rfq import selectors, services
from rfq.domain.records import RfqRecord
from rfq.domain.views import view_for_firm
from rfq.models import BlockTrade, LastLook, Quote, QuoteVersion, Rfq, Trigger
from rfq.selectors import allocations, replays
from rfq.selectors.records import load_records
from settlement import selectors as settlement_selectors
from settlement.models import Fill
from streams import selectors as streams_selectors
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import commands_sent, side
from wire import gateway
from wire.facts import AnyFact, RfqChanged, RfqView
from wire.negotiation import LastLookReason, QuoteCondition
from wire.units import QuoteState, RfqState, Side

RFQS_MAX = 4
EXAMPLES = int(os.environ.get("PARLEY_EXAMPLES", "15"))
decode_fact = msgspec.json.Decoder(AnyFact).decode
ENDED = {RfqState.FILLED, RfqState.REJECTED, RfqState.EXPIRED, RfqState.CANCELED}


class Negotiations(RuleBasedStateMachine):
    """Each rule predicts from what it has seen whether the desk agrees, and compares."""

    built: ClassVar[worlds.World]
    """Firms, accounts and deposits, the same for every example, which leaves nothing behind in them."""

    rfqs = Bundle("rfqs")
    quotes = Bundle("quotes")

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = dataclasses.replace(type(self).built, plays=False)
        self.ends: dict[int, RfqState] = {}
        self.told: dict[int, dict[int, RfqView]] = {}
        self.read: dict[int, int] = {}
        self.moved: list[tuple[int, str]] = []
        self.executions = 1

    def teardown(self) -> None:
        differences = [str(found.difference) for found in map(replays.replay_rfq, replays.iterate_ids()) if found.difference]
        check_ledger()
        for party in (self.world.taker, self.world.cobalt, self.world.dune):
            snapshot = selectors.snapshot(party.firm.id, "")["rfqs"]
            assert self.told.get(party.firm.id, {}) == {view.rfq_id: view for view in snapshot}
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        assert differences == [], "every RFQ replays to what is stored"

    @initialize(target=quotes, looking=st.sampled_from([(), ("cobalt",), ("cobalt", "dune")]))
    def start_tradable(self, looking):
        for maker, window_ms in zip(looking, (1_000, 2_000), strict=False):
            self.world.agree_last_look(getattr(self.world, maker), window_ms=window_ms)
        rfq_id = self.world.create(life_seconds=60)
        first = [(rfq_id, self.world.quote(rfq_id, getattr(self.world, maker)), 1, maker) for maker in ("cobalt", "dune")]
        self.world.wait(5).tick()
        return multiple(*first)

    @precondition(lambda self: Rfq.objects.count() < RFQS_MAX)
    @rule(target=rfqs, life=st.integers(10, 40), asked=st.sampled_from([None, Side.BUY, Side.SELL]))
    def create(self, life, asked):
        rfq_id = self.world.create(life_seconds=life, side=asked)
        return rfq_id

    @rule(target=quotes, rfq_id=rfqs, maker=st.sampled_from(["cobalt", "dune"]), life=st.sampled_from([None, 10]), edge=st.integers(0, 5), quantity=st.sampled_from([None, "1"]), condition=st.sampled_from(QuoteCondition))
    def quote(self, rfq_id, maker, life, edge, quantity, condition):
        row = Rfq.objects.get(id=rfq_id)
        prices = {"bid": side(f"0.05{edge}1", "0.0411"), "ask": side("0.0611", f"0.06{edge}1")}
        if row.side:
            prices["bid" if row.side == "buy" else "ask"] = None
        allowed = row.state == "open" and self.world.at < row.expires_at
        try:
            quote_id = self.world.quote(rfq_id, getattr(self.world, maker), life_seconds=life, quantity=quantity, condition=condition, **prices)
        except Refusal as refusal:
            assert not allowed, refusal
            return multiple()
        assert allowed
        return (rfq_id, quote_id, Quote.objects.get(id=quote_id).version, maker)

    @rule(quote=quotes)
    def cancel_quote(self, quote):
        _, quote_id, _, maker = quote
        allowed = Quote.objects.get(id=quote_id).state == "active"
        self.judge(allowed, lambda: self.world.cancel_quote(quote_id, getattr(self.world, maker)))

    @rule(rfq_id=rfqs)
    def cancel_rfq(self, rfq_id):
        row = Rfq.objects.get(id=rfq_id)
        self.judge(row.state == "open" and self.world.at < row.expires_at, lambda: self.world.cancel_rfq(rfq_id))

    @rule(quote=quotes, taker_side=st.sampled_from(Side))
    def accept(self, quote, taker_side):
        rfq_id, quote_id, version, _ = quote
        self.try_to_accept(rfq_id, quote_id, version, taker_side)

    def try_to_accept(self, rfq_id, quote_id, version, taker_side):
        row, standing = Rfq.objects.get(id=rfq_id), Quote.objects.get(id=quote_id)
        terms = QuoteVersion.objects.get(quote_id=quote_id, version=standing.version)
        quoted = terms.ask_net if taker_side is Side.BUY else terms.bid_net
        allowed = (
            row.state == "open"
            and row.tradable_at <= self.world.at < row.expires_at
            and (standing.state, standing.version) == ("active", version)
            and self.world.at < terms.expires_at
            and quoted is not None
            and terms.quantity == row.quantity
        )
        self.judge(allowed, lambda: self.world.accept(rfq_id, quote_id, version, taker_side))

    @precondition(lambda self: Quote.objects.filter(state="active").exists())
    @rule(choice=st.integers(0, 99), taker_side=st.sampled_from(Side))
    def accept_what_stands(self, choice, taker_side):
        standing = list(Quote.objects.filter(state="active").order_by("id"))
        chosen = standing[choice % len(standing)]
        self.try_to_accept(chosen.rfq_id, chosen.id, chosen.version, taker_side)

    @rule(rfq_id=rfqs, taker_side=st.sampled_from(Side))
    def trade_the_pool(self, rfq_id, taker_side):
        """Without a bound on the price that matters: it fills where what stands can add up to the size of two."""
        row = Rfq.objects.get(id=rfq_id)
        standing = self.standing(row, taker_side)
        whole = any(each.quantity == 2 for each in standing)
        allowed = row.state == "open" and row.tradable_at <= self.world.at < row.expires_at and (whole or len(standing) == 2)
        limit = "9" if taker_side is Side.BUY else "0"
        self.judge(allowed, lambda: self.world.trade(rfq_id, limit, taker_side))

    def standing(self, row, taker_side):
        found = []
        for quote in Quote.objects.filter(rfq_id=row.id, state="active"):
            terms = QuoteVersion.objects.get(quote_id=quote.id, version=quote.version)
            price = terms.ask_net if taker_side is Side.BUY else terms.bid_net
            if price is not None and self.world.at < terms.expires_at:
                found.append(terms)
        return found

    @rule(rfq_id=rfqs, taker_side=st.sampled_from(Side), limit=st.sampled_from(["0.0000", "0.1112", "9"]))
    def rest_a_limit(self, rfq_id, taker_side, limit):
        row = Rfq.objects.get(id=rfq_id)
        allowed = row.state == "open" and self.world.at < row.expires_at and row.side in {"", taker_side.value}
        self.judge(allowed, lambda: self.world.set_trigger(rfq_id, limit, taker_side))

    @precondition(lambda self: LastLook.objects.filter(state="pending").exists())
    @rule(choice=st.integers(0, 99), reason=st.sampled_from([None, None, LastLookReason.CREDIT_CHECK, LastLookReason.PRICE_TOLERANCE]))
    def answer_last_look(self, choice, reason):
        """The market stands still: nobody may take a price back for having moved."""
        waiting = list(LastLook.objects.filter(state="pending").order_by("quote_id"))
        look = waiting[choice % len(waiting)]
        (maker,) = [each for each in self.world.makers if each.firm.id == look.quote.maker_firm_id]
        allowed = self.world.at < look.due_at and reason is not LastLookReason.PRICE_TOLERANCE
        self.judge(allowed, lambda: self.world.answer(look.quote_id, reason, maker))
        state = Quote.objects.get(id=look.quote_id).state
        if allowed:
            assert state == ("pending_fill" if reason is None else "last_look_rejected")
        else:
            assert state == "pending_last_look", "the timers end it"

    @rule()
    def fire_limits(self):
        self.world.fire()

    @rule(maker=st.sampled_from(["cobalt", "dune"]), reason=st.sampled_from(["mmp", "disconnect", "kill"]))
    def protect(self, maker, reason):
        party = getattr(self.world, maker)
        active = Quote.objects.filter(maker_firm_id=party.firm.id, state="active").count()
        ended = services.cancel_all_quotes(maker_firm_id=party.firm.id, reason=reason, actor=party.actor, at=self.world.at)
        assert ended == active

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 2.0, 5.0, 9.0, 30.0]))
    def timers(self, seconds):
        self.world.wait(seconds).tick()
        assert self.world.tick() == 0, "nothing is due twice"

    @precondition(lambda self: BlockTrade.objects.exists())
    @rule(choice=st.integers(0, 99), answer=st.sampled_from(["reserved", "reserved", "confirmed", "confirmed", "refused", "voided"]))
    def gateway_answers(self, choice, answer):
        """In any order, late and more than once; but never about what it was not asked."""
        asked = {command.reservation_id for command in commands_sent(gateway.ReserveBlock)}
        trades = list(BlockTrade.objects.filter(id__in=asked).order_by("id"))
        if not trades:
            return
        trade = trades[choice % len(trades)]
        if answer == "reserved":
            self.world.event(gateway.BlockReserved(reservation_id=trade.id))
        elif answer == "refused":
            refused = gateway.BlockRefused(
                reservation_id=trade.id, account_id=trade.maker_account_id, leg_index=0, reason="position", value=1, bound=0
            )
            self.world.event(refused)
        elif answer == "voided":
            self.world.event(gateway.BlockVoided(reservation_id=trade.id))
        elif trade.state in {"reserved", "completed"}:
            self.world.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=self.executions * 10))
            self.executions += 1

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
        seen = Look.take()
        self.check_ends(seen)
        for row in seen.rfqs:
            check_states(row, seen)
        for quote in seen.quotes:
            check_versions(quote)
        check_reservations(seen)
        check_commands(seen)
        moved = sorted((trade.id, trade.state) for trade in seen.trades)
        if moved != self.moved:
            self.moved = moved
            check_ledger()
            check_allocations(seen)
        self.check_facts(seen)

    def check_ends(self, seen):
        for row in seen.rfqs:
            state = RfqState(row.state)
            assert self.ends.get(row.id, state) is state, "a state that ended it never changes"
            if state in ENDED:
                self.ends[row.id] = state

    def check_facts(self, seen):
        """What was told so far, and what each party may read now."""
        for party in (self.world.taker, self.world.cobalt, self.world.dune):
            firm_id = party.firm.id
            for stored in streams_selectors.facts_after(firm_id, self.read.get(firm_id, 0)):
                self.read[firm_id] = stored.sequence
                fact = decode_fact(stored.payload)
                if isinstance(fact, RfqChanged):
                    self.told.setdefault(firm_id, {})[fact.rfq.rfq_id] = fact.rfq
            views = (view_for_firm(record, firm_id) for record in seen.records.values())
            assert self.told.get(firm_id, {}) == {view.rfq_id: view for view in views if view is not None}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Look:
    """The desk's rows at one instant."""

    rfqs: list[Rfq]
    records: dict[int, RfqRecord]
    quotes: list[Quote]
    trades: list[BlockTrade]
    looks: list[LastLook]
    resting: set[int]
    commands: list[gateway.GatewayCommand]

    @classmethod
    def take(cls):
        rfqs = list(Rfq.objects.order_by("id"))
        return cls(
            rfqs=rfqs,
            records={record.rfq_id: record for record in load_records([row.id for row in rfqs])},
            quotes=list(Quote.objects.prefetch_related("versions").order_by("id")),
            trades=list(BlockTrade.objects.order_by("id")),
            looks=list(LastLook.objects.select_related("quote")),
            resting=set(Trigger.objects.filter(state="untriggered").values_list("rfq_id", flat=True)),
            commands=commands_sent(gateway.ReserveBlock | gateway.ConfirmBlock | gateway.VoidBlock),
        )

    def reservations(self, kind):
        return [command.reservation_id for command in self.commands if isinstance(command, kind)]


def check_states(row, seen):
    record = seen.records[row.id]
    states = [quote.state for quote in record.quotes]
    chosen = any(state in {QuoteState.PENDING_LAST_LOOK, QuoteState.PENDING_FILL, QuoteState.FILLED} for state in states)
    assert chosen == (record.state in {RfqState.PENDING_FILL, RfqState.FILLED})
    if record.state in ENDED:
        assert QuoteState.ACTIVE not in states
    if record.state in {RfqState.FILLED, RfqState.PENDING_FILL}:
        assert sum(trade.quantity for trade in seen.trades if trade.rfq_id == row.id) == row.quantity, "the full size"
    assert row.id not in seen.resting or record.state is RfqState.OPEN


def check_versions(quote):
    """Each ends once."""
    versions = sorted(quote.versions.all(), key=lambda each: each.version)
    assert [each.version for each in versions] == list(range(1, quote.version + 1))
    assert all(each.end_reason in {"replaced", "canceled", "expired"} for each in versions[:-1])
    assert (versions[-1].ended_at is None) is (quote.state in {"active", "pending_last_look", "pending_fill"})


def check_reservations(seen):
    """Nothing is reserved before every maker has answered."""
    reserved = seen.reservations(gateway.ReserveBlock)
    assert len(reserved) == len(set(reserved))
    for row in (each for each in seen.rfqs if each.state != "open"):
        looks = [look.state for look in seen.looks if look.quote.rfq_id == row.id]
        awaited = sum(quote.rfq_id == row.id and quote.state == "pending_last_look" for quote in seen.quotes)
        assert awaited == looks.count("pending")
        trades = {trade.id for trade in seen.trades if trade.rfq_id == row.id}
        asked = set(reserved) & trades
        assert not (asked and (awaited or "rejected" in looks))
        if row.state in {"filled", "pending_fill"} and not awaited:
            assert asked == trades
            assert set(looks) <= {"confirmed"}


def check_commands(seen):
    """They follow the decision."""
    confirmed, voided = seen.reservations(gateway.ConfirmBlock), seen.reservations(gateway.VoidBlock)
    assert len(confirmed) == len(set(confirmed))
    assert not set(confirmed) & set(voided)
    filled = {row.id for row in seen.rfqs if row.state == "filled"}
    held = {trade.id for trade in seen.trades if trade.state in {"reserved", "completed"} and trade.rfq_id in filled}
    assert set(confirmed) == held


def check_ledger():
    assert settlement_selectors.check_ledger() == []
    for trade in BlockTrade.objects.filter(state="completed"):
        booked = Fill.objects.filter(execution_id__in=trade.legs.values("execution_id"))
        assert sum(fill.quantity * (1 if fill.side == "buy" else -1) for fill in booked) == 0
        assert booked.count() == 2 * trade.legs.count()


def check_allocations(seen):
    for rfq_id in {trade.rfq_id for trade in seen.trades}:
        assert allocations.find_allocation_difference(rfq_id) is None


@pytest.mark.django_db
def test_negotiations(ids_in_order):
    options = settings(
        max_examples=EXAMPLES,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    machine = seed(int(os.environ["PARLEY_SEED"]))(Negotiations) if "PARLEY_SEED" in os.environ else Negotiations
    with worlds.patient_marks():
        Negotiations.built = worlds.build()
        run_state_machine_as_test(machine, settings=options)
