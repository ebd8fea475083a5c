"""A desk with money and limits in front of the real engine, on a market that stands still."""

import asyncio

import numpy as np
import pytest

from common import clock
from common.actor import SYSTEM
from gateway.feeds import margin_inputs
from gateway.registry import Registry
from market import routing
from orders.services import admission
from risk import services
from tests import builders
from tests.integration.orders.venue import BTC, Venue
from tests.integration.rfq import world as worlds
from tests.integration.risk.gate import MARK, NAME, WIDE, settle


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """What was played stays fresh however slow the machine is; tests of staleness go further back."""
    monkeypatch.setattr(admission, "GATEWAY_SILENT_AFTER_MS", worlds.PATIENCE_MS)
    monkeypatch.setattr(routing, "STALE_AFTER_MS", worlds.PATIENCE_MS)
    with worlds.patient_marks():
        yield


@pytest.fixture
def venue(tmp_path):
    opened = Venue(tmp_path / "journal")
    yield opened
    opened.engine.stop()


@pytest.fixture
def perpetual(venue):
    """A market that stands still, the same one in the engine and on the pages."""
    row = builders.listed(NAME)
    venue.list([row])
    venue.engine.set_index(clock.now_ns(), BTC, MARK * 10**6)
    ticks = 2 * MARK
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, row.id, ticks, [(ticks - 20, 10**6)], [(ticks + 20, 10**6)])
    contracts = Registry([(row.id, NAME)]).contracts()
    asyncio.run(margin_inputs.set_haircuts(venue.engine))
    asyncio.run(margin_inputs.describe(venue.engine, contracts))
    none, ids = np.zeros(0), np.array([row.id], dtype=np.int64)
    venue.engine.set_margin_inputs(
        clock.now_ns(), BTC, float(MARK), np.zeros(0, np.int64), none, none, ids, np.array([float(MARK)]), np.zeros(1)
    )
    return row


@pytest.fixture
def desk(venue):
    desk = builders.trading_firm(deposits={"USDC": "10000"})
    services.set_limits(account_id=desk.account.id, actor=SYSTEM, at=clock.now(), **WIDE)
    settle(venue)
    return desk
