"""The supervisor over processes of one line each."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from terminal.supervisor import plan
from terminal.supervisor import supervisor as supervisor_module
from terminal.supervisor.logs import LOG_BYTES_MAX, BoundedLog, Console
from terminal.supervisor.process import ManagedProcess, ProcessSpec, StartFailure
from terminal.supervisor.supervisor import Supervisor


def build_spec(name: str, script: str, **options) -> ProcessSpec:
    settings = {"is_ready": lambda process: process.seconds_up() > 0.1, "stop_seconds": 2} | options
    return ProcessSpec(name=name, arguments=("/bin/sh", "-c", script), **settings)


def build_supervisor(tmp_path: Path, *specs: ProcessSpec) -> Supervisor:
    return Supervisor(specs, environment={}, logs=tmp_path, on_change=lambda: None)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch):
    monkeypatch.setattr(supervisor_module, "BACKOFF_SECONDS", (0.01,))


def test_a_process_starts_after_what_it_needs_and_stops_before_it(tmp_path):
    times = tmp_path / "times"
    mark = f"trap 'echo stop $0 >> {times}; exit 0' TERM; echo start $0 >> {times}; while :; do sleep 0.01; done"
    specs = [
        ProcessSpec(
            name=name, arguments=("/bin/sh", "-c", mark, name), needs=needs,
            is_ready=lambda _, name=name: times.exists() and f"start {name}\n" in times.read_text(),
        )
        for name, needs in (("web", ("database",)), ("database", ()))
    ]
    assert build_supervisor(tmp_path, *specs).run(press_ctrl_c) == 0
    assert times.read_text().split("\n")[:4] == ["start database", "start web", "stop web", "stop database"]


def test_a_one_shot_is_ready_when_it_has_ended(tmp_path):
    once = build_spec("prepare", "echo prepared", is_one_shot=True)
    then = build_spec("web", f"test -s {tmp_path}/prepare.log && sleep 60", needs=("prepare",))
    assert build_supervisor(tmp_path, once, then).run(press_ctrl_c) == 0


def test_a_one_shot_that_fails_ends_everything(tmp_path):
    supervised = build_supervisor(tmp_path, build_spec("prepare", "exit 3", is_one_shot=True))
    with pytest.raises(StartFailure, match="prepare failed with exit code 3"):
        supervised.run(press_ctrl_c)


def test_deaths_are_bounded(tmp_path):
    runs = tmp_path / "runs"
    supervised = build_supervisor(
        tmp_path, build_spec("gateway", f"echo x >> {runs}; exit 7", is_ready=lambda _: False), build_spec("web", "sleep 60")
    )
    with pytest.raises(StartFailure, match="gateway ended 6 times in 60 s, last with exit code 7"):
        supervised.run(press_ctrl_c)
    assert len(runs.read_text().split()) == supervisor_module.RESTARTS_MAX + 1
    assert supervised.pids() == {}


def test_readiness_goes_with_a_process_and_comes_back_with_it(tmp_path):
    """It is announced once."""
    end, seen, announced = tmp_path / "end", [], []
    script = f"while test ! -e {end}; do sleep 0.02; done; rm {end}; exit 7"

    def note():
        seen.append(supervised.is_ready)
        if seen.count(True) == 2:
            press_ctrl_c()

    spec = build_spec("web", script, is_ready=lambda _: True)
    supervised = Supervisor([spec], environment={}, logs=tmp_path, on_change=note)
    assert supervised.run(lambda: announced.append(end.touch())) == 0
    assert (seen, len(announced)) == ([False, True, False, False, True], 1)


def test_a_refusal_is_not_repeated_and_its_last_line_is_the_sentence(tmp_path):
    spec = build_spec("gateway", "echo 'gateway: no.'; exit 3", hopeless_exit_codes=frozenset({3}), is_ready=lambda _: False)
    with pytest.raises(StartFailure, match="gateway: no."):
        build_supervisor(tmp_path, spec).run(press_ctrl_c)


def test_a_port_that_does_not_exist_is_one_sentence(tmp_path):
    options = plan.Options(state=tmp_path, port=99_999)
    with pytest.raises(StartFailure, match="Port 99999 does not exist"):
        plan.make(options)


def test_a_fix_port_that_was_asked_for_is_that_one_or_a_refusal(tmp_path):
    with pytest.raises(StartFailure, match="FIX port 70000 does not exist"):
        plan.make(plan.Options(state=tmp_path, port=0, fix_port=70_000))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StartFailure, match="FIX port .* cannot be used"):
            plan.make(plan.Options(state=tmp_path, port=0, fix_port=taken.getsockname()[1]))


def test_a_second_instance_takes_a_free_fix_port(tmp_path, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        usual = taken.getsockname()[1]
        monkeypatch.setattr(plan, "FIX_PORT", usual)
        assert plan.choose_fix_port(plan.Options(state=tmp_path)) not in (0, usual)
    assert plan.choose_fix_port(plan.Options(state=tmp_path)) == usual


def test_one_that_never_becomes_ready_is_named(tmp_path):
    spec = build_spec("web", "sleep 60", is_ready=lambda _: False, start_seconds=0.3)
    with pytest.raises(StartFailure, match="web was not ready"):
        build_supervisor(tmp_path, spec).run(press_ctrl_c)


def test_one_that_will_not_stop_is_killed_with_its_children(tmp_path):
    written = tmp_path / "child"
    script = f"trap '' TERM; sleep 60 & echo $! > {written}; while :; do sleep 0.05; done"
    is_ready = lambda _: written.exists() and written.read_text().endswith("\n")  # noqa: E731 - one line
    supervised = build_supervisor(tmp_path, build_spec("web", script, stop_seconds=0.3, is_ready=is_ready))
    assert supervised.run(press_ctrl_c) == 0
    child = int(written.read_text())
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_output_has_names_in_front_and_a_file_each(tmp_path, capsys):
    shown = build_spec("web", "echo hello; sleep 60", is_ready=lambda process: process.last_line == "hello")
    hidden = build_spec(
        "postgres", "echo LOG: quiet; echo FATAL: loud; sleep 60", shows_only="FATAL",
        is_ready=lambda process: process.last_line == "FATAL: loud",
    )  # fmt: skip
    build_supervisor(tmp_path, shown, hidden).run(press_ctrl_c)
    lines = capsys.readouterr().out.splitlines()
    assert "web      | hello" in lines and "postgres | FATAL: loud" in lines
    assert not any("quiet" in line for line in lines)
    assert (tmp_path / "postgres.log").read_text() == "LOG: quiet\nFATAL: loud\n"


def test_a_log_takes_a_bounded_space(tmp_path):
    log = BoundedLog(tmp_path / "web.log")
    line = "x" * 100_000
    for _ in range(3 * LOG_BYTES_MAX // len(line)):
        log.write(line)
    log.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2 * LOG_BYTES_MAX + 2 * len(line)


def test_a_log_that_is_closed_while_somebody_writes_loses_nothing(tmp_path):
    log = BoundedLog(tmp_path / "web.log")
    lines = [str(number) for number in range(20_000)]
    writer = threading.Thread(target=lambda: [log.write(line) for line in lines])
    writer.start()
    while writer.is_alive():
        log.close()
    log.close()
    assert (tmp_path / "web.log").read_text().split() == lines


def test_a_console_that_nobody_reads_does_not_stop_the_log(monkeypatch):
    class Closed:
        def isatty(self):
            return False

        def write(self, _):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    console = Console(["web"])
    console.line("web", "one")
    console.line("web", "two")


def test_a_process_runs_with_its_environment_in_a_session_of_its_own(tmp_path):
    spec = build_spec("web", f"echo $NAME > {tmp_path}/out; exec sleep 60", environment={"NAME": "a"})
    process = ManagedProcess(spec, log=tmp_path / "log", echo=None)
    process.start({})
    written, deadline = tmp_path / "out", time.monotonic() + 30
    while not (written.exists() and written.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert os.getsid(process.pid) == process.pid
    process.stop_now()
    assert written.read_text() == "a\n"
    assert process.exit_code() == -signal.SIGTERM
