"""What a web process knows of the market: the newest bytes of each key, and who wants which. Pure; no I/O.

Sockets that subscribe to the same keys share a group, and what changed is written to text once for all of them.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from terminal import limits

_KEY = re.compile(
    r"(?:ticker|book|trades|market_trades|venue_depth)\.[A-Z0-9_d-]{2,40}|(?:index|surface|chain)\.[A-Z]{2,6}|venue\.status|tape\.blocks"
    r"|venue_link\.[a-z0-9]{1,20}|risk\.account\.\d{1,18}"
)
_TICKER_COIN = re.compile(r"ticker\.([A-Z]+)")
CHAIN_PREFIX = "chain."
ACCOUNT_PREFIX = "risk.account."

Subscription = tuple[frozenset[str], frozenset[str]]
"""Keys, and coins whose whole chain is wanted."""


class Subscriber(Protocol):
    def offer(self, keys: Sequence[str], texts: Sequence[str]) -> None:
        """``texts``: ``keys`` as they are now, ready to send."""


def is_key(key: str) -> bool:
    return _KEY.fullmatch(key) is not None


class Group:
    """Everybody with one subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self.keys, self.coins = subscription
        self.subscribers: set[Subscriber] = set()

    def wanted(self, changed: dict[str, str]) -> list[str]:
        """Those of ``changed`` (key -> coin of its chain, or nothing) that this group subscribes to."""
        if not self.coins and len(self.keys) < len(changed):
            return [key for key in self.keys if key in changed]
        return [key for key, coin in changed.items() if key in self.keys or coin in self.coins]


class MarketFeed:
    def __init__(self) -> None:
        self._latest: dict[str, bytes] = {}
        self._coin_of: dict[str, str] = {}
        self._changed: dict[str, str] = {}
        self._groups: dict[Subscription, Group] = {}
        self.dropped = 0
        """Values of keys beyond MARKET_KEYS_MAX."""

    def take(self, frames: Iterable[tuple[str, bytes]]) -> None:
        """Newest values, of which the last of a key counts."""
        for key, frame in frames:
            coin = self._coin_of.get(key)
            if coin is None:
                if len(self._latest) >= limits.MARKET_KEYS_MAX:
                    self.dropped += 1
                    continue
                match = _TICKER_COIN.match(key)
                coin = self._coin_of[key] = match[1] if match else ""
            self._latest[key] = frame
            self._changed[key] = coin

    def forget_all_but(self, keys: set[str]) -> None:
        """Instruments that the market no longer knows; risk frames are not in its hash and stay."""
        for key in [key for key in self._latest if key not in keys and not key.startswith(ACCOUNT_PREFIX)]:
            del self._latest[key], self._coin_of[key]
            self._changed.pop(key, None)

    @property
    def has_changes(self) -> bool:
        return bool(self._changed)

    def flush(self) -> None:
        """Offer what changed since the last time to every group that wants some of it."""
        changed, self._changed = self._changed, {}
        written: dict[tuple[str, ...], list[str]] = {}
        for group in list(self._groups.values()):
            keys = tuple(group.wanted(changed))
            if not keys:
                continue
            texts = written.get(keys)
            if texts is None:
                texts = written[keys] = list(self.texts(keys))
            for subscriber in group.subscribers:
                subscriber.offer(keys, texts)

    def texts(self, keys: Sequence[str]) -> Iterable[str]:
        """Ends of market frames (what follows the frame number) with the newest values of ``keys``, in pieces."""
        for start in range(0, len(keys), limits.KEYS_PER_FRAME_MAX):
            part = keys[start : start + limits.KEYS_PER_FRAME_MAX]
            values = [self._latest[key] for key in part if key in self._latest]
            if values:
                yield ',"frames":[' + b",".join(values).decode() + "]}"

    def known(self, subscription: Subscription) -> list[str]:
        """The keys of ``subscription`` that have a value."""
        keys, coins = subscription
        found = [key for key in keys if key in self._latest]
        if coins:
            found += [key for key, coin in self._coin_of.items() if coin in coins and key not in keys]
        return found

    def join(self, subscriber: Subscriber, subscription: Subscription) -> None:
        group = self._groups.get(subscription)
        if group is None:
            group = self._groups[subscription] = Group(subscription)
        group.subscribers.add(subscriber)

    def leave(self, subscriber: Subscriber, subscription: Subscription) -> None:
        group = self._groups.get(subscription)
        if group is not None:
            group.subscribers.discard(subscriber)
            if not group.subscribers:
                del self._groups[subscription]
