"""What a newcomer meets first: the targets, and a sentence where the machine lacks something."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import requisites

ROOT = Path(__file__).parents[3]


def test_help_lists_at_most_20_targets_with_a_line_each():
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [re.sub(r"\x1b\[[0-9]*m", "", line).split(maxsplit=1) for line in result.stdout.splitlines()]
    assert {"run", "test", "check", "bench", "clean", "core"} <= {name for name, _ in lines}
    assert len(lines) <= 20 and all(len(sentence) > 10 for _, sentence in lines)


def test_a_machine_without_a_compiler_is_told_so():
    environment = {"PATH": "/nonexistent"}
    script = str(ROOT / "terminal" / "requisites.py")
    result = subprocess.run(
        [sys.executable, script, "--compiler"], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("parley: Parley's core needs a C++20 compiler") and result.stderr.count("\n") == 1


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert requisites.find_fault(wants_compiler=False).startswith("Parley needs Python 3.11 or newer, and this is 3.9.2")


def test_the_requisites_are_written_for_old_pythons():
    """No syntax or import that an old Python would stumble over before it can say that it is old."""
    source = (ROOT / "terminal" / "requisites.py").read_text()
    compile(source, "requisites.py", "exec", flags=0, dont_inherit=True, optimize=0)
    assert not re.search(r"\bf['\"]|:=|^from __future__|\bmatch \w+:", source, re.MULTILINE)


@pytest.mark.skipif(os.geteuid() == 0, reason="skipped, root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_so(tmp_path, monkeypatch):
    tmp_path.chmod(0o555)
    monkeypatch.chdir(tmp_path)
    assert "cannot be written" in requisites.find_fault(wants_compiler=False)


def test_this_machine_has_what_the_build_needs():
    assert requisites.find_fault(wants_compiler=False) == requisites.find_fault(wants_compiler=True) == ""
