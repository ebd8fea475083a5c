"""What subscribers of a simulated venue are told: books as snapshot and changes, trades, tickers, their own orders."""

import itertools
import time
from collections.abc import Callable, Iterable
from typing import Any

from venues.simulator.block_rfqs import BlockRfq
from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults
from venues.simulator.json_rpc import render
from venues.simulator.json_rpc.session import Session
from venues.simulator.matching import Level
from venues.simulator.mischief import Reports
from venues.simulator.records import Client, Order, Print, Trade
from wire.units import NANOSECONDS_PER_MS

INTERVALS = ("raw", "100ms", "agg2")
GROUPED_DEPTHS = (1, 10, 20)
KINDS = {"perpetual": "future", "future": "future", "spot": "spot", "option": "option"}
Sides = tuple[dict[int, int], dict[int, int]]


class BookChannel:
    """One channel of a book; all its subscribers see the same change ids."""

    def __init__(self, name: str, contract: Contract, change_ids: Callable[[], int]) -> None:
        self.name, self._contract, self._next_id = name, contract, change_ids
        self._shown: Sides = ({}, {})
        self._change_id = 0

    def refresh(self, depth: tuple[list[Level], list[Level]], at_ns: int) -> dict[str, Any] | None:
        """The change since the last one; None where there is none."""
        latest: Sides = (dict(depth[0]), dict(depth[1]))
        changes = [self._changes(old, new) for old, new in zip(self._shown, latest, strict=True)]
        if not any(changes):
            return None
        previous, self._change_id, self._shown = self._change_id, self._next_id(), latest
        return self._message("change", changes, at_ns) | {"prev_change_id": previous}

    def snapshot(self, at_ns: int) -> dict[str, Any]:
        levels = [[["new", *self._level(each)] for each in side.items()] for side in self._shown]
        return self._message("snapshot", levels, at_ns)

    def _message(self, kind: str, sides: list[list[Any]], at_ns: int) -> dict[str, Any]:
        return {
            "type": kind,
            "timestamp": at_ns // NANOSECONDS_PER_MS,
            "instrument_name": self._contract.name,
            "change_id": self._change_id,
            "bids": sides[0],
            "asks": sides[1],
        }

    def _changes(self, old: dict[int, int], new: dict[int, int]) -> list[Any]:
        set_now = [
            ["change" if ticks in old else "new", *self._level((ticks, lots))]
            for ticks, lots in new.items()
            if old.get(ticks) != lots
        ]
        return set_now + [["delete", self._contract.price(ticks), 0.0] for ticks in old if ticks not in new]

    def _level(self, level: Level) -> tuple[float, float]:
        return self._contract.price(level[0]), self._contract.amount(level[1])


class Notices:
    """The listener of the exchange that writes to sessions."""

    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange, self._faults = exchange, faults
        self.sessions: set[Session] = set()
        self._books: dict[str, BookChannel] = {}
        self._change_ids = itertools.count(10_000)
        self._dirty: dict[str, set[str]] = {interval: set() for interval in INTERVALS}
        self._prints: dict[str, list[Print]] = {}
        self._reports = Reports(faults)
        exchange.listeners.append(self)

    def subscribe(self, session: Session, channel: str) -> bool:
        """False where there is no such channel, or it is not for this session."""
        if not self._is_channel(channel, is_private=session.client is not None):
            return False
        parts = channel.split(".")
        if parts[0] == "book" and len(parts) == 3:
            book = self._book(channel, parts[1])
            self._flush_book(book, parts[1], time.time_ns())
            session.notify(channel, book.snapshot(time.time_ns()))
        elif parts[0] in ("ticker", "quote") or (len(parts) == 5 and parts[0] == "book"):
            session.notify(channel, self._state_of(channel, time.time_ns()))
        session.channels.add(channel)
        return True

    def _is_channel(self, channel: str, *, is_private: bool) -> bool:
        match channel.split("."):
            case ["book" | "trades" | "ticker", name, interval]:
                return name in self._exchange.contracts and interval in INTERVALS
            case ["quote", name]:
                return name in self._exchange.contracts
            case ["book", name, "none", depth, "100ms"]:
                return name in self._exchange.contracts and depth in map(str, GROUPED_DEPTHS)
            case ["user", "orders" | "trades" | "changes", _, "raw"] | ["user", "portfolio", _]:
                return is_private
            case ["user", "orders" | "trades" | "changes", _, _, "raw"] | ["block_rfq", "taker", _]:
                return is_private
        return False

    def on_book(self, contract: Contract) -> None:
        for names in self._dirty.values():
            names.add(contract.name)

    def on_print(self, printed: Print) -> None:
        self._prints.setdefault(printed.contract.name, []).append(printed)

    def on_order(self, order: Order, trades: list[Trade]) -> None:
        """The order as it is now, and its trades, to its owner's sessions."""
        shown, executed = render.order_json(order), [render.trade_json(trade) for trade in trades]
        for session in self._of(order.client):
            for channel in session.channels:
                if _is_about(channel, "orders", order.contract):
                    self._report(session, channel, shown)
                elif executed and _is_about(channel, "trades", order.contract):
                    self._report(session, channel, executed)
                elif _is_about(channel, "changes", order.contract):
                    content = {"instrument_name": order.contract.name, "orders": [shown], "trades": executed}
                    self._report(session, channel, content | {"positions": []})
                elif executed and channel.startswith("user.portfolio."):
                    self._report(session, channel, self.portfolio(order.client, channel.rpartition(".")[2]))

    def on_bust(self, trade: Trade) -> None:
        for session in self._of(trade.order.client):
            for channel in session.channels:
                if _is_about(channel, "trades", trade.order.contract):
                    self._report(session, channel, [render.trade_json(trade)])

    def on_block_rfq(self, rfq: BlockRfq) -> None:
        currency = rfq.legs[0].contract.terms.settlement_currency
        for session in self._of(rfq.client):
            for channel in session.channels & {"block_rfq.taker.any", f"block_rfq.taker.{currency}"}:
                self._report(session, channel, render.block_rfq_json(rfq))

    def portfolio(self, client: Client, currency: str) -> dict[str, Any]:
        """What was paid in fees; this venue books no profits and asks for no margin."""
        trades = [each for each in self._exchange.trades_of(client) if not each.is_busted]
        fees = sum(float(each.fee) for each in trades if each.fee_currency == currency.upper())
        return {"currency": currency.upper(), "balance": -fees, "initial_margin": 0.0}

    def flush(self, interval: str, at_ns: int) -> None:
        """Sends what changed to the channels of that interval; ``raw`` at once, the others ten times a second."""
        names, self._dirty[interval] = self._dirty[interval], set()
        wanted = self._wanted()
        for name in names & set(self._exchange.contracts):
            if book := self._books.get(f"book.{name}.{interval}"):
                self._flush_book(book, name, at_ns)
            if interval == "100ms":
                states = [f"quote.{name}", f"ticker.{name}.100ms", f"ticker.{name}.raw", f"ticker.{name}.agg2"]
                for channel in [*states, *(f"book.{name}.none.{depth}.100ms" for depth in GROUPED_DEPTHS)]:
                    if channel in wanted:
                        self._publish(channel, self._state_of(channel, at_ns))
        if interval == "100ms":
            self._flush_prints(wanted)

    def _flush_prints(self, wanted: set[str]) -> None:
        prints, self._prints = self._prints, {}
        for name, printed in prints.items():
            for interval in INTERVALS:
                if (channel := f"trades.{name}.{interval}") in wanted:
                    self._publish(channel, [render.print_json(self._exchange, each) for each in printed])

    def _flush_book(self, book: BookChannel, name: str, at_ns: int) -> None:
        contract = self._exchange.contracts[name]
        change = book.refresh(self._exchange.matching.depth(contract), at_ns)
        if change is not None and not (self._has_readers(book.name) and self._faults.take_gap(name)):
            self._publish(book.name, change)

    def _book(self, channel: str, name: str) -> BookChannel:
        if channel not in self._books:
            contract = self._exchange.contracts[name]
            self._books[channel] = BookChannel(channel, contract, lambda: next(self._change_ids))
        return self._books[channel]

    def _state_of(self, channel: str, at_ns: int) -> dict[str, Any]:
        parts = channel.split(".")
        contract = self._exchange.contracts[parts[1]]
        if parts[0] == "ticker":
            return render.ticker_json(self._exchange, contract, at_ns)
        if parts[0] == "quote":
            return render.quote_json(self._exchange, contract, at_ns)
        bids, asks = self._exchange.matching.depth(contract)
        levels = [[(contract.price(t), contract.amount(q)) for t, q in side[: int(parts[3])]] for side in (bids, asks)]
        return {
            "instrument_name": contract.name,
            "timestamp": at_ns // NANOSECONDS_PER_MS,
            "change_id": next(self._change_ids),
            "bids": levels[0],
            "asks": levels[1],
        }

    def _wanted(self) -> set[str]:
        return {channel for session in self.sessions for channel in session.channels}

    def _has_readers(self, channel: str) -> bool:
        return any(channel in session.channels for session in self.sessions)

    def _publish(self, channel: str, content: Any) -> None:
        for session in list(self.sessions):
            if channel in session.channels:
                session.notify(channel, content)

    def _of(self, client: Client) -> Iterable[Session]:
        return [session for session in self.sessions if session.client is client]

    def _report(self, session: Session, channel: str, content: Any) -> None:
        """To the owner of an order: where the venue is asked to misbehave, it does so here."""
        self._reports.pass_on(lambda: session.notify(channel, content))


def _is_about(channel: str, what: str, contract: Contract) -> bool:
    """user.orders.BTC-PERPETUAL.raw, or by kind and currency, where ``any`` stands for all."""
    match channel.split("."):
        case ["user", topic, name, "raw"]:
            return topic == what and name == contract.name
        case ["user", topic, kind, currency, "raw"]:
            same_kind = kind in ("any", KINDS[contract.terms.kind.value])
            return topic == what and same_kind and currency in ("any", contract.terms.settlement_currency)
    return False
