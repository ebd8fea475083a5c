"""Block RFQs at Deribit as their taker: the documented methods in our words, and the notices of our requests."""

from typing import Any

import msgspec

from gateway.venues.api import NoAnswer
from gateway.venues.block_rfqs import Acceptance, BlockRfqs, RfqView
from gateway.venues.deribit import messages, parse
from gateway.venues.deribit.trading import Ask, decode_answer
from gateway.venues.execution import Execution
from wire.gateway_routes import AskVenueRfq

CHANNEL = "block_rfq.taker.any"
LISTED_MAX = 1_000


class DeribitBlockRfqs:
    """A ``gateway.venues.block_rfqs.BlockRfqApi``."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def ask(self, asked: AskVenueRfq) -> RfqView:
        """Every maker of the venue is asked. Deribit makes a ratio and an amount of what the legs trade."""
        legs = [
            {
                "instrument_name": leg.instrument_name,
                "amount": float(asked.quantity * leg.ratio * parse.contract_amount(leg.instrument_name)),
                "direction": leg.side.value,
            }
            for leg in asked.legs
        ]
        params: dict[str, object] = {"legs": legs, "label": asked.label}
        return parse.read_block_rfq(await self._call("private/create_block_rfq", params, messages.BlockRfq))

    async def cancel_rfq(self, venue_rfq_id: int) -> RfqView:
        params: dict[str, object] = {"block_rfq_id": venue_rfq_id}
        return parse.read_block_rfq(await self._call("private/cancel_block_rfq", params, messages.BlockRfq))

    async def list_rfqs(self) -> list[RfqView]:
        params: dict[str, object] = {"role": "taker", "count": LISTED_MAX}
        page = await self._call("private/get_block_rfqs", params, messages.BlockRfqPage)
        return [parse.read_block_rfq(each) for each in page.block_rfqs]

    async def accept(self, acceptance: Acceptance) -> list[Execution]:
        """Fill or kill. What is wrong by then, or worse than the price, is an error of the venue."""
        params: dict[str, object] = {
            "block_rfq_id": acceptance.venue_rfq_id,
            "price": float(acceptance.block.price),
            "amount": float(acceptance.amount),
            "direction": acceptance.block.side.value,
            "legs": [
                {"instrument_name": leg.instrument_name, "direction": leg.side.value, "ratio": leg.ratio}
                for leg in acceptance.legs
            ],
            "time_in_force": "fill_or_kill",
        }
        accepted = await self._call("private/accept_block_rfq", params, messages.Accepted)
        trades = [trade for block in accepted.block_trades for trade in block.trades]
        try:
            return [parse.read_execution(each, parse.contract_amount(each.instrument_name)) for each in trades]
        except ValueError as error:
            raise NoAnswer(f"it traded, and how cannot be read: {error}") from error

    def name_leg(self, venue_rfq_id: int, name: str) -> str:
        return parse.name_block_leg(venue_rfq_id, name)

    def take(self, content: msgspec.Raw, rfqs: BlockRfqs) -> None:
        """A notice of ours. Raises msgspec.DecodeError."""
        rfqs.on_view(parse.read_block_rfq(msgspec.json.decode(content, type=messages.BlockRfq)))

    async def _call(self, method: str, params: dict[str, object], answer: Any) -> Any:
        return await decode_answer(self._ask, method, params, answer)
