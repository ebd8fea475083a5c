"""A disk whose fdatasync fails under the real gateway (FAULTS.md S04): halted, said so, and nothing is lost afterwards."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.gateway import rig
from wire.market import Ticker

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

SHIM = r"""
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
/* fails while the file that BROKEN_DISK names exists */
int fdatasync(int descriptor) {
    const char *flag = getenv("BROKEN_DISK");
    if (flag && access(flag, F_OK) == 0) { errno = EIO; return -1; }
    return (int)syscall(SYS_fdatasync, descriptor);
}
"""


def build_shim(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("skipped, no C compiler")
    source, shim = folder / "shim.c", folder / "shim.so"
    source.write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", str(source), "-o", str(shim)], check=True, timeout=60)
    return shim


def is_running_since(desk: rig.Dispatcher, started_ns: int) -> bool:
    heartbeat = desk.heartbeat()
    return heartbeat["state"] == "running" and heartbeat["at_ns"] > started_ns


def quoted_since(desk: rig.Dispatcher, started_ns: int) -> Ticker | None:
    ticker = desk.ticker("BTC-PERPETUAL")
    return ticker if ticker and ticker.at_ns > started_ns and ticker.bid_price else None


def test_sync_that_fails_halts_the_gateway_and_a_restart_trusts_nothing(tmp_path: Path) -> None:
    flag = tmp_path / "broken"
    environment = {"LD_PRELOAD": str(build_shim(tmp_path)), "BROKEN_DISK": str(flag)}
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        desk.quoted("BTC-PERPETUAL")
        assert gateway.stop() == 0
        gateway.environment = environment
        started_ns = time.time_ns()
        gateway.start()
        rig.wait_for(lambda: is_running_since(desk, started_ns), "the restart")
        ticker = rig.wait_for(lambda: quoted_since(desk, started_ns), "a quote")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, ticks_from_bid=rig.FAR_TICKS))
        rig.wait_for(lambda: desk.events_of(1), "the first order's event")
        flag.touch()
        broken_at = time.monotonic()
        desk.send(rig.order(2, ticker, ticks_from_bid=rig.FAR_TICKS - 1))
        rig.wait_for(lambda: desk.heartbeat()["state"] == "halted: journal", "the halt")
        sys.stdout.write(f"from the error to the heartbeat that says so: {time.monotonic() - broken_at:.2f} s\n")
        flag.unlink()
        time.sleep(1)
        assert desk.events_of(2) == [], "a sync that failed once is not tried again as if it could succeed"
        rig.wait_for(lambda: desk.taken() == 2, "what the gateway says it took")
        gateway.kill()
        gateway.start()
        rig.wait_for(lambda: desk.events_of(2), "the second order's event")
        assert desk.events_of(1).count("OrderAccepted") == desk.events_of(2).count("OrderAccepted") == 1
        assert "written again" in gateway.log.read_text()
