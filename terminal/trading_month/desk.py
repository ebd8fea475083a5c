"""The taker's side of the month, through REST like any client of the desk."""

import itertools
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from terminal.trading_month.structures import Structure
from wire.facts import FillView, QuoteView, RfqView
from wire.instruments import parse_instrument_name
from wire.market import Ticker
from wire.units import RfqState, Side

T = TypeVar("T")

ANSWER_SECONDS_MAX = 30.0
QUOTES_SECONDS_MAX = 12.0
POLL_SECONDS = 0.05
RATE_SECONDS_MAX = 90.0
RATE_PAUSE_SECONDS = 2.0
HEDGE_ORDERS_MAX = 8
DELTA_TOLERANCE_CONTRACTS = 1
LIVE_STATES = {RfqState.OPEN, RfqState.PENDING_FILL}


class TookTooLong(RuntimeError):
    """Something that the processes should have done within a bound did not happen."""


class Refused(RuntimeError):
    """The desk said no, by name."""

    def __init__(self, path: str, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{path}: {status} {body}")
        self.reason = str(body.get("reason", status))


class TakerDesk:
    """Acts with the API key of a demo firm."""

    def __init__(self, url: str, key_file: Path, run_id: str) -> None:
        key = json.loads(key_file.read_text())
        self.account_id = int(key["account_id"])
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key['token']}"}, timeout=ANSWER_SECONDS_MAX
        )
        self._numbers = itertools.count(1)
        self._run_id = run_id

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, kind: type[T], **query: str) -> T:
        return msgspec.convert(self._answer(path, self._http.get(f"api/{path}", params=query)), kind, strict=False)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._answer(path, self._http.post(f"api/{path}", json=body))

    def tickers(self, coin: str) -> dict[str, Ticker]:
        return {ticker.instrument_name: ticker for ticker in self.get("market/tickers", list[Ticker], coin=coin)}

    def risk(self) -> dict[str, Any]:
        return self.get(f"risk/accounts/{self.account_id}", dict[str, Any])

    def preview(self, structure: Structure, side: Side) -> dict[str, Any]:
        body = {
            "command_id": self._command_id(),
            "account_id": self.account_id,
            "legs": msgspec.to_builtins(structure.legs),
            "quantity": structure.quantity,
            "side": side.value,
        }
        return dict(self.post("risk/preview", body))

    def request(self, structure: Structure, maker_firm_ids: list[int]) -> int:
        body = {
            "command_id": self._command_id(),
            "account_id": self.account_id,
            "legs": msgspec.to_builtins(structure.legs),
            "quantity": structure.quantity,
            "maker_firm_ids": maker_firm_ids,
            "life_seconds": 60,
            "label": structure.name,
        }
        return wait_for("room under the RFQ rate limit", lambda: self._request_now(body), RATE_SECONDS_MAX)

    def _request_now(self, body: dict[str, Any]) -> int | None:
        """None where the desk says that this firm has asked too often in the last minute."""
        try:
            return int(self.post("rfqs", body)["entity_id"])
        except Refused as refused:
            if refused.reason != "rfq_rate":
                raise
            time.sleep(RATE_PAUSE_SECONDS)
            return None

    def rfq(self, rfq_id: int) -> RfqView:
        return self.get(f"rfqs/{rfq_id}", RfqView)

    def wait_for_quotes(self, rfq_id: int, wanted: int) -> RfqView:
        """The RFQ once ``wanted`` makers quote, or with what there is when the time for it is over."""
        deadline = time.monotonic() + QUOTES_SECONDS_MAX
        view = self.rfq(rfq_id)
        while len(live_quotes(view)) < wanted and time.monotonic() < deadline and view.state is RfqState.OPEN:
            time.sleep(POLL_SECONDS)
            view = self.rfq(rfq_id)
        return view

    def accept(self, quote: QuoteView, side: Side) -> None:
        body = {
            "command_id": self._command_id(),
            "rfq_id": quote.rfq_id,
            "quote_id": quote.quote_id,
            "version": quote.version,
            "side": side.value,
        }
        self.post(f"rfqs/{quote.rfq_id}/accept", body)

    def cancel(self, rfq_id: int) -> None:
        answer = self._http.delete(f"api/rfqs/{rfq_id}", params={"command_id": self._command_id()})
        self._answer("rfqs", answer)

    def wait_for_end(self, rfq_id: int) -> RfqView:
        return wait_for(
            f"the end of RFQ {rfq_id}",
            lambda: view if (view := self.rfq(rfq_id)).state not in LIVE_STATES else None,
        )

    def wait_for_fills(self, rfq_id: int, legs: int) -> None:
        """A filled RFQ is booked a moment later, when the gateway has confirmed it."""
        wait_for(f"the fills of RFQ {rfq_id}", lambda: True if self._booked_legs(rfq_id) == legs else None)

    def _booked_legs(self, rfq_id: int) -> int:
        return sum(fill.rfq_id == rfq_id for fill in self.get("fills", list[FillView]))

    def hedge(self, coin: str, delta: float, index_price: float) -> int:
        """Trade the perpetual until ``delta`` coins are gone; returns the number of orders that it took."""
        name = f"{coin}-PERPETUAL"
        contract = parse_instrument_name(name).multiplier
        contracts = round(Decimal(delta) * Decimal(index_price) / contract)
        side = Side.SELL if contracts > 0 else Side.BUY
        left = abs(contracts)
        orders = 0
        while left > DELTA_TOLERANCE_CONTRACTS and orders < HEDGE_ORDERS_MAX:
            filled = self._trade_now(name, side, left)
            orders += 1
            left -= filled
        return orders

    def _trade_now(self, name: str, side: Side, contracts: int) -> int:
        body = {
            "command_id": self._command_id(),
            "account_id": self.account_id,
            "instrument_name": name,
            "side": side.value,
            "order_type": "market",
            "time_in_force": "ioc",
            "quantity": str(contracts),
        }
        order_id = self.post("orders", body)["entity_id"]
        ended = wait_for(f"order {order_id}", lambda: self._ended_order(order_id))
        return int(Decimal(ended["filled_quantity"]))

    def _ended_order(self, order_id: int) -> dict[str, Any] | None:
        order = self.get(f"orders/{order_id}", dict[str, Any])
        return order if order["state"] in ("filled", "canceled", "rejected", "expired") else None

    def _command_id(self) -> str:
        return f"{self._run_id}-{next(self._numbers)}"

    @staticmethod
    def _answer(path: str, answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json()
        is_named = answer.headers.get("content-type", "").startswith("application/json")
        raise Refused(path, answer.status_code, answer.json() if is_named else {"reason": answer.text[:200]})


def live_quotes(view: RfqView) -> list[QuoteView]:
    return [quote for quote in view.quotes if quote.state == "active"]


def best_quote(view: RfqView, side: Side) -> QuoteView | None:
    """The cheapest ask for a buyer, the highest bid for a seller; the earlier one at the same price."""
    sided = [quote for quote in live_quotes(view) if (quote.ask if side is Side.BUY else quote.bid) is not None]
    if not sided:
        return None
    if side is Side.BUY:
        return min(sided, key=lambda quote: (Decimal(quote.ask or 0), quote.updated_at_ns))
    return min(sided, key=lambda quote: (-Decimal(quote.bid or 0), quote.updated_at_ns))


def wait_for(what: str, look: Callable[[], T | None], seconds: float = ANSWER_SECONDS_MAX) -> T:
    """What ``look`` finds; raises TookTooLong, saying what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise TookTooLong(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
