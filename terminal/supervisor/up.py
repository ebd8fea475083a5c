"""``manage.py up``: hold the state folder, make the plan, run it."""

import os
import sys
from pathlib import Path

from terminal.supervisor import plan, state
from terminal.supervisor.process import StartFailure
from terminal.supervisor.supervisor import Supervisor

DEMO_HINT = "sign in as trader, trader2, taker2, maker1 to maker5, compliance or admin; the password is parley-demo"


def run(options: plan.Options) -> int:
    """Exit code; every failure is one sentence on standard error."""
    try:
        with state.lock(options.state):
            return _run_locked(options)
    except StartFailure as failure:
        sys.stdout.flush()
        sys.stderr.write(f"parley: {failure}\n")
        return 1


def _run_locked(options: plan.Options) -> int:
    processes = plan.make(options)

    def publish() -> None:
        state.write_running(
            options.state,
            {
                "pid": os.getpid(),
                "url": processes.url,
                "database_url": processes.database_url,
                "valkey_url": processes.valkey_url,
                "fix_port": processes.fix_port,
                "is_ready": supervisor.is_ready,
                "processes": supervisor.pids(),
            },
        )

    def announce() -> None:
        market = f"market recorded in {options.recording}" if options.recording else "simulated market"
        supervisor.console.line("parley", f"ready: {processes.url} ({market})")
        supervisor.console.line("parley", f"FIX: {options.fix_host}:{processes.fix_port}")
        if not options.leaves_out("demo"):
            supervisor.console.line("parley", DEMO_HINT)

    supervisor = Supervisor(
        processes.specs, environment=processes.environment, logs=options.state / "logs", on_change=publish
    )
    place = (options.state / "postgres").resolve()
    if place.parent != options.state.resolve() and place.exists():
        supervisor.console.line("parley", f"PostgreSQL's user cannot enter {options.state}: its data are in {place}")
    try:
        return supervisor.run(announce)
    finally:
        state.clear_running(options.state)
        supervisor.console.line("parley", "stopped")


def absolute(path: str) -> Path:
    return Path(path).expanduser().resolve()
