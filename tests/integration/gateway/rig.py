"""The real gateway process beside a real Valkey, and the other end of its two streams as the dispatcher plays it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import redis
import redis.exceptions

from terminal import embedded
from wire.gateway import AnyGatewayCommand, CommandEnvelope, EventEnvelope, PlaceOrder, SetLimits
from wire.market import Ticker
from wire.transport import (
    COMMANDS_STREAM,
    COMMANDS_WATERMARK,
    ENTRY_FIELD,
    EVENTS_STREAM,
    EVENTS_WATERMARK,
    EVENTS_WATERMARK_ID,
    GATEWAY_HEARTBEAT,
    MARKET_LATEST,
)
from wire.units import OrderType, Side, TimeInForce

REPOSITORY = Path(__file__).parents[3]
ROUND_SECONDS = 0.02
RESEND_SECONDS = 0.5
WAIT_SECONDS = 90
FAR_TICKS = -4_000
"""From the best bid of a perpetual: within the collar, and where the market does not come."""
ACCOUNT, FIRM, DESK, USER = 1, 10, 100, 1_000
AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)


def wait_for(find: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(*AWAY):
            found = find()
            if found:
                return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Valkey:
    """A Valkey that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._server = embedded.prepare_valkey(folder)
        self.url = self._server.url
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._server.spec.arguments, stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        wait_for(client.ping, "Valkey's answer")
        client.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


class Gateway:
    """``python -m gateway``; ``source`` are its arguments for the market."""

    def __init__(self, state: Path, url: str, *source: str) -> None:
        self.state, self.log = state, state.parent / "gateway.log"
        self.environment: dict[str, str] = {}
        self.arguments = [sys.executable, "-m", "gateway", "--state", str(state), "--valkey-url", url, *source]
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments, cwd=REPOSITORY, stdout=log, stderr=log, env=os.environ | self.environment
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


class Dispatcher:
    """Both relays of ``wire.transport``: an outbox of commands, and the events in the order of their numbers."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, socket_timeout=2)
        self.outbox: list[bytes] = []
        self.events: list[EventEnvelope] = []
        self._sent = 0
        self._position = "0-0"
        self._taken = (-1, time.monotonic())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self.client.close()

    def send(self, command: AnyGatewayCommand) -> None:
        sequence = len(self.outbox) + 1
        self.outbox.append(msgspec.json.encode(CommandEnvelope(command_sequence=sequence, command=command)))

    def send_raw(self, body: bytes) -> None:
        self.outbox.append(body)

    def taken(self) -> int:
        return int(self.client.get(COMMANDS_WATERMARK) or 0)

    def _run(self) -> None:
        while not self._stopped.wait(ROUND_SECONDS):
            with contextlib.suppress(*AWAY, redis.exceptions.ResponseError):
                self._relay()
                self._project()

    def _relay(self) -> None:
        taken = self.taken()
        if taken != self._taken[0] or taken == len(self.outbox):
            self._taken = (taken, time.monotonic())
        pipeline = self.client.pipeline(transaction=True)
        if time.monotonic() - self._taken[1] > RESEND_SECONDS and not self.client.xrange(
            COMMANDS_STREAM, f"{taken + 1}-0", f"{taken + 1}-0"
        ):
            pipeline.delete(COMMANDS_STREAM)
            self._sent = taken
        sent = len(self.outbox)
        for sequence in range(self._sent + 1, sent + 1):
            pipeline.xadd(COMMANDS_STREAM, {ENTRY_FIELD: self.outbox[sequence - 1]}, id=f"{sequence}-0")
        self._sent = sent
        pipeline.execute()

    def _project(self) -> None:
        answer: Any = self.client.xread({EVENTS_STREAM: self._position}, count=200) or ()
        for _, entries in answer:
            for entry_id, fields in entries:
                event = msgspec.json.decode(fields[ENTRY_FIELD.encode()], type=EventEnvelope)
                if event.event_number != len(self.events) + 1:
                    break
                assert entry_id.decode() == f"{event.journal_sequence}-{event.index}"
                self.events.append(event)
                self._position = entry_id.decode()
        self.client.mset({EVENTS_WATERMARK: len(self.events), EVENTS_WATERMARK_ID: self._position})

    def ticker(self, name: str) -> Ticker | None:
        frame: Any = self.client.hget(MARKET_LATEST, f"ticker.{name}")
        return msgspec.json.decode(frame, type=Ticker) if frame else None

    def quoted(self, name: str) -> Ticker:
        """The ticker, once somebody bids and asks."""

        def find() -> Ticker | None:
            ticker = self.ticker(name)
            return ticker if ticker and ticker.bid_price and ticker.ask_price else None

        return wait_for(find, f"a quote of {name}")

    def heartbeat(self) -> dict[str, Any]:
        return wait_for(lambda: msgspec.json.decode(self.client.get(GATEWAY_HEARTBEAT) or b"null"), "a heartbeat")

    def events_of(self, order_id: int) -> list[str]:
        return [type(e.event).__name__ for e in self.events if getattr(e.event, "order_id", None) == order_id]


@contextlib.contextmanager
def running(folder: Path, *source: str) -> Iterator[tuple[Valkey, Gateway, Dispatcher]]:
    """All three, stopped at the end whatever happened; the gateway's log is shown when something fails."""
    valkey = Valkey(folder)
    gateway = Gateway(folder / "state", valkey.url, *source)
    dispatcher = Dispatcher(valkey.url)
    try:
        yield valkey, gateway, dispatcher
    except BaseException:
        sys.stderr.write(gateway.log.read_text()[-4_000:])
        raise
    finally:
        dispatcher.stop()
        for process in (gateway.process, valkey.process):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def limits(**changes: Any) -> SetLimits:
    values = {
        "command_id": "limits-1",
        "account_id": ACCOUNT,
        "firm_id": FIRM,
        "desk_id": DESK,
        "max_order_quantity_lots": 10**6,
        "max_order_value_micros": 10**14,
        "max_position_lots": 10**9,
        "max_position_value_micros": 10**17,
        "price_collar_basis_points": 1_000,
    }
    return SetLimits(**{**values, **changes})


def order(
    order_id: int, ticker: Ticker, *, side: Side = Side.BUY, ticks_from_bid: int = 0, **changes: Any
) -> PlaceOrder:
    """A limit order on a perpetual with a tick of 0.5, that many ticks from the best bid, valid for a minute."""
    assert ticker.bid_price is not None
    values = {
        "command_id": f"order-{order_id}",
        "valid_until_ns": time.time_ns() + 60 * 10**9,
        "order_id": order_id,
        "account_id": ACCOUNT,
        "user_id": USER,
        "desk_id": DESK,
        "firm_id": FIRM,
        "instrument_id": ticker.instrument_id,
        "side": side,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "quantity_lots": 1,
        "price_ticks": round(float(ticker.bid_price) / 0.5) + ticks_from_bid,
    }
    return PlaceOrder(**{**values, **changes})
