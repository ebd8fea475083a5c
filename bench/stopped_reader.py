"""What sockets that never read cost the web process. ``python -m bench.stopped_reader [--quick]``

Each opens, subscribes to a chain of 400 tickers of 400 bytes that all change 20 times a second (3.2 MB a second),
asks for facts, and never reads a byte. The kernel buffers what it can; the rest is the web process's, bounded by the
acknowledgement window: at most WINDOW_BYTES_MAX and one frame for each socket, until it is closed with 4408.
"""

import argparse
import json
import os
import statistics
import threading
import time
from pathlib import Path

import msgspec
import psutil
import redis
from rich.console import Console
from rich.table import Table

from bench.sockets import RawSocket, newest_frame, serve
from bench.web import add_traders, servers, web_process
from terminal import limits
from wire import transport

TICKERS = 400
FRAMES_PER_SECOND = 20
TRADERS = 4
WARM_SECONDS = 4.0
"""A client that reads first, so that what the process needs anyway is not counted."""
MIB = 1024 * 1024
TICKER_BYTES = 400


class Market(threading.Thread):
    """Publishes until it is told to stop."""

    def __init__(self, valkey_url: str) -> None:
        super().__init__(daemon=True)
        self._valkey = redis.Redis.from_url(valkey_url)
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(1 / FRAMES_PER_SECOND):
            frame = json.dumps({"type": "ticker", "at_ns": time.time_ns(), "filling": "x" * 350}).encode()
            batch = [(f"ticker.BTC-27MAR26-{strike}-C", frame) for strike in range(TICKERS)]
            self._valkey.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode(batch))


def measure(server: str, sockets: int, cookies: list[str], folder: Path) -> tuple[float, float, int]:
    """(growth in MiB at its peak, growth after the sockets were closed, how many the server closed)."""
    with web_process(server, "terminal.asgi:application", folder) as (port, pid):
        process = psutil.Process(pid)
        reader = RawSocket(port, headers=[cookies[0]])
        reader.send({"type": "resume", "sequence": 0})
        reader.send({"type": "subscribe", "keys": ["chain.BTC"]})
        serve([reader], WARM_SECONDS, _acknowledge)
        reader.send({"type": "unsubscribe", "keys": ["chain.BTC"]})
        serve([reader], 1.0, _acknowledge)
        before = peak = process.memory_info().rss
        stopped = []
        for number in range(sockets):
            client = RawSocket(port, headers=[cookies[number % TRADERS]])
            client.send({"type": "resume", "sequence": 0})
            client.send({"type": "subscribe", "keys": ["chain.BTC"]})
            stopped.append(client)
        deadline = time.monotonic() + limits.STALL_SECONDS_MAX + 5
        while time.monotonic() < deadline:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.1)
        after = process.memory_info().rss
        closed = sum(1 for client in stopped if _is_closed(client))
        for client in (*stopped, reader):
            client.close()
    return (peak - before) / MIB, (after - before) / MIB, closed


def _acknowledge(client: RawSocket, frames: list[bytes]) -> None:
    if number := newest_frame(frames[-1]):
        client.send({"type": "acknowledge", "frame": number})


def _is_closed(client: RawSocket) -> bool:
    """Whether the server has ended the connection, once what the kernel holds is read."""
    deadline = time.monotonic() + 3
    try:
        while time.monotonic() < deadline:
            if not client.frames():
                time.sleep(0.01)
    except ConnectionError:
        return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one socket, one round")
    quick = parser.parse_args().quick
    rounds = 1 if quick else 3
    columns = ("server", "sockets that never read", "bound MiB", "peak growth MiB", "after closing MiB", "closed")
    table = Table(title=f"memory of the web process, medians of {rounds} rounds")
    for column in columns:
        table.add_column(column, justify="right")
    frame_bytes = limits.KEYS_PER_FRAME_MAX * TICKER_BYTES
    with servers() as folder:
        market = Market(os.environ["VALKEY_URL"])
        market.start()
        cookies = add_traders(TRADERS)
        for server in ("daphne", "uvicorn"):
            for sockets in (1,) if quick else (1, 200):
                runs = [measure(server, sockets, cookies, folder) for _ in range(rounds)]
                peak, after, closed = (statistics.median(column) for column in zip(*runs, strict=True))
                bound = sockets * (limits.WINDOW_BYTES_MAX + frame_bytes) / MIB
                table.add_row(server, str(sockets), f"{bound:.1f}", f"{peak:.1f}", f"{after:.1f}", f"{closed:.0f}")
        market.stopping.set()
        market.join()
    Console().print(table)


if __name__ == "__main__":
    main()
