"""Multi-leg orders over FIX in real processes: entered, filled in the market that plays, canceled, cut off and killed."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import simplefix

from terminal.supervisor.stack import Stack
from tests.integration.gateway.fix.client import Pairs, timestamp, value
from tests.processes import desk as desks
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk
from tests.processes.test_fix_rfq import Party

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

LEGGING = "legging_limit=1;legging_timeout_s=30;legging_slippage=0.02"
SLOWLY = LEGGING.replace("legging_limit=1", "legging_limit=0.1")
MANY = 300
"""So that a line can be cut, and a cancel be sent, with most of the order still to trade."""
ROOM = Decimal("0.02")
"""Over what the legs are worth: the market may move as it likes and still trades within the net price."""
ENDED = ("2", "4", "C", "8")


class Spread(NamedTuple):
    """Two calls of one expiry, bought and sold, and what buying the spread may cost at most."""

    low: str
    high: str
    price: str

    def legs(self) -> Pairs:
        return (
            (555, 2), (600, self.low), (623, 1), (624, 1), (654, "low"), (600, self.high), (623, 1), (624, 2), (654, "high"),
        )  # fmt: skip

    def order(self, client_order_id: str, quantity: int, **changes: object) -> Pairs:
        head = {11: client_order_id, 54: 1, 38: quantity, 40: 2, 44: self.price, 59: 1, 848: LEGGING, 60: timestamp()}
        head |= {int(tag[1:]): value for tag, value in changes.items()}
        return (*((tag, value) for tag, value in head.items() if value is not None), *self.legs())


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with desks.running(new_state("fix-multileg"), seed=5) as running:
        yield running


@pytest.fixture
def aurora(stack: Stack) -> Iterator[RestDesk]:
    with desks.at_rest(stack, "aurora") as found:
        yield found["aurora"]


@pytest.fixture
def spread(aurora: RestDesk) -> Spread:
    """Of the first expiry with two calls that are worth something."""

    def find() -> Spread | None:
        listed = {each["terms"]["name"] for each in aurora.get("market/instruments", coin="BTC")}
        calls: dict[str, list[tuple[float, str, float]]] = {}
        for each in aurora.get("market/tickers", coin="BTC"):
            name, mark = each["instrument_name"], each.get("mark_price")
            if name in listed and name.startswith("BTC-") and name.endswith("-C") and mark and 0.02 < mark < 0.08:
                _, expiry, strike, _ = name.split("-")
                calls.setdefault(expiry, []).append((float(strike), name, mark))
        for found in calls.values():
            if len(found) > 1:
                (_, low, dear), (_, high, cheap) = sorted(found)[:2]
                return Spread(low, high, f"{Decimal(str(round(dear - cheap, 4))) + ROOM:.4f}")
        return None

    return desks.wait_for("two calls of one expiry", find)


def wait_for_market(desk: RestDesk, spread: Spread, since_ns: int) -> None:
    """Both legs have marks of the gateway that runs now."""

    def is_fresh() -> bool:
        tickers = {each["instrument_name"]: each for each in desk.get("market/tickers", coin="BTC")}
        return all(name in tickers and tickers[name]["at_ns"] > since_ns for name in (spread.low, spread.high))

    desks.wait_for("marks of both legs", is_fresh)


def until_ended(party: Party, order_id: str) -> list[simplefix.FixMessage]:
    """All reports of the order up to its end, the end included, in the order in which they came."""
    found = []
    while True:
        report = party.get("8", t37=order_id)
        found.append(report)
        if value(report, 442) == "3" and value(report, 150) != "I" and value(report, 39) in ENDED:
            return found


def whole(reports: list[simplefix.FixMessage]) -> tuple[Decimal, Decimal]:
    """(units that the structure's fills add up to, what they cost)"""
    fills = [
        (Decimal(value(report, 32)), Decimal(value(report, 31)))
        for report in reports
        if (value(report, 442), value(report, 150)) == ("3", "F")
    ]
    return sum((quantity for quantity, _ in fills), Decimal(0)), sum((q * price for q, price in fills), Decimal(0))


def parent_of(stack: Stack, order_id: str) -> tuple[str, Decimal]:
    """(state, units that it traded) of the parent order."""
    query = "SELECT state, cumulative_lots, structure FROM orders_parentorder WHERE id = %s"
    with desks.database(stack) as connection:
        ((state, lots, structure),) = desks.rows(connection, query, int(order_id.removeprefix("M")))
    return state, lots * Decimal(structure["step"])


def executions_of(stack: Stack, order_id: str) -> list[str]:
    """ExecIDs of its legs, of the side of the orders, as its firm's trades have them."""
    query = (
        "SELECT f.execution_id, o.side FROM settlement_fill f JOIN orders_order o ON o.id = f.order_id "
        "WHERE o.parent_id = %s"
    )
    with desks.database(stack) as connection:
        found = desks.rows(connection, query, int(order_id.removeprefix("M")))
    return sorted(f"T{execution_id}-{ {'buy': 1, 'sell': 2}[side]}" for execution_id, side in found)


def check_told(stack: Stack, order_id: str, reports: list[simplefix.FixMessage]) -> None:
    """What was told is what the desk has, each execution once."""
    ids = [value(report, 17) for report in reports if value(report, 150) != "I"]
    assert len(set(ids)) == len(ids), ids
    end = reports[-1]
    units, cost = whole(reports)
    assert (parent_of(stack, order_id)[1], Decimal(value(end, 14))) == (units, units)
    if units:
        assert abs(Decimal(value(end, 6)) * units - cost) < Decimal("1e-9")
    told = sorted(value(report, 17) for report in reports if value(report, 442) == "2")
    assert told == executions_of(stack, order_id)


@pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])
def test_a_spread_is_bought_leg_by_leg_and_every_fill_is_told(
    stack: Stack, spread: Spread, begin_string: str
) -> None:
    name = f"buy-{begin_string}"
    with Party(stack, "aurora", begin_string).come() as party:
        party.send("AB", *spread.order(name, 3))
        pending = party.get("8", t11=name)
        order_id = value(pending, 37)
        assert [value(pending, tag) for tag in (150, 39, 151, 442, 55)] == ["A", "A", "3", "3", "[N/A]"]
        reports = [pending, *until_ended(party, order_id)]
        assert (value(reports[1], 150), value(reports[-1], 39), whole(reports)[0]) == ("0", "2", 3)
        assert Decimal(value(reports[-1], 6)) <= Decimal(spread.price)
        desks.wait_for("the end", lambda: parent_of(stack, order_id)[0] == "done")
        check_told(stack, order_id, reports)
        assert {value(each, 654) for each in reports if value(each, 442) == "2"} == {"low", "high"}
        leg = next(each for each in reports if value(each, 442) == "2")
        execution = value(leg, 17).removeprefix("T").partition("-")[0]
        party.send("AD", (568, f"trade-{name}"), (569, 1), (17, execution))
        capture = party.get("AE", t568=f"trade-{name}", t54=value(leg, 54))
        assert [value(capture, tag) for tag in (17, 31, 32)] == [value(leg, tag) for tag in (17, 31, 32)]
    query = "SELECT via, remote_address FROM audit_auditrecord WHERE action = 'parent.staged' AND entity = %s"
    with desks.database(stack) as connection:
        ((via, session),) = desks.rows(connection, query, f"parent:{order_id.removeprefix('M')}")
    assert (via, session) == ("fix", f"AURORA {begin_string.replace('FIXT.1.1', 'FIX.5.0SP2')}")


def test_a_partial_fill_is_canceled_and_what_is_asked_about_it_is_answered(stack: Stack, spread: Spread) -> None:
    with Party(stack, "aurora").come() as party:
        party.send("AB", *spread.order("part", MANY, t563=0, t848=SLOWLY))
        order_id = value(party.get("8", t11="part", t150="A"), 37)
        first = party.get("8", t37=order_id, t150="F")
        assert (value(first, 442), value(first, 39)) == ("3", "1")
        desks.wait_for("its start", lambda: parent_of(stack, order_id)[0] == "working")
        party.send("AC", *spread.order("part-2", MANY - 5, t41="part", t848=None))
        replaced = party.get("8", t37=order_id, t150="5")
        assert [value(replaced, tag) for tag in (11, 41, 38)] == ["part-2", "part", str(MANY - 5)]
        party.send("H", (11, "part"), (790, "how"), (55, "[N/A]"), (54, 1))
        assert value(party.get("8", t790="how"), 39) == "1"
        party.send("AF", (584, "those"), (585, 1), (55, "[N/A]"), (167, "MLEG"))
        listed = party.get("8", t584="those")
        assert [value(listed, tag) for tag in (37, 911, 912)] == [order_id, "1", "Y"]
        party.send("F", (11, "part-3"), (41, "part-2"), (54, 1), (60, timestamp()))
        reports = until_ended(party, order_id)
        assert [value(reports[-1], tag) for tag in (150, 39, 11, 41, 151)] == ["4", "4", "part-3", "part-2", "0"]
        assert 0 < Decimal(value(reports[-1], 14)) < MANY - 5
        assert not [each for each in reports if value(each, 442) == "2"], "fills of the structure alone were asked for"
        desks.wait_for("the end", lambda: parent_of(stack, order_id)[0] == "canceled")
        assert parent_of(stack, order_id)[1] == Decimal(value(reports[-1], 14))
        party.send("F", (11, "part-4"), (41, "part-2"), (37, order_id), (54, 1), (60, timestamp()))
        refused = party.get("9", t11="part-4")
        assert (value(refused, 102), value(refused, 58).partition(":")[0]) == ("0", "too_late_to_cancel")


def test_what_comes_twice_makes_one_order_and_what_makes_none_is_refused(stack: Stack, spread: Spread) -> None:
    far = spread._replace(price="-0.5")
    with Party(stack, "aurora").come() as party:
        party.send("AB", *far.order("once", 2))
        order_id = value(party.get("8", t11="once", t150="0"), 37)
        party.send("AB", *far.order("once", 2), sequence=party.next_sent - 1, header=((43, "Y"), (122, timestamp())))
        party.send("AB", *far.order("once", 2), header=((97, "Y"),))
        assert value(party.get("8", t11="once", t150="I"), 37) == order_id
        party.send("AB", *far.order("once", 3))
        other = party.get("8", t11="once", t150="8")
        assert [value(other, tag) for tag in (37, 103, 39)] == ["NONE", "6", "8"]
        refusals = {
            "grid": (far.order("grid", 2, t44="0.00001"), "net_price_off_grid"),
            "fok": (far.order("fok", 2, t59=4), "fok_not_legged"),
            "limit": (far.order("limit", 2, t848="legging_slippage=0.1"), "legging_limit_missing"),
            "none": (far._replace(high="BTC-1JAN99-1-C").order("none", 2), "unknown_instrument"),
        }
        for name, (order, reason) in refusals.items():
            party.send("AB", *order)
            refused = party.get("8", t11=name)
            assert (value(refused, 150), value(refused, 58).partition(":")[0]) == ("8", reason)
        party.send("q", (11, "all"), (530, 7), (60, timestamp()))
        assert value(party.get("r", t11="all"), 531) == "7"
        assert value(party.get("8", t37=order_id, t150="4"), 58) == "mass_cancel"
    with desks.database(stack) as connection:
        query = "SELECT count(*) FROM orders_parentorder WHERE command_id LIKE %s"
        assert desks.rows(connection, query, "fix:%:AB:once") == [(1,)]


def test_a_line_that_is_cut_with_fills_under_way_is_told_of_each_once(stack: Stack, spread: Spread) -> None:
    """The session cancels on disconnect; what traded until then is told after it is back, under its numbers."""
    with Party(stack, "aurora").come() as party:
        party.send("AB", *spread.order("cut", MANY, t848=SLOWLY))
        order_id = value(party.get("8", t11="cut", t150="A"), 37)
        reports = [party.get("8", t37=order_id, t150="F", t442="3")]
        party.cut()
        desks.wait_for("the cancel", lambda: parent_of(stack, order_id)[0] == "canceled")
        read = [each for each in party.received if value(each, 37) == order_id]
        party.kept.clear()
        party.come(resets=False)
        reports = [*read, *until_ended(party, order_id)]
        assert (value(reports[-1], 150), value(reports[-1], 58)) == ("4", "disconnected")
        check_told(stack, order_id, list({value(each, 34): each for each in reports}.values()))


@pytest.mark.parametrize("victim", ["gateway", "dispatcher", "postgres"])
def test_nothing_is_lost_or_done_twice_where_a_process_is_killed(
    stack: Stack, aurora: RestDesk, spread: Spread, victim: str
) -> None:
    wanted = [f"{victim}-{number}" for number in range(4)]
    with Party(stack, "aurora").come() as party:
        for number, name in enumerate(wanted):
            if number == 2:
                killed_at_ns = time.time_ns()
                stack.kill(victim)
                if victim == "gateway":
                    party.come(resets=False)
                    wait_for_market(aurora, spread, killed_at_ns)
            party.send("AB", *spread.order(name, 2))
            time.sleep(0.3)
        orders: dict[str, Any] = {name: value(party.get("8", t11=name, t150="A"), 37) for name in wanted}
        assert len(set(orders.values())) == len(wanted)
        ended: list[str] = []
        for name, order_id in orders.items():
            end = until_ended(party, order_id)[-1]
            ended.append(value(end, 39))
            assert value(end, 39) in ("2", "4", "8"), name
            if value(end, 39) == "8":  # the start of it lay longer than it is valid, with a process away
                assert value(end, 58).partition(":")[0] == "command_expired", end
            state = "done" if value(end, 39) == "2" else "canceled"
            desks.wait_for("the end", lambda of=order_id, state=state: parent_of(stack, of)[0] == state)
            told = {value(each, 34): each for each in party.received if value(each, 37) == order_id}
            check_told(stack, order_id, [told[number] for number in sorted(told, key=int)])
        assert set(ended) & {"2", "4"}, "not all of them were too late"
        assert victim != "gateway" or "8" not in ended[2:], "those were sent to the one that runs now"
    with desks.database(stack) as connection:
        query = "SELECT count(*) FROM orders_parentorder WHERE command_id LIKE %s"
        assert desks.rows(connection, query, f"fix:%:AB:{victim}-%") == [(len(wanted),)]
