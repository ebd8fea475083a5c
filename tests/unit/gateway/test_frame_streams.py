"""A folder of recorded frames: what its manifest may say, and a market that goes on where it stood."""

import json
from pathlib import Path

import pytest

from gateway.feeds.chain_files import RecordingError
from gateway.feeds.frame_streams import has_frames, open_frames
from gateway.feeds.frames import TIME_NS_MAX, FramesFeed

SECOND = 1_000_000_000
START = 1_723_161_253 * SECOND


def snapshot(bid: str, ask: str) -> str:
    return f'{{"lastUpdateId":10,"bids":[["{bid}","3"]],"asks":[["{ask}","4"]]}}'


def delta(number: int, bid: str) -> str:
    return f'{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{number},"u":{number},"b":[["{bid}","5"]],"a":[]}}'


def write_frames(folder: Path, deltas: int = 3) -> None:
    """BTC's spot book as index and, a little higher, as the book of a contract: a snapshot, then a delta a second."""
    folder.mkdir(exist_ok=True)
    for name, base in (("spot", 100), ("perpetual", 200)):
        lines = [f"{START} {delta(10, f'{base}.0')}", f"{START + 1} {snapshot(f'{base}.0', f'{base + 50}.0')}"]
        lines += [f"{START + i * SECOND} {delta(10 + i, f'{base + i}.0')}" for i in range(1, deltas + 1)]
        (folder / name).write_text("\n".join(lines))
    common = {"venue": "binance_spot", "symbol": "BTCUSDT", "price_tick": "0.1", "lot": "0.001"}
    entries = [
        {"file": "spot", "index": "BTC", **common},
        {"file": "perpetual", "contract": "BTC_USDC-PERPETUAL", **common},
    ]
    (folder / "streams.json").write_text(json.dumps(entries))


def open_all(folder: Path, *, start_ns: int = 0, end_ns: int = TIME_NS_MAX, after_ns: int = 0) -> FramesFeed:
    return open_frames(folder, speed=1e6, start_ns=start_ns, end_ns=end_ns, after_ns=after_ns)


async def played(feed: FramesFeed) -> list[tuple[float | None, float | None, bool]]:
    """Of each update: the index, the best bid of the contract, whether it is complete."""
    return [
        (u.index_prices.get("BTC"), float(u.quotes.bid_prices[0, 0]) if u.quotes else None, u.is_complete)
        async for u in feed.updates()
    ]


async def test_a_folder_of_frames_plays_and_is_complete_once(tmp_path: Path) -> None:
    write_frames(tmp_path)
    assert has_frames(tmp_path)
    assert await played(open_all(tmp_path)) == [
        (125.0, 200.0, True),
        (125.5, 201.0, False),
        (126.0, 202.0, False),
        (126.5, 203.0, False),
    ]


async def test_frames_go_on_where_the_market_stood(tmp_path: Path) -> None:
    write_frames(tmp_path)
    feed = open_all(tmp_path, after_ns=START + SECOND)
    assert await played(feed) == [(125.5, 201.0, True), (126.0, 202.0, False), (126.5, 203.0, False)]
    assert feed.position()["folder"] == str(tmp_path)
    assert await played(open_all(tmp_path, after_ns=START + 9 * SECOND)) == [(126.5, 203.0, True)]


async def test_frames_are_played_between_the_times_asked_for(tmp_path: Path) -> None:
    write_frames(tmp_path)
    feed = open_all(tmp_path, start_ns=START + SECOND, end_ns=START + 2 * SECOND)
    assert await played(feed) == [(125.5, 201.0, True), (126.0, 202.0, False)]


async def test_nothing_is_complete_before_every_contract_has_a_book(tmp_path: Path) -> None:
    write_frames(tmp_path)
    lines = (tmp_path / "perpetual").read_text().splitlines()
    (tmp_path / "perpetual").write_text("\n".join([lines[0], *lines[2:], f"{START + 9 * SECOND} {delta(99, '1')}"]))
    assert not any(is_complete for _, _, is_complete in await played(open_all(tmp_path, end_ns=START + 5 * SECOND)))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"index": "BTC"}, "an index or a contract, and one of its own"),
        ({"contract": ""}, "an index or a contract"),
        ({"file": "../elsewhere"}, "not a file of this folder"),
        ({"file": "nowhere"}, "cannot be played"),
        ({"venue": "moon"}, "cannot be played"),
        ({"price_tick": "0"}, "cannot be played"),
        ({"contract": "BTC-PERPETUAL"}, "is inverse"),
        ({"more": 1}, "cannot be read"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, entry: dict[str, object], why: str) -> None:
    write_frames(tmp_path)
    entries = json.loads((tmp_path / "streams.json").read_text())
    (tmp_path / "streams.json").write_text(json.dumps([entries[0], {**entries[1], **entry}]))
    with pytest.raises(RecordingError, match=why):
        open_all(tmp_path)


@pytest.mark.parametrize(("count", "is_right"), [(0, False), (1, True), (1_000, True), (1_001, False)])
def test_a_manifest_names_1_to_1000_streams(tmp_path: Path, count: int, *, is_right: bool) -> None:
    write_frames(tmp_path)
    entry = json.loads((tmp_path / "streams.json").read_text())[0]
    (tmp_path / "streams.json").write_text(json.dumps([{**entry, "index": f"C{i}"} for i in range(count)]))
    if is_right:
        assert open_all(tmp_path).status.state != "finished"
    else:
        with pytest.raises(RecordingError, match=f"names {count} streams"):
            open_all(tmp_path)


def test_frames_are_not_played_in_steps(tmp_path: Path) -> None:
    write_frames(tmp_path)
    with pytest.raises(RecordingError, match="in steps"):
        open_frames(tmp_path, speed=None, start_ns=0, end_ns=TIME_NS_MAX, after_ns=0)
