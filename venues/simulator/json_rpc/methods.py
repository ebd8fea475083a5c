"""The public methods of the simulated venue, and the table of all."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from venues.simulator.block_rfqs import BlockDesk
from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import Faults
from venues.simulator.json_rpc import params as asked
from venues.simulator.json_rpc import render
from venues.simulator.json_rpc.auth import AuthParams, Doorkeeper
from venues.simulator.json_rpc.block_rfqs import BlockRfqMethods
from venues.simulator.json_rpc.errors import (
    AUTHORIZATION_REQUIRED,
    INVALID_INSTRUMENT,
    METHOD_NOT_FOUND,
    RpcError,
    invalid_params,
)
from venues.simulator.json_rpc.notices import KINDS, Notices
from venues.simulator.json_rpc.session import CHANNELS_MAX, HEARTBEAT_SECONDS_MAX, HEARTBEAT_SECONDS_MIN, Session
from venues.simulator.json_rpc.trading import Trading
from wire.units import NANOSECONDS_PER_MS

VERSION = "parley-simulator-1"
BOOK_DEPTH_MAX = 50
Method = Callable[[Session, Any], Any]


class Methods:
    """Dispatches a request to its method; the answer, or RpcError."""

    def __init__(
        self, exchange: Exchange, notices: Notices, faults: Faults, doorkeeper: Doorkeeper, desk: BlockDesk
    ) -> None:
        self._exchange, self._notices, self._doorkeeper = exchange, notices, doorkeeper
        trading = Trading(exchange, notices, faults)
        self._table: dict[str, tuple[type[msgspec.Struct], Method]] = {
            "public/auth": (AuthParams, self._auth),
            "public/hello": (asked.Hello, lambda _session, _params: {"version": VERSION}),
            "public/test": (asked.NoParams, self._test),
            "public/get_time": (asked.NoParams, lambda _session, _params: time.time_ns() // NANOSECONDS_PER_MS),
            "public/set_heartbeat": (asked.Heartbeat, self._set_heartbeat),
            "public/disable_heartbeat": (asked.NoParams, self._disable_heartbeat),
            "public/subscribe": (asked.Channels, self._subscribe),
            "private/subscribe": (asked.Channels, self._subscribe),
            "public/unsubscribe": (asked.Channels, self._unsubscribe),
            "private/unsubscribe": (asked.Channels, self._unsubscribe),
            "public/unsubscribe_all": (asked.NoParams, self._unsubscribe_all),
            "public/get_instruments": (asked.ByCurrency, self._get_instruments),
            "public/get_instrument": (asked.ByInstrument, self._get_instrument),
            "public/get_order_book": (asked.ByInstrument, self._get_order_book),
            "public/ticker": (asked.ByInstrument, self._ticker),
            **trading.table(),
            **BlockRfqMethods(exchange, desk, faults).table(),
        }

    def call(self, session: Session, method: str, given: msgspec.Raw) -> Any:
        """Raises RpcError, and AnswerLost where the answer is not to arrive."""
        if method not in self._table:
            raise METHOD_NOT_FOUND
        kind, run = self._table[method]
        if method.startswith("private/") and session.client is None:
            raise AUTHORIZATION_REQUIRED
        try:
            params = msgspec.json.decode(given, type=kind) if bytes(given) else kind()
        except (msgspec.DecodeError, TypeError) as error:
            raise invalid_params(str(error)) from error
        return run(session, params)

    def _auth(self, session: Session, params: AuthParams) -> dict[str, Any]:
        client_id, answer = self._doorkeeper.admit(params)
        session.client = self._exchange.clients[client_id]
        return answer

    def _test(self, session: Session, _: Any) -> dict[str, str]:
        return {"version": VERSION}

    def _set_heartbeat(self, session: Session, params: asked.Heartbeat) -> str:
        if not HEARTBEAT_SECONDS_MIN <= params.interval <= HEARTBEAT_SECONDS_MAX:
            raise invalid_params(f"interval must be {HEARTBEAT_SECONDS_MIN} to {HEARTBEAT_SECONDS_MAX}")
        session.heartbeat_seconds = params.interval
        return "ok"

    def _disable_heartbeat(self, session: Session, _: Any) -> str:
        session.heartbeat_seconds = 0
        return "ok"

    def _subscribe(self, session: Session, params: asked.Channels) -> list[str]:
        """The channels that there are; others are left out, as the venue does."""
        if len(session.channels | set(params.channels)) > CHANNELS_MAX:
            raise RpcError(11050, "bad_request", f"more than {CHANNELS_MAX} channels")
        return [channel for channel in params.channels if self._notices.subscribe(session, channel)]

    def _unsubscribe(self, session: Session, params: asked.Channels) -> list[str]:
        left = [channel for channel in params.channels if channel in session.channels]
        session.channels.difference_update(left)
        return left

    def _unsubscribe_all(self, session: Session, _: Any) -> str:
        session.channels.clear()
        return "ok"

    def _get_instruments(self, session: Session, params: asked.ByCurrency) -> list[dict[str, Any]]:
        return [
            render.contract_json(contract, self._exchange.profile)
            for contract in self._exchange.contracts.values()
            if params.currency in ("any", contract.terms.settlement_currency)
            and params.kind in ("any", KINDS[contract.terms.kind.value])
        ]

    def _get_instrument(self, session: Session, params: asked.ByInstrument) -> dict[str, Any]:
        return render.contract_json(self._find(params.instrument_name), self._exchange.profile)

    def _get_order_book(self, session: Session, params: asked.ByInstrument) -> dict[str, Any]:
        contract = self._find(params.instrument_name)
        bids, asks = self._exchange.matching.depth(contract)
        depth = max(1, min(params.depth, BOOK_DEPTH_MAX))
        levels = [[(contract.price(t), contract.amount(q)) for t, q in side[:depth]] for side in (bids, asks)]
        return render.ticker_json(self._exchange, contract, time.time_ns()) | {"bids": levels[0], "asks": levels[1]}

    def _ticker(self, session: Session, params: asked.ByInstrument) -> dict[str, Any]:
        return render.ticker_json(self._exchange, self._find(params.instrument_name), time.time_ns())

    def _find(self, name: str) -> Contract:
        contract = self._exchange.contracts.get(name)
        if contract is None:
            raise INVALID_INSTRUMENT
        return contract
