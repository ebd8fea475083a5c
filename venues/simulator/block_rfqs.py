"""Block RFQs of a simulated venue: clients ask, makers that the venue plays (``block_makers``) quote both ways, a
crossing price trades every leg at once.
"""

import dataclasses
import enum
import random
from decimal import Decimal
from typing import Protocol

from venues.simulator.block_makers import MAKERS, Maker, MakerQuote, RfqLeg
from venues.simulator.exchange import BlockLegTrade, Exchange
from venues.simulator.records import Client, Refused, Trade
from wire.units import NANOSECONDS_PER_MS, Side

LIFE_NS = 300 * 10**9
GRACE_NS = 5 * 10**9
"""After a request was made, in which its taker sees no quotes and cannot trade."""
RFQS_MAX = 1_000
"""That the venue remembers; the oldest ended one makes room."""
OPEN_RFQS_MAX = 50
"""Of a client."""


class RfqState(enum.StrEnum):
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "cancelled"
    EXPIRED = "expired"


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
    makers: list[Maker]
    state: RfqState = RfqState.OPEN
    traded: tuple[Side, MakerQuote, int] | None = None
    """The taker's side, the quote, and lots of a leg with ratio 1."""

    def shown(self, side: Side) -> list[MakerQuote]:
        """Quotes of that side of the makers, best first."""
        quotes = [quote for maker in self.makers for quote in maker.quotes if quote.side is side]
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
        self._last_id = 0

    def create(self, client: Client, legs: list[RfqLeg], unit_lots: int, label: str, at_ns: int) -> BlockRfq:
        """Raises Refused."""
        open_now = [rfq for rfq in self.rfqs.values() if rfq.client is client and rfq.state is RfqState.OPEN]
        if len(open_now) >= OPEN_RFQS_MAX:
            raise Refused("too_many_block_rfqs", len(open_now), OPEN_RFQS_MAX)
        if len(self.rfqs) >= RFQS_MAX:
            self._make_room()
        self._last_id = max(self._last_id + 1, at_ns // NANOSECONDS_PER_MS)  # none twice, also after a restart
        rfq = BlockRfq(
            rfq_id=self._last_id, client=client, label=label, legs=legs, unit_lots=unit_lots, created_at_ns=at_ns,
            expires_at_ns=at_ns + LIFE_NS,
            makers=[Maker(each, self._random, at_ns + self._grace_ns) for each in MAKERS],
        )  # fmt: skip
        self.rfqs[rfq.rfq_id] = rfq
        self._tell(rfq)
        return rfq

    def _make_room(self) -> None:
        ended = next((key for key, rfq in self.rfqs.items() if rfq.state is not RfqState.OPEN), None)
        if ended is None:
            raise Refused("venue_has_too_many_block_rfqs", len(self.rfqs), RFQS_MAX)
        del self.rfqs[ended]

    def cancel(self, rfq: BlockRfq) -> None:
        """Raises Refused."""
        if rfq.state is not RfqState.OPEN:
            raise Refused("block_rfq_not_open")
        self._end(rfq, RfqState.CANCELED)

    def accept(self, rfq: BlockRfq, side: Side, price: Decimal, unit_lots: int, at_ns: int) -> list[Trade]:
        """Fill or kill, at the best quote where ``price`` crosses it. Raises Refused."""
        if rfq.state is not RfqState.OPEN or at_ns >= rfq.expires_at_ns:
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
        rfq.traded = (side, best, unit_lots)
        self._end(rfq, RfqState.FILLED)
        return trades

    def step(self, at_ns: int) -> None:
        """Makers look at their quotes; what is over ends."""
        for rfq in list(self.rfqs.values()):
            if rfq.state is not RfqState.OPEN:
                continue
            if at_ns >= rfq.expires_at_ns:
                self._end(rfq, RfqState.EXPIRED)
                continue
            if at_ns < rfq.created_at_ns + self._grace_ns:
                continue
            changed = [maker.look(rfq.legs, self._exchange.marks, at_ns) for maker in rfq.makers]
            if any(changed):
                self._tell(rfq)

    def _end(self, rfq: BlockRfq, state: RfqState) -> None:
        rfq.state, rfq.makers = state, []
        self._tell(rfq)

    def _tell(self, rfq: BlockRfq) -> None:
        for listener in self.listeners:
            listener.on_block_rfq(rfq)
