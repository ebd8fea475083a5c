"""S06 and S08 at the acceptor, before a real engine: after cuts, gaps, resets, silence and repeats, orders, executions
and positions of both sides are equal, and each execution came once.

``PARLEY_FIX_CUTS=1`` cuts at every byte of an exchange of fifty messages and of their answers; without it at one of many.
"""

import os
from collections.abc import Iterator

import pytest

from tests.integration.gateway.fix.client import Disconnected, timestamp, value
from tests.integration.gateway.fix.engine_desk import ANSWERS, KINDS, EngineDesk, Trader
from tests.unit.gateway.fix.order_desk import NAME

MESSAGES = 50
STRIDE = 1 if os.environ.get("PARLEY_FIX_CUTS") else 311


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineDesk]:
    with EngineDesk(tmp_path_factory.mktemp("engine")) as desk:
        yield desk


@pytest.fixture
def trader(desk: EngineDesk) -> Iterator[Trader]:
    """Of the one session, from number 1 on; what it did before is the engine's to know."""
    with desk.trader() as trader:
        trader.log_on((141, "Y"))
        trader.held = desk.position()
        yield trader


def exchange(trader: Trader, count: int) -> tuple[list[int], list[int]]:
    """That many messages without a cut: bytes of each, and of its answers."""
    asked, answered = [], []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        before = trader.prepare()
        data = trader.message(kind)
        asked.append(len(data))
        trader.send_bytes(data)
        trader.pump_reports(before + ANSWERS[kind])
        whole = list(trader.reports.values())[before:]
        answered.append(sum(len(each.encode(raw=True)) for each in whole))
    return asked, answered


def assert_agrees(desk: EngineDesk, trader: Trader) -> None:
    """What the trader knows by its reports is what the engine has: asked by FIX, and looked up."""
    working = trader.ask("AF", (584, "all"), (585, 7), answer="8", last=(912, "Y"))
    rests = {value(each, 37) for each in working if value(each, 39) in ("0", "1", "5")}
    assert rests >= {order for order, status in trader.status.items() if status in ("0", "5")}
    assert not rests & {order for order, status in trader.status.items() if status in ("2", "4")}
    assert trader.position() == desk.position() - trader.held
    (held,) = trader.ask(
        "AN", (710, "now"), (724, 0), (1, 11), (581, 1), (715, "20260101"), (60, timestamp()), (453, 1), (448, 1), (447, "D"), (452, 3),
        answer="AP", last=(710, "now"),
    )  # fmt: skip
    lots = int(float(value(held, 704) or 0) - float(value(held, 705) or 0))
    assert lots == desk.position()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", ["out", "in"])
def test_a_line_cut_at_every_byte_of_an_exchange_loses_and_doubles_nothing(
    desk: EngineDesk, trader: Trader, way: str
) -> None:
    """``out``: of what the trader sends; ``in``: of the answers."""
    asked, answered = exchange(trader, MESSAGES)
    cuts = place = 0
    for number in range(MESSAGES):
        kind = KINDS[number % len(KINDS)]
        for at in range(1, asked[number] if way == "out" else answered[number]):
            place += 1
            if place % STRIDE:
                continue
            expected = trader.prepare() + ANSWERS[kind]
            data = trader.message(kind)
            trader.send_bytes(data[:at] if way == "out" else data)
            if way == "in":
                trader.read_exactly(at)
            trader.cut()
            trader.come_back()
            trader.pump_reports(expected)
            assert len(trader.reports) == expected
            cuts += 1
    print(f"{cuts} cuts in {place} bytes {way}")
    assert_agrees(desk, trader)


def test_a_number_too_low_acts_on_nothing_and_one_too_high_is_asked_for(desk: EngineDesk, trader: Trader) -> None:
    exchange(trader, 2)
    before = len(trader.reports)
    first, second = trader.message("buy"), trader.message("sell")
    trader.send_bytes(second)
    trader.send_bytes(first)
    trader.pump_reports(before + 4)
    number, (kind, body) = min(trader.sent.items())
    low = trader.build(kind, *body, sequence=number)
    trader.send_bytes(bytes(low.encode()))
    assert value(trader.receive("5"), 58).startswith("MsgSeqNum too low")
    trader.cut()
    trader.come_back()
    assert_agrees(desk, trader)


def test_a_reset_begins_numbers_anew_and_no_execution(desk: EngineDesk, trader: Trader) -> None:
    exchange(trader, 6)
    fills, trader.reports = trader.fills(), {}
    trader.cut()
    trader.next_sent = 1
    assert value(trader.log_on((141, "Y")), 34) == "1"
    trader.next_sent, trader.sent = 2, {}
    exchange(trader, 4)
    assert not fills.keys() & trader.fills().keys()
    trader.held += sum(int(lots) * (1 if side == "1" else -1) for side, lots in fills.values())
    assert_agrees(desk, trader)


def test_reports_that_come_ten_times_are_the_same_reports(desk: EngineDesk, trader: Trader) -> None:
    exchange(trader, 12)
    before = {sequence: str(each) for sequence, each in trader.reports.items()}
    for repeat in range(1, 11):
        trader.send("2", (7, 1), (16, 0))
        while min(trader.repeats[sequence] for sequence in before) < repeat:
            trader.react(trader.receive("4", "8"))
    trader.test("done")
    assert {sequence: str(each) for sequence, each in trader.reports.items()} == before
    assert_agrees(desk, trader)


def test_a_half_open_line_is_cut_and_what_it_missed_is_resent(desk: EngineDesk, trader: Trader) -> None:
    """The trader's end is gone and the gateway is not told: another connection is let in once silence has ended it."""
    trader.cut()
    trader.next_sent = 1
    trader.log_on((141, "Y"), heartbeat=1)
    data = trader.message("buy")
    trader.send_bytes(data)
    dead, trader._socket = trader._socket, None
    answer = None
    while answer is None:
        number = trader.next_sent
        try:
            trader.come_back()
            answer = True
        except (Disconnected, ConnectionError):
            trader.next_sent = number
    trader.pump_reports(2)
    assert dead is not None
    dead.close()
    assert [value(each, 55) for each in trader.reports.values()] == [NAME, NAME]
    assert_agrees(desk, trader)
