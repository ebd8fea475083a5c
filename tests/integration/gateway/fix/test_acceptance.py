"""The acceptance definitions of QuickFIX against the session layer; skipped by name where they cannot be had."""

import asyncio
import collections
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.fix.dictionary import Dictionary, specification
from gateway.fix.service import FixService
from tests.integration.gateway.fix.acceptance import Echo, Failed, Script
from wire.gateway_fix import SetFixSession

VERSIONS = {
    "fix40": ("FIX.4.0", "2", ("FIX40.xml",)),
    "fix41": ("FIX.4.1", "3", ("FIX41.xml",)),
    "fix42": ("FIX.4.2", "4", ("FIX42.xml",)),
    "fix43": ("FIX.4.3", "5", ("FIX43.xml",)),
    "fix44": ("FIX.4.4", "6", ("FIX44.xml",)),
    "fix50": ("FIXT.1.1", "7", ("FIXT11.xml", "FIX50.xml")),
    "fix50sp1": ("FIXT.1.1", "8", ("FIXT11.xml", "FIX50SP1.xml")),
    "fix50sp2": ("FIXT.1.1", "9", ("FIXT11.xml", "FIX50SP2.xml")),
}
CASES = 467
LANES = 6
"""Services per version: most cases wait for a heartbeat."""
SECRET = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing: the definitions log on without a password."""


def source_packages() -> str:
    """Where apt has its packages from, for sources."""
    if shutil.which("apt-get") is None:
        pytest.skip("skipped, no apt-get")
    command = [
        "apt-get",
        "indextargets",
        "--format",
        "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Identifier: Packages",
    ]
    return "".join(
        sorted(set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines(True)))
    )


def definitions(folder: Path) -> Path:
    """test/definitions/server of QuickFIX's source, or a skip that says why not."""
    given = os.environ.get("PARLEY_QUICKFIX")
    if given:
        return Path(given) / "test" / "definitions" / "server"
    source = folder / "sources.list"
    source.write_text(source_packages())
    options = [f"-oDir::Etc::SourceList={source}", "-oDir::Etc::SourceParts=-", f"-oDir::State::Lists={folder}/lists"]
    options += [f"-oDir::Cache={folder}/cache", "-oAPT::Sandbox::User=root"]
    for place in ("lists/partial", "cache/archives/partial"):
        (folder / place).mkdir(parents=True)
    for command in (["update"], ["source", "--tar-only", "--download-only", "quickfix"]):
        line = ["apt-get", "-qq", *options, *command]
        done = subprocess.run(line, check=False, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the source of quickfix cannot be had: {done.stderr[-200:]}")
    archive = next(folder.glob("quickfix_*.orig.tar.*"))
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    return next(folder.glob("*/test/definitions/server"))


def sender_of(cases: list[Path]) -> str:
    """Releases of QuickFIX differ in the CompID of their client."""
    found = re.search(r"\x0149=(\w+)\x01", cases[0].read_text("latin-1"))
    assert found, "a definition logs on"
    return found[1]


def session(number: int, name: str, target: str) -> SetFixSession:
    begin_string, version, _ = VERSIONS[name]
    return SetFixSession(
        command_id=f"session:{number}", session_id=number, name=target, begin_string=begin_string,
        application_version=version, sender=target, target="ISLD", secret_sha256=SECRET, firm_id=1, user_id=1, desk_id=1,
        account_id=1, account_ids=[1], grants=["orders"], cancels_on_disconnect=False, messages_per_second=1000,
        message_burst=1000, is_enabled=True, resets_on_logon=True,
    )  # fmt: skip


@functools.cache
def dictionary(begin_string: str, version: str) -> Dictionary:
    files = next(files for begin, number, files in VERSIONS.values() if (begin, number) == (begin_string, version))
    return Dictionary(*(specification(file) for file in files))


async def run_cases(folder: Path, number: int, name: str, cases: list[Path]) -> list[str]:
    """A service of its own, cases one after the other, for they share a session. What failed."""
    service = FixService(folder, Echo(), lambda _: True, dictionary)
    service.apply(number, session(number, name, sender_of(cases)))
    running = asyncio.create_task(service.run("127.0.0.1", 0))
    await service.listening.wait()
    failures = []
    for path in cases:
        try:
            await Script(path, service.port).run()
        except Failed as error:
            failures.append(f"{path.parent.name}/{path.stem}: {error}")
            await asyncio.sleep(0.3)
    running.cancel()
    await asyncio.wait([running])
    return failures


async def run_all(folder: Path, server: Path) -> tuple[dict[str, int], list[str]]:
    cases = {name: sorted((server / name).glob("*.def")) for name in VERSIONS}
    runs = [
        run_cases(folder / f"{name}.{lane}", number, name, cases[name][lane::LANES])
        for number, name in enumerate(VERSIONS, 1)
        for lane in range(LANES)
    ]
    results = await asyncio.gather(*runs)
    return {name: len(paths) for name, paths in cases.items()}, [failure for failed in results for failure in failed]


def test_the_definitions_of_quickfix_pass(tmp_path: Path) -> None:
    server = definitions(tmp_path)
    counts, failures = asyncio.run(run_all(tmp_path, server))
    total = sum(counts.values())
    failed = collections.Counter(failure.split("/")[0] for failure in failures)
    print(f"{total - len(failures)} of {total} server cases pass", dict(failed) or "")
    print("\n".join(failures))
    assert failures == []
    assert total == CASES
