from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.core.engine_desk import EngineDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[EngineDesk]:
    """A running engine with an open market; without fsync, which only the tests of the journal need."""
    opened = EngineDesk(tmp_path / "journal", fsync=False)
    opened.open_market()
    yield opened
    opened.engine.stop()
