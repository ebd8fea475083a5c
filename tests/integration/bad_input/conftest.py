"""One scene for all cases of a module: what refusals leave unchanged needs no cleaning up between them."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from tests.integration.bad_input import scene as scenes
from tests.integration.bad_input.scene import Scene

ENTRANCES = {"rest": "REST", "socket": "socket", "forms": "forms", "recordings": "recording files"}


@pytest.fixture(scope="module")
def scene_of_module(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Scene]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield scenes.build()
        transaction.set_rollback(True)


@pytest.fixture
def db(scene_of_module: Scene) -> Iterator[None]:
    """Within the module's transaction one for each case: what a case prepares for itself is gone after it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def scene(db: None, scene_of_module: Scene) -> Scene:
    return scene_of_module


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cases passed, by entrance."""
    counts = dict.fromkeys(ENTRANCES, 0)
    for report in terminalreporter.stats.get("passed", []):
        folder, _, name = report.nodeid.partition("bad_input/test_")
        entrance = name.partition("_")[0].partition(".")[0]
        if folder and entrance in counts and "[" in name:
            counts[entrance] += 1
    if any(counts.values()):
        parts = ", ".join(f"{ENTRANCES[name]} {count}" for name, count in counts.items())
        terminalreporter.write_line(f"bad input: {parts}: {sum(counts.values())} cases, each a named error, state unchanged")
