"""The whole of Parley on one machine, as a newcomer starts it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest

from accounts import demo
from terminal.supervisor.stack import Stack

ROOT = Path(__file__).parents[3]
PROCESSES = {
    "postgres", "valkey", "gateway", "dispatcher", "worker", "beat", "web", "makers",
}
pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]


def _counts(stack: Stack) -> tuple[int, ...]:
    tables = ("accounts_firm", "accounts_user", "accounts_account", "accounts_apikey", "risk_limitset", "settlement_transfer")
    with psycopg.connect(stack.database_url) as connection:
        return tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


def _sign_in(client: httpx.Client, username: str) -> httpx.Response:
    page = client.get("/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    form = {"login": username, "password": demo.PASSWORD, "csrfmiddlewaretoken": token}
    return client.post("/accounts/login/", data=form, headers={"Referer": str(page.url)})


def test_one_command_starts_everything_and_a_second_run_goes_on(state_dir):
    with Stack(state_dir) as stack:
        assert set(stack.pids) == PROCESSES
        first = _counts(stack)
        _check_pages_and_keys(stack)
        _check_commands_use_the_running_servers(state_dir)
    with Stack(state_dir, without=("makers", "celery")) as again:
        assert _counts(again) == first
        assert set(again.pids) == PROCESSES - {"worker", "beat", "makers"}
    log = (state_dir / "up.log").read_text()
    assert log.count("ready: http://localhost:") == 2
    beat = "".join(line for line in log.splitlines() if line.startswith("beat "))
    others = "".join(line for line in log.splitlines() if not line.startswith("beat "))
    assert "Traceback" not in others
    assert "Traceback" not in beat or "SystemExit" in beat, "celery's beat shows the signal that ends it while it sends"


def _check_pages_and_keys(stack: Stack) -> None:
    for username in ("trader", "maker1", "compliance", "admin"):
        with httpx.Client(base_url=stack.url, follow_redirects=True, timeout=60) as client:
            landed = _sign_in(client, username)
            assert landed.status_code == 200 and "/accounts/" not in str(landed.url), username
    for name, user in (("aurora", "trader"), ("cobalt", "maker1")):
        token = json.loads((stack.state_dir / "demo" / f"{name}.json").read_text())["token"]
        me = httpx.get(f"{stack.url}api/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert me.json()["username"] == user


def _check_commands_use_the_running_servers(state_dir: Path) -> None:
    """``manage.py`` in another shell finds the servers in the state folder, without a variable set."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VALKEY_URL")}
    result = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo_data"],
        env=environment | {"PARLEY_STATE": str(state_dir)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
