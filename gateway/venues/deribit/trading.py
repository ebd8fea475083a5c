"""Orders at Deribit: requests and answers of its private methods in our words, and its notices of our orders."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec

from gateway.venues.api import NoAnswer, Refused
from gateway.venues.deribit import messages, parse
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.link import LinkFailed, RequestFailed
from gateway.venues.trading import VenueTrading
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce

CHANNELS = ["user.orders.any.any.raw", "user.trades.any.any.raw"]
TRADES_A_PAGE = 1_000
PAGES_MAX = 1_000
TIMES = {
    TimeInForce.GTC: "good_til_cancelled",
    TimeInForce.DAY: "good_til_day",
    TimeInForce.IOC: "immediate_or_cancel",
    TimeInForce.FOK: "fill_or_kill",
}
UNCERTAIN_CODES = frozenset({11_094, 13_028, 13_888})
"""internal_server_error, temporarily_unavailable (not responding, or too slow), timed_out: it may have happened."""
Ask = Callable[[str, dict[str, object]], Awaitable[msgspec.Raw]]


class DeribitTrading:
    """A ``gateway.venues.api.TradingApi``. ``ask`` raises RequestFailed and LinkFailed."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def place(self, order: NewVenueOrder) -> tuple[OrderView, list[Execution]]:
        params: dict[str, object] = {
            "instrument_name": order.name,
            "amount": self._amount(order.name, order.quantity),
            "type": "market" if order.order_type is OrderType.MARKET else "limit",
            "label": order.client_order_id,
            "time_in_force": TIMES[order.time_in_force],
            "post_only": order.is_post_only,
            "reject_post_only": order.is_post_only,
            "reduce_only": order.is_reduce_only,
        }
        if order.price is not None:
            params["price"] = float(order.price)
        method = "private/buy" if order.side is Side.BUY else "private/sell"
        return self._placed(await self._call(method, params, messages.Placed))

    async def cancel(self, venue_order_id: str) -> OrderView:
        _refuse_leg(venue_order_id)
        return self._view(await self._call("private/cancel", {"order_id": venue_order_id}, messages.Order))

    async def amend(
        self, venue_order_id: str, name: str, quantity: Decimal, price: Decimal | None
    ) -> tuple[OrderView, list[Execution]]:
        _refuse_leg(venue_order_id)
        params: dict[str, object] = {"order_id": venue_order_id, "amount": self._amount(name, quantity)}
        if price is not None:
            params["price"] = float(price)
        return self._placed(await self._call("private/edit", params, messages.Placed))

    async def list_open(self) -> list[OrderView]:
        return [self._view(each) for each in await self._call("private/get_open_orders", {}, list[messages.Order])]

    async def find(self, client_order_id: str, venue_order_id: str) -> list[OrderView]:
        if (leg := parse.find_block_leg(venue_order_id)) is not None:
            return await self._find_leg(*leg)
        if venue_order_id:
            try:
                order = await self._call("private/get_order_state", {"order_id": venue_order_id}, messages.Order)
            except Refused:
                return []
            return [self._view(order)]
        params: dict[str, object] = {"label": client_order_id, "currency": "any"}
        found = await self._call("private/get_order_state_by_label", params, list[messages.Order])
        return [self._view(each) for each in found]

    async def list_executions(self, since_ns: int) -> list[Execution]:
        """Page after page, each from the time of the last trade of the one before; a trade may be in two.

        A page that brings nothing new, of which there is more, is full of one millisecond: NoAnswer.
        """
        found: dict[tuple[str, bool], Execution] = {}
        start = since_ns // NANOSECONDS_PER_MS
        for _ in range(PAGES_MAX):
            params: dict[str, object] = {
                "currency": "any", "start_timestamp": start, "end_timestamp": 2**53 - 1, "count": TRADES_A_PAGE,
                "sorting": "asc",
            }  # fmt: skip
            page = await self._call("private/get_user_trades_by_currency_and_time", params, messages.TradePage)
            before = len(found)
            for each in page.trades:
                found[each.trade_id, each.busted] = self._execution(each)
            if not page.has_more:
                return list(found.values())
            if len(found) == before:
                break
            start = max(each.timestamp for each in page.trades)
        raise NoAnswer(f"the trades since {since_ns // NANOSECONDS_PER_MS} ms cannot all be listed")

    async def list_executions_of(self, venue_order_id: str) -> list[Execution]:
        if (leg := parse.find_block_leg(venue_order_id)) is not None:
            return await self._list_executions_of_leg(*leg)
        params: dict[str, object] = {"order_id": venue_order_id, "sorting": "asc"}
        found = await self._call("private/get_user_trades_by_order", params, list[messages.UserTrade])
        return [self._execution(each) for each in found]

    async def _find_leg(self, rfq_id: int, name: str) -> list[OrderView]:
        page = await self._call("private/get_block_rfqs", {"block_rfq_id": rfq_id}, messages.BlockRfqPage)
        found = [parse.read_block_leg(rfq, name) for rfq in page.block_rfqs if rfq.block_rfq_id == rfq_id]
        return [view for view in found if view is not None]

    async def _list_executions_of_leg(self, rfq_id: int, name: str) -> list[Execution]:
        """It traded just now: the newest page of its instrument has it."""
        params: dict[str, object] = {"instrument_name": name, "count": TRADES_A_PAGE, "sorting": "desc"}
        page = await self._call("private/get_user_trades_by_instrument", params, messages.TradePage)
        return [self._execution(each) for each in page.trades if each.block_rfq_id == rfq_id]

    async def list_positions(self) -> list[tuple[str, Decimal]]:
        found = await self._call("private/get_positions", {"currency": "any"}, list[messages.Position])
        return [(each.instrument_name, self._contracts(each.instrument_name, each.size)) for each in found if each.size]

    def take(self, topic: str, content: msgspec.Raw, trading: VenueTrading) -> None:
        """A notice of ours. Raises msgspec.DecodeError."""
        if topic == "orders":
            trading.on_order(self._view(msgspec.json.decode(content, type=messages.Order)))
        elif topic == "trades":
            for each in msgspec.json.decode(content, type=list[messages.UserTrade]):
                trading.on_execution(self._execution(each))

    async def _call(self, method: str, params: dict[str, object], answer: Any) -> Any:
        return await decode_answer(self._ask, method, params, answer)

    def _placed(self, placed: messages.Placed) -> tuple[OrderView, list[Execution]]:
        return self._view(placed.order), [self._execution(each) for each in placed.trades]

    def _view(self, order: messages.Order) -> OrderView:
        return parse.read_order(order, parse.contract_amount(order.instrument_name))

    def _execution(self, trade: messages.UserTrade) -> Execution:
        return parse.read_execution(trade, parse.contract_amount(trade.instrument_name))

    def _amount(self, name: str, quantity: Decimal) -> float:
        return float(quantity * parse.contract_amount(name))

    def _contracts(self, name: str, amount: float) -> Decimal:
        return parse.decimal(amount) / parse.contract_amount(name)


async def decode_answer(ask: Ask, method: str, params: dict[str, object], answer: Any) -> Any:
    """Raises Refused for an error of the venue, NoAnswer where nobody knows."""
    try:
        return msgspec.json.decode(await ask(method, params), type=answer)
    except RequestFailed as error:
        words = f"{error.code} {error.message}"
        raise (NoAnswer if error.code in UNCERTAIN_CODES else Refused)(words) from error
    except (LinkFailed, OSError, msgspec.DecodeError) as error:
        raise NoAnswer(str(error)) from error


def _refuse_leg(venue_order_id: str) -> None:
    """A leg of a block RFQ is traded with the others or not at all."""
    if parse.find_block_leg(venue_order_id) is not None:
        raise Refused("part_of_a_block")
