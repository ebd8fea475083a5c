"""One PostgreSQL and one Valkey per test session (per xdist worker), real ones from the wheels."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "parley",
    deadline=None,
    derandomize="PARLEY_SEED" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("parley")  # the same examples in every run; others with PARLEY_SEED=word

LONGEST = (
    "tests/unit/core/test_engine_cpp.py",
    "tests/integration/rfq/test_anonymity.py",
    "tests/integration/terminal/test_up.py",
    "tests/integration/terminal/test_socket.py",
    "tests/integration/gateway/fix/test_orders_process.py",
    "tests/integration/gateway/test_life.py",
    "tests/integration/strategies/",
    "tests/integration/gateway/",
)
"""Under xdist they begin in this order, so that no worker is left with one at the end; then the others."""

_stack = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Before Django reads its settings: servers up, URLs in the environment."""
    if getattr(config.option, "collectonly", False) or os.environ.get("PARLEY_TEST_SERVERS") == "0":
        return
    if hasattr(config, "workerinput") or not _runs_under_xdist(config):
        from terminal import embedded

        folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-test-")))
        folder.chmod(0o755)
        database = embedded.prepare_postgres(folder, is_durable=False)
        os.environ["DATABASE_URL"] = _stack.enter_context(embedded.running(database, folder / "postgres.log"))
        os.environ["VALKEY_URL"] = _stack.enter_context(
            embedded.running(embedded.prepare_valkey(folder), folder / "valkey.log")
        )
        os.environ["PARLEY_STATE"] = str(folder / "state")
        _point_django_at(os.environ["DATABASE_URL"], os.environ["VALKEY_URL"], folder / "state")


def pytest_unconfigure() -> None:
    _stack.close()


def _runs_under_xdist(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "numprocesses", None))


def _point_django_at(database_url: str, valkey_url: str, state: Path) -> None:
    """Settings may have been read already by pytest-django: put the session's servers into them."""
    import dj_database_url
    from django.conf import settings

    settings.DATABASES["default"].update(dj_database_url.parse(database_url))
    settings.DATABASE_URL = database_url
    settings.VALKEY_URL = valkey_url
    settings.CELERY_BROKER_URL = valkey_url
    settings.CACHES["default"]["LOCATION"] = valkey_url
    settings.STATE_DIR = state


def place_of(test: str) -> int:
    return next((place for place, start in enumerate(LONGEST) if test.startswith(start)), len(LONGEST))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place_of(item.nodeid))


@pytest.fixture(scope="session", autouse=True)
def _emptying_between_tests() -> None:
    """Transactional tests empty all tables, which the triggers of the append-only ones refuse to everybody else."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    sql_flush = DatabaseOperations.sql_flush

    def without_triggers(*args: object, **options: object) -> list[str]:
        statements = sql_flush(*args, **options)
        return ["SET LOCAL session_replication_role = replica;", *statements] if statements else []

    DatabaseOperations.sql_flush = without_triggers


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state folder for ``terminal.supervisor.stack.Stack`` that PostgreSQL's user can enter; removed afterwards."""
    from terminal import embedded

    with tempfile.TemporaryDirectory(prefix="parley-state-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "state"
        embedded.forget(Path(folder) / "state")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the recorded market data; tests that need it are skipped, by name, where it is absent."""
    folder = Path(os.environ.get("PARLEY_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("skipped, no recordings")
    return folder


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the expected results published by others."""
    folder = Path(os.environ.get("PARLEY_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip("skipped, no reference results")
    return folder
