import pytest

from common import valkey
from tests.integration.rfq import world as worlds


@pytest.fixture
def world(transactional_db):
    valkey.client().flushall()
    with worlds.patient_marks():
        yield worlds.build()
