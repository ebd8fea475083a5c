"""What news of the desk to FIX sessions cost the orders that share the command stream with them.

    python -m bench.fix_news [--quick]

The gateway process, an embedded Valkey, eight FIX sessions. Each round sends so many commands that tell a session
something, and behind them one order of the terminal; the time goes from the sending to the order's durable event. First
as the gateway does it, the news of a read synced together, then each by itself.
"""

import argparse
import contextlib
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.gateway import START_SECONDS_MAX, Streams, _limits, _order
from gateway.fix.news import AHEAD_MAX
from terminal import embedded
from wire.fix_rfq import StatusTold
from wire.gateway_fix import SetFixSession, TellFixSession

SESSIONS = 8
NEWS = (0, 8, 64)
_START = (
    "import sys; from gateway.fix import news; news.AHEAD_MAX = int(sys.argv.pop(1)); "
    "from gateway.__main__ import main; sys.exit(main())"
)


@contextlib.contextmanager
def gateway(folder: Path, url: str, ahead: int) -> Iterator[None]:
    """``ahead``: how many commands behind the first are told and synced with it."""
    arguments = [str(ahead), "--state", str(folder), "--valkey-url", url, "--simulated", "--fix-port", "0"]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", _START, *arguments], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS_MAX)


def session(number: int) -> SetFixSession:
    return SetFixSession(
        command_id=f"session-{number}", session_id=number, name=f"BENCH{number}", begin_string="FIX.4.4",
        application_version="6", sender=f"BENCH{number}", target="PARLEY",
        secret_sha256=hashlib.sha256(b"").hexdigest(), firm_id=1, user_id=1, desk_id=1, account_id=1, account_ids=[1],
        grants=["rfq"], cancels_on_disconnect=False, messages_per_second=1, message_burst=1, is_enabled=True,
    )  # fmt: skip


def news(number: int) -> TellFixSession:
    told = StatusTold(status="accepted", request_id=f"ask-{number}", instruments=["BTC-PERPETUAL"], text="rfq 17")
    return TellFixSession(command_id=f"news-{number}", session_id=1 + number % SESSIONS, news=[told])


def rounds(streams: Streams, count: int) -> dict[int, list[float]]:
    """Milliseconds of each round, by how many news lay before its order."""
    ticker, order = streams.ticker(), 0
    streams.send([*(session(number) for number in range(1, SESSIONS + 1)), _limits()])
    sent = SESSIONS + 1
    streams.wait_for_answers(sent)
    found = dict[int, list[float]]()
    for before in NEWS:
        found[before] = []
        for _ in range(count):
            order += 1
            commands = [*(news(number) for number in range(before)), _order(order, ticker)]
            began = time.perf_counter()
            streams.send(commands)
            sent += len(commands)
            streams.wait_for_answers(sent)
            found[before].append((time.perf_counter() - began) * 1_000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fix_news")
    parser.add_argument("--quick", action="store_true")
    count = 10 if parser.parse_args().quick else 100
    print(f"an order behind news to {SESSIONS} sessions, {count} rounds each, ms")
    for words, ahead in (("synced together", AHEAD_MAX), ("each by itself", 0)):
        with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
            folder = Path(name)
            valkey = embedded.running(embedded.prepare_valkey(folder), folder / "valkey.log")
            with valkey as url, gateway(folder, url, ahead):
                for before, taken in rounds(Streams(url), count).items():
                    cuts = statistics.quantiles(taken, n=100)
                    print(f"{words:16} {before:3} news   p50 {cuts[49]:7.2f}   p99 {cuts[98]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
