"""NewOrderSingle in to ExecutionReport out over loopback, with and without fsync of the journal, beside a bare echo.

    python -m bench.fix [--quick]

The files of the sessions are synced in both: the difference is the journal's part alone. The gateway's own parts are in
a process of their own: session layer with its files, desk, engine, journal; without Valkey and the market feeds, which
no answer waits for. The floor is quickfix as it comes: an acceptor in Python with its store in memory that answers each
order with a report. One client sends the same bytes to all, from a plain socket.
Latency: one order at a time. Rate: so many orders on their way at once, whole answers counted.
"""

import argparse
import asyncio
import contextlib
import hashlib
import multiprocessing
import shutil
import socket
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

SECRET = "bench"
NAME, MID = "BTC-PERPETUAL", 140_000
ACCOUNT, FIRM = 1, 1
YEAR_SECONDS = 365 * 86_400
QUOTE_SECONDS = 0.5
ON_THEIR_WAY = 200
SOH = b"\x01"
ACKNOWLEDGED = b"\x01150=0\x01"
"""ExecType New: the order is on the book. A rejection is no answer here, and would end the run."""


def frame(kind: str, sequence: int, body: bytes) -> bytes:
    """A FIX 4.4 message of the client."""
    at = time.strftime("%Y%m%d-%H:%M:%S", time.gmtime()).encode()
    head = b"35=%s\x0134=%d\x0149=BENCH\x0156=PARLEY\x0152=%s\x01" % (kind.encode(), sequence, at)
    whole = b"8=FIX.4.4\x019=%d\x01" % (len(head) + len(body)) + head + body
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


def order(number: int) -> bytes:
    price = (MID - 100 - number % 50) * 0.5
    body = b"11=B-%d\x0155=%s\x0154=1\x0160=20260101-00:00:00\x0138=1\x0140=2\x0144=%.1f\x0159=1\x01"
    return body % (number, NAME.encode(), price)


class Client:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sequence = self._number = 0
        self._kept = b""
        self.send("A", b"98=0\x01108=600\x01141=Y\x01553=BENCH\x01554=" + SECRET.encode() + SOH)
        assert b"35=A" in self._socket.recv(65_536), "logged on"

    def send(self, kind: str, body: bytes) -> None:
        self._sequence += 1
        self._socket.sendall(frame(kind, self._sequence, body))

    def orders(self, count: int) -> None:
        for _ in range(count):
            self._number += 1
            self.send("D", order(self._number))

    def reports(self) -> int:
        """How many acknowledgements came, waiting for something to come. Raises TimeoutError after 30 s of silence."""
        data = self._kept + self._socket.recv(1 << 20)
        found = data.count(ACKNOWLEDGED)
        self._kept = data[-len(ACKNOWLEDGED) + 1 :]
        return found

    def latencies_us(self, count: int) -> list[float]:
        taken = []
        for _ in range(count):
            begun = time.perf_counter_ns()
            self.orders(1)
            while not self.reports():
                continue
            taken.append((time.perf_counter_ns() - begun) / 1_000)
        return taken

    def rate(self, count: int) -> float:
        begun, sent, done = time.perf_counter(), 0, 0
        while done < count:
            more = min(ON_THEIR_WAY - (sent - done), count - sent)
            self.orders(more)
            sent += more
            done += self.reports()
        return count / (time.perf_counter() - begun)

    def close(self) -> None:
        self._socket.close()


def serve_gateway(folder: str, ports: Any, *, is_synced: bool) -> None:
    asyncio.run(_serve_gateway(Path(folder), ports, is_synced=is_synced))


async def _serve_gateway(folder: Path, ports: Any, *, is_synced: bool) -> None:
    import parley_core

    from gateway.fix.desk import Desk
    from gateway.fix.service import FixService
    from gateway.registry import Registry

    engine = parley_core.Engine(str(folder / "journal"), fsync=is_synced)
    registry, is_open = Registry(), asyncio.Event()
    desk = Desk(engine, registry, None, folder / "fix", is_open)
    service = FixService(folder / "fix", desk, engine.flush)
    await _open_market(engine, registry)
    service.apply(1, _session())
    engine.start()
    is_open.set()
    asyncio.get_running_loop().add_reader(engine.event_fd, _drain, engine, desk)
    parts = [service.run("127.0.0.1", 0), desk.run(), _quote(engine, registry)]
    running = asyncio.gather(*parts)
    await service.listening.wait()
    ports.put(service.port)
    await running


def _drain(engine: Any, desk: Any) -> None:
    while page := engine.drain():
        for raw in page:
            desk.on_event(raw)


async def _open_market(engine: Any, registry: Any) -> None:
    import msgspec

    from gateway.engine import list_contract

    (contract,) = registry.list_new([NAME])
    await list_contract(engine, contract, msgspec.json.encode(contract.terms), 4)
    engine.set_index(time.time_ns(), 0, 70_000_000_000)
    engine.set_limits(time.time_ns(), 1, ACCOUNT, FIRM, 1, 10**6, 10**16, 10**9, 10**18, 5_000)


async def _quote(engine: Any, registry: Any) -> None:
    contract = registry.find_name(NAME)
    while True:
        now = time.time_ns()
        engine.set_quotes(now, now, contract.instrument_id, MID, [(MID - 10, 20)], [(MID + 10, 20)])
        await asyncio.sleep(QUOTE_SECONDS)


def _session() -> Any:
    from wire.gateway_fix import SetFixSession

    return SetFixSession(
        command_id="bench", session_id=1, name="BENCH", begin_string="FIX.4.4", application_version="6",
        sender="BENCH", target="PARLEY", secret_sha256=hashlib.sha256(SECRET.encode()).hexdigest(), firm_id=FIRM,
        user_id=1, desk_id=1, account_id=ACCOUNT, account_ids=[ACCOUNT], grants=["orders"], cancels_on_disconnect=False,
        messages_per_second=10**9, message_burst=10**9, is_enabled=True,
    )  # fmt: skip


def serve_echo(folder: str, ports: Any) -> None:
    """quickfix alone: an acceptor that answers every order with a report, its store in memory, no log."""
    import quickfix

    from gateway.fix.dictionary import specification
    from terminal.embedded import free_port

    class Echo(quickfix.Application):
        count = 0

        def onCreate(self, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def onLogon(self, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def onLogout(self, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def toAdmin(self, message: Any, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def fromAdmin(self, message: Any, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def toApp(self, message: Any, session_id: Any) -> None: ...  # noqa: N802 - quickfix's name

        def fromApp(self, message: Any, session_id: Any) -> None:  # noqa: N802 - quickfix's name
            self.count += 1
            report = quickfix.Message()
            report.getHeader().setField(quickfix.MsgType("8"))
            fields = {37: str(self.count), 17: str(self.count), 150: "0", 39: "0", 151: "1", 14: "0", 6: "0"}
            for tag, text in fields.items():
                report.setField(tag, text)
            for tag in (11, 55, 54, 38, 40, 44, 59):
                report.setField(tag, message.getField(tag))
            quickfix.Session.sendToTarget(report, session_id)

    port = free_port()
    settings = Path(folder) / "echo.cfg"
    settings.write_text(
        "[DEFAULT]\nConnectionType=acceptor\nStartTime=00:00:00\nEndTime=00:00:00\nNonStopSession=Y\nSocketNodelay=Y\n"
        f"SocketAcceptPort={port}\nUseDataDictionary=Y\nDataDictionary={specification('FIX44.xml')}\n"
        "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=PARLEY\nTargetCompID=BENCH\nResetOnLogon=Y\n"
    )
    read = quickfix.SessionSettings(str(settings))
    acceptor = quickfix.SocketAcceptor(Echo(), quickfix.MemoryStoreFactory(), read)
    acceptor.start()
    ports.put(port)
    while True:
        time.sleep(3_600)


@contextlib.contextmanager
def served(target: Any, **options: Any) -> Any:
    """The port of that server, in a process and a folder of its own."""
    context = multiprocessing.get_context("spawn")
    ports, folder = context.Queue(), tempfile.mkdtemp(prefix="parley-fix-")
    process = context.Process(target=target, args=(folder, ports), kwargs=options, daemon=True)
    process.start()
    try:
        yield ports.get(timeout=30)
    finally:
        process.kill()
        process.join()
        shutil.rmtree(folder)


def measure(name: str, latencies: int, orders: int, target: Any, **options: Any) -> None:
    with served(target, **options) as port:
        client = Client(port)
        client.latencies_us(latencies // 5)
        taken = sorted(client.latencies_us(latencies))
        rate = client.rate(orders)
        client.close()
    p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    print(f"{name:34} p50 {p50:8,.0f} us   p99 {p99:8,.0f} us   {rate:9,.0f} orders/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fix")
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    latencies, orders = (100, 500) if is_quick else (1_000, 5_000)
    print(f"one order at a time: {latencies}; {ON_THEIR_WAY} at once: {orders}")
    measure("gateway, all synced", latencies, orders, serve_gateway, is_synced=True)
    measure("gateway, only sessions synced", latencies, orders, serve_gateway, is_synced=False)
    measure("quickfix echo, nothing on disk", latencies, orders, serve_echo)


if __name__ == "__main__":
    main()
