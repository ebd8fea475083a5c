"""Trade quotes: check, decide under the lock, and ask makers with a last look, then the gateway.

Everything slow (marks, margin of every party) is computed before the lock and remembered: under it only what changed in
between is computed again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import TYPE_CHECKING

from common.actor import Actor
from common.errors import Refusal
from rfq import publishers, selectors
from rfq.domain import execution
from rfq.domain.prices import check_net_price, to_decimal
from rfq.domain.records import RfqRecord, TriggerRecord
from rfq.models import Acceptance, MakerProtection, TradeLeg
from rfq.services import (
    bands,
    changes,
    checks,
    commands,
    desk_limits,
    last_looks,
    margin,
    reservations,
    sightings,
    stops,
    windows,
)
from rfq.services.requests import check_taker
from wire.client import AcceptQuote, TradeRfq
from wire.negotiation import AcceptKind

if TYPE_CHECKING:
    from accounts.models import User

NOT_NAMED = "not_named"
"""Why a quote did not compete: the taker had not seen this version of it."""


def accept_quote(*, user: User, actor: Actor, message: AcceptQuote, at: dt.datetime) -> int:
    """Trade the full size on one side of exactly this version of a quote; returns the RFQ's id.

    The RFQ is pending until the maker, where it has a last look, and the gateway have answered or been silent too long.
    """

    def choose(rfq: RfqRecord, left_out: Collection[int]) -> execution.Plan:
        return execution.plan_quote(rfq, quote_id=message.quote_id, version=message.version, side=message.side, at=at)

    attempt = Attempt(kind=AcceptKind.QUOTE, choose=choose, user=user, actor=actor, at=at)
    return _once(attempt, message)


def trade_rfq(*, user: User, actor: Actor, message: TradeRfq, at: dt.datetime) -> int:
    """Trade the full size with the pool within a net price, or nothing; returns the RFQ's id."""
    limit_price = to_decimal("limit price", message.limit_price)
    versions = {(seen.quote_id, seen.version) for seen in message.quotes} or None

    def choose(rfq: RfqRecord, left_out: Collection[int]) -> execution.Plan:
        return execution.plan_pool(
            rfq, side=message.side, limit_price=limit_price, versions=versions, left_out=left_out, at=at
        )

    attempt = Attempt(kind=AcceptKind.POOL, choose=choose, user=user, actor=actor, at=at, limit_price=limit_price)
    return _once(attempt, message)


@dataclasses.dataclass(kw_only=True)
class Attempt:
    """One try to trade an RFQ. ``choose`` plans it, without the quotes whose ids it is given."""

    kind: AcceptKind
    choose: Callable[[RfqRecord, Collection[int]], execution.Plan]
    user: User
    actor: Actor
    at: dt.datetime
    limit_price: Decimal | None = None
    trigger: TriggerRecord | None = None
    command_id: str = ""
    confirmed_band: str | None = None
    protections: list[MakerProtection] = dataclasses.field(default_factory=list)
    sensitivities: windows.Sensitivities = dataclasses.field(default_factory=dict)
    headroom: margin.Headroom = dataclasses.field(default_factory=margin.Headroom)
    index_prices: dict[int, Decimal] = dataclasses.field(default_factory=dict)

    def prepare(self, rfq: RfqRecord) -> None:
        """All that is slow. A version's prices never change, so that what is found stays true under the lock."""
        check_taker(self.user, rfq.taker_firm_id, rfq.maker_firm_ids, rfq.rfq_id)
        if self.limit_price is not None:
            check_net_price(rfq.legs, self.limit_price)
        self.choose(rfq, ())
        checks.check_gateway()
        self.index_prices = checks.check_marks(rfq)
        self.protections = windows.find(rfq)
        self._plan(rfq)
        if self.protections:
            self.sensitivities = windows.read_sensitivities(rfq)

    def execute(self, before: RfqRecord) -> RfqRecord:
        """Under the RFQ's lock: decide, write, and ask whoever answers next."""
        check_taker(self.user, before.taker_firm_id, before.maker_firm_ids, before.rfq_id)
        stops.check_user(self.user)
        desk_limits.check_execute(before.taker_firm_id, self.at)
        self.protections = windows.lock(before)
        plan, left_out = self._plan(before)
        bands.check_accept(before, plan.fills, plan.side, sightings.get_sight(before), self.confirmed_band)
        looks = last_looks.find_looks(before, plan, self.at)
        after = execution.accept(
            before,
            side=plan.side,
            fills=plan.fills,
            trade_ids=tuple(changes.next_id("rfq_blocktrade") for _ in execution.split(before, plan.fills)),
            looks=tuple((quote_id, record) for quote_id, (_, record) in looks.items()),
            accepted_by=self.user.id,
            trigger_id=self.trigger.trigger_id if self.trigger else None,
            at=self.at,
        )
        cause = publishers.Cause(action="rfq.accepted", actor=self.actor, at=self.at, command_id=self.command_id)
        changes.write(before, after, cause)
        windows.take(after, plan, self.sensitivities, self.protections)
        self._store(before, plan, left_out)
        last_looks.ask(looks, self.at)
        if not looks:
            reservations.reserve_all(after, self.at)
        return after

    def _plan(self, rfq: RfqRecord) -> tuple[execution.Plan, dict[int, Refusal]]:
        """What is taken, from makers who can trade; and why the others cannot.

        A named quote is refused with its maker's reason; in the pool others take its place.
        """
        left_out: dict[int, Refusal] = {}
        while True:
            plan = self.choose(rfq, left_out)
            protected = windows.find_refusals(rfq, plan, self.protections, self.at)
            same = desk_limits.find_same_entity(rfq, plan)
            unable = {**self.headroom.find_maker_refusals(rfq, plan), **_stopped(rfq, plan), **protected, **same}
            if not unable:
                self.headroom.check_taker(rfq, plan.side, execution.split(rfq, plan.fills))
                return plan, left_out
            if self.kind is AcceptKind.QUOTE:
                raise next(iter(unable.values()))
            left_out.update(unable)

    def _store(self, before: RfqRecord, plan: execution.Plan, left_out: dict[int, Refusal]) -> None:
        """With every quote that stood within the limit: as one that competed, or with why it did not."""
        Acceptance.objects.create(
            rfq_id=before.rfq_id,
            kind=self.kind.value,
            side=plan.side.value,
            limit_price=self.limit_price,
            pool=sorted([offer.quote_id, offer.version] for offer in plan.pool),
            left_out=self._left_out(before, plan, left_out),
            accepted_at=self.at,
            accepted_by=self.user,
        )
        for leg_index, price in self.index_prices.items():
            TradeLeg.objects.filter(trade__rfq_id=before.rfq_id, leg_index=leg_index).update(reference_price=price)

    def _left_out(
        self, before: RfqRecord, plan: execution.Plan, refusals: dict[int, Refusal]
    ) -> list[tuple[int, int, str]]:
        if self.kind is AcceptKind.QUOTE:
            return []
        competed = {offer.quote_id for offer in plan.pool}
        others = execution.standing(before, side=plan.side, limit_price=self.limit_price, at=self.at)
        reasons = {quote_id: refusal.reason for quote_id, refusal in refusals.items()}
        return [
            (offer.quote_id, offer.version, reasons.get(offer.quote_id, NOT_NAMED))
            for offer in sorted(others, key=lambda offer: offer.quote_id)
            if offer.quote_id not in competed
        ]


def _once(attempt: Attempt, message: AcceptQuote | TradeRfq) -> int:
    attempt.command_id, attempt.confirmed_band = message.command_id, message.confirmed_band

    def act() -> int:
        return attempt.execute(changes.get_locked(message.rfq_id)).rfq_id

    return commands.once(
        user_id=attempt.user.id,
        message=message,
        entity="rfq",
        prepare=lambda: attempt.prepare(selectors.get_record(message.rfq_id)),
        act=act,
    )


def _stopped(rfq: RfqRecord, plan: execution.Plan) -> dict[int, Refusal]:
    """By quote id, of makers whom a kill switch or a trading state holds."""
    found: dict[int, Refusal] = {}
    for fill in plan.fills:
        quote = rfq.find_quote(fill.quote_id)
        assert quote is not None, "a fill has its quote"
        try:
            stops.check_maker(quote.prices.user_id)
        except Refusal as refusal:
            found[fill.quote_id] = refusal
    return found
