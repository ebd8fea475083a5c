"""The WebSocket server of a simulated venue: connections in, requests to their methods, answers and notices out."""

import asyncio
import http
import logging
import time
from typing import Any

import msgspec
from websockets.asyncio.server import Request, Response, Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from venues.simulator.block_rfqs import BlockDesk
from venues.simulator.exchange import Exchange
from venues.simulator.faults import AnyAction, Disconnect, Faults, RefuseConnections, Silence
from venues.simulator.json_rpc.auth import Doorkeeper
from venues.simulator.json_rpc.errors import BAD_REQUEST, PARSE_ERROR, TOO_MANY_REQUESTS, RpcError
from venues.simulator.json_rpc.methods import Methods
from venues.simulator.json_rpc.notices import Notices
from venues.simulator.json_rpc.session import Session
from venues.simulator.json_rpc.trading import AnswerLost

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PATH = "/ws/api/v2"
MESSAGE_BYTES_MAX = 64 << 10
SESSIONS_MAX = 64
CLOSE_SECONDS_MAX = 1.0
RAW_SECONDS, PACED_SECONDS = 0.02, 0.1


class RequestFrame(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: msgspec.Raw = msgspec.Raw(b"")


class JsonRpcFront:
    """One front of an exchange: ``open`` listens, ``publish`` sends what changed until it is canceled."""

    def __init__(self, exchange: Exchange, faults: Faults, secrets: dict[str, str], desk: BlockDesk) -> None:
        self._exchange = exchange
        self.notices = Notices(exchange, faults)
        desk.listeners.append(self.notices)
        self._methods = Methods(exchange, self.notices, faults, Doorkeeper(secrets), desk)
        self._refuse_until = self._quiet_until = 0.0
        self._decode = msgspec.json.Decoder(RequestFrame).decode
        faults.at_once.append(self._misbehave)

    async def open(self, port: int) -> Server:
        return await serve(
            self._serve, HOST, port, process_request=self._receive, max_size=MESSAGE_BYTES_MAX, compression=None,
            ping_interval=None, close_timeout=CLOSE_SECONDS_MAX,
        )  # fmt: skip

    async def publish(self) -> None:
        """Raw channels every 20 ms, the others every 100 ms, for ever."""
        paced_at = 0.0
        while True:
            await asyncio.sleep(RAW_SECONDS)
            now, now_ns = asyncio.get_running_loop().time(), time.time_ns()
            self.notices.flush("raw", now_ns)
            if now - paced_at >= PACED_SECONDS:
                paced_at = now
                self.notices.flush("100ms", now_ns)
                self.notices.flush("agg2", now_ns)

    def _receive(self, connection: ServerConnection, request: Request) -> Response | None:
        """None lets the connection in."""
        if request.path != PATH:
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the API is at {PATH}\n")
        is_full = len(self.notices.sessions) >= SESSIONS_MAX
        if is_full or asyncio.get_running_loop().time() < self._refuse_until:
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "come back later\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        session = Session(connection)
        session.quiet_until = self._quiet_until
        self.notices.sessions.add(session)
        tasks = [asyncio.create_task(session.write()), asyncio.create_task(session.beat())]
        try:
            async for message in connection:
                await session.wait_while_quiet()
                session.heard_at = asyncio.get_running_loop().time()
                self._take(session, message)
        except ConnectionClosed:
            log.info("a client's connection broke")
        finally:
            self.notices.sessions.discard(session)
            for task in tasks:
                task.cancel()

    def _take(self, session: Session, message: str | bytes) -> None:
        began_ns = time.time_ns()
        try:
            request = self._decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            session.answer(None, _error(PARSE_ERROR), began_ns)
            return
        try:
            if not session.allow_request():
                raise TOO_MANY_REQUESTS
            if len(request.method) > 100:
                raise BAD_REQUEST
            outcome = {"result": self._methods.call(session, request.method, request.params)}
        except RpcError as error:
            outcome = _error(error)
        except AnswerLost:
            session.cut()
            return
        session.answer(request.id, outcome, began_ns)

    def _misbehave(self, action: AnyAction) -> None:
        now = asyncio.get_running_loop().time()
        match action:
            case Disconnect():
                self._cut_all()
            case RefuseConnections():
                self._refuse_until = now + action.seconds
                self._cut_all()
            case Silence():
                self._quiet_until = now + action.seconds
                for session in self.notices.sessions:
                    session.quiet_until = self._quiet_until

    def _cut_all(self) -> None:
        for session in list(self.notices.sessions):
            session.cut()


def _error(error: RpcError) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.reason:
        shown["data"] = {"reason": error.reason}
    return {"error": shown}
