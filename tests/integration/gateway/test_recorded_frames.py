"""Recorded frames drive the gateway as recorded chains do: index, tickers, books, a restart, what is refused."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.gateway import rig
from tests.unit.gateway.test_frame_streams import write_frames
from wire.market import Ticker
from wire.transport import MARKET_LATEST

pytestmark = pytest.mark.processes
NAME = "BTC_USDC-PERPETUAL"


def bid_of(desk: rig.Dispatcher) -> str | None:
    frame: Any = desk.client.hget(MARKET_LATEST, f"ticker.{NAME}")
    return msgspec.json.decode(frame, type=Ticker).bid_price if frame else None


def test_recorded_frames_make_a_market_that_is_found_again(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    write_frames(frames, deltas=5)
    with rig.running(tmp_path, "--recording", str(frames), "--speed", "2") as (_, gateway, desk):
        rig.wait_for(lambda: bid_of(desk) == "205.0", "the last recorded bid")
        assert desk.client.hget(MARKET_LATEST, "index.BTC") is not None
        gateway.stop()
        desk.client.delete(MARKET_LATEST)
        gateway.start()
        rig.wait_for(lambda: bid_of(desk) == "205.0", "the last recorded bid after a restart")


def test_frames_that_cannot_be_played_are_named(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    write_frames(frames)
    (frames / "spot").unlink()
    refused = subprocess.run(
        [sys.executable, "-m", "gateway", "--state", str(tmp_path / "state"), "--recording", str(frames)],
        capture_output=True, text=True, check=False, cwd=rig.REPOSITORY,
    )  # fmt: skip
    assert refused.returncode == 3
    assert refused.stderr.startswith(f"gateway: The recording {frames} cannot be played: ")
