"""``manage.py up`` on a machine: what it refuses in a sentence, what it restarts, what it leaves behind."""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from terminal import embedded
from terminal.supervisor.stack import Stack

ROOT = Path(__file__).parents[3]
SERVERS_ONLY = ("gateway", "dispatcher", "celery", "web", "makers", "prepare")
pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def _up(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up", *arguments],
        env=inherited | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _assert_one_sentence(result: subprocess.CompletedProcess[str], *words: str) -> None:
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 1
    assert len(lines) == 1 and lines[0].startswith("parley: "), result.stderr
    for word in words:
        assert word in lines[0]


def test_a_port_that_is_taken_is_one_sentence(state_dir):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = _up("--state", str(state_dir), "--port", str(port))
    _assert_one_sentence(result, f"Port {port}", "PORT=")


def test_a_state_that_is_no_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    _assert_one_sentence(_up("--state", str(tmp_path / "file" / "state"), "--port", "0"), "cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="skipped, root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(state_dir, tmp_path):
    tmp_path.chmod(0o555)
    _assert_one_sentence(_up("--state", str(state_dir), "--port", "0"), "cannot be written")


def test_a_recording_that_is_not_there_is_one_sentence(state_dir, tmp_path):
    result = _up("--state", str(state_dir), "--port", "0", "--recording", str(tmp_path / "none"))
    _assert_one_sentence(result, "is not a folder")


def test_an_unknown_process_is_one_sentence(state_dir):
    result = _up("--state", str(state_dir), "--port", "0", "--without", "postgers")
    _assert_one_sentence(result, "postgers")


def test_without_a_server_its_url_is_asked_for(state_dir):
    result = _up("--state", str(state_dir), "--port", "0", "--without", "postgres")
    _assert_one_sentence(result, "DATABASE_URL")


def test_servers_of_ones_own_replace_the_embedded_ones(state_dir):
    urls = {name: os.environ[name] for name in ("DATABASE_URL", "VALKEY_URL")}
    with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS parley_up WITH (FORCE)")
        connection.execute("CREATE DATABASE parley_up")
    urls["DATABASE_URL"] = urls["DATABASE_URL"].removesuffix("/parley") + "/parley_up"
    with Stack(state_dir, without=("gateway", "dispatcher", "celery", "makers", "demo"), environment=urls) as stack:
        assert (stack.database_url, stack.valkey_url) == (urls["DATABASE_URL"], urls["VALKEY_URL"])
        assert set(stack.pids) == {"web"}
        with psycopg.connect(stack.database_url) as connection:
            assert connection.execute("SELECT count(*) FROM accounts_firm").fetchone() == (0,)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "VALKEY_URL"])
def test_a_server_that_does_not_answer_is_one_sentence(state_dir, variable):
    scheme = "postgresql" if variable == "DATABASE_URL" else "redis"
    url = f"{scheme}://user:secret@127.0.0.1:{embedded.free_port()}/0"
    result = _up("--state", str(state_dir), "--port", "0", **{variable: url})
    _assert_one_sentence(result, variable, "does not answer")
    assert "secret" not in result.stderr


def test_a_second_instance_on_a_state_is_one_sentence(state_dir):
    with Stack(state_dir, without=SERVERS_ONLY):
        _assert_one_sentence(_up("--state", str(state_dir), "--port", "0"), "already runs")


def test_secrets_are_readable_by_their_owner_only(state_dir):
    with Stack(state_dir, without=SERVERS_ONLY) as stack:
        password = (state_dir / "postgres_password").read_text()
        for name in ("secret_key", "postgres_password", "running.json", "valkey/valkey.conf"):
            assert stat.S_IMODE((state_dir / name).stat().st_mode) == 0o600
        arguments = [_command_line(process) for process in psutil.process_iter()]
        secrets = [password, urlsplit(stack.valkey_url).password]
    assert not any(secret in line for line in arguments for secret in secrets)


def test_a_stop_leaves_no_process_and_a_second_run_keeps_the_cluster(state_dir):
    with Stack(state_dir, without=SERVERS_ONLY) as first:
        pids = first.pids
        identifier = _system_identifier(first)
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert not (state_dir / "running.json").exists()
    with Stack(state_dir, without=SERVERS_ONLY) as second:
        assert _system_identifier(second) == identifier


@pytest.mark.skipif(os.geteuid() != 0, reason="skipped, only root hands PostgreSQL to another user")
def test_binaries_closed_to_others_are_copied_and_run(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    monkeypatch.setattr(embedded, "SHARED_PLACE", Path(tempfile.mkdtemp(prefix="parley-shared-")))
    embedded.SHARED_PLACE.chmod(0o755)
    monkeypatch.setattr(embedded, "_others_may_reach", lambda _: False)
    try:
        server = embedded.prepare_postgres(tmp_path, is_durable=False)
        assert server.spec.arguments[0].startswith(str(embedded.SHARED_PLACE))
        with embedded.running(server, tmp_path / "log") as url, psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        shutil.rmtree(embedded.SHARED_PLACE)


@pytest.mark.skipif(os.geteuid() != 0, reason="skipped, only root hands PostgreSQL to another user")
def test_a_folder_closed_to_others_gets_its_cluster_elsewhere(tmp_path):
    tmp_path.chmod(0o700)
    state = tmp_path / "state"
    with Stack(state, without=SERVERS_ONLY) as stack:
        elsewhere = (state / "postgres").resolve()
        assert elsewhere.parent == embedded.SHARED_PLACE and _system_identifier(stack)
        assert str(elsewhere) in (state / "up.log").read_text()
    embedded.forget(state)
    assert not elsewhere.exists()


def test_a_killed_server_comes_back_at_its_address(state_dir):
    with Stack(state_dir, without=SERVERS_ONLY) as stack:
        urls = stack.database_url, stack.valkey_url
        for name in ("postgres", "valkey"):
            stack.wait_restarted(name, stack.kill(name))
        stack.wait_ready()
        assert (stack.database_url, stack.valkey_url) == urls
        _wait_until(lambda: _system_identifier(stack))


def test_a_killed_supervisor_takes_its_children_along(state_dir):
    stack = Stack(state_dir, without=SERVERS_ONLY)
    stack.start()
    stack.wait_ready()
    pids = stack.pids
    os.kill(stack.supervisor_pid, signal.SIGKILL)
    stack.stop()
    _wait_until(lambda: not any(_is_alive(pid) for pid in pids.values()))
    with Stack(state_dir, without=SERVERS_ONLY) as again:
        assert set(again.pids) == set(pids)


def test_a_stack_stops_when_what_started_it_is_killed(state_dir):
    script = (
        "import pathlib, sys, time; from terminal.supervisor.stack import Stack\n"
        "stack = Stack(pathlib.Path(sys.argv[1]), without=sys.argv[2].split(','))\n"
        "stack.start(); stack.wait_ready(); print(stack.supervisor_pid, *stack.pids.values(), flush=True); time.sleep(60)"
    )
    arguments = [sys.executable, "-c", script, str(state_dir), ",".join(SERVERS_ONLY)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        owner.kill()
    assert len(pids) >= 2, "the supervisor, and what it supervises"
    _wait_until(lambda: not any(_is_alive(pid) for pid in pids))


def test_a_process_that_cannot_live_stops_everything_with_a_sentence(state_dir):
    """Valkey cannot start on a configuration that it does not understand."""
    stack = Stack(state_dir, without=SERVERS_ONLY)
    stack.start()
    stack.wait_ready()
    (state_dir / "valkey" / "valkey.conf").write_text("nonsense\n")
    pids = stack.pids
    stack.kill("valkey")
    _wait_until(lambda: stack.exit_code() is not None, seconds=60)
    assert stack.exit_code() == 1
    assert "parley: valkey ended 6 times in 60 s" in (state_dir / "up.log").read_text()
    assert not any(_is_alive(pid) for pid in pids.values())


def _command_line(process: psutil.Process) -> str:
    """Nothing where the process has gone meanwhile."""
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _system_identifier(stack: Stack) -> int:
    with psycopg.connect(stack.database_url) as connection:
        row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert row is not None
    return row[0]


def _wait_until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            if condition():
                return
        time.sleep(0.1)
    raise TimeoutError(f"not within {seconds} s")
