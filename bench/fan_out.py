"""Market data to many sockets of one web process. ``python -m bench.fan_out [--quick]``

1. 200 sockets, 20 frames a second each, as in production: processor time of the web process, delay from publishing
   to arrival. Every socket gets the same 40 tickers of 400 bytes in a frame.
2. Deliveries a second as fast as it goes, 180 bytes to 100 sockets: ours (its rate limit off), Channels' group_send
   over channels-redis, and a bare ASGI loop, each under daphne and uvicorn, in turns, medians of several rounds.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
import psutil
import redis
from rich.console import Console
from rich.table import Table

from bench.sockets import RawSocket, newest_frame, serve
from bench.web import add_traders, servers, web_process
from wire import transport

SOCKETS = 200
TRADERS = 4
TICKERS = 40
FRAMES_PER_SECOND = 20
CAPACITY_SOCKETS = 100
ACKNOWLEDGE_EVERY = 32
WARM_SECONDS = 1.0
CASES = (
    ("Parley", "parley"),
    ("group_send", "groups"),
    ("bare loop", "bare"),
)

console = Console()


def measure_production(server: str, cookies: list[str], folder: Path, seconds: float) -> dict[str, float]:
    """Processor share of the web process, delay in ms, deliveries a second."""
    with web_process(server, "terminal.asgi:application", folder) as (port, pid), _publishing(_publish_chain):
        clients = [RawSocket(port, headers=[cookies[number % TRADERS]]) for number in range(SOCKETS)]
        for client in clients:
            client.send({"type": "subscribe", "keys": ["chain.BTC"]})
        delays: list[float] = []
        counting = [False]

        def on_frames(client: RawSocket, frames: list[bytes]) -> None:
            now = time.time_ns()
            for frame in frames:
                if counting[0] and b'"type":"market"' in frame[:20]:
                    at = frame.index(b'"at_ns":') + 8
                    delays.append((now - int(frame[at : frame.index(b",", at)])) / 1e6)
            if number := newest_frame(frames[-1]):
                client.send({"type": "acknowledge", "frame": number})

        serve(clients, WARM_SECONDS, on_frames)
        counting[0] = True
        process = psutil.Process(pid)
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        serve(clients, seconds, on_frames)
        spent, lasted = sum(process.cpu_times()[:2]) - before, time.monotonic() - began
        for client in clients:
            client.close()
    delays.sort()
    return {
        "deliveries/s": len(delays) / lasted,
        "CPU %": 100 * spent / lasted,
        "p50 ms": delays[len(delays) // 2],
        "p99 ms": delays[len(delays) * 99 // 100],
    }


def measure_capacity(server: str, name: str, cookies: list[str], folder: Path, seconds: float) -> float:
    """Deliveries a second to CAPACITY_SOCKETS sockets."""
    publish = {"parley": _publish_without_pause, "groups": _send_to_group}.get(name)
    with contextlib.ExitStack() as stack:
        port, _ = stack.enter_context(web_process(server, f"bench.fan_out_apps:{name}", folder))
        clients = [RawSocket(port, headers=[cookies[number % TRADERS]]) for number in range(CAPACITY_SOCKETS)]
        if name == "parley":
            for client in clients:
                client.send({"type": "subscribe", "keys": ["index.BTC"]})
        if publish:
            stack.enter_context(_publishing(publish))
        count = 0
        acknowledged = dict.fromkeys(clients, 0)

        def on_frames(client: RawSocket, frames: list[bytes]) -> None:
            nonlocal count
            count += len(frames)
            if name == "parley":
                number = newest_frame(frames[-1])
                if number >= acknowledged[client] + ACKNOWLEDGE_EVERY:
                    acknowledged[client] = number
                    client.send({"type": "acknowledge", "frame": number})

        serve(clients, WARM_SECONDS, on_frames)
        count, began = 0, time.monotonic()
        serve(clients, seconds, on_frames)
        rate = count / (time.monotonic() - began)
        for client in clients:
            client.close()
    return rate


@contextlib.contextmanager
def _publishing(publish: Callable[[Event], None]) -> Iterator[None]:
    """Run ``publish`` in a process of its own until the block ends."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=publish, args=(stop,), daemon=True)
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join(5)
        process.kill()


def _publish_chain(stop: Event) -> None:
    valkey = _valkey()
    due = time.monotonic()
    while not stop.is_set():
        frame = json.dumps({"type": "ticker", "at_ns": time.time_ns(), "filling": "x" * 350}).encode()
        batch = [(f"ticker.BTC-27MAR26-{strike}-C", frame) for strike in range(TICKERS)]
        valkey.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode(batch))
        due += 1 / FRAMES_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))


def _publish_without_pause(stop: Event) -> None:
    """A thousand values a second: more than any case can deliver to all, so the hub conflates."""
    valkey = _valkey()
    while not stop.is_set():
        frame = json.dumps({"type": "index", "coin": "BTC", "filling": "x" * 100}).encode()
        valkey.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode([("index.BTC", frame)]))
        time.sleep(0.001)


def _send_to_group(stop: Event) -> None:
    from bench import fan_out_apps

    async def send() -> None:
        layer = fan_out_apps.channel_layer()
        message = {"type": "market.frame", "text": fan_out_apps.TEXT}
        while not stop.is_set():
            await layer.group_send(fan_out_apps.GROUP, message)
            await asyncio.sleep(0.001)

    asyncio.run(send())


def _valkey() -> redis.Redis:
    return redis.Redis.from_url(os.environ["VALKEY_URL"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    quick = parser.parse_args().quick
    rounds, seconds = (1, 2.0) if quick else (3, 6.0)
    with servers() as folder:
        cookies = add_traders(TRADERS)
        production = Table(title=f"{SOCKETS} sockets, {FRAMES_PER_SECOND} frames a second, {TICKERS} tickers a frame")
        for column in ("server", "deliveries/s", "CPU %", "p50 ms", "p99 ms"):
            production.add_column(column, justify="right")
        for server in ("daphne", "uvicorn"):
            runs = [measure_production(server, cookies, folder, seconds) for _ in range(rounds)]
            medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            production.add_row(server, *(f"{value:,.1f}" for value in medians.values()))
        console.print(production)
        capacity = Table(title=f"deliveries a second, 180 bytes to {CAPACITY_SOCKETS} sockets")
        for column in ("server", *(title for title, _ in CASES), "Parley / group_send"):
            capacity.add_column(column, justify="right")
        for server in ("daphne", "uvicorn"):
            rates: dict[str, list[float]] = {name: [] for _, name in CASES}
            for _ in range(rounds):
                for _, name in CASES:
                    rates[name].append(measure_capacity(server, name, cookies, folder, seconds))
            medians = {name: statistics.median(values) for name, values in rates.items()}
            ratio = medians["parley"] / medians["groups"]
            capacity.add_row(server, *(f"{medians[name]:,.0f}" for _, name in CASES), f"{ratio:.1f}")
        console.print(capacity)


if __name__ == "__main__":
    main()
