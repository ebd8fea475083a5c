"""Every venue that the gateway is connected to, and what of them goes to the screens."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from redis.asyncio import Redis

from gateway.ending import run_together
from gateway.fix.store import StoreDamaged
from gateway.venues.binance.client import BinanceClient
from gateway.venues.books import VenueBooks
from gateway.venues.ccxt.client import CcxtClient
from gateway.venues.credentials import Credentials, CredentialsRefused, find_credentials
from gateway.venues.deribit.client import DeribitClient
from gateway.venues.fix.client import FixClient
from gateway.venues.link import Link, keep_connected
from gateway.venues.publisher import Tape, VenuePublisher
from gateway.venues.settings import VenueEntry, VenuesRefused, read_venues
from gateway.venues.trading import VenueTrading


class VenueClient(Link, Protocol):
    """What every adapter's client has, whatever its venue speaks."""

    entry: VenueEntry
    books: VenueBooks


@runtime_checkable
class TradingClient(Protocol):
    """A client whose adapter has orders. ``can_trade``: it signs in too."""

    name: str
    trading: VenueTrading | None
    can_trade: bool

    def trade(self, path: Path) -> VenueTrading:
        """Orders over this connection, with their log at ``path``; before it is first opened."""
        ...


CLIENTS: dict[str, Callable[[VenueEntry, Credentials | None], VenueClient]] = {
    "deribit": DeribitClient,
    "binance_spot": BinanceClient,
    "binance_usdm": BinanceClient,
    "fix": FixClient,
    "ccxt": CcxtClient,
}


class VenueConnections:
    def __init__(self, clients: Sequence[VenueClient]) -> None:
        self.clients = clients

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """The venues of a file; None: none. Raises VenuesRefused, also for keys that cannot be used."""
        entries = read_venues(path) if path else []
        try:
            return cls([CLIENTS[entry.adapter](entry, find_credentials(entry)) for entry in entries])
        except (CredentialsRefused, StoreDamaged, OSError) as error:
            raise VenuesRefused(str(error)) from error

    def trade(self, folder: Path) -> dict[str, VenueTrading]:
        """Orders of every venue that takes them, each with its log in ``folder``. Raises OrderLogDamaged, OSError."""
        able = [each for each in self.clients if isinstance(each, TradingClient) and each.can_trade]
        return {each.name: each.trade(folder / f"{each.name}.orders") for each in able}

    def close(self) -> None:
        for each in self.clients:
            if isinstance(each, TradingClient) and each.trading is not None:
                each.trading.close()

    async def run(self, client: Redis, tape: Tape) -> None:
        """Until canceled: connects, keeps books, publishes. A venue that is down troubles nobody but its frames."""
        logging.getLogger("websockets").setLevel(logging.WARNING)  # it would log every frame, signatures too
        links = (keep_connected(each) for each in self.clients)
        await run_together(*links, VenuePublisher(self.clients, client, tape).run())
