"""One PostgreSQL and one Valkey per test session (per xdist worker), real ones from the wheels."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

_stack = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Before Django reads its settings: servers up, URLs in the environment."""
    from tests.servers import embedded

    if getattr(config.option, "collectonly", False) or os.environ.get("PARLEY_TEST_SERVERS") == "0":
        return
    if hasattr(config, "workerinput") or not _runs_under_xdist(config):
        folder = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="parley-test-")))
        folder.chmod(0o755)
        os.environ["DATABASE_URL"] = _stack.enter_context(embedded.postgres(folder))
        os.environ["VALKEY_URL"] = _stack.enter_context(embedded.valkey(folder))
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
    settings.STATE_DIR = state


@pytest.fixture(scope="session", autouse=True)
def _emptying_between_tests() -> None:
    """Transactional tests empty all tables, which the triggers of the append-only ones refuse to everybody else."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    sql_flush = DatabaseOperations.sql_flush

    def without_triggers(*args: object, **options: object) -> list[str]:
        statements = sql_flush(*args, **options)
        return ["SET LOCAL session_replication_role = replica;", *statements] if statements else []

    DatabaseOperations.sql_flush = without_triggers


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
