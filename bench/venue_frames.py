"""What venues sent, as recorded: frames in their order, REST answers among them where they came."""

import dataclasses
import gzip
import json
import os
import re
import tarfile
from pathlib import Path

Frames = list[bytes]
DATA = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))
STREAM = re.compile(rb"(?:\S*[?&]symbol=(\w+)\S* -> )?(\d+\.\d+): (\{.*)$")


@dataclasses.dataclass(frozen=True)
class Recording:
    """``adapter``: which of ours reads it; none for ``coinbase``. ``symbols``: of the books in it."""

    name: str
    adapter: str
    symbols: list[str]
    frames: Frames


def recordings(count: int) -> list[Recording]:
    """``count``: of the long ones, so many frames."""
    found = [deribit(), binance("spot_btcusdt_20240808", "binance_spot", count)]
    found.append(binance("usdm_btcusdt_20240808", "binance_usdm", count))
    found += [captured("BINANCE", "binance_spot"), captured("BINANCE_FUTURES", "binance_usdm"), coinbase(count)]
    return found


def deribit() -> Recording:
    frames = [line.partition(b": ")[2] for line in _lines("DERIBIT", "DERIBIT.ws.1.0") if line[:1].isdigit()]
    names = {json.loads(f)["params"]["data"]["instrument_name"] for f in frames if b'"channel":"book' in f}
    return Recording("deribit, 10 options", "deribit", sorted(names), frames)


def binance(file: str, adapter: str, count: int) -> Recording:
    """The first snapshot, then the stream from its beginning: what the snapshot holds already is dropped by all."""
    frames: Frames = []
    snapshot = b""
    with gzip.open(DATA / "binance_l2" / f"{file}.gz", "rb") as lines:
        for line in lines:
            frame = line.partition(b" ")[2].strip()
            if b'"lastUpdateId"' in frame:
                snapshot = snapshot or frame
            else:
                frames.append(frame)
            if snapshot and len(frames) >= count:
                break
    return Recording(f"{adapter}, BTCUSDT", adapter, ["BTCUSDT"], [_named("BTCUSDT", snapshot), *frames])


def captured(venue: str, adapter: str) -> Recording:
    """Four symbols with klines and tickers; each REST answer first, so that every delta has its book."""
    answers: Frames = []
    frames: Frames = []
    symbols = []
    for name in (f"{venue}.http.0.0", f"{venue}.ws.1.0"):
        for line in _lines(venue, name):
            found = STREAM.match(line)
            if found and found[1]:
                symbols.append(found[1].decode())
                answers.append(_named(symbols[-1], found[3]))
            elif found:
                frames.append(found[3])
    return Recording(f"{adapter}, 4 symbols", adapter, symbols, answers + frames)


def coinbase(count: int) -> Recording:
    frames = [
        f for line in _lines("COINBASE", "COINBASE.ws.28.0") if (f := line.partition(b": ")[2]).startswith(b'{"type":')
    ]
    books = [f for f in frames if f.startswith((b'{"type":"snapshot"', b'{"type":"l2update"'))]
    symbols = sorted({json.loads(f)["product_id"] for f in books})
    return Recording("coinbase, 10 symbols", "coinbase", symbols, books[:count])


def read_snapshot(frame: bytes) -> tuple[str, bytes] | None:
    """(symbol, answer) of a REST answer among frames of Binance."""
    symbol, mark, answer = frame.partition(b"=>")
    return (symbol.decode(), answer) if mark and not symbol.startswith(b"{") else None


def _named(symbol: str, answer: bytes) -> bytes:
    return symbol.encode() + b"=>" + answer


def _lines(venue: str, name: str) -> list[bytes]:
    with tarfile.open(DATA / "venue_frames" / f"{venue}.tar.gz") as archive:
        member = archive.extractfile(name)
        assert member is not None
        return member.read().splitlines()
