"""The one socket of a tab: decodes, dispatches, forwards. No ORM on the event loop, no business rule.

An ASGI application of its own, so it runs under any ASGI server. See docs/socket.md for what a client must know.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec
from django.db import Error

from accounts import selectors as accounts_selectors
from common import decoding
from common.errors import NotFound, Refusal
from streams import selectors as streams_selectors
from terminal import commands, limits, principal, snapshots
from terminal.fact_feed import FirmFeed, fact_text
from terminal.hub import Hub, get_hub
from terminal.market_feed import ACCOUNT_PREFIX, CHAIN_PREFIX, Subscription, is_key
from terminal.principal import Principal
from terminal.window import TokenBucket, UnknownFrame, Window
from wire import client
from wire.limits import SUBSCRIPTION_KEYS_MAX

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CLOSE_MALFORMED = 4400
CLOSE_NOT_SIGNED_IN = 4401
CLOSE_TOO_SLOW = 4408
CLOSE_TOO_LARGE = 4413
CLOSE_TOO_MANY = 4429
CLOSE_UNAVAILABLE = 4503
"""The database does not answer: whether the last command was done is not known; ask again with its ``command_id``."""
CANCELS = (
    client.CancelOrder,
    client.CancelAll,
    client.CancelRfq,
    client.CancelQuote,
    client.EngageKillSwitch,
    client.Heartbeat,
)
"""Commands that no rate refuses."""

_decoder = msgspec.json.Decoder(client.AnyClientMessage)
_encode = msgspec.json.Encoder().encode


async def socket_application(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """ASGI application of ``/ws/``."""
    message = await receive()
    assert message["type"] == "websocket.connect"
    headers = dict(scope["headers"])
    if not principal.is_origin_allowed(headers):
        await send({"type": "websocket.close", "code": 4403})
        return
    hub = get_hub()
    await send({"type": "websocket.accept"})
    try:
        reading = hub.read(_admit, headers, (scope.get("client") or ("", 0))[0])
        admitted = await asyncio.wait_for(reading, limits.ADMIT_SECONDS_MAX)
    except (Error, TimeoutError) as error:
        log.warning("nobody can be admitted: %s", str(error).strip() or "the database does not answer")
        await send({"type": "websocket.close", "code": CLOSE_UNAVAILABLE})
        return
    if admitted is None:
        await send({"type": "websocket.close", "code": CLOSE_NOT_SIGNED_IN})
        return
    who, sequence = admitted
    of_user = sum(1 for socket in hub.sockets if socket.principal.user_id == who.user_id)
    if len(hub.sockets) >= limits.SOCKETS_MAX or of_user >= limits.SOCKETS_PER_USER_MAX:
        await send({"type": "websocket.close", "code": CLOSE_TOO_MANY})
        return
    await Socket(hub, who, sequence, send).run(receive)


def _admit(headers: dict[bytes, bytes], remote_address: str) -> tuple[Principal, int] | None:
    who = principal.admit(headers, remote_address)
    return None if who is None else (who, streams_selectors.head(who.firm_id))


class Socket:
    """One connection. The reader answers what needs no database, one task runs commands in order, one task writes."""

    def __init__(self, hub: Hub, who: Principal, sequence: int, send: Send) -> None:
        self.principal = who
        self.sequence: int | None = None
        """Newest fact sent; None until the client asked to resume."""
        now = time.monotonic()
        self._hub, self._send, self._head = hub, send, sequence
        self._window = Window()
        self._answers: deque[str] = deque()
        self._ready: deque[str] = deque()
        self._behind: dict[str, None] = {}
        self._resume: int | None = None
        self._feed: FirmFeed | None = None
        self._keys: frozenset[str] = frozenset()
        self._coins: frozenset[str] = frozenset()
        self._commands: asyncio.Queue[client.Command] = asyncio.Queue(limits.COMMANDS_PENDING_MAX)
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._closing: int | None = None
        self._malformed = 0
        self._messages_rate = TokenBucket(limits.MESSAGES_PER_SECOND_MAX, limits.MESSAGES_BURST_MAX, now)
        self._commands_rate = TokenBucket(limits.COMMANDS_PER_SECOND_MAX, limits.COMMANDS_BURST_MAX, now)
        self._snapshots_rate = TokenBucket(limits.SNAPSHOTS_PER_SECOND_MAX, limits.SNAPSHOTS_BURST_MAX, now)

    async def run(self, receive: Receive) -> None:
        """Until the client goes, or is closed."""
        self._hub.join(self)
        self._feed = self._hub.follow(self.principal.firm_id, self, self._head)
        self._answer(self._hello())
        writer = asyncio.create_task(self._write())
        others = (self._read(receive), self._work(), self._closed.wait())
        tasks = [writer, *map(asyncio.ensure_future, others)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._closing is not None and writer not in done:
                done |= (await asyncio.wait([writer], timeout=limits.CLOSE_GRACE_SECONDS))[0]
            for task in done:
                task.result()
        except OSError:
            log.debug("the client of user %d is gone", self.principal.user_id)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._hub.market.leave(self, self._subscription)
            self._hub.unfollow(self._feed, self)
            self._hub.leave(self)
            if self._closing is not None:
                with contextlib.suppress(OSError, RuntimeError):
                    await self._send({"type": "websocket.close", "code": self._closing})

    def offer(self, keys: Sequence[str], texts: Sequence[str]) -> None:
        """Market values that this socket subscribes to: sent as they are if the client keeps up, else conflated."""
        if self._behind or self._ready or not self._window.is_open:
            self._behind.update(dict.fromkeys(keys))
        else:
            self._ready.extend(texts)
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    def revoke(self) -> None:
        self._close(CLOSE_NOT_SIGNED_IN)

    def check(self, now: float) -> None:
        """Close a client that does not read: owed an acknowledgement for too long, or too many facts behind."""
        behind = 0 if self.sequence is None or self._feed is None else self._feed.fetched - self.sequence
        stalled = self._window.stalled_seconds(now) >= limits.STALL_SECONDS_MAX
        if stalled or self._window.is_overrun or (behind > limits.FACTS_BEHIND_MAX and not self._window.is_open):
            self._close(CLOSE_TOO_SLOW)

    @property
    def _subscription(self) -> Subscription:
        return self._keys, self._coins

    def _close(self, code: int) -> None:
        if self._closing is None:
            self._closing = code
            self._closed.set()
            self._wake.set()

    def _hello(self) -> client.Hello:
        return client.Hello(
            server_time_ns=time.time_ns(),
            user_id=self.principal.user_id,
            firm_id=self.principal.firm_id,
            role=self.principal.role,
            sequence=self._head,
            window_frames_max=limits.WINDOW_FRAMES_MAX,
        )

    def _answer(self, message: client.ServerMessage) -> None:
        self._answers.append(_encode(message).decode())
        self._wake.set()

    def _refuse(self, refusal: Refusal, command: client.Command | None = None) -> None:
        self._answer(commands.refused(command, refusal))

    async def _read(self, receive: Receive) -> None:
        """Take every message as it comes, so that none waits in the server's own queue."""
        while self._closing is None:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if not self._messages_rate.take(time.monotonic()):
                self._close(CLOSE_TOO_MANY)
                return
            try:
                await self._take(_decode(event))
            except decoding.TooLarge as refusal:
                self._refuse(refusal)
                self._close(CLOSE_TOO_LARGE)
            except decoding.Malformed as refusal:
                self._malformed += 1
                self._refuse(refusal)
                if self._malformed > limits.MALFORMED_MESSAGES_MAX:
                    self._close(CLOSE_MALFORMED)
            except Refusal as refusal:
                self._refuse(refusal)

    async def _take(self, message: client.ClientMessage) -> None:
        if isinstance(message, client.Command):
            self._take_command(message)
        elif isinstance(message, client.Acknowledge):
            self._acknowledge(message.frame)
        elif isinstance(message, client.Ping):
            self._answer(client.Pong(client_time_ns=message.client_time_ns, server_time_ns=time.time_ns()))
        elif isinstance(message, client.Subscribe):
            await self._subscribe(message.keys)
        elif isinstance(message, client.Unsubscribe):
            self._unsubscribe(message.keys)
        elif isinstance(message, client.Resume):
            self._resume = message.sequence
            self._wake.set()

    def _take_command(self, command: client.Command) -> None:
        is_cancel = isinstance(command, CANCELS)
        if not self._commands_rate.take(time.monotonic()) and not is_cancel:
            rate = limits.COMMANDS_PER_SECOND_MAX
            self._refuse(Refusal("message_rate", "too many commands a second; cancels still pass", bound=rate), command)
        elif self._commands.full():
            bound = limits.COMMANDS_PENDING_MAX
            self._refuse(Refusal("commands_pending", "too many commands wait for an answer", bound=bound), command)
        else:
            self._commands.put_nowait(command)

    def _acknowledge(self, frame: int) -> None:
        try:
            self._window.acknowledge(frame, time.monotonic())
        except UnknownFrame:
            raise decoding.Malformed(
                "unknown_frame", "this frame was not sent", value=frame, bound=self._window.frame
            ) from None
        self._wake.set()

    async def _subscribe(self, names: list[str]) -> None:
        await self._insist_on_visible(names)
        keys = self._keys | {name for name in names if not name.startswith(CHAIN_PREFIX)}
        coins = self._coins | {name.removeprefix(CHAIN_PREFIX) for name in names if name.startswith(CHAIN_PREFIX)}
        count = len(keys) + len(coins)
        if count > SUBSCRIPTION_KEYS_MAX:
            raise Refusal("subscription_keys_max", "too many keys", value=count, bound=SUBSCRIPTION_KEYS_MAX)
        before = set(self._hub.market.known(self._subscription))
        self._resubscribe((keys, coins))
        self._behind.update(
            dict.fromkeys(key for key in self._hub.market.known(self._subscription) if key not in before)
        )

    def _unsubscribe(self, names: list[str]) -> None:
        gone = set(names)
        coins = frozenset(coin for coin in self._coins if CHAIN_PREFIX + coin not in gone)
        self._resubscribe((self._keys - gone, coins))
        wanted = set(self._hub.market.known(self._subscription))
        self._behind = {key: None for key in self._behind if key in wanted}

    def _resubscribe(self, subscription: Subscription) -> None:
        self._hub.market.leave(self, self._subscription)
        self._keys, self._coins = subscription
        self._hub.market.join(self, subscription)
        self._wake.set()

    async def _insist_on_visible(self, names: list[str]) -> None:
        """Raises for a key that does not exist, or that shows an account of somebody else's."""
        unknown = next((name for name in names if not is_key(name)), None)
        if unknown is not None:
            raise decoding.Malformed("unknown_subscription_key", "there is no such key", value=unknown[:64])
        account_ids = {int(name.removeprefix(ACCOUNT_PREFIX)) for name in names if name.startswith(ACCOUNT_PREFIX)}
        if not account_ids or self.principal.sees_every_account:
            return
        own = {account.pk for account in await self._hub.read(accounts_selectors.list_accounts, self.principal.firm_id)}
        if account_ids - own:
            raise NotFound("account_not_found", "you have no such account", value=min(account_ids - own))

    async def _work(self) -> None:
        """Commands of this socket, one after the other, each in a thread."""
        loop = asyncio.get_running_loop()
        while True:
            command = await self._commands.get()
            try:
                answer = await loop.run_in_executor(
                    commands.threads_for(command), commands.execute, self.principal, command
                )
            except commands.OutcomeUnknown:
                self._close(CLOSE_UNAVAILABLE)
                return
            self._answer(answer)

    async def _write(self) -> None:
        """Everything that goes out, answers first, then facts, then market data; the order of facts is theirs."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._answers:
                text = self._answers.popleft()
                self._window.send_answer(len(text))
                await self._send({"type": "websocket.send", "text": text})
            if self._closing is not None:
                return
            if self._resume is not None:
                await self._start_over()
            await self._write_facts()
            await self._write_market()

    async def _write_frame(self, kind: str, end: str) -> None:
        text = f'{{"type":"{kind}","frame":{self._window.frame + 1}{end}'
        self._window.send_frame(len(text), time.monotonic())
        await self._send({"type": "websocket.send", "text": text})

    async def _start_over(self) -> None:
        """Facts after the sequence that the client has; a snapshot where it has none, or is too far behind."""
        assert self._feed is not None
        asked, self._resume = self._resume, None
        assert asked is not None
        reached = max(self._feed.fetched, self._head)  # the feed may not have read what hello told of
        if 0 < asked <= reached and reached - asked <= limits.RESUME_FACTS_MAX:
            self.sequence = asked
        elif self._snapshots_rate.take(time.monotonic()):
            who = self.principal
            sequence, state = await self._hub.read(snapshots.read_snapshot, who.firm_id, who.role)
            self.sequence = sequence
            await self._write_frame("snapshot", f',"sequence":{sequence},"state":{state}}}')
        else:
            self._refuse(Refusal("snapshot_rate", "too many snapshots", bound=limits.SNAPSHOTS_PER_SECOND_MAX))

    async def _write_facts(self) -> None:
        feed = self._feed
        assert feed is not None
        while self.sequence is not None and self.sequence < feed.fetched and self._window.is_open:
            facts = feed.after(self.sequence, limits.WINDOW_FRAMES_MAX)
            if facts is None:
                stored = await self._hub.read(streams_selectors.facts_after, feed.firm_id, self.sequence)
                facts = [(fact.sequence, fact_text(fact)) for fact in stored]
            for sequence, end in facts:
                if not self._window.is_open:
                    break
                self.sequence = sequence
                await self._write_frame("fact", end)

    async def _write_market(self) -> None:
        while self._ready:
            await self._write_frame("market", self._ready.popleft())
        if self._window.wants_probe and self._window.is_open:
            await self._write_frame("market", ',"frames":[]}')
        while self._behind and self._window.is_open:
            keys = list(self._behind)[: limits.KEYS_PER_FRAME_MAX]
            for key in keys:
                del self._behind[key]
            for end in self._hub.market.texts(keys):
                await self._write_frame("market", end)


def _decode(event: Message) -> client.ClientMessage:
    text = event.get("text")
    if text is None:
        raise decoding.Malformed("binary_frame", "messages are JSON text")
    message: client.ClientMessage = decoding.decode(_decoder, text)
    return message
