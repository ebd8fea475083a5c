"""The parts of a simulated venue that need no process."""

import json
import math
from decimal import Decimal

import msgspec
import pytest

from venues.arguments import read_clients
from venues.misbehavior import ScriptRefused
from venues.simulator import fees
from venues.simulator.contracts import make_contract
from venues.simulator.exchange import Exchange
from venues.simulator.faults import AnyAction, Faults, Gap, RejectOrders, read_script
from venues.simulator.liquidity import Liquidity
from venues.simulator.paths import FollowedPath, SeededPath, choose_names
from venues.simulator.profiles import ASTER, BOREA
from venues.simulator.records import Refused, State, Terms
from wire.instruments import parse_instrument_name
from wire.units import Liquidity as MakerOrTaker
from wire.units import Side, TimeInForce

SECOND = 10**9
START = 1_770_000_000 * SECOND


@pytest.fixture
def exchange():
    made = Exchange(ASTER, ["one", "two"], START)
    made.list_contract("BTC-PERPETUAL", START)
    made.set_index("BTC", 90_000.0, START)
    made.set_quotes(
        made.contracts["BTC-PERPETUAL"], 90_000.0, ([(179_999, 5), (179_998, 7)], [(180_001, 5), (180_002, 7)]), START
    )
    yield made
    made.close()


def place(exchange: Exchange, client: str = "one", at_ns: int = START + 1, **terms):
    wanted = {"side": Side.BUY, "quantity_lots": 3, "price_ticks": 180_001} | terms
    return exchange.place(exchange.clients[client], exchange.contracts["BTC-PERPETUAL"], Terms(**wanted), at_ns)


@pytest.mark.parametrize(
    ("name", "lots", "amount", "ticks", "price"),
    [
        ("BTC-PERPETUAL", 3, 30.0, 180_001, 90_000.5),
        ("ETH-PERPETUAL", 3, 3.0, 60_401, 3_020.05),
        ("BTC_USDC-PERPETUAL", 3, 0.003, 180_001, 90_000.5),
        ("BTC-27MAR26-80000-C", 3, 0.3, 123, 0.0123),
    ],
)
def test_amounts_and_prices_are_the_venues_own(name, lots, amount, ticks, price):
    contract = make_contract(1, name)
    assert (contract.amount(lots), contract.price(ticks)) == (amount, price)
    assert (contract.find_lots(amount), contract.find_ticks(price)) == (lots, ticks)
    assert contract.find_lots(amount * 1.1) is None


@pytest.mark.parametrize(
    ("profile", "name", "ticks", "lots", "liquidity", "expected"),
    [
        (ASTER, "BTC-PERPETUAL", 200_000, 1_000, MakerOrTaker.TAKER, (Decimal("0.00005"), "BTC")),
        (BOREA, "BTC-PERPETUAL", 200_000, 1_000, MakerOrTaker.MAKER, (Decimal("-0.00001"), "BTC")),
        (BOREA, "BTC_USDC-PERPETUAL", 200_000, 1_000, MakerOrTaker.TAKER, (Decimal(20), "USDC")),
        (ASTER, "BTC-27MAR26-80000-C", 100, 10, MakerOrTaker.TAKER, (Decimal("0.0003"), "BTC")),
        (ASTER, "BTC-27MAR26-80000-C", 1, 10, MakerOrTaker.TAKER, (Decimal("0.0000125"), "BTC")),
    ],
)
def test_fees_follow_the_profile(profile, name, ticks, lots, liquidity, expected):
    assert fees.charge(profile, make_contract(1, name), ticks, lots, liquidity) == expected


def test_an_order_is_filled_in_part_and_the_rest_is_canceled(exchange):
    order, trades = place(exchange, quantity_lots=8)
    assert (order.state, order.filled_lots, [trade.quantity_lots for trade in trades]) == (State.OPEN, 5, [5])
    exchange.cancel(order, START + 2)
    assert (order.state, order.leaves_lots, order.cancel_reason) == (State.CANCELED, 0, "requested")
    with pytest.raises(Refused):
        exchange.cancel(order, START + 3)


def test_two_clients_trade_with_each_other_once(exchange):
    resting, _ = place(exchange, price_ticks=180_000)
    _, trades = place(exchange, "two", side=Side.SELL, price_ticks=180_000, time_in_force=TimeInForce.IOC)
    assert [trade.quantity_lots for trade in trades] == [3]
    assert resting.state is State.FILLED
    held = {name: exchange.positions(client) for name, client in exchange.clients.items()}
    assert held == {"one": {"BTC-PERPETUAL": 3}, "two": {"BTC-PERPETUAL": -3}}
    assert len({trade.trade_id for trade in exchange.trades}) == 1
    assert len(exchange.trades) == 2


def test_a_bust_takes_the_position_back(exchange):
    _, trades = place(exchange)
    exchange.bust(trades[0], START + 2)
    assert exchange.positions(exchange.clients["one"]) == {}
    assert [trade.is_busted for trade in exchange.trades] == [True]


def test_a_refused_order_leaves_nothing(exchange):
    with pytest.raises(Refused) as refusal:
        place(exchange, side=Side.BUY, price_ticks=180_001, is_post_only=True)
    assert refusal.value.reason == "post_only_would_trade"
    assert exchange.orders == {}


async def test_the_same_seed_and_times_give_the_same_books():
    books = []
    for _ in range(2):
        exchange = Exchange(ASTER, [], START)
        path = SeededPath(3)
        for name in await path.open(ASTER, START):
            exchange.list_contract(name, START)
        liquidity = Liquidity(exchange, path, 3)
        for step in range(50):
            await path.advance(START + step * SECOND // 10)
            liquidity.step(START + step * SECOND // 10, is_first=step == 0)
        books.append({name: exchange.matching.depth(contract) for name, contract in exchange.contracts.items()})
        exchange.close()
    assert books[0] == books[1]
    assert all(bids and asks and bids[0][0] < asks[0][0] for bids, asks in books[0].values())


def test_a_venue_lists_what_its_profile_says():
    expiry = parse_instrument_name("BTC-27MAR26").expiry_at_ns
    marks = {f"BTC-27MAR26-{strike}000-{right}": 0.1 for strike in range(60, 120, 5) for right in "CP"}
    marks |= {"BTC-PERPETUAL": 90_000.0, "BTC-27MAR26": 91_000.0, "BTC_USDC": 90_000.0, "no name": 1.0}
    listed = choose_names(marks, {"BTC": 90_000.0}, ASTER, expiry - 30 * 86_400 * SECOND)
    options = {name for name in listed if name.count("-") == 3}
    assert set(listed) - options == {"BTC-PERPETUAL", "BTC-27MAR26", "BTC_USDC"}
    assert {int(name.split("-")[2]) for name in options} == {70000, 75000, 80000, 85000, 90000, 95000, 100000, 105000}
    assert choose_names(marks, {"BTC": 90_000.0}, ASTER, expiry - 3_600 * SECOND) == ["BTC-PERPETUAL", "BTC_USDC"]
    assert set(choose_names(marks, {"BTC": 9e4}, BOREA, expiry - 30 * 86_400 * SECOND)) == {"BTC-PERPETUAL", "BTC_USDC"}
    marks["BTC-PERPETUAL"] = math.nan
    assert "BTC-PERPETUAL" not in choose_names(marks, {}, BOREA, 0)


class Frames:
    """Valkey's hash of latest frames; ``is_away``: it does not answer."""

    def __init__(self, frames: dict[str, dict]) -> None:
        self.frames, self.is_away = frames, False

    async def hkeys(self, name):
        if self.is_away:
            raise ConnectionError
        return [key.encode() for key in self.frames]

    async def hmget(self, name, keys):
        if self.is_away:
            raise ConnectionError
        return [json.dumps(self.frames[key]).encode() if key in self.frames else None for key in keys]


async def test_a_venue_follows_the_market_and_stays_when_valkey_is_away():
    expiry = parse_instrument_name("BTC-27MAR26").expiry_at_ns
    frames = Frames({"index.BTC": {"price": 90_000.0}})
    path = FollowedPath(frames)
    assert await path.open(ASTER, expiry - 90 * 86_400 * SECOND) == []
    frames.frames |= {"ticker.BTC-PERPETUAL": {"mark_price": 90_001.0}, "ticker.BTC-27MAR26": {"mark_price": 91_000.0}}
    listed = await path.open(ASTER, expiry - 90 * 86_400 * SECOND)
    assert set(listed) == {"BTC-PERPETUAL", "BTC-27MAR26"}
    frames.is_away = True
    assert await path.open(ASTER, expiry - 1) == listed
    await path.advance(expiry - 1)
    assert path.marks == {"BTC-PERPETUAL": 90_001.0, "BTC-27MAR26": 91_000.0}
    frames.is_away = False
    assert set(await path.open(ASTER, expiry - 1)) == set(listed), "what was listed stays until it expires"
    assert await path.open(ASTER, expiry) == ["BTC-PERPETUAL"]


def test_faults_are_counted_down():
    faults = Faults()
    faults.plan(RejectOrders(count=2))
    assert [faults.take(RejectOrders) is not None for _ in range(3)] == [True, True, False]
    faults.plan(Gap(instrument_name="BTC-PERPETUAL"))
    assert [faults.take_gap(name) for name in ("ETH-PERPETUAL", "BTC-PERPETUAL", "BTC-PERPETUAL")] == [
        False,
        True,
        False,
    ]
    assert faults.fired == 3


@pytest.mark.parametrize(
    "content",
    [
        {"action": "reject_orders", "count": 0},
        {"action": "silence", "seconds": -1},
        {"action": "silence", "seconds": 3_601},
        {"action": "duplicate_reports", "times": 10**9},
        {"action": "fill_partly", "share": 1.5},
    ],
)
def test_an_action_whose_numbers_make_no_sense_is_refused(tmp_path, content):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(content), type=AnyAction)
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"after_seconds": 1, "do": content}]))
    with pytest.raises(ScriptRefused, match="Expected"):
        read_script(path)


def test_a_script_is_read_in_the_order_of_time(tmp_path):
    path = tmp_path / "script.json"
    lines = [{"after_seconds": 5, "do": {"action": "disconnect"}}, {"after_seconds": 1, "do": {"action": "gap"}}]
    path.write_text(json.dumps(lines))
    assert [line.after_seconds for line in read_script(path)] == [1, 5]
    path.write_text('[{"after_seconds": 1, "do": {"action": "explode"}}]')
    with pytest.raises(ScriptRefused, match="explode"):
        read_script(path)


def test_a_file_of_clients_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "clients.json"
    path.write_text('{"one": "secret"}')
    path.chmod(0o640)
    with pytest.raises(ValueError, match="0600"):
        read_clients(path)
    path.chmod(0o600)
    assert read_clients(path) == {"one": "secret"}
