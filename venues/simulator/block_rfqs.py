"""Block RFQs of a simulated venue: clients ask, makers that the venue plays quote both ways, a crossing price trades
every leg at once.
"""

import dataclasses
import enum
import itertools
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from venues.simulator.contracts import Contract
from venues.simulator.exchange import BlockLegTrade, Exchange
from venues.simulator.records import Client, Refused, Trade
from wire.units import Side

LIFE_NS = 300 * 10**9
GRACE_NS = 5 * 10**9
"""After a request was made, in which its taker sees no quotes and cannot trade."""
REQUOTE_NS = 10**9
RFQS_MAX = 1_000
"""That the venue remembers; the oldest ended one makes room."""
OPEN_RFQS_MAX = 50
"""Of a client."""
MAKERS = {"ACORN": 0.6, "BIRCH": 0.8, "CEDAR": 1.0}
"""Alias, and how much of the half spread it asks for."""
OPTION_HALF_SPREAD, OUTRIGHT_HALF_SPREAD = 0.02, 0.0002
"""Of a leg's mark, at least a tick."""
SILENT_SHARE = 0.1
"""Of the requotes, at which a maker shows nothing."""


class RfqState(enum.StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "cancelled"
    EXPIRED = "expired"


@dataclasses.dataclass(frozen=True, slots=True)
class RfqLeg:
    contract: Contract
    side: Side
    ratio: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MakerQuote:
    """``side``: the maker's: its offers are sells. ``ticks``: of each leg; ``price``: net of one unit."""

    maker: str
    side: Side
    ticks: list[int]
    price: Decimal
    at_ns: int


@dataclasses.dataclass(slots=True, kw_only=True)
class BlockRfq:
    """``unit_lots``: of a leg with ratio 1."""

    rfq_id: int
    client: Client
    label: str
    legs: list[RfqLeg]
    unit_lots: int
    created_at_ns: int
    expires_at_ns: int
    state: RfqState = RfqState.OPEN
    quotes: list[MakerQuote] = dataclasses.field(default_factory=list)
    traded: tuple[Side, MakerQuote] | None = None
    quoted_at_ns: int = 0

    def shown(self, side: Side) -> list[MakerQuote]:
        """Quotes of that side of the makers, best first."""
        quotes = [quote for quote in self.quotes if quote.side is side]
        return sorted(quotes, key=lambda quote: -side.sign * quote.price)


class RfqListener(Protocol):
    def on_block_rfq(self, rfq: BlockRfq) -> None:
        """It changed: its taker is told."""
        ...


class BlockDesk:
    """Time is an argument."""

    def __init__(self, exchange: Exchange, seed: int, grace_ns: int = GRACE_NS) -> None:
        self._exchange, self._grace_ns = exchange, grace_ns
        self._random = random.Random(seed)  # noqa: S311 - a market, no secret
        self.rfqs: dict[int, BlockRfq] = {}
        self.listeners: list[RfqListener] = []
        self._ids = itertools.count(1)

    def create(self, client: Client, legs: list[RfqLeg], unit_lots: int, label: str, at_ns: int) -> BlockRfq:
        """Raises Refused."""
        open_now = [rfq for rfq in self.rfqs.values() if rfq.client is client and rfq.state is RfqState.OPEN]
        if len(open_now) >= OPEN_RFQS_MAX:
            raise Refused("too_many_block_rfqs", len(open_now), OPEN_RFQS_MAX)
        if len(self.rfqs) >= RFQS_MAX:
            del self.rfqs[next(key for key, rfq in self.rfqs.items() if rfq.state is not RfqState.OPEN)]
        rfq = BlockRfq(
            rfq_id=next(self._ids), client=client, label=label, legs=legs, unit_lots=unit_lots, created_at_ns=at_ns,
            expires_at_ns=at_ns + LIFE_NS,
        )  # fmt: skip
        self.rfqs[rfq.rfq_id] = rfq
        self._tell(rfq)
        return rfq

    def cancel(self, rfq: BlockRfq) -> None:
        """Raises Refused."""
        if rfq.state is not RfqState.OPEN:
            raise Refused("block_rfq_not_open")
        self._end(rfq, RfqState.CANCELED)

    def accept(self, rfq: BlockRfq, side: Side, price: Decimal, unit_lots: int, at_ns: int) -> list[Trade]:
        """Fill or kill, at the best quote where ``price`` crosses it. Raises Refused."""
        if rfq.state is not RfqState.OPEN:
            raise Refused("block_rfq_not_open")
        if at_ns < rfq.created_at_ns + self._grace_ns:
            raise Refused("block_rfq_grace_period")
        best = next(iter(rfq.shown(side.opposite)), None)
        if best is None or side.sign * (price - best.price) < 0 or unit_lots > rfq.unit_lots:
            raise Refused("no_crossing_quote")
        parts = [
            BlockLegTrade(
                leg.contract, leg.side if side is Side.BUY else leg.side.opposite, ticks, unit_lots * leg.ratio
            )
            for leg, ticks in zip(rfq.legs, best.ticks, strict=True)
        ]
        trades = self._exchange.book_block(rfq.client, parts, rfq.rfq_id, rfq.label, at_ns)
        rfq.traded = (side, best)
        self._end(rfq, RfqState.FILLED)
        return trades

    def step(self, at_ns: int) -> None:
        """Makers quote anew; what is over ends."""
        for rfq in list(self.rfqs.values()):
            if rfq.state is not RfqState.OPEN or at_ns < rfq.created_at_ns + self._grace_ns:
                continue
            if at_ns >= rfq.expires_at_ns:
                self._end(rfq, RfqState.EXPIRED)
            elif at_ns - rfq.quoted_at_ns >= REQUOTE_NS:
                rfq.quoted_at_ns = at_ns
                rfq.quotes = self._quotes(rfq, at_ns)
                self._tell(rfq)

    def _quotes(self, rfq: BlockRfq, at_ns: int) -> list[MakerQuote]:
        marks = [self._exchange.marks.get(leg.contract.name) for leg in rfq.legs]
        known = [mark for mark in marks if mark is not None]
        if len(known) < len(marks):
            return []
        return [
            self._quote(rfq, maker, side, known, at_ns)
            for maker in MAKERS
            if self._random.random() >= SILENT_SHARE
            for side in Side
        ]

    def _quote(self, rfq: BlockRfq, maker: str, side: Side, marks: Sequence[float], at_ns: int) -> MakerQuote:
        """Every leg off its mark by the maker's share of the half spread, to the maker's good."""
        share = MAKERS[maker] * self._random.uniform(0.9, 1.1)
        ticks, net = [], Decimal(0)
        for leg, mark in zip(rfq.legs, marks, strict=True):
            tick = leg.contract.terms.tick_size
            half = mark * (OPTION_HALF_SPREAD if leg.contract.is_option else OUTRIGHT_HALF_SPREAD)
            away = max(share * half, float(tick)) * (leg.side.sign * side.opposite.sign)
            ticks.append(max(1, round((mark + away) / float(tick))))
            net += leg.side.sign * leg.ratio * ticks[-1] * tick
        return MakerQuote(maker=maker, side=side, ticks=ticks, price=net, at_ns=at_ns)

    def _end(self, rfq: BlockRfq, state: RfqState) -> None:
        rfq.state, rfq.quotes = state, []
        self._tell(rfq)

    def _tell(self, rfq: BlockRfq) -> None:
        for listener in self.listeners:
            listener.on_block_rfq(rfq)
