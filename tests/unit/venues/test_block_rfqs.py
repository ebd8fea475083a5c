"""Block RFQs of a simulated venue: how many it takes, when they end, what a part of one trades."""

from decimal import Decimal

import pytest

from venues.simulator import block_makers, block_rfqs
from venues.simulator.block_makers import RfqLeg
from venues.simulator.block_rfqs import GRACE_NS, LIFE_NS, BlockDesk, RfqState
from venues.simulator.exchange import Exchange
from venues.simulator.json_rpc import render
from venues.simulator.profiles import ASTER
from venues.simulator.records import Refused
from wire.units import Side

START = 1_770_000_000 * 10**9
NAME = "BTC-PERPETUAL"


class Heard:
    def __init__(self):
        self.states = []

    def on_block_rfq(self, rfq):
        self.states.append(rfq.state)


@pytest.fixture
def exchange():
    made = Exchange(ASTER, ["one", "two"], START)
    made.list_contract(NAME, START)
    made.set_index("BTC", 90_000.0, START)
    made.set_quotes(made.contracts[NAME], 90_000.0, ([(179_999, 5)], [(180_001, 5)]), START)
    yield made
    made.close()


@pytest.fixture
def desk(exchange, monkeypatch):
    monkeypatch.setattr(block_makers, "SILENT_SHARE", 0.0)
    made = BlockDesk(exchange, seed=1)
    made.listeners.append(Heard())
    return made


def create(desk, exchange, client="one", at_ns=START):
    legs = [RfqLeg(exchange.contracts[NAME], Side.BUY, 1)]
    return desk.create(exchange.clients[client], legs, 10, "label", at_ns)


@pytest.mark.parametrize("grace_ns", [GRACE_NS, 2 * LIFE_NS])
def test_a_request_that_nobody_took_expires_and_is_taken_no_more(exchange, grace_ns):
    desk = BlockDesk(exchange, seed=1, grace_ns=grace_ns)
    desk.listeners.append(heard := Heard())
    rfq = create(desk, exchange)
    desk.step(START + LIFE_NS - 1)
    assert rfq.state is RfqState.OPEN
    with pytest.raises(Refused, match="not_open"):
        desk.accept(rfq, Side.BUY, Decimal(10**6), 10, START + LIFE_NS)
    desk.step(START + LIFE_NS)
    desk.step(START + LIFE_NS + 1)
    assert (rfq.state, rfq.shown(Side.SELL)) == (RfqState.EXPIRED, [])
    assert heard.states.count(RfqState.EXPIRED) == 1
    with pytest.raises(Refused, match="not_open"):
        desk.cancel(rfq)
    assert list(exchange.trades) == []


def test_more_requests_than_it_remembers_are_refused_while_all_are_open(desk, exchange, monkeypatch):
    monkeypatch.setattr(block_rfqs, "RFQS_MAX", 2)
    first = create(desk, exchange)
    second = create(desk, exchange, "two")
    with pytest.raises(Refused, match="venue_has_too_many_block_rfqs"):
        create(desk, exchange)
    desk.cancel(second)
    third = create(desk, exchange)
    assert list(desk.rfqs.values()) == [first, third], "the ended one made room"
    monkeypatch.setattr(block_rfqs, "OPEN_RFQS_MAX", 2)
    with pytest.raises(Refused, match="'too_many_block_rfqs"):
        create(desk, exchange)


def test_a_part_of_a_request_trades_that_part(desk, exchange):
    rfq = create(desk, exchange)
    at_ns = START + GRACE_NS + block_makers.FIRST_LOOK_NS[1]
    desk.step(at_ns)
    best = rfq.shown(Side.SELL)[0].price
    with pytest.raises(Refused, match="no_crossing_quote"):
        desk.accept(rfq, Side.BUY, best, 11, at_ns)
    [trade] = desk.accept(rfq, Side.BUY, best, 4, at_ns)
    assert trade.quantity_lots == 4
    assert exchange.positions(exchange.clients["one"]) == {NAME: 4}
    shown = render.block_rfq_json(rfq)
    assert (shown["state"], shown["amount"], shown["trades"][0]["amount"]) == ("filled", 100.0, 40.0)
