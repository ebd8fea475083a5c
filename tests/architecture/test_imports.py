"""The import contracts of docs/ARCHITECTURE.md, and a planted import that breaks each of them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
PLANTED = [
    ("packages", "market/oracle.py", "import risk"),
    ("packages", "wire/units.py", "import common"),
    ("gateway", "wire/units.py", "import strategies"),
    ("gateway", "strategies/signals.py", "import gateway"),
    ("nobody-imports-gateway", "terminal/views.py", "import gateway"),
    ("no-django", "gateway/feed.py", "import django"),
    ("no-django", "strategies/signals.py", "from accounts import models"),
    ("core", "orders/services.py", "import parley_core"),
    ("inside-an-app", "rfq/selectors.py", "from rfq import services"),
    ("inside-an-app", "rfq/models.py", "import rfq.selectors"),
    ("pure-domain", "rfq/domain/rules.py", "from django.db import models"),
]


def test_contracts_hold() -> None:
    result = _lint(ROOT, [])
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("contract", "path", "line"), PLANTED)
def test_contract_finds_a_planted_import(tmp_path: Path, contract: str, path: str, line: str) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for name in ("services.py", "selectors.py", "models.py", "domain/__init__.py", "domain/rules.py"):
        file = tmp_path / "rfq" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    for name in ("accounts/models.py", "common/db.py", "common/valkey.py"):
        (tmp_path / name).touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    assert _lint(tmp_path, [contract]).returncode == 0
    (tmp_path / path).write_text(f"{line}\n")
    result = _lint(tmp_path, [contract])
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def _lint(folder: Path, contracts: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    command += ["--no-cache", "--no-logo", *(f"--contract={contract}" for contract in contracts)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
