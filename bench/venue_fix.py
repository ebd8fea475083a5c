"""FIX messages of a venue through its adapter, from bytes to books and to the order log's reports, beside two parsers.

    python -m bench.venue_fix [--messages 4000] [--runs 5] [--quick]

Messages are made here: incremental refreshes (35=X) of six levels of one book, and execution reports (35=8) of one
order in parts. ``session``: splitter, session machine with its dictionary and file, and the adapter; ``adapter``:
without the machine. quickfix (C++, called from Python) parses by its dictionary, simplefix splits into tags; neither
keeps a book or an order. Nothing is synced: that is the disk's time (``bench.fix``). Ways take turns;
processor time, median.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import quickfix
import simplefix

from gateway.fix.dictionary import FILES, specification
from gateway.fix.framing import Splitter
from gateway.fix.message import decode
from gateway.venues.books import VenueInstrument
from gateway.venues.credentials import Credentials
from gateway.venues.execution import NewVenueOrder
from gateway.venues.fix.client import FixClient
from gateway.venues.fix.session import now
from gateway.venues.order_log import Baseline, Record
from gateway.venues.settings import VenueEntry
from wire.units import Side

NAME, REQUEST = "BTC-PERPETUAL", "r"
LEVELS = 6
CHUNK = 20
"""Messages of one read."""
AT = "20260101-00:00:00.000"
Take = Callable[[bytes], object]
WAYS = ("session", "adapter", "quickfix", "simplefix")


def frame(kind: str, sequence: int, body: str) -> bytes:
    head = f"35={kind}\x0134={sequence}\x0149=BOREA\x0156=bench\x0152={now_text()}\x01"
    whole = f"8=FIX.4.4\x019={len(head) + len(body)}\x01{head}{body}".encode()
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


def now_text() -> str:
    return time.strftime("%Y%m%d-%H:%M:%S.000", time.gmtime())


def refresh(sequence: int) -> bytes:
    entries = "".join(
        f"279=1\x01269={at % 2}\x0155={NAME}\x01270={90_000 + (1 if at % 2 else -1) * (1 + at // 2)}.0\x01"
        f"271={10 * (1 + (sequence * 7 + at) % 90)}\x01"
        for at in range(LEVELS)
    )
    return frame("X", sequence, f"262={REQUEST}\x01268={LEVELS}\x01{entries}")


def snapshot() -> bytes:
    entries = "269=0\x01270=89000.0\x01271=10\x01269=1\x01270=91000.0\x01271=10\x01"
    return frame("W", 1, f"262={REQUEST}\x0155={NAME}\x01268=2\x01{entries}")


def report(sequence: int, count: int) -> bytes:
    """A part of the order: 10 of the venue's dollars, one contract."""
    done = sequence - 1
    words = {
        37: "BTC-1", 11: "o-1", 17: f"E-{sequence}", 150: "F", 39: "2" if done == count else "1", 55: NAME, 54: "1",
        38: count * 10, 40: "2", 44: "90000.0", 32: 10, 31: "90000.0", 151: (count - done) * 10, 14: done * 10,
        6: "90000.0", 60: AT, 851: "2",
    }  # fmt: skip
    return frame("8", sequence, "".join(f"{tag}={value}\x01" for tag, value in words.items()))


def open_client(folder: Path, count: int) -> FixClient:
    """Logged on, with the book listed and the order out."""
    entry = VenueEntry(
        name="borea",
        adapter="fix",
        url="fix://127.0.0.1:1",
        target_comp_id="BOREA",
        session_file=str(folder / "session"),
    )
    client = FixClient(entry, Credentials(key="bench", secret="bench"))
    trading = client.trade(folder / "log")
    client.session.machine.log_on(30, (), now())
    client.session.machine.receive(frame("A", 1, "98=0\x01108=30\x01"), now())
    assert client.session.is_logged_on
    client.books.list_instrument(
        VenueInstrument(
            name=NAME, symbol=NAME, price_tick=Decimal("0.5"), amount_step=Decimal(10), contract_amount=Decimal(10),
            maker_fee=None, taker_fee=None,
        )
    )  # fmt: skip
    client._names[NAME], client._requests[REQUEST] = NAME, [NAME]
    client._take(decode(snapshot().decode(), 1))
    trading._restore(Record(baseline=Baseline(positions={}, since_ns=0, known=[])))
    trading.own.sent(
        NewVenueOrder(client_order_id="o-1", name=NAME, side=Side.BUY, quantity=Decimal(count), price=None)
    )
    return client


def through_session(client: FixClient) -> Take:
    splitter, machine = Splitter(), client.session.machine

    def take(data: bytes) -> None:
        for raw in splitter.feed(data):
            machine.receive(raw, now())

    return take


def through_adapter(client: FixClient) -> Take:
    splitter = Splitter()

    def take(data: bytes) -> None:
        for raw in splitter.feed(data):
            client._take(decode(raw.decode(), 1))

    return take


def through_quickfix(dictionary: quickfix.DataDictionary) -> Take:
    """Its own reading of whole messages; splitting is left to our splitter."""
    splitter = Splitter()
    return lambda data: [quickfix.Message(raw.decode(), dictionary, True) for raw in splitter.feed(data)]


def through_simplefix() -> Take:
    parser = simplefix.FixParser()

    def take(data: bytes) -> None:
        parser.append_buffer(data)
        while parser.get_message() is not None:
            pass

    return take


def spend(take: Take, chunks: list[bytes], messages: int) -> float:
    began = time.process_time_ns()
    for chunk in chunks:
        take(chunk)
    return (time.process_time_ns() - began) / messages


def measure(title: str, make: Callable[[int], bytes], messages: int, runs: int) -> None:
    dictionary = quickfix.DataDictionary(str(specification(FILES["FIX.4.4"])))
    took: dict[str, list[float]] = {}
    for _ in range(runs):
        whole = [make(number) for number in range(2, messages + 2)]
        chunks = [b"".join(whole[at : at + CHUNK]) for at in range(0, messages, CHUNK)]
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                client = open_client(Path(folder), messages)
                take = {
                    "session": partial(through_session, client),
                    "adapter": partial(through_adapter, client),
                    "quickfix": partial(through_quickfix, dictionary),
                    "simplefix": through_simplefix,
                }[way]()
                took.setdefault(way, []).append(spend(take, chunks, messages))
                if way in ("session", "adapter"):
                    check(title, client, messages)
                assert client.trading is not None
                client.trading.close()
                client.session.release()
    size = sum(map(len, whole)) / messages
    print(f"{title}: {messages} messages of {size:.0f} bytes on average")
    for way, each in took.items():
        spent = statistics.median(each)
        print(f"  {way:10} {spent:>9,.0f} ns/message {1e9 / spent:>9,.0f} messages/s")


def check(title: str, client: FixClient, messages: int) -> None:
    assert client.status.frames_refused == 0
    if title.startswith("35=X"):
        levels = client.books.levels(NAME, 10, 0)
        assert (len(levels.bids), len(levels.asks)) == (LEVELS // 2 + 1, LEVELS // 2 + 1), levels
    else:
        assert client.trading is not None
        assert client.trading.own.orders["o-1"].cumulative == messages
        assert len(client.trading.reports) == messages + 1, "one for each, and that it is there"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    setattr(os, "fdatasync", lambda _: None)  # noqa: B010 - mypy takes no assignment to a function
    messages, runs = (200, 1) if given.quick else (given.messages, given.runs)
    measure("35=X, from bytes to a book", refresh, messages, runs)
    measure("35=8, from bytes to the order log", lambda number: report(number, messages), messages, runs)


if __name__ == "__main__":
    main()
