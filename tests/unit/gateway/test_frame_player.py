"""Recorded raw frames played in the order of their receive times."""

from pathlib import Path

import numpy as np
import pytest

from gateway.feeds.frame_player import FramePlayer, FramesRefused, FrameStream
from gateway.feeds.frames import FramesFeed

SECOND = 1_000_000_000
START = 1_723_161_253 * SECOND


def line(at_ns: int, frame: str) -> str:
    return f"{at_ns} {frame}\n"


def delta(first: int, last: int, bids: str, asks: str = "") -> str:
    return f'{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":[{bids}],"a":[{asks}]}}'


SNAPSHOT = '{"lastUpdateId":10,"bids":[["100.0","1"],["99.0","2"]],"asks":[["101.0","3"]]}'


def write_stream(folder: Path, *lines: str, name: str = "btc") -> FrameStream:
    path = folder / name
    path.write_text("".join(lines))
    return FrameStream(path=path, venue="binance_spot", symbol="BTCUSDT", price_tick="0.1", lot="0.001")


@pytest.fixture
def stream(tmp_path: Path) -> FrameStream:
    return write_stream(
        tmp_path,
        line(START, delta(9, 11, '["100.0","5"]')),
        line(START + SECOND, SNAPSHOT),
        line(START + 2 * SECOND, delta(12, 13, '["100.5","0.5"]')),
        line(START + 3 * SECOND, delta(15, 15, '["100.5","9"]')),
    )


def test_frames_are_applied_up_to_the_time_given(stream: FrameStream) -> None:
    player = FramePlayer(stream)
    assert (player.next_at_ns, player.is_live, player.find_top(5)) == (START, False, None)
    assert player.play_until(START + SECOND) == 2
    top = player.find_top(5)
    assert top is not None
    np.testing.assert_allclose(top.bid_prices, [100.0, 99.0])
    np.testing.assert_allclose(top.bid_quantities, [5.0, 2.0])
    assert top.mid_price == pytest.approx(100.5)
    assert player.play_until(START + 2 * SECOND) == 1
    assert player.feed.best(player.slot) == (1005, 500, 1010, 3000)


def test_a_gap_withdraws_the_book(stream: FrameStream) -> None:
    player = FramePlayer(stream)
    assert player.play_until(START + 9 * SECOND) == 4
    assert (player.next_at_ns, player.is_live, player.find_top(1)) == (None, False, None)
    assert player.feed.state(player.slot) == "gap"
    assert player.feed.snapshots_wanted() == [player.slot]


def test_lines_that_are_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FramesRefused, match="byte 0 begins no line"):
        FramePlayer(write_stream(tmp_path, "{}\n"))
    player = FramePlayer(write_stream(tmp_path, line(START, SNAPSHOT), line(START + 1, '{"e":')))
    with pytest.raises(FramesRefused, match="1 of 2 lines"):
        player.play_until(START + SECOND)


async def test_spot_gives_the_index_and_a_contract_its_quotes(stream: FrameStream, tmp_path: Path) -> None:
    other = write_stream(
        tmp_path,
        line(START + SECOND, SNAPSHOT),
        line(START + SECOND + 1, delta(11, 11, "", '["100.8","4"]')),
        line(START + SECOND + 2, delta(12, 12, "", '["100.7","4"]')),
        name="perpetual",
    )
    feed = FramesFeed({"BTC": stream}, {"BTC_USDC-PERPETUAL": other})
    updates = [update async for update in feed.updates()]
    assert [update.index_prices.get("BTC") for update in updates] == pytest.approx([100.5, 100.75])
    quotes = [update.quotes for update in updates if update.quotes is not None]
    assert len(quotes) == 1, "three changes within a step are told once"
    np.testing.assert_allclose(quotes[0].ask_prices[0, :3], [100.7, 100.8, 101.0])
    np.testing.assert_allclose(quotes[0].bid_quantities[0], [1.0, 2.0, *[np.nan] * 8])
    assert feed.status.state == "finished"
    assert feed.status.rows_ingested == 7
    assert feed.find_delivery_price("BTC", START + 10 * SECOND) is not None
    with pytest.raises(ValueError, match="inverse"):
        FramesFeed({}, {"BTC-PERPETUAL": other})


async def test_recorded_streams_play_as_a_market(recordings: Path) -> None:
    folder = recordings / "binance_l2"
    spot = FrameStream(
        path=folder / "spot_btcusdt_20240808.gz",
        venue="binance_spot",
        symbol="BTCUSDT",
        price_tick="0.01",
        lot="0.00000001",
    )
    futures = FrameStream(
        path=folder / "usdm_btcusdt_20240808.gz", venue="binance_usdm", symbol="BTCUSDT", price_tick="0.1", lot="0.001"
    )
    if not spot.path.is_file():
        pytest.skip("skipped, no recordings")
    feed = FramesFeed({"BTC": spot}, {"BTC_USDC-PERPETUAL": futures})
    indices, basis, updates = [], [], 0
    async for update in feed.updates():
        updates += 1
        if (price := update.index_prices.get("BTC")) is not None:
            indices.append(price)
        if update.quotes is not None and indices and not np.isnan(update.quotes.mark_price[0]):
            basis.append(update.quotes.mark_price[0] / indices[-1] - 1)
    assert feed.status.rows_ingested == 41_249 + 93_954
    assert updates > 3_000
    assert 61_000 < min(indices) <= max(indices) < 62_500
    assert max(map(abs, basis)) < 0.002
