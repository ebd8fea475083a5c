"""A disk whose fdatasync fails under the real gateway (FAULTS.md S04): halted, said so, and nothing is lost afterwards."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.gateway import rig

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


def test_sync_that_fails_halts_the_gateway_and_a_restart_trusts_nothing(tmp_path: Path) -> None:
    flag = tmp_path / "broken"
    environment = {"LD_PRELOAD": str(build_shim(tmp_path)), "BROKEN_DISK": str(flag)}
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        desk.quoted("BTC-PERPETUAL")
        assert gateway.stop() == 0
        gateway.environment = environment
        gateway.start()
        rig.wait_for(lambda: desk.heartbeat()["state"] == "running", "the restart")
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        desk.send(rig.order(1, ticker, ticks_from_bid=-100))
        rig.wait_for(lambda: desk.events_of(1), "the first order's event")
        flag.touch()
        broken_at = time.monotonic()
        desk.send(rig.order(2, ticker, ticks_from_bid=-101))
        rig.wait_for(lambda: desk.heartbeat()["state"] == "halted: journal", "the halt")
        sys.stdout.write(f"from the error to the heartbeat that says so: {time.monotonic() - broken_at:.2f} s\n")
        flag.unlink()
        time.sleep(1)
        assert desk.events_of(2) == [], "a sync that failed once is not tried again as if it could succeed"
        assert desk.taken() == 2
        gateway.kill()
        gateway.start()
        rig.wait_for(lambda: desk.events_of(2), "the second order's event")
        assert desk.events_of(1).count("OrderAccepted") == desk.events_of(2).count("OrderAccepted") == 1
        assert "written again" in gateway.log.read_text()
