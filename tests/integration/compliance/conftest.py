from collections.abc import Iterator

import pytest
from django.test import Client

from tests import builders
from tests.integration.rfq import world as worlds


@pytest.fixture
def world(db) -> Iterator[worlds.World]:
    with worlds.patient_marks():
        yield worlds.build()


@pytest.fixture
def officer(world: worlds.World, client: Client) -> Client:
    """A browser of the compliance officer."""
    client.force_login(world.house.user)
    return client


@pytest.fixture
def administrator(world: worlds.World, client: Client) -> Client:
    client.force_login(builders.add_user(world.house.firm, role="admin"))
    return client
