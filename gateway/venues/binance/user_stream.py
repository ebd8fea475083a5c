"""The second connection of a Binance account: what happens to its orders, while they are agreed on by requests.

Spot subscribes over the WebSocket API with a signature; USD-M connects to the address that a listen key names.
"""

import asyncio
import itertools
import logging

import msgspec
from websockets.asyncio.client import ClientConnection

from gateway import clock
from gateway.venues.api import NoAnswer
from gateway.venues.binance import messages
from gateway.venues.binance.auth import Signer
from gateway.venues.binance.rest import BinanceRest
from gateway.venues.binance.trading import BinanceTrading
from gateway.venues.link import LinkFailed, converse, refuse_frame
from gateway.venues.status import LinkStatus
from gateway.venues.trading import VenueTrading

log = logging.getLogger(__name__)

URLS = {
    ("binance_spot", False): "wss://ws-api.binance.com:443",
    ("binance_spot", True): "wss://ws-api.testnet.binance.vision",
    ("binance_usdm", False): "wss://fstream.binance.com",
    ("binance_usdm", True): "wss://stream.binancefuture.com",
}
ANSWER_SECONDS_MAX = 5.0
PONG_SECONDS_MAX = 5.0
CLOCK_SECONDS = 60.0
"""How often the venue's clock is read."""
LISTEN_KEY_SECONDS = 1_800.0
"""The key lives for an hour from each time that it is asked for."""
CHECK_SECONDS = 1.0


class UserStream:
    """A ``gateway.venues.link.WebSocketLink`` beside the market's; when one of them ends, both do."""

    def __init__(self, name: str, url: str, signer: Signer, rest: BinanceRest, orders: BinanceTrading) -> None:
        """``url``: of the place alone. USD-M where the rest of it is a listen key: ``prepare`` asks for it."""
        self.name, self._place = name, url
        self.status = LinkStatus()
        self._signer, self._rest, self._orders = signer, rest, orders
        self._is_spot = orders.is_spot
        self._listen_key = ""
        self._connection: ClientConnection | None = None
        self._ids = itertools.count(1)
        self._subscribed: asyncio.Future[messages.UserFrame] | None = None
        self._decode = msgspec.json.Decoder(messages.UserFrame).decode

    @property
    def url(self) -> str:
        return f"{self._place}/ws-api/v3" if self._is_spot else f"{self._place}/ws/{self._listen_key}"

    async def live(self) -> None:
        """Raises also Refused, NoAnswer."""
        await self._rest.sync_clock()
        if not self._is_spot:
            await self._check_mode()
            await self._ask_listen_key("POST")
        await converse(self, may_be_silent=True)

    async def open(self, connection: ClientConnection) -> None:
        """Listens first, then agrees on what there is; keeps clock and listen key fresh. Raises as ``live``."""
        self._connection = connection
        if self._is_spot:
            await self._subscribe(connection)
        await self.trading.reconcile()
        clock_at = listen_key_at = clock.monotonic()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            now = clock.monotonic()
            try:
                if self._rest.is_clock_doubtful or now - clock_at > CLOCK_SECONDS:
                    await self._rest.sync_clock()
                    clock_at = now
                if not self._is_spot and now - listen_key_at > LISTEN_KEY_SECONDS:
                    await self._ask_listen_key("PUT")
                    listen_key_at = now
            except NoAnswer as error:  # the next turn asks again, and the line is tested by the probe
                log.warning("venue %s: %s", self.name, error)

    async def probe(self) -> None:
        """Nothing may happen to an account for hours: a pong says that the line is whole."""
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(PONG_SECONDS_MAX):
                await (await self._connection.ping())
        except TimeoutError as error:
            raise LinkFailed(f"no pong on the user stream for {PONG_SECONDS_MAX:.0f} s") from error

    def take(self, frame: bytes, at_ns: int) -> None:
        try:
            if not self._is_spot:
                self._orders.take(frame)
                return
            content = self._decode(frame)
            if content.event:
                self._orders.take(content.event)
            elif content.id is not None and self._subscribed is not None and not self._subscribed.done():
                self._subscribed.set_result(content)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            refuse_frame(self, error)

    def lost(self) -> None:
        self._connection = self._subscribed = None
        self.trading.lost()

    @property
    def trading(self) -> VenueTrading:
        return self._orders.own

    async def _subscribe(self, connection: ClientConnection) -> None:
        self._subscribed = asyncio.get_running_loop().create_future()
        params = self._signer.sign_params({"timestamp": self._rest.timestamp_ms()})
        request = {"id": str(next(self._ids)), "method": "userDataStream.subscribe.signature", "params": params}
        await connection.send(msgspec.json.encode(request), text=True)
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            answer = await self._subscribed
        if answer.error is not None:
            raise LinkFailed(f"the user stream is refused: {answer.error.code} {answer.error.msg}")

    async def _check_mode(self) -> None:
        """With two positions in one instrument an order would need to say which of them it means."""
        content = await self._rest.read("positionSide/dual", {}, weight=30)
        if self._orders.decode(content, messages.PositionMode).dual_side_position:
            raise LinkFailed("the account is in hedge mode: one position an instrument is needed")

    async def _ask_listen_key(self, method: str) -> None:
        content = await self._rest.name_key(method, "listenKey")
        if method == "POST":
            self._listen_key = self._orders.decode(content, messages.ListenKey).listen_key
