"""The books of one venue: its symbols and steps behind our names and contracts, filled by the core's decoder."""

import dataclasses
from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import parley_core

from gateway.venues.market import VenueTrade
from wire.market import VenueLevels

BOOKS_MAX = 1_000
TRADES_WAITING_MAX = 10_000
Level = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VenueInstrument:
    """``name``: ours. ``price_tick``, ``amount_step``: the finest that the venue's books show, in its own units.
    ``contract_amount``: the venue's amount of one of our contracts. Fees as fractions of the value,
    of options of the coins behind them; None where it does not say.
    """

    name: str
    symbol: str
    price_tick: Decimal
    amount_step: Decimal
    contract_amount: Decimal = Decimal(1)
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


@dataclasses.dataclass(slots=True)
class _Book:
    instrument: VenueInstrument
    quantity_step: Decimal
    updated_at_ns: int = 0


class VenueBooks:
    """``slots``: of our names that the venue offers now. The decoder gives each once and keeps it over reconnects."""

    def __init__(self, venue: str, decoder: str) -> None:
        """``decoder``: as ``parley_core.VenueFeed`` names it."""
        self.venue = venue
        self.feed = parley_core.VenueFeed(decoder)
        self.slots: dict[str, int] = {}
        self._withdrawn: dict[str, int] = {}
        self._books: list[_Book] = []
        self.changed: set[str] = set()
        """Our names whose book changed since this was last emptied."""
        self.trades: deque[VenueTrade] = deque(maxlen=TRADES_WAITING_MAX)
        """What the venue traded, in its own units, until the market tape takes it."""

    def __contains__(self, name: str) -> bool:
        return name in self.slots

    def __len__(self) -> int:
        return len(self.slots)

    def list_instrument(self, instrument: VenueInstrument) -> None:
        """Once for each name; more than BOOKS_MAX are passed over, withdrawn ones counted."""
        if instrument.name in self._withdrawn:
            self.slots[instrument.name] = self._withdrawn.pop(instrument.name)
        if instrument.name in self.slots or len(self._books) >= BOOKS_MAX:
            return
        tick, step = (format(each, "f") for each in (instrument.price_tick, instrument.amount_step))
        slot = self.feed.list_instrument(instrument.symbol, tick, step)
        assert slot == len(self._books), "slots are counted from 0"
        self.feed.snapshots_wanted()  # who lists a book asks for it
        self.slots[instrument.name] = slot
        self._books.append(_Book(instrument, instrument.amount_step / instrument.contract_amount))

    def note_trades(self, trades: Iterable[VenueTrade]) -> None:
        """Public trades of what it offers, in the order in which the venue told of them."""
        self.trades.extend(trade for trade in trades if trade.name in self.slots)

    def withdraw(self, name: str) -> None:
        """The venue does not offer it any more, as after its expiry: nothing is shown or asked for."""
        self._withdrawn[name] = self.slots.pop(name)
        self.changed.discard(name)

    def instrument(self, name: str) -> VenueInstrument:
        return self._books[self.slots[name]].instrument

    def instruments(self) -> list[VenueInstrument]:
        return [self.instrument(name) for name in self.slots]

    def apply(self, frame: bytes, at_ns: int, slot: int = -1) -> None:
        """Raises parley_core.FrameRefused for a malformed frame, which changes nothing."""
        self.feed.apply_frame(frame, at_ns, slot)

    def collect_changed(self, at_ns: int) -> None:
        """Moves the books that changed, each at most 20 times a second, into ``changed``."""
        for slot in self.feed.publish_due(at_ns):
            book = self._books[slot]
            book.updated_at_ns = at_ns
            if book.instrument.name in self.slots:
                self.changed.add(book.instrument.name)

    def wanted(self) -> list[str]:
        """Our names whose books have a gap and wait for a snapshot, each named once."""
        slots = self.feed.snapshots_wanted()
        if not slots:
            return []
        names = [self._books[slot].instrument.name for slot in slots]
        return [name for name in names if name in self.slots]

    def lost(self) -> None:
        """The connection is gone: what the books show is not confirmed any more."""
        self.feed.reconnect()
        self.feed.snapshots_wanted()  # a new connection asks for every book
        self.changed.update(self.slots)

    def count_live(self) -> int:
        return sum(not self.feed.is_stale(slot) for slot in self.slots.values())

    def levels(self, name: str, count: int, heard_at_ns: int) -> VenueLevels:
        """Best levels first, prices in quote currency, quantities in our contracts."""
        slot = self.slots[name]
        book = self._books[slot]
        (bid_ticks, bid_lots), (ask_ticks, ask_lots) = self.feed.depth(slot, count)
        fee = book.instrument.taker_fee
        return VenueLevels(
            venue=self.venue,
            state=str(self.feed.state(slot)),
            heard_at_ns=heard_at_ns,
            updated_at_ns=book.updated_at_ns,
            bids=_texts(book, bid_ticks, bid_lots),
            asks=_texts(book, ask_ticks, ask_lots),
            taker_fee="" if fee is None else format(fee, "f"),
        )


def _texts(book: _Book, ticks: list[int], lots: list[int]) -> list[Level]:
    tick, step = book.instrument.price_tick, book.quantity_step
    return [(format(t * tick, "f"), format((q * step).normalize(), "f")) for t, q in zip(ticks, lots, strict=True)]
