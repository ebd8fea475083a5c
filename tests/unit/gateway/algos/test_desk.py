"""Parents at work without an engine: what begins one, what counts as the market, what the database is told."""

import types

import msgspec
import pytest

from gateway.algos.desk import AlgoDesk, SteeringRefused
from gateway.events import EVENT_TYPES
from strategies.algos import Levels
from tests.unit.strategies.test_algos import SECOND, terms
from wire.algos import AlgoName
from wire.gateway import OrderExecuted
from wire.gateway_algos import REPORTS_SHOWN_MAX, AlgoAction, SteerAlgo
from wire.identifiers import PAPER_VENUE_ACCOUNT_ID
from wire.units import Liquidity, Side

BOOK = Levels(bids=((100, 50),), asks=((102, 40),))
MARKET = types.SimpleNamespace(levels=lambda *_: BOOK, mark_half_ticks=lambda _: 0, traded=lambda *_: (0, 0))
ENGINE = types.SimpleNamespace(event_number=0)
END = 60 * SECOND


@pytest.fixture
def desk(tmp_path):
    opened = AlgoDesk(ENGINE, MARKET, tmp_path)
    yield opened
    opened.close()


def command(parent=1, account=7, action=AlgoAction.WORK, algo=AlgoName.SNIPER):
    return SteerAlgo(
        command_id=f"steer-{parent}", valid_until_ns=10**15, parent_order_id=parent, action=action, account_id=account,
        user_id=1, desk_id=1, firm_id=1, instrument_id=3, strategy_id=106, terms=terms(algo, trigger_ticks=1),
    )  # fmt: skip


def executed(number, account, counterparty, *, liquidity=Liquidity.TAKER, order_id=900, lots=5):
    event = OrderExecuted(
        order_id=order_id, execution_id=number, account_id=account, instrument_id=3, side=Side.BUY, price_ticks=102,
        quantity_lots=lots, cumulative_lots=lots, leaves_lots=0, liquidity=liquidity,
        counterparty_account_id=counterparty, reference_price_micros=0,
    )  # fmt: skip
    values = [getattr(event, name) for name in OrderExecuted.__struct_fields__]
    words = {Side.BUY: 0, liquidity: list(Liquidity).index(liquidity)}
    payload = tuple(words.get(value, value) if isinstance(value, str) else value for value in values)
    return (number, number, 0, SECOND, 0, EVENT_TYPES.index(OrderExecuted), payload)


def test_a_parent_that_ended_is_not_begun_again_before_its_end_is_on_disk(desk):
    desk.on_command(1, command(), 0)
    desk.on_time(END)
    assert not desk.parents
    for sequence in (2, 3):
        with pytest.raises(SteeringRefused, match="parent_not_at_work"):
            desk.on_command(sequence, command(), END)
        desk.write(desk.take_batch() or desk._new_batch())  # noqa: SLF001 - the second time it is on disk


def test_the_market_is_what_trades_without_the_account_once(desk):
    desk.on_command(1, command(), 0)
    for number, (account, counterparty, liquidity) in enumerate(
        [
            (8, 9, Liquidity.TAKER),
            (9, 8, Liquidity.MAKER),
            (8, PAPER_VENUE_ACCOUNT_ID, Liquidity.MAKER),
            (7, 8, Liquidity.TAKER),
            (8, 7, Liquidity.TAKER),
        ],
        1,
    ):
        desk.on_event(executed(number, account, counterparty, liquidity=liquidity))
    state = desk.parents[1].state
    assert (state.market_lots, state.market_tick_lots) == (10, 1_020)


def test_a_child_of_one_parent_is_the_market_of_another(desk):
    desk.on_command(1, command(1, account=7), 0)
    desk.on_command(2, command(2, account=8), 0)
    desk._children[900] = (1, 1)  # noqa: SLF001 - as if the engine had taken it
    desk.on_event(executed(1, 7, 9))
    assert [(desk.parents[at].state.executed_lots, desk.parents[at].state.market_lots) for at in (1, 2)] == [
        (5, 0),
        (0, 5),
    ]


def test_progress_waits_for_a_database_that_does_not_keep_up(desk):
    desk.on_command(1, command(), 0)
    for second in range(2, 40, 2):
        desk.on_time(second * SECOND)
    told, _ = desk.reporter.take()
    assert len(told) == 20
    desk.reporter.note_written(told * (REPORTS_SHOWN_MAX // len(told)))
    desk.on_time(50 * SECOND)
    assert desk.reporter.take()[0] == []
    desk.on_time(END)
    assert [report.kind for report in desk.reporter.take()[0]] == ["done"], "how it ended is always told"


def test_what_others_trade_elsewhere_is_one_input_a_look_and_replays(tmp_path):
    """From the start on, in the log, and not again after a start."""
    traded = [(40, 4_000)]
    market = types.SimpleNamespace(levels=lambda *_: BOOK, mark_half_ticks=lambda _: 0, traded=lambda *_: traded[-1])
    opened = AlgoDesk(ENGINE, market, tmp_path)
    opened.on_command(1, msgspec.structs.replace(command(), venue="aster"), 0)
    opened.on_time(SECOND)
    traded.append((50, 5_020))
    opened.on_event(executed(1, 8, 9))
    opened.on_time(2 * SECOND)
    opened.on_time(3 * SECOND)
    state = opened.parents[1].state
    assert (state.market_lots, state.market_tick_lots) == (10, 1_020), "our own book is not its market"
    opened.write(opened.take_batch())
    opened.close()
    again = AlgoDesk(ENGINE, market, tmp_path)
    assert again.parents[1].state == state
    again.on_time(4 * SECOND)
    assert again.parents[1].state.market_lots == 10
    again.close()
