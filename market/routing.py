"""How an order would be split over our own book and other venues now: their latest depth, through the core's router.

The router counts in lots of ours (units of the base) and in thousandths of a tick for one lot (quote units), which is
exact for what is compared: prices, and fees in millionths of them. Raises the ``common.valkey.Unreachable`` errors.
"""

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

import parley_core

from market import oracle
from wire.instruments import InstrumentTerms
from wire.limits import STALE_AFTER_MS
from wire.market import Book, Index, VenueDepth, VenueLevels, VenueLink
from wire.units import NANOSECONDS_PER_MS, InstrumentKind, Side
from wire.venue_reports import OWN_BOOK, venue_id

LEVELS_MAX = 64
VENUES_MAX = 16
QUOTE_UNITS_PER_TICK = 1_000
MILLION = 1_000_000
OPTION_FEE_SHARE_MAX = Decimal("0.125")
"""Of its price an option's taker is charged no more, at every venue that we send orders to."""
URGENCY_PPM_PER_SECOND = 10
"""What a second of a venue's latency costs."""
PENALTY_PPM = 200
"""Of a venue that filled less than it showed."""
STATE_ACTIVE, STATE_HALTED = 0, 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """``price_ticks``: the worst that is taken; ``average_ticks``: expected."""

    venue: str
    quantity_lots: int
    price_ticks: int
    average_ticks: Decimal
    fee_ppm: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    venue: str
    reason: str
    value: int
    bound: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """``all_in_ticks``: average price with fees, None where nothing can be routed. ``single``: (venue, the same) of the
    best venue alone that has as much; None where none has.
    """

    quantity_lots: int
    parts: list[Part]
    verdicts: list[Verdict]
    is_proven: bool
    all_in_ticks: Decimal | None
    single: tuple[str, Decimal] | None

    @property
    def planned_lots(self) -> int:
        return sum(part.quantity_lots for part in self.parts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Source:
    venue: str
    fee_ppm: int
    latency_us: int
    updated_at_ns: int
    state: int
    levels: list[tuple[int, int]]
    """(thousandths of a tick for one lot, lots), best first."""


def plan_split(
    terms: InstrumentTerms,
    side: Side,
    quantity_lots: int,
    limit_ticks: int,
    now_ns: int,
    *,
    own_fee_ppm: int,
    left_out: Sequence[str] = (),
    penalized: Sequence[str] = (),
) -> Plan:
    """``limit_ticks`` holds for every part. ``left_out``: venues that are not to be used now."""
    sources = _read_sources(terms, side, limit_ticks, own_fee_ppm)[:VENUES_MAX]
    router = parley_core.Router()
    order = _order(side, quantity_lots, limit_ticks, now_ns)
    held = [_held(source, source.venue in left_out, source.venue in penalized) for source in sources]
    decision = router.route(order, held)
    parts = [
        Part(
            venue=sources[child.venue].venue,
            quantity_lots=child.lots,
            price_ticks=_to_ticks(child.limit_price, side),
            average_ticks=Decimal(child.notional) / child.lots / QUOTE_UNITS_PER_TICK,
            fee_ppm=sources[child.venue].fee_ppm,
        )
        for child in decision.children
        if child.lots
    ]
    verdicts = [
        Verdict(venue=source.venue, reason=reason, value=value, bound=bound)
        for source, (reason, value, bound) in zip(sources, decision.verdicts, strict=True)
    ]
    return Plan(
        quantity_lots=quantity_lots,
        parts=parts,
        verdicts=verdicts,
        is_proven=decision.is_proven,
        all_in_ticks=all_in(parts, side),
        single=_best_single(router, order, sources, held, quantity_lots, side),
    )


def all_in(parts: Sequence[Part], side: Side) -> Decimal | None:
    """Average price of the parts with their fees: more than they cost for a purchase, less than they bring for a
    sale.
    """
    lots = sum(part.quantity_lots for part in parts)
    if not lots:
        return None
    paid = sum(
        (part.average_ticks * part.quantity_lots * (1 + side.sign * Decimal(part.fee_ppm) / MILLION) for part in parts),
        Decimal(0),
    )
    return paid / lots


def _best_single(
    router: parley_core.Router,
    order: parley_core.RouteOrder,
    sources: Sequence[_Source],
    held: Sequence[parley_core.RouteVenue],
    quantity_lots: int,
    side: Side,
) -> tuple[str, Decimal] | None:
    found: list[tuple[Decimal, str]] = []
    for source, venue in zip(sources, held, strict=True):
        alone = router.route(order, [venue])
        if alone.routed_units < quantity_lots:
            continue
        average = Decimal(alone.notional) / quantity_lots / QUOTE_UNITS_PER_TICK
        found.append((average * (1 + side.sign * Decimal(source.fee_ppm) / MILLION), source.venue))
    if not found:
        return None
    price, venue_name = min(found) if side is Side.BUY else max(found)
    return venue_name, price


def _order(side: Side, quantity_lots: int, limit_ticks: int, now_ns: int) -> parley_core.RouteOrder:
    return parley_core.RouteOrder(
        list(Side).index(side),
        quantity_lots,
        limit_price=limit_ticks * QUOTE_UNITS_PER_TICK,
        urgency_ppm_per_second=URGENCY_PPM_PER_SECOND,
        at_ns=now_ns,
    )


def _held(source: _Source, is_excluded: bool, is_penalized: bool) -> parley_core.RouteVenue:  # noqa: FBT001 - two marks
    terms = parley_core.RouteTerms(
        venue_id(source.venue),
        taker_fee_ppm=source.fee_ppm,
        penalty_ppm=PENALTY_PPM if is_penalized else 0,
        latency_us=source.latency_us,
        updated_at_ns=source.updated_at_ns,
        stale_after_ns=STALE_AFTER_MS * NANOSECONDS_PER_MS,
        state=source.state,
        is_excluded=is_excluded,
    )
    return parley_core.RouteVenue(terms, source.levels)


def _read_sources(terms: InstrumentTerms, side: Side, limit_ticks: int, own_fee_ppm: int) -> list[_Source]:
    """Our own book first: of equal prices it is taken first."""
    book_key, depth_key = f"book.{terms.name}", f"venue_depth.{terms.name}"
    found = oracle.read_raw([book_key, depth_key])
    sources = []
    if book_key in found:
        book = oracle.decode_frame(found[book_key], Book)
        levels = _levels(terms, book.asks if side is Side.BUY else book.bids)
        sources.append(
            _Source(
                venue=OWN_BOOK,
                fee_ppm=own_fee_ppm,
                latency_us=0,
                updated_at_ns=book.at_ns,
                state=STATE_ACTIVE,
                levels=levels,
            )
        )
    if depth_key not in found:
        return sources
    depth = oracle.decode_frame(found[depth_key], VenueDepth)
    links = oracle.read_raw([f"venue_link.{each.venue}" for each in depth.venues])
    for each in depth.venues:
        raw = links.get(f"venue_link.{each.venue}")
        link = None if raw is None else oracle.decode_frame(raw, VenueLink)
        if link is not None and link.takes_orders and each.taker_fee:
            fee_ppm = _taker_fee_ppm(terms, Decimal(each.taker_fee), limit_ticks)
            sources.append(_venue_source(terms, side, each, link, fee_ppm))
    return sources


def _taker_fee_ppm(terms: InstrumentTerms, rate: Decimal, limit_ticks: int) -> int:
    """Of the price. An option's fee is of the coins behind it and never more than a share of its price: at the limit,
    as our own book's.
    """
    if terms.kind is not InstrumentKind.OPTION:
        return int((rate * MILLION).to_integral_value())
    coin_price = Decimal(1) if terms.is_inverse else _find_index_price(terms.base_currency)
    if coin_price is None:
        return int(OPTION_FEE_SHARE_MAX * MILLION)
    return int(min(rate * coin_price / (limit_ticks * terms.tick_size), OPTION_FEE_SHARE_MAX) * MILLION)


def _find_index_price(coin: str) -> Decimal | None:
    raw = oracle.read_raw([f"index.{coin}"]).get(f"index.{coin}")
    return None if raw is None else Decimal(str(oracle.decode_frame(raw, Index).price))


def _venue_source(terms: InstrumentTerms, side: Side, shown: VenueLevels, link: VenueLink, fee_ppm: int) -> _Source:
    is_live = link.is_ready and shown.state == "live"
    return _Source(
        venue=shown.venue,
        fee_ppm=fee_ppm,
        latency_us=int((link.latency_ms or 0) * 1_000),
        updated_at_ns=shown.heard_at_ns,
        state=STATE_ACTIVE if is_live else STATE_HALTED,
        levels=_levels(terms, shown.asks if side is Side.BUY else shown.bids),
    )


def _levels(terms: InstrumentTerms, shown: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Whole lots of ours alone: what a venue has in finer steps is left to others. Equal prices are one level."""
    levels: dict[int, int] = {}
    for price_text, quantity_text in shown[:LEVELS_MAX]:
        lots = int((Decimal(quantity_text) / terms.lot_size).to_integral_value(ROUND_FLOOR))
        price = int(Decimal(price_text) / terms.tick_size * QUOTE_UNITS_PER_TICK)
        if lots > 0 and price > 0:
            levels[price] = levels.get(price, 0) + lots
    return list(levels.items())


def _to_ticks(quote_units: int, side: Side) -> int:
    """The grid price that still takes it: up for a purchase, down for a sale."""
    ticks, rest = divmod(quote_units, QUOTE_UNITS_PER_TICK)
    return ticks + (1 if rest and side is Side.BUY else 0)
