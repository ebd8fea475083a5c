from collections.abc import Iterator

import pytest

from rfq.services import changes
from tests.integration.rfq import world as worlds


@pytest.fixture
def ids_in_order(monkeypatch):
    """Quotes numbered as they come, so that tests can name them by their place; see test_anonymity for the real ids."""
    monkeypatch.setattr(changes, "new_quote_id", lambda: changes.next_id("rfq_quote"))


@pytest.fixture
def world(db, ids_in_order) -> Iterator[worlds.World]:
    with worlds.patient_marks():
        yield worlds.build()

