"""Every trade of an account at Binance, page after page."""

import msgspec

from gateway.venues.api import NoAnswer
from gateway.venues.binance import messages
from gateway.venues.binance.rest import BinanceRest
from wire.units import NANOSECONDS_PER_MS

TRADES_A_PAGE = 1_000
PAGES_MAX = 1_000
DAY_MS = 86_400_000
_decode = msgspec.json.Decoder(list[messages.UserTrade]).decode


class TradeHistory:
    """The venue answers for a day (spot) or a week (USD-M) at once, then by the trades' ids."""

    def __init__(self, rest: BinanceRest, *, is_spot: bool) -> None:
        self._rest = rest
        self._path = "myTrades" if is_spot else "userTrades"
        self._window_ms = DAY_MS if is_spot else 7 * DAY_MS
        self._weight = 20 if is_spot else 5

    async def since(self, symbol: str, since_ns: int) -> list[messages.UserTrade]:
        """Of one symbol, oldest first. Raises Refused, NoAnswer."""
        start = since_ns // NANOSECONDS_PER_MS
        now = self._rest.timestamp_ms()
        for _ in range(PAGES_MAX):
            window: dict[str, str | int] = {"startTime": start}
            if start + self._window_ms <= now:
                window["endTime"] = start + self._window_ms - 1
            page = await self._page({"symbol": symbol, **window, "limit": TRADES_A_PAGE})
            is_last = "endTime" not in window
            if page and not (is_last and len(page) < TRADES_A_PAGE):
                return await self._go_on(symbol, page)
            if is_last:
                return page
            start += self._window_ms
        raise NoAnswer(f"the trades of {symbol} since {since_ns // NANOSECONDS_PER_MS} ms cannot all be listed")

    async def of_order(self, symbol: str, order_id: str) -> list[messages.UserTrade]:
        return await self._page({"symbol": symbol, "orderId": int(order_id), "limit": TRADES_A_PAGE})

    async def _go_on(self, symbol: str, found: list[messages.UserTrade]) -> list[messages.UserTrade]:
        """To the present: ids of trades grow."""
        for _ in range(PAGES_MAX):
            last = max(each.id for each in found)
            page = await self._page({"symbol": symbol, "fromId": last + 1, "limit": TRADES_A_PAGE})
            found = found + page
            if len(page) < TRADES_A_PAGE:
                return found
        raise NoAnswer(f"the trades of {symbol} cannot all be listed")

    async def _page(self, params: dict[str, str | int]) -> list[messages.UserTrade]:
        content = await self._rest.read(self._path, params, weight=self._weight)
        try:
            return _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoAnswer(f"trades cannot be read: {error}") from error
