"""What the FIX front lists and shows: security lists, books as a snapshot and its changes, trades."""

import itertools
from collections.abc import Callable

from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults
from venues.simulator.fix import render
from venues.simulator.fix.acceptor import Acceptor, Field, Incoming
from venues.simulator.matching import Level
from venues.simulator.records import Client, Order, Print, Trade

LISTED_AT_ONCE_MAX = 50
REQUESTS_MAX = 1_000
"""Instruments that one client follows."""
BID, OFFER, TRADE = "0", "1", "2"
NEW, CHANGE, DELETE = "0", "1", "2"
PRINTS_MAX = 1_000
"""Trades of one instrument between two looks."""
Shown = dict[tuple[str, int], int]
"""(269, price in ticks) to lots."""


class Market:
    """A listener of the exchange. ``flush`` tells what changed since the last time."""

    def __init__(self, exchange: Exchange, faults: Faults, acceptor: Acceptor) -> None:
        self._exchange, self._faults, self._acceptor = exchange, faults, acceptor
        self._followed: dict[tuple[str, str, str], Shown] = {}
        """(client, MDReqID, instrument) to what was shown last."""
        self._dirty: set[str] = set()
        self._prints: dict[str, list[Print]] = {}
        self._ids = itertools.count(1)
        self.send: Callable[[str, str, list[Field]], None] = acceptor.send
        exchange.listeners.append(self)

    def table(self) -> dict[str, Callable[[Client, Incoming], None]]:
        return {"x": self._list, "V": self._request}

    def left(self, client_id: str) -> None:
        for key in [key for key in self._followed if key[0] == client_id]:
            del self._followed[key]

    def on_order(self, order: Order, trades: list[Trade]) -> None: ...

    def on_bust(self, trade: Trade) -> None: ...

    def on_book(self, contract: Contract) -> None:
        self._dirty.add(contract.name)

    def on_print(self, printed: Print) -> None:
        prints = self._prints.setdefault(printed.contract.name, [])
        if len(prints) < PRINTS_MAX:
            prints.append(printed)

    def flush(self) -> None:
        dirty, self._dirty = self._dirty, set()
        prints, self._prints = self._prints, {}
        for (client_id, request_id, name), shown in list(self._followed.items()):
            contract = self._exchange.contracts.get(name)
            if contract is None or not (name in dirty or name in prints):
                continue
            now = self._book(contract)
            entries = [*_changes(contract, shown, now), *_trades(prints.get(name, []))]
            self._followed[client_id, request_id, name] = now
            if not entries:
                continue
            if self._faults.take_gap(name):
                self._acceptor.shift_sent(client_id, 1)
                continue
            fields = [field for entry in entries for field in entry]
            self.send(client_id, "X", [(262, request_id), (268, str(len(entries))), *fields])

    def _list(self, client: Client, message: Incoming) -> None:
        contracts = list(self._exchange.contracts.values())
        request, profile = message.find(320), self._exchange.profile
        for start in range(0, max(1, len(contracts)), LISTED_AT_ONCE_MAX):
            part = contracts[start : start + LISTED_AT_ONCE_MAX]
            is_last = start + LISTED_AT_ONCE_MAX >= len(contracts)
            head: list[Field] = [
                (320, request), (322, f"L-{next(self._ids)}"), (560, "0" if part else "2"),
                (393, str(len(contracts))), (893, "Y" if is_last else "N"),
            ]  # fmt: skip
            listed = [field for contract in part for field in render.contract_fields(contract, profile)]
            self.send(client.client_id, "y", [*head, *([(146, str(len(part))), *listed] if part else [])])

    def _request(self, client: Client, message: Incoming) -> None:
        request_id, kind = message.find(262), message.find(263)
        if kind == "2":
            for key in [key for key in self._followed if key[:2] == (client.client_id, request_id)]:
                del self._followed[key]
            return
        unknown = [name for name in message.all(55) if name not in self._exchange.contracts]
        if kind not in ("0", "1") or unknown or len(self._followed) + len(message.all(55)) > REQUESTS_MAX:
            reason = "0" if unknown else "4"
            self.send(client.client_id, "Y", [(262, request_id), (281, reason), (58, ", ".join(unknown)[:200])])
            return
        for name in message.all(55):
            contract = self._exchange.contracts[name]
            shown = self._book(contract)
            levels = [
                ((269, side), (270, render.price(contract, ticks)), (271, render.quantity(contract, lots)))
                for (side, ticks), lots in shown.items()
            ]
            fields = [field for level in levels for field in level]
            self.send(client.client_id, "W", [(262, request_id), (55, name), (268, str(len(levels))), *fields])
            if kind == "1":
                self._followed[client.client_id, request_id, name] = shown

    def _book(self, contract: Contract) -> Shown:
        bids, asks = self._exchange.matching.depth(contract)
        return _side(BID, bids) | _side(OFFER, asks)


def _side(word: str, levels: list[Level]) -> Shown:
    return {(word, ticks): lots for ticks, lots in levels}


def _changes(contract: Contract, old: Shown, new: Shown) -> list[list[Field]]:
    """Deletions first, so that no book is ever crossed on the way."""
    name = contract.name
    gone = [
        [(279, DELETE), (269, side), (55, name), (270, render.price(contract, ticks))]
        for side, ticks in old.keys() - new.keys()
    ]
    set_now = [
        [
            (279, CHANGE if (side, ticks) in old else NEW), (269, side), (55, name),
            (270, render.price(contract, ticks)), (271, render.quantity(contract, lots)),
        ]
        for (side, ticks), lots in new.items()
        if old.get((side, ticks)) != lots
    ]  # fmt: skip
    return gone + set_now


def _trades(prints: list[Print]) -> list[list[Field]]:
    return [
        [
            (279, NEW), (269, TRADE), (278, each.trade_id), (55, each.contract.name),
            (270, render.price(each.contract, each.price_ticks)),
            (271, render.quantity(each.contract, each.quantity_lots)),
        ]
        for each in prints
    ]  # fmt: skip
