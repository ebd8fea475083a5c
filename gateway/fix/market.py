"""MarketDataRequest answered from the engine's books: snapshots, and what changed since, conflated.

What is subscribed to is looked at every ``LOOK_SECONDS``; a book that moved ten times meanwhile is told once. Prices of
a session that is gone are not kept for it: its subscriptions end with its connection.
"""

import asyncio
import dataclasses
from collections.abc import Iterable

import parley_core

from gateway import clock
from gateway.board import Board
from gateway.fix import values
from gateway.fix.dialect import session_key
from gateway.fix.handler import Link, Session
from gateway.fix.message import Field, Message, Outgoing
from gateway.registry import Contract, Registry

LOOK_SECONDS = 0.1
SUBSCRIPTIONS_MAX = 500
"""Instruments that one session may follow at a time."""
DEPTH_MAX = 50
"""Levels of a side; more are cut to this, as MarketDepth (264) 0, the full book, is."""
SNAPSHOT, SUBSCRIBE, UNSUBSCRIBE = "0", "1", "2"
BID, OFFER, TRADE = "0", "1", "2"
ENTRY_TYPES = frozenset({BID, OFFER, TRADE})
NEW, CHANGED, DELETED = "0", "1", "2"
"""MDUpdateAction (279)."""
FULL_REFRESH, INCREMENTAL = "0", "1"
UNKNOWN_SYMBOL, DUPLICATE_ID, BAD_REQUEST_TYPE, BAD_DEPTH, BAD_UPDATE_TYPE, BAD_ENTRY_TYPE = (
    "0",
    "1",
    "4",
    "5",
    "6",
    "8",
)
"""MDReqRejReason (281)."""
TOO_MANY = "3"
"""Insufficient permissions: more instruments than a session may follow."""

Level = tuple[int, int]
Entries = dict[tuple[str, int], int]
"""(MDEntryType, price in ticks) to lots; of a trade the newest alone."""


class RequestRefused(ValueError):
    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclasses.dataclass(slots=True)
class Subscription:
    """One MDReqID of a session. ``shown``: by instrument, what it was told last."""

    session: Session
    request_id: str
    depth: int
    kinds: frozenset[str]
    is_incremental: bool
    shown: dict[int, Entries]


class MarketData:
    def __init__(self, engine: parley_core.Engine, registry: Registry, board: Board | None) -> None:
        self._engine, self._registry, self._board = engine, registry, board
        self._subscriptions: dict[tuple[str, str], Subscription] = {}

    def attach(self, link: Link) -> None:
        self._link = link

    def on_logout(self, session: Session) -> None:
        for key in [key for key in self._subscriptions if key[0] == session_key(session)]:
            del self._subscriptions[key]

    async def on_request(self, session: Session, message: Message) -> None:
        """One that a crash overtook is not taken up: its connection is gone. Raises FieldMissing, FieldWrong."""
        if message.is_redelivered:
            return
        try:
            self._request(session, message)
        except RequestRefused as refused:
            body: tuple[Field, ...] = ((262, message.get(262)), (281, refused.reason), (58, str(refused)))
            self._link.send(session, Outgoing("Y", body))

    def _request(self, session: Session, message: Message) -> None:
        kind, request_id = message.get(263), message.get(262)
        key = (session_key(session), request_id)
        if kind == UNSUBSCRIBE:
            if self._subscriptions.pop(key, None) is None:
                raise RequestRefused(DUPLICATE_ID, f"unknown_request: there is no subscription {request_id[:64]}")
            return
        if kind not in (SNAPSHOT, SUBSCRIBE):
            raise RequestRefused(BAD_REQUEST_TYPE, "subscription_type_not_supported: 0, 1 or 2")
        if key in self._subscriptions:
            raise RequestRefused(DUPLICATE_ID, "duplicate_request: the MDReqID is in use")
        found = self._read(session, message)
        if kind == SUBSCRIBE:
            self._require_room(session, len(found.shown))
            self._subscriptions[key] = found
        for instrument_id in found.shown:
            self._show_whole(found, instrument_id)

    def _read(self, session: Session, message: Message) -> Subscription:
        depth = message.integer(264)
        if depth < 0:
            raise RequestRefused(BAD_DEPTH, "depth_not_supported: 0 for the full book, or a number of levels")
        update = message.find(265, FULL_REFRESH)
        if update not in (FULL_REFRESH, INCREMENTAL):
            raise RequestRefused(BAD_UPDATE_TYPE, "update_type_not_supported: 0 full refresh, 1 incremental")
        kinds = frozenset(entry.get(269) for entry in message.groups(267, {269}))
        if not kinds or kinds - ENTRY_TYPES:
            raise RequestRefused(BAD_ENTRY_TYPE, "entry_type_not_supported: 0 bid, 1 offer, 2 trade")
        symbols = [entry.get(55) for entry in message.groups(146, SYMBOL_TAGS)]
        return Subscription(
            session=session,
            request_id=message.get(262),
            depth=min(depth or DEPTH_MAX, DEPTH_MAX),
            kinds=kinds,
            is_incremental=update == INCREMENTAL,
            shown={self._find(symbol).instrument_id: {} for symbol in symbols},
        )

    def _find(self, symbol: str) -> Contract:
        contract = self._registry.find_name(symbol)
        if contract is None:
            raise RequestRefused(UNKNOWN_SYMBOL, f"unknown_instrument: there is no instrument {symbol[:64]}")
        return contract

    def _require_room(self, session: Session, more: int) -> None:
        followed = sum(len(each.shown) for key, each in self._subscriptions.items() if key[0] == session_key(session))
        if followed + more > SUBSCRIPTIONS_MAX:
            raise RequestRefused(
                TOO_MANY, f"too_many_subscriptions: value {followed + more}, bound {SUBSCRIPTIONS_MAX}"
            )

    async def run(self) -> None:
        """Tell what changed, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Tell every subscription what changed since the last time."""
        for subscription in list(self._subscriptions.values()):
            for instrument_id in list(subscription.shown):
                self._show_change(subscription, instrument_id)

    def _show_change(self, subscription: Subscription, instrument_id: int) -> None:
        before = subscription.shown[instrument_id]
        now = self._entries(subscription, instrument_id)
        if now == before:
            return
        if not subscription.is_incremental:
            self._show_whole(subscription, instrument_id)
            return
        subscription.shown[instrument_id] = now
        contract = self._registry.get(instrument_id)
        changes = list(_changes(before, now, contract))
        body = (
            (262, subscription.request_id),
            (268, str(len(changes))),
            *(field for entry in changes for field in entry),
        )
        self._link.send(subscription.session, Outgoing("X", body))

    def _show_whole(self, subscription: Subscription, instrument_id: int) -> None:
        now = subscription.shown[instrument_id] = self._entries(subscription, instrument_id)
        contract = self._registry.get(instrument_id)
        entries = [
            ((269, kind), (270, contract.price_text(ticks)), (271, contract.quantity_text(lots)))
            for (kind, ticks), lots in now.items()
        ]
        head: list[Field] = [(262, subscription.request_id), (55, contract.name)]
        if subscription.session.application_version not in ("4", "6"):
            head.append((779, values.time_text(clock.now_ns())))
        body = (*head, (268, str(len(entries))), *(field for entry in entries for field in entry))
        self._link.send(subscription.session, Outgoing("W", body))

    def _entries(self, subscription: Subscription, instrument_id: int) -> Entries:
        bids, asks = self._engine.depth(instrument_id, subscription.depth)
        found: Entries = {}
        for kind, levels in ((BID, bids), (OFFER, asks)):
            if kind in subscription.kinds:
                found |= {(kind, ticks): lots for ticks, lots in levels}
        trades = self._board.trades.get(instrument_id) if self._board and TRADE in subscription.kinds else None
        if trades:
            contract = self._registry.get(instrument_id)
            found[TRADE, round(float(trades[0].price) / contract.tick)] = round(
                float(trades[0].quantity) / contract.lot
            )
        return found


SYMBOL_TAGS = frozenset({55, 65, 48, 22, 460, 461, 167, 200, 541, 202, 201, 231, 207, 15})


def _changes(before: Entries, now: Entries, contract: Contract) -> Iterable[tuple[Field, ...]]:
    """Entries of an incremental refresh: deletions first, so that no book is ever crossed on the way."""
    for kind, ticks in before.keys() - now.keys():
        if kind != TRADE:
            yield (279, DELETED), (269, kind), (55, contract.name), (270, contract.price_text(ticks))
    for (kind, ticks), lots in now.items():
        if before.get((kind, ticks)) == lots:
            continue
        action = CHANGED if (kind, ticks) in before and kind != TRADE else NEW
        price, size = contract.price_text(ticks), contract.quantity_text(lots)
        yield (279, action), (269, kind), (55, contract.name), (270, price), (271, size)
