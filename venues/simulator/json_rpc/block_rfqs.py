"""The methods of block RFQs, of their taker."""

import math
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from venues.simulator.block_makers import MAKERS, RfqLeg
from venues.simulator.block_rfqs import BlockDesk, BlockRfq
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults, LoseAnswers, RejectOrders
from venues.simulator.json_rpc import render
from venues.simulator.json_rpc.errors import INVALID_INSTRUMENT, RpcError, invalid_params
from venues.simulator.json_rpc.params import NoParams
from venues.simulator.json_rpc.session import Session
from venues.simulator.json_rpc.trading import LABEL_LENGTH_MAX, AnswerLost, client_of, lots_of
from venues.simulator.records import Refused
from wire.units import NANOSECONDS_PER_MS, Side

LEGS_MAX = 20
COUNT_MAX = 1_000
SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class NewLeg(msgspec.Struct):
    instrument_name: str
    amount: float
    direction: str


class NewBlockRfq(msgspec.Struct):
    legs: list[NewLeg]
    label: str = ""
    makers: list[str] = []


class ByBlockRfq(msgspec.Struct):
    block_rfq_id: int


class BlockRfqQuery(msgspec.Struct):
    block_rfq_id: int | None = None
    count: int = 20
    state: str = ""
    role: str = "any"


class AcceptedLeg(msgspec.Struct):
    instrument_name: str
    direction: str
    ratio: int


class AcceptBlockRfq(msgspec.Struct):
    block_rfq_id: int
    price: float
    amount: float
    direction: str
    legs: list[AcceptedLeg]
    time_in_force: str


class BlockRfqMethods:
    def __init__(self, exchange: Exchange, desk: BlockDesk, faults: Faults) -> None:
        self._exchange, self._desk, self._faults = exchange, desk, faults

    def table(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Session, Any], Any]]]:
        return {
            "private/create_block_rfq": (NewBlockRfq, self._create),
            "private/cancel_block_rfq": (ByBlockRfq, self._cancel),
            "private/get_block_rfqs": (BlockRfqQuery, self._list),
            "private/get_block_rfq_makers": (NoParams, lambda _session, _params: sorted(MAKERS)),
            "private/accept_block_rfq": (AcceptBlockRfq, self._accept),
        }

    def _create(self, session: Session, params: NewBlockRfq) -> dict[str, Any]:
        if not 1 <= len(params.legs) <= LEGS_MAX or len(params.label) > LABEL_LENGTH_MAX:
            raise invalid_params("legs or label")
        legs, unit_lots = self._read_legs(params.legs)
        try:
            rfq = self._desk.create(client_of(session), legs, unit_lots, params.label, time.time_ns())
        except Refused as refused:
            raise RpcError(11030, refused.reason) from refused
        if self._faults.take(LoseAnswers):
            raise AnswerLost
        return render.block_rfq_json(rfq) | {"state": "created"}

    def _read_legs(self, given: list[NewLeg]) -> tuple[list[RfqLeg], int]:
        """Ratios without a common divisor, and the lots of a leg with ratio 1."""
        contracts = [self._exchange.contracts.get(leg.instrument_name) for leg in given]
        found = [contract for contract in contracts if contract is not None]
        if len(found) < len(given) or len({contract.name for contract in found}) < len(found):
            raise INVALID_INSTRUMENT
        if len({contract.amount_step for contract in found}) > 1 or any(leg.direction not in SIDES for leg in given):
            raise invalid_params("legs that are not counted alike, or a direction")
        lots = [lots_of(contract, leg.amount) for contract, leg in zip(found, given, strict=True)]
        unit = math.gcd(*lots)
        legs = [
            RfqLeg(contract, SIDES[leg.direction], count // unit)
            for contract, leg, count in zip(found, given, lots, strict=True)
        ]
        return legs, unit

    def _cancel(self, session: Session, params: ByBlockRfq) -> dict[str, Any]:
        rfq = self._find(session, params.block_rfq_id)
        try:
            self._desk.cancel(rfq)
        except Refused as refused:
            raise RpcError(11030, refused.reason) from refused
        return render.block_rfq_json(rfq)

    def _list(self, session: Session, params: BlockRfqQuery) -> dict[str, Any]:
        """Newest first."""
        client = client_of(session)
        own = [rfq for rfq in reversed(self._desk.rfqs.values()) if rfq.client is client and params.role != "maker"]
        if params.block_rfq_id is not None:
            own = [rfq for rfq in own if rfq.rfq_id == params.block_rfq_id]
        if params.state:
            own = [rfq for rfq in own if rfq.state == params.state]
        return {
            "block_rfqs": [render.block_rfq_json(rfq) for rfq in own[: max(1, min(params.count, COUNT_MAX))]],
            "continuation": None,
        }

    def _accept(self, session: Session, params: AcceptBlockRfq) -> dict[str, Any]:
        if rejection := self._faults.take(RejectOrders):
            raise RpcError(rejection.code, rejection.message)
        rfq = self._find(session, params.block_rfq_id)
        asked = [(leg.contract.name, leg.side.value, leg.ratio) for leg in rfq.legs]
        if params.direction not in SIDES or params.time_in_force != "fill_or_kill":
            raise invalid_params("direction or time_in_force")
        if asked != [(leg.instrument_name, leg.direction, leg.ratio) for leg in params.legs]:
            raise invalid_params("legs are not those of the block RFQ")
        price, now_ns = Decimal(repr(params.price)), time.time_ns()
        lots = lots_of(rfq.legs[0].contract, params.amount)
        try:
            trades = self._desk.accept(rfq, SIDES[params.direction], price, lots, now_ns)
        except Refused as refused:
            raise RpcError(11030, refused.reason) from refused
        if self._faults.take(LoseAnswers):
            raise AnswerLost
        shown = [render.trade_json(trade) for trade in trades]
        block = {"id": f"BLOCK-{rfq.rfq_id}", "timestamp": now_ns // NANOSECONDS_PER_MS, "trades": shown}
        return {"block_trades": [block], "trade_trigger": None}

    def _find(self, session: Session, rfq_id: int) -> BlockRfq:
        rfq = self._desk.rfqs.get(rfq_id)
        if rfq is None or rfq.client is not session.client:
            raise RpcError(11030, "block_rfq_not_found")
        return rfq
