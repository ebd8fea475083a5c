"""Requests to Binance: signed with the venue's clock, within its weights, silent while it wants to be left alone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import httpx
import msgspec

from gateway import clock
from gateway.venues.api import NoAnswer
from gateway.venues.binance.auth import KEY_HEADER, Params, Signer
from gateway.venues.binance.errors import CLOCK_SKEW, ErrorAnswer, Fault, read_error
from gateway.venues.pacing import RateLimit
from wire.units import NANOSECONDS_PER_MS

log = logging.getLogger(__name__)

ANSWER_SECONDS_MAX = 5.0
BYTES_MAX = 32 << 20
RECEIVE_WINDOW_MS = 1_500
"""A request that reaches the venue later than this is refused there: after that an order that it does not know can
no longer arrive.
"""
WEIGHTS_PER_SECOND = {"binance_spot": 60.0, "binance_usdm": 25.0}
WEIGHTS_AT_ONCE = {"binance_spot": 2_000.0, "binance_usdm": 800.0}
WEIGHTS_PER_MINUTE = {"binance_spot": 6_000, "binance_usdm": 2_400}
"""What an address has; the bucket before it leaves a part of it unused."""
WEIGHT_SHARE_MAX = 0.9
"""Of the minute's weight, by the venue's own count, after which only orders and cancels leave."""
USED_WEIGHT_HEADER = "x-mbx-used-weight-1m"
SECONDS_A_MINUTE = 60.0
TURNED_AWAY = (418, 429)
WAIT_SECONDS_MAX = 20.0
"""A read waits so long for its turn, then there is no answer."""


class ServerTime(msgspec.Struct, frozen=True, rename="camel"):
    server_time: int


class BinanceRest:
    """``offset_ms``: the venue's clock minus ours; ``is_clock_doubtful``: it refused a request for its time. Used
    within ``opened``.
    """

    def __init__(self, adapter: str, url: str, root: str, signer: Signer | None) -> None:
        """``root``: of paths that name no other, such as /api/v3."""
        self._url, self._root, self._signer = url, root, signer
        self.limit = RateLimit(WEIGHTS_PER_SECOND[adapter], WEIGHTS_AT_ONCE[adapter])
        self._weight_max = WEIGHTS_PER_MINUTE[adapter] * WEIGHT_SHARE_MAX
        self._closed_until = self._reads_closed_until = 0.0
        self._http: httpx.AsyncClient | None = None
        self.offset_ms = 0
        self.is_clock_doubtful = False

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every address, signatures too
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS_MAX) as self._http:
            yield

    def timestamp_ms(self) -> int:
        """Now, by the venue's clock."""
        return clock.now_ns() // NANOSECONDS_PER_MS + self.offset_ms

    async def sync_clock(self) -> None:
        """Raises ErrorAnswer, NoAnswer."""
        began_ms = clock.now_ns() // NANOSECONDS_PER_MS
        content = await self.get("time", {}, weight=1)
        ended_ms = clock.now_ns() // NANOSECONDS_PER_MS
        server_ms = msgspec.json.decode(content, type=ServerTime).server_time
        self.offset_ms = server_ms - (began_ms + ended_ms) // 2
        self.is_clock_doubtful = False

    async def get(self, path: str, params: Params, *, weight: int) -> bytes:
        """Public data. Raises ErrorAnswer, NoAnswer."""
        await self._wait_turn(weight)
        return await self._send("GET", path, str(httpx.QueryParams(params)), {})

    async def read(self, path: str, params: Params, *, weight: int, method: str = "GET") -> bytes:
        """What may be asked again: waits for its turn, and asks twice where the clocks differ. Raises as ``get``."""
        await self._wait_turn(weight)
        try:
            return await self._send_signed(method, path, params)
        except ErrorAnswer as error:
            if error.code != CLOCK_SKEW:
                raise
        await self.sync_clock()
        return await self._send_signed(method, path, params)

    async def act(self, method: str, path: str, params: Params, *, weight: int) -> bytes:
        """An order, a cancel, an amendment: leaves now or not at all, and once. Raises as ``get``."""
        if clock.monotonic() < self._closed_until:
            raise ErrorAnswer(429, Fault(msg="the venue wants no requests now"))
        self.limit.find_wait(clock.monotonic(), weight)
        return await self._send_signed(method, path, params)

    async def name_key(self, method: str, path: str) -> bytes:
        """Of the requests that need the key and no signature: the listen key's."""
        assert self._signer is not None, "a key is needed"
        await self._wait_turn(1)
        return await self._send(method, path, "", {KEY_HEADER: self._signer.key})

    async def _wait_turn(self, weight: int) -> None:
        now = clock.monotonic()
        closed_for = max(self._closed_until, self._reads_closed_until) - now
        if closed_for > WAIT_SECONDS_MAX:
            raise NoAnswer(f"the venue wants no requests for {closed_for:.0f} s")
        if closed_for > 0:
            await asyncio.sleep(closed_for)
        await self.limit.wait(weight)

    async def _send_signed(self, method: str, path: str, params: Params) -> bytes:
        assert self._signer is not None, "orders need a key"
        stamped = {**params, "recvWindow": RECEIVE_WINDOW_MS, "timestamp": self.timestamp_ms()}
        return await self._send(method, path, self._signer.sign_query(stamped), {KEY_HEADER: self._signer.key})

    async def _send(self, method: str, path: str, query: str, headers: dict[str, str]) -> bytes:
        if self._http is None or self._http.is_closed:
            raise NoAnswer("not connected")
        place = path if path.startswith("/") else f"{self._root}/{path}"
        try:
            async with self._http.stream(method, f"{self._url}{place}?{query}", headers=headers) as answer:
                content = await _read(answer, path)
        except httpx.HTTPError as error:
            raise NoAnswer(f"{path}: {error or type(error).__name__}") from error
        self._note(answer)
        if answer.status_code != httpx.codes.OK:
            error = read_error(answer.status_code, content)
            if isinstance(error, ErrorAnswer) and error.code == CLOCK_SKEW:
                self.is_clock_doubtful = True
            raise error
        return content

    def _note(self, answer: httpx.Response) -> None:
        """What the venue counts against us, and whether it turns us away."""
        now = clock.monotonic()
        if answer.status_code in TURNED_AWAY:
            seconds = _whole(answer.headers.get("retry-after")) or SECONDS_A_MINUTE
            self._closed_until = max(self._closed_until, now + seconds)
            log.warning("Binance answers %d: nothing is sent for %.0f s", answer.status_code, seconds)
        elif (_whole(answer.headers.get(USED_WEIGHT_HEADER)) or 0) > self._weight_max:
            into_minute = (self.timestamp_ms() / 1_000) % SECONDS_A_MINUTE
            self._reads_closed_until = now + SECONDS_A_MINUTE - into_minute


async def _read(answer: httpx.Response, path: str) -> bytes:
    """No more of it than BYTES_MAX is kept. Raises NoAnswer, httpx.HTTPError."""
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > BYTES_MAX:
            raise NoAnswer(f"{path} has more than {BYTES_MAX:,} bytes")
    return bytes(content)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
