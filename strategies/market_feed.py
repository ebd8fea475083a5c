"""One subscription to the market for all makers of a process: the first of them watches what any of them needs."""

from collections.abc import Iterable

import msgspec

from strategies.client import ParleyClient
from strategies.market_store import MarketStore
from strategies.quoting import Market


class MarketFeed:
    """``client``: the one whose connection brings the frames."""

    def __init__(self, client: ParleyClient) -> None:
        self._client = client
        self._store = MarketStore()
        self._wanted: dict[int, frozenset[str]] = {}

    def is_of(self, client: ParleyClient) -> bool:
        return client is self._client

    def take(self, frames: Iterable[msgspec.Raw]) -> None:
        self._store.take(frames)

    def view(self, now_ns: int) -> Market:
        """``now_ns``: the server's wall clock."""
        return self._store.view(now_ns)

    async def follow(self, maker: int, names: Iterable[str]) -> None:
        """Tickers of ``names``, index and surface of their coins, for one maker instead of what it followed before."""
        names = set(names)
        coins = {name.partition("-")[0].partition("_")[0] for name in names}
        keys = {f"{kind}.{coin}" for coin in coins for kind in ("index", "surface")}
        self._wanted[maker] = frozenset(keys | {f"ticker.{name}" for name in names} | {"venue.status"})
        await self._client.watch(frozenset().union(*self._wanted.values()))
