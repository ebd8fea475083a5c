"""The windows of market-maker protections: pending fills enter them, fills that stand may hit, a hit freezes.

Locks: the RFQ, then the protections of its makers by id. What is guaranteed:

- Accepts of one maker in one coin pass one after the other. An accept is refused once the fills in the window, with all
  that are pending, have reached a limit: at most one fill carries the window across it.
- What was accepted before a hit stays accepted; it was counted when it was.
- From the commit of a hit on no quote of the firm in the coin can be accepted, whether it was withdrawn yet or not.
"""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import msgspec
from django.db.models import QuerySet

from audit import services as audit
from common.actor import GATEWAY, Actor
from common.errors import Conflict, Refusal
from rfq.domain import protection
from rfq.domain.execution import Plan
from rfq.domain.protection import Exposure
from rfq.domain.records import QuoteRecord, RfqRecord
from rfq.domain.transitions import PENDING_QUOTE_STATES
from rfq.models import MakerProtection, ProtectedFill
from rfq.selectors.protection import limits_of, protection_view, window_of
from rfq.selectors.quoting import Protected
from risk import selectors as risk
from streams import services as streams
from wire.facts import ProtectionChanged
from wire.instruments import parse_instrument_name
from wire.protection import ProtectionView
from wire.units import QuoteState, Side

Sensitivities = dict[str, risk.Sensitivity]
"""By instrument."""
EXPOSURE_DIGITS = 8


def coins_of(rfq: RfqRecord) -> list[str]:
    return sorted({parse_instrument_name(leg.instrument_name).base_currency for leg in rfq.legs})


def find(rfq: RfqRecord) -> list[MakerProtection]:
    """The protections that fills of this RFQ would count in."""
    return list(_of_makers(rfq).order_by("id"))


def lock(rfq: RfqRecord) -> list[MakerProtection]:
    """The same: nobody else changes them until the transaction ends."""
    return list(_of_makers(rfq).select_for_update(no_key=True).order_by("id"))


def read_sensitivities(rfq: RfqRecord) -> Sensitivities:
    """Raises MarksUnavailable."""
    return risk.sensitivities([leg.instrument_name for leg in rfq.legs])


def check_may_quote(protections: Iterable[Protected], at: dt.datetime) -> None:
    """Refuses ``protection_frozen`` with the time left. ``protections``: of the firm, in the RFQ's coins, locked."""
    for row in protections:
        refusal = find_frozen(row, at)
        if refusal is not None:
            raise refusal


def find_frozen(row: MakerProtection | Protected, at: dt.datetime) -> Refusal | None:
    """Why the firm may not quote in the coin now."""
    if row.frozen_at is None or (row.frozen_until is not None and at >= row.frozen_until):
        return None
    left = "until reset" if row.frozen_until is None else f"{(row.frozen_until - at).total_seconds():.1f} s left"
    return Conflict(
        "protection_frozen",
        f"The {row.hit} limit of the protection in {row.coin} was hit.",
        value=left,
        bound="reset" if row.frozen_until is None else "0 s left",
    )


def find_refusals(rfq: RfqRecord, plan: Plan, rows: Iterable[MakerProtection], at: dt.datetime) -> dict[int, Refusal]:
    """By quote id, of makers whose protection lets nothing more be accepted. Figures are not the taker's to know."""
    planned = {fill.quote_id for fill in plan.fills}
    quotes = {quote.maker_firm_id: quote.quote_id for quote in rfq.quotes if quote.quote_id in planned}
    found: dict[int, Refusal] = {}
    for row in rows:
        if row.firm_id not in quotes:
            continue
        hit = protection.find_hit_of_accepts(window_of(row), limits_of(row), at)
        if hit is not None or find_frozen(row, at) is not None:
            refusal = Conflict("maker_protected", "The maker's protection lets nothing more trade now.")
            found[quotes[row.firm_id]] = refusal
    return found


def take(rfq: RfqRecord, plan: Plan, known: Sensitivities, rows: Iterable[MakerProtection]) -> None:
    """Count what was accepted, as pending. ``rows`` are locked; ``known`` is read where it was not before."""
    quotes = {quote.quote_id: quote for quote in rfq.quotes}
    by_firm = {quotes[fill.quote_id].maker_firm_id: fill for fill in plan.fills}
    for row in rows:
        fill = by_firm.get(row.firm_id)
        if fill is None:
            continue
        known = known or read_sensitivities(rfq)
        exposure = exposure_of(rfq, fill.quantity, plan.side, known, row.coin)
        ProtectedFill.objects.create(
            protection_id=row.pk,
            quote_id=fill.quote_id,
            rfq_id=rfq.rfq_id,
            quantity=exposure.quantity,
            delta=exposure.delta,
            vega=exposure.vega,
            at=rfq.updated_at,
        )
        streams.publish_fact(firm_id=row.firm_id, fact=ProtectionChanged(protection=protection_view(row)))


def exposure_of(rfq: RfqRecord, quantity: Decimal, side: Side, known: Sensitivities, coin: str) -> Exposure:
    """What the maker gets in one coin. The hedge leg counts in delta, not in quantity."""
    coins, delta, vega = Decimal(0), Decimal(0), Decimal(0)
    for leg in rfq.legs:
        each = known[leg.instrument_name]
        if each.coin != coin:
            continue
        contracts = quantity * leg.ratio
        signed = -side.sign * leg.side.sign * contracts
        coins += Decimal(0) if leg.is_hedge else contracts * _rounded(each.coins)
        delta += signed * _rounded(each.delta)
        vega += signed * _rounded(each.vega)
    digits = EXPOSURE_DIGITS
    return Exposure(quantity=round(coins, digits), delta=round(delta, digits), vega=round(vega, digits))


def settle(before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    """What became of the pending fills of this step: those that stand move the window and may hit, the others go."""
    ended = [quote for quote in after.quotes if _has_ended(before, quote)]
    if not ended:
        return
    makers = {quote.maker_firm_id for quote in ended}
    for row in [row for row in lock(after) if row.firm_id in makers]:
        mine = ProtectedFill.objects.filter(protection_id=row.pk, is_pending=True)
        quote = next(quote for quote in ended if quote.maker_firm_id == row.firm_id)
        if not mine.filter(quote_id=quote.quote_id).exists():
            continue
        if quote.state is QuoteState.FILLED:
            mine.filter(quote_id=quote.quote_id).update(is_pending=False, at=at)
            _count(row, at)
        else:
            mine.filter(quote_id=quote.quote_id).delete()
        streams.publish_fact(firm_id=row.firm_id, fact=ProtectionChanged(protection=protection_view(row)))


def record(
    row: MakerProtection, action: str, actor: Actor, at: dt.datetime, was: ProtectionView | None, command_id: str = ""
) -> None:
    """The audit record and the fact of a change of a protection."""
    now = protection_view(row)
    audit.record(
        stream=f"firm:{row.firm_id}",
        action=f"protection.{action}",
        entity=f"protection:{row.pk}",
        actor=actor,
        at=at,
        before=None if was is None else msgspec.to_builtins(was),
        after=msgspec.to_builtins(now),
        command_id=command_id,
        reason=row.hit,
    )
    streams.publish_fact(firm_id=row.firm_id, fact=ProtectionChanged(protection=now))


def _of_makers(rfq: RfqRecord) -> QuerySet[MakerProtection]:
    makers = [quote.maker_firm_id for quote in rfq.quotes]
    return MakerProtection.objects.filter(coin__in=coins_of(rfq), firm_id__in=makers)


def _has_ended(before: RfqRecord, quote: QuoteRecord) -> bool:
    earlier = before.find_quote(quote.quote_id)
    was_pending = earlier is not None and earlier.state in PENDING_QUOTE_STATES
    return was_pending and quote.state not in PENDING_QUOTE_STATES


def _count(row: MakerProtection, at: dt.datetime) -> None:
    """A fill stands: drop what left the window, and freeze where it reaches a limit. A frozen firm stays as it is."""
    limits = limits_of(row)
    old = ProtectedFill.objects.filter(protection_id=row.pk, is_pending=False, at__lte=at - limits.interval)
    old.delete()
    hit = protection.find_hit_of_fills(window_of(row), limits, at)
    if hit is None or find_frozen(row, at) is not None:
        return
    was = protection_view(row)
    row.frozen_at, row.hit = at, hit.limit.value
    row.frozen_until = at + dt.timedelta(milliseconds=row.frozen_ms) if row.frozen_ms else None
    row.save(update_fields=["frozen_at", "frozen_until", "hit"])
    record(row, "hit", GATEWAY, at, was)


def _rounded(value: float) -> Decimal:
    return Decimal(repr(round(value, EXPOSURE_DIGITS + 4)))
