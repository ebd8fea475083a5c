"""Starting and stopping: one sentence and an exit code for what makes a start impossible."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.gateway import rig
from tests.unit.gateway.chains import row, write_chain

pytestmark = pytest.mark.processes


def start(state: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "gateway", "--state", str(state), "--valkey-url", "redis://127.0.0.1:1/0"]
    done = subprocess.run(
        [*command, *arguments], check=False, cwd=rig.REPOSITORY, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "one of the arguments --simulated --recording is required"),
        (("--simulated", "--seed", "-1"), "-1 is not between 0 and 2^63"),
        (("--simulated", "--speed", "2"), "--speed, --from and --to need a --recording"),
        (("--recording", ".", "--speed", "0"), "0 is not above 0"),
        (("--recording", ".", "--speed", "nan"), "nan is not above 0"),
        (("--simulated", "--valkey-url", "http://here"), "'http://here' is not the URL of a Valkey"),
        (("--recording", ".", "--from", "yesterday"), "'yesterday' is not an ISO time"),
        (("--recording", ".", "--from", "2026-02-02", "--to", "2026-02-01"), "--from is later than --to"),
    ],
)
def test_bad_arguments_are_named(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    code, message = start(tmp_path, *arguments)

    assert code == 2
    assert sentence in message


def test_recordings_that_cannot_be_played_are_named(tmp_path: Path) -> None:
    missing = start(tmp_path / "state", "--recording", str(tmp_path / "nowhere"))
    corrupt = tmp_path / "corrupt"
    corrupt.mkdir()
    (corrupt / "deribit_option_chain_202602.parquet").write_bytes(b"PAR1 and nothing else")
    unreadable = start(tmp_path / "state", "--recording", str(corrupt))

    assert missing == (3, f"gateway: The recording folder {tmp_path / 'nowhere'} does not exist.")
    assert unreadable[0] == 3
    assert "deribit_option_chain_202602.parquet cannot be read" in unreadable[1]


def test_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")

    code, message = start(tmp_path / "state", "--simulated")

    assert code == 4
    assert "cannot be used" in message


def test_second_gateway_is_refused_and_the_other_market_too(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.mkdir()
    write_chain(recording, [row()])
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        desk.quoted("BTC-PERPETUAL")

        locked = start(gateway.state, "--simulated")
        other = start(gateway.state, "--recording", str(recording))

        assert locked == (5, f"gateway: Another gateway uses the journal in {gateway.state / 'gateway'}.")
        assert other[0] == 4
        assert "holds the market of a simulated market" in other[1]
        assert gateway.stop() == 0


def test_damaged_journal_is_refused_with_its_sequence(tmp_path: Path) -> None:
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        rig.wait_for(lambda: desk.taken() == 1, "the command")
        gateway.kill()
    segment = min((gateway.state / "gateway" / "journal").glob("*.journal"))
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged.rstrip(b"\0")) // 2] ^= 0xFF
    segment.write_bytes(bytes(damaged))

    code, message = start(gateway.state, "--simulated")

    assert code == 6
    assert "is damaged" in message


def test_damaged_order_log_is_refused_by_its_path_until_it_is_put_aside(tmp_path: Path) -> None:
    log, venues, secret = (tmp_path / name for name in ("gateway/venues/far.orders", "venues.json", "secret.json"))
    secret.touch(0o600)
    secret.write_text(json.dumps({"key": "k", "secret": "s"}))
    entry = {"name": "far", "title": "Far", "adapter": "deribit", "url": "ws://127.0.0.1:1", "secret_file": str(secret)}
    venues.write_text(json.dumps([entry]))
    log.parent.mkdir(parents=True)
    log.write_text("00000000 {}\n")

    assert start(tmp_path, "--simulated", "--venues", str(venues)) == (10, f"gateway: {log}: line 1 is damaged.")

    log.unlink()
    code, message = start(tmp_path, "--simulated", "--venues", str(venues), "--begin-order-log", "near")
    assert (code, message) == (10, "gateway: near takes no orders here: there is no log of its orders to begin.")


def test_journal_that_cannot_be_written_halts_and_says_so(tmp_path: Path) -> None:
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        ticker = desk.quoted("BTC-PERPETUAL")
        desk.send(rig.limits())
        rig.wait_for(lambda: desk.taken() == 1, "the limits")
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (1, 1))
        desk.send(rig.order(1, ticker))

        rig.wait_for(lambda: desk.heartbeat()["state"] == "halted: journal", "the halt")

        time.sleep(0.5)
        assert desk.events_of(1) == []
        assert gateway.process.poll() is None


def test_restart_continues_the_simulated_market(tmp_path: Path) -> None:
    with rig.running(tmp_path, "--simulated", "--seed", "5") as (_, gateway, desk):
        before = desk.quoted("BTC-PERPETUAL")
        time.sleep(2.5)
        assert gateway.stop() == 0
        stopped = desk.ticker("BTC-PERPETUAL")
        gateway.arguments[gateway.arguments.index("--seed") + 1] = "13"  # a market that began anew would be elsewhere
        gateway.start()
        rig.wait_for(lambda: (t := desk.ticker("BTC-PERPETUAL")) and t.at_ns > stopped.at_ns and t, "new quotes")

        after = desk.quoted("BTC-PERPETUAL")
        assert after.instrument_id == before.instrument_id
        assert after.index_price == pytest.approx(stopped.index_price, rel=3e-2)
