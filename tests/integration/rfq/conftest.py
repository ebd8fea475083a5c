import pytest

from tests.integration.rfq import world as worlds


@pytest.fixture
def world(db) -> worlds.World:
    return worlds.build()

