import json
import time

import pytest

from accounts import services as accounts
from common import clock, valkey
from common.actor import SYSTEM
from tests.integration.rfq import world as worlds
from tests.integration.strategies.market_player import MarketPlayer
from tests.integration.terminal.web import web_process


@pytest.fixture
def world(transactional_db):
    valkey.client().flushall()
    return worlds.build()


@pytest.fixture
def market(world):
    with MarketPlayer((worlds.CALL, worlds.PUT, worlds.PERPETUAL)) as player:
        yield player


@pytest.fixture
def web(world, market):
    with web_process("uvicorn") as process:
        yield process


@pytest.fixture
def key_of(world):
    """Token of a party, or a key file of it where ``path`` is given."""

    def make(party, path=None):
        key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
        token = f"{key_id}.{secret}"
        if path is not None:
            path.write_text(json.dumps({"token": token, "account_id": party.account.id, "firm": party.firm.name}))
        return token

    return make


@pytest.fixture
def eventually():
    def wait(find, seconds=60.0):
        deadline = time.monotonic() + seconds
        while True:
            found = find()
            if found:
                return found
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.05)

    return wait
