"""Random lives of one request over the pure rules: every step, every timer, last looks, limits, protection, disconnects.

``PARLEY_SEQUENCES`` says how many lives (10,000 take some minutes); each is judged by rules written here a second time.
"""

import dataclasses
import os
import random
from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain import execution, negotiation, replay, triggers, views
from rfq.domain.records import AllocationRecord, LastLookRecord, RfqRecord, TradeState, TriggerRecord
from rfq.domain.transitions import PENDING_QUOTE_STATES, TERMINAL_STATES
from rfq.domain.verification import Accepted, StoredVersion, find_difference
from tests.unit.rfq import builders
from tests.unit.rfq.builders import AT, TAKER, seconds
from wire.negotiation import AcceptKind, LastLookReason, QuoteCondition, TriggerState
from wire.units import QuoteState, RfqState, Side

SEQUENCES = int(os.environ.get("PARLEY_SEQUENCES", "400"))
STEPS = 30
MAKERS = (3, 4, 5)
ASKS = (("0.06", "0.05"), ("0.06", "0.051"), ("0.061", "0.05"), ("0.0599", "0.05"))
BIDS = (("0.05", "0.04"), ("0.05", "0.039"), ("0.0501", "0.04"))
ENDED_QUOTES = frozenset(QuoteState) - {QuoteState.ACTIVE} - PENDING_QUOTE_STATES
QUANTITY = Decimal(10)


class Life:
    """One request; ``said`` keeps what the model saw: versions, ends, the accept."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        shares = (AllocationRecord(account_id=11, quantity=Decimal(7)), AllocationRecord(account_id=12, quantity=Decimal(3)))
        self.record = builders.rfq(
            maker_firm_ids=MAKERS,
            maker_aliases=(1, 2, 3),
            allocations=shares if self.random.random() < 0.5 else (),
            side=self.random.choice([None, None, Side.BUY, Side.SELL]),
            expires_at=AT + seconds(60),
        )
        self.created = self.record
        self.at = AT
        self.next_id = 100
        self.versions: dict[tuple[int, int], StoredVersion] = {}
        self.ends: dict[tuple[int, int], QuoteState] = {}
        self.accepted: Accepted | None = None
        self.looks_of = {maker for maker in MAKERS if self.random.random() < 0.3}

    def id(self) -> int:
        self.next_id += 1
        return self.next_id

    def step(self) -> None:
        act = self.random.choice(ACTS)
        before = self.record
        try:
            after = act(self)
        except Refusal:
            after = None
        if after is not None:
            self.record = after
        self.note(before)
        self.check(before)

    def note(self, before: RfqRecord) -> None:
        """Ends of versions: a replaced one ended if it was not over before."""
        for quote in before.quotes:
            now = self.record.find_quote(quote.quote_id)
            assert now is not None, "a quote never vanishes"
            assert now.version in (quote.version, quote.version + 1)
            if now.version == quote.version + 1:
                assert quote.state not in PENDING_QUOTE_STATES, "what was accepted is never replaced"
        for quote in self.record.quotes:
            key = (quote.quote_id, quote.version)
            if quote.state in ENDED_QUOTES:
                assert self.ends.setdefault(key, quote.state) is quote.state, "a version ends once"
            else:
                assert key not in self.ends, "what has ended stays so"

    def check(self, before: RfqRecord) -> None:
        rfq = self.record
        states = [quote.state for quote in rfq.quotes]
        assert before.state not in TERMINAL_STATES or rfq.state is before.state, "one terminal state"
        assert (rfq.pending_until is not None) is (rfq.state is RfqState.PENDING_FILL)
        assert any(state in PENDING_QUOTE_STATES for state in states) is (rfq.state is RfqState.PENDING_FILL)
        assert (QuoteState.FILLED in states) is (rfq.state is RfqState.FILLED)
        assert rfq.state not in TERMINAL_STATES or QuoteState.ACTIVE not in states
        resting = [each for each in rfq.triggers if each.state is TriggerState.UNTRIGGERED]
        assert not resting or rfq.state is RfqState.OPEN
        assert len({each.side for each in resting}) == len(resting)
        self.check_trades(rfq)
        self.check_told(before)

    def check_told(self, before: RfqRecord) -> None:
        """Exactly those whose own view is another one now."""
        after = self.record
        told = [firm_id for firm_id in views.list_readers(before, after) if views.differs(before, after, firm_id)]
        changed = [
            firm_id
            for firm_id in after.party_firm_ids
            if views.view_for_firm(before, firm_id) != views.view_for_firm(after, firm_id)
        ]
        assert told == changed

    def check_trades(self, rfq: RfqRecord) -> None:
        if rfq.state in (RfqState.PENDING_FILL, RfqState.FILLED):
            assert sum(trade.quantity for trade in rfq.trades) == QUANTITY, "the full size"
        for share in rfq.taker_shares if rfq.trades else ():
            got = sum(trade.quantity for trade in rfq.trades if trade.taker_account_id == share.account_id)
            assert got == share.quantity
        for trade in rfq.trades:
            quote = rfq.find_quote(trade.quote_id)
            assert quote.version == trade.version
            assert quote.maker_firm_id != TAKER
        for quote in rfq.quotes:
            taken = sum((trade.quantity for trade in rfq.list_trades_of(quote.quote_id)), start=Decimal(0))
            assert taken <= quote.prices.quantity
            assert quote.prices.condition is QuoteCondition.ANY_PART_OF or taken in (0, quote.prices.quantity)
        assert rfq.state is not RfqState.REJECTED or {trade.state for trade in rfq.trades} == {TradeState.REJECTED}
        assert find_difference(rfq, self.accepted, self.versions) is None

    def finish(self) -> None:
        """Every life comes to its end, and is the same when it is lived again from its steps."""
        for _ in range(3):
            self.at += seconds(70)
            before = self.record
            self.record = negotiation.advance(self.record, at=self.at)
            self.note(before)
            self.check(before)
        assert self.record.state in TERMINAL_STATES
        stored = [replay.first_step(self.created), *self.record.steps]
        steps = [
            replay.StoredStep(sequence=index, kind=step.kind, arguments=replay.rules.to_arguments(step), state_sha256=b"")
            for index, step in enumerate(stored, start=1)
        ]
        records, difference = replay.replay(steps)
        assert difference is None, difference
        assert replay.to_bytes(records[-1]) == replay.to_bytes(self.record)
        for maker in MAKERS:
            view = views.maker_view(self.record, maker)
            assert view.triggers == []
            assert {quote.maker_firm_id for quote in view.quotes} <= {maker}
            assert {trade.quote_id for trade in view.trades} <= {quote.quote_id for quote in view.quotes}


def wait(life):
    life.at += seconds(life.random.choice([0.1, 1, 2, 5, 9]))
    return negotiation.advance(life.record, at=life.at)


def quote(life):
    maker = life.random.choice(MAKERS)
    side = life.record.side
    prices = builders.prices(
        None if side is Side.BUY else life.random.choice(BIDS),
        None if side is Side.SELL else life.random.choice(ASKS),
        expires_at=min(life.at + seconds(life.random.choice([10, 60])), life.record.expires_at),
        account_id=30 + maker,
        quantity=life.random.choice([10, 10, 7, 5, 3]),
        condition=life.random.choice([QuoteCondition.ANY_PART_OF, QuoteCondition.ANY_PART_OF, QuoteCondition.ALL_OR_NONE]),
    )
    return negotiation.submit_quote(life.record, maker=(maker, "m"), quote_id=life.id(), prices=prices, at=life.at)


def cancel(life):
    maker = life.random.choice(MAKERS)
    mine = life.record.find_quote_of(maker)
    return mine and negotiation.cancel_quote(life.record, quote_id=mine.quote_id, maker_firm_id=maker, at=life.at)


def protect(life):
    """Protection was hit, the maker was cut off, or a kill switch engaged."""
    maker, reason = life.random.choice(MAKERS), life.random.choice(["mmp", "disconnect", "kill"])
    after = negotiation.cancel_quotes_of(life.record, maker_firm_id=maker, reason=reason, at=life.at)
    mine = after.find_quote_of(maker)
    assert mine is None or mine.state is not QuoteState.ACTIVE
    return None if after == life.record else after


def withdraw(life):
    return negotiation.cancel_rfq(life.record, at=life.at) if life.random.random() < 0.15 else None


def take(life, plan, kind, limit_price=None, trigger_id=None):
    record = life.record
    makers = {each.quote_id: each.maker_firm_id for each in record.quotes}
    due_at = life.at + seconds(life.random.choice([0.5, 2]))
    look = LastLookRecord(due_at=due_at, tolerance_basis_points=Decimal(5), reference_value=None, unit_value=None)
    after = execution.accept(
        record,
        side=plan.side,
        fills=plan.fills,
        trade_ids=tuple(life.id() for _ in execution.split(record, plan.fills)),
        looks=tuple((fill.quote_id, look) for fill in plan.fills if makers[fill.quote_id] in life.looks_of),
        accepted_by=5,
        trigger_id=trigger_id,
        at=life.at,
    )
    life.versions = stored_versions(record, plan.side)
    life.accepted = Accepted(
        kind=kind,
        side=plan.side,
        limit_price=limit_price,
        pool=tuple((offer.quote_id, offer.version) for offer in plan.pool),
        left_out=(),
        accepted_at=life.at,
    )
    return after


def stored_versions(record, side):
    found = {}
    for each in record.quotes:
        price = views.net_of(record.legs, views.accepted_leg_prices(each, side))
        is_aon = each.prices.condition is QuoteCondition.ALL_OR_NONE
        found[each.quote_id, each.version] = StoredVersion(
            price=price,
            quantity=each.prices.quantity,
            is_all_or_none=is_aon,
            made_at=each.updated_at,
            expires_at=each.prices.expires_at,
        )
    return found


def accept_one(life):
    if not life.record.quotes:
        return None
    chosen = life.random.choice(life.record.quotes)
    version = chosen.version - (life.random.random() < 0.1)
    side = life.random.choice(list(Side))
    plan = execution.plan_quote(life.record, quote_id=chosen.quote_id, version=version, side=side, at=life.at)
    return take(life, plan, AcceptKind.QUOTE)


def accept_pool(life):
    side = life.random.choice(list(Side))
    limit = Decimal(life.random.choice(["0.11", "0.111", "0.2"] if side is Side.BUY else ["0.09", "0.0901", "0.01"]))
    plan = execution.plan_pool(life.record, side=side, limit_price=limit, versions=None, at=life.at)
    assert all(side.sign * fill.price <= side.sign * limit for fill in plan.fills)
    return take(life, plan, AcceptKind.POOL, limit)


def set_trigger(life):
    side = life.random.choice(list(Side))
    limit = Decimal(life.random.choice(["0.109", "0.11"] if side is Side.BUY else ["0.0902", "0.09"]))
    trigger = TriggerRecord(trigger_id=life.id(), user_id=5, side=side, limit_price=limit, created_at=life.at)
    return triggers.set_trigger(life.record, trigger=trigger, at=life.at)


def cancel_trigger(life):
    return triggers.cancel_trigger(life.record, side=life.random.choice(list(Side)))


def fire(life):
    crossed = triggers.list_crossed(life.record, at=life.at)
    if not crossed:
        return None
    first = crossed[0]
    plan = execution.plan_pool(life.record, side=first.side, limit_price=first.limit_price, versions=None, at=life.at)
    after = take(life, plan, AcceptKind.TRIGGER, first.limit_price, first.trigger_id)
    assert next(each.state for each in after.triggers if each.trigger_id == first.trigger_id) is TriggerState.TRIGGERED
    return after


def look(life):
    waiting = [each for each in life.record.quotes if each.state is QuoteState.PENDING_LAST_LOOK]
    if not waiting:
        return None
    chosen = life.random.choice(waiting)
    if life.random.random() < 0.7:
        return execution.confirm_last_look(life.record, quote_id=chosen.quote_id, at=life.at)
    reason = LastLookReason.CREDIT_CHECK
    return execution.reject_last_look(life.record, quote_id=chosen.quote_id, reason=reason, at=life.at)


def reserve(life):
    if not life.record.trades or execution.is_awaiting_makers(life.record):
        return None
    chosen = life.random.choice(life.record.trades)
    return execution.reserved(life.record, trade_id=chosen.trade_id, at=life.at)


def refuse(life):
    if life.random.random() < 0.7 or execution.is_awaiting_makers(life.record):
        return None
    return execution.refused(life.record, reason="position", reason_firm_id=TAKER, at=life.at)


def confirm(life):
    if not life.record.trades:
        return None
    return execution.confirmed(life.record, trade_id=life.random.choice(life.record.trades).trade_id)


ACTS = [
    quote, quote, quote, quote, quote, wait, wait, cancel, protect, withdraw, accept_one, accept_pool, accept_pool,
    set_trigger, set_trigger, cancel_trigger, fire, fire, look, look, reserve, reserve, reserve, refuse, confirm, confirm,
]  # fmt: skip


@pytest.mark.parametrize("part", range(4))
def test_lives_of_requests(part):
    ends = set()
    for seed in range(part, SEQUENCES, 4):
        life = Life(seed)
        try:
            for _ in range(STEPS):
                life.step()
            life.finish()
        except AssertionError as error:
            raise AssertionError(f"life {seed}: {error}") from error
        ends.add(life.record.state)
    assert ends == TERMINAL_STATES, "every end was reached"


def test_the_model_sees_a_planted_fault(monkeypatch):
    """An accept that takes a quote of another version would be caught."""
    honest = execution.allocate

    def dishonest(*arguments, **keywords):
        fills = honest(*arguments, **keywords)
        return fills and tuple(dataclasses.replace(fill, quantity=fill.quantity - 1) for fill in fills)

    monkeypatch.setattr(execution, "allocate", dishonest)
    with pytest.raises(AssertionError):
        for seed in range(100):
            life = Life(seed)
            for _ in range(STEPS):
                life.step()
