"""The gateway process alone: latency and rate of commands through Valkey, and what the simulated market costs.

``python -m bench.gateway`` starts an embedded Valkey and ``python -m gateway --simulated``, plays the dispatcher on
both streams, and prints one line a figure. Everything an answer waits for is in it: stream, engine, fsync, stream.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import redis

from terminal import embedded
from wire.gateway import AnyGatewayCommand, CommandEnvelope, EventEnvelope, PlaceOrder, SetLimits
from wire.market import Ticker
from wire.transport import COMMANDS_STREAM, ENTRY_FIELD, EVENTS_STREAM, EVENTS_WATERMARK, MARKET_LATEST
from wire.units import OrderType, Side, TimeInForce

ROUND_TRIPS = 500
BURST = 20_000
MARKET_SECONDS = 20
START_SECONDS_MAX = 30
INSTRUMENT = "BTC-PERPETUAL"


class Streams:
    """Both ends as the dispatcher has them."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._sequence, self._position = 0, "0-0"
        self._client.set(EVENTS_WATERMARK, 0)

    def ticker(self) -> Ticker:
        """Once somebody quotes."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            frame = self._client.hget(MARKET_LATEST, f"ticker.{INSTRUMENT}")
            if frame is not None and (ticker := msgspec.json.decode(frame, type=Ticker)).bid_price:
                return ticker
            time.sleep(0.05)
        raise TimeoutError(f"nobody quotes {INSTRUMENT}")

    def send(self, commands: Sequence[AnyGatewayCommand]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            self._sequence += 1
            body = msgspec.json.encode(CommandEnvelope(command_sequence=self._sequence, command=command))
            pipeline.xadd(COMMANDS_STREAM, {ENTRY_FIELD: body}, id=f"{self._sequence}-0")
        pipeline.execute()

    def wait_for_answers(self, sequence: int) -> None:
        """Until an event answers the command of that number."""
        while True:
            answer = self._client.xread({EVENTS_STREAM: self._position}, count=1_000, block=5_000)
            if not answer:
                raise TimeoutError(f"command {sequence} is not answered")
            entries = answer[0][1]
            self._position = entries[-1][0]
            events = [msgspec.json.decode(fields[ENTRY_FIELD.encode()], type=EventEnvelope) for _, fields in entries]
            self._client.set(EVENTS_WATERMARK, events[-1].event_number)
            if any(event.command_sequence >= sequence for event in events):
                return

    def measure(self) -> None:
        """Round trips one by one, then a burst."""
        ticker = self.ticker()
        self.send([_limits()])
        self.wait_for_answers(1)
        seconds = []
        for number in range(1, ROUND_TRIPS + 1):
            started = time.perf_counter()
            self.send([_order(number, ticker)])
            self.wait_for_answers(number + 1)
            seconds.append(time.perf_counter() - started)
        cuts = statistics.quantiles(seconds, n=100)
        print(f"command to event, durable: p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms")
        started = time.perf_counter()
        for first in range(ROUND_TRIPS + 1, ROUND_TRIPS + BURST + 1, 500):
            self.send([_order(number, ticker) for number in range(first, first + 500)])
        self.wait_for_answers(ROUND_TRIPS + BURST + 1)
        print(f"burst of {BURST} orders: {BURST / (time.perf_counter() - started):,.0f} orders/s, all events read")


def _limits() -> SetLimits:
    return SetLimits(
        command_id="limits",
        account_id=1,
        firm_id=1,
        desk_id=1,
        max_order_quantity_lots=10**6,
        max_order_value_micros=10**15,
        max_position_lots=10**9,
        max_position_value_micros=10**18,
        price_collar_basis_points=2_000,
    )


def _order(number: int, ticker: Ticker) -> PlaceOrder:
    assert ticker.bid_price is not None
    return PlaceOrder(
        command_id=f"order-{number}",
        valid_until_ns=time.time_ns() + 60 * 10**9,
        order_id=number,
        account_id=1,
        user_id=1,
        desk_id=1,
        firm_id=1,
        instrument_id=ticker.instrument_id,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity_lots=1,
        price_ticks=round(float(ticker.bid_price) * 2) - 400 - number % 50,
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _gateway(folder: Path, url: str) -> Iterator[int]:
    arguments = [sys.executable, "-m", "gateway", "--state", str(folder), "--valkey-url", url, "--simulated"]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        valkey = embedded.running(embedded.prepare_valkey(folder), folder / "valkey.log")
        with valkey as url, _gateway(folder, url) as pid:
            streams = Streams(url)
            streams.ticker()
            before = _cpu_seconds(pid)
            time.sleep(MARKET_SECONDS)
            share = (_cpu_seconds(pid) - before) / MARKET_SECONDS
            print(f"simulated market, feed, engine and frames: {share:.1%} of one core")
            streams.measure()


if __name__ == "__main__":
    main()
