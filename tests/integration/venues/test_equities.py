"""The equities venue over real sockets: feed, gaps, order sessions, replay, misbehavior."""

from collections.abc import Iterator
from pathlib import Path

import parley_core
import pytest
from parley_core import ouch

from tests.integration.venues.equities_rig import USER, EquitiesVenue

STILL = ("--step-ms", "60000", "--symbols", "8")
"""A market that does not move while a test looks at it."""


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EquitiesVenue]:
    with EquitiesVenue(tmp_path, *STILL) as running:
        yield running


def enter(reference: int, symbol: str, side: str, quantity: int, price_e4: int, **terms: str) -> ouch.EnterOrder:
    return ouch.EnterOrder(
        user_reference=reference, side=side, quantity=quantity, symbol=symbol, price_e4=price_e4, **terms
    )


def test_an_order_trades_and_the_record_says_the_same(venue: EquitiesVenue) -> None:
    _, ask = venue.touch("AIR01")
    with venue.client() as client:
        assert client.login() == "open"
        client.send(enter(1, "AIR01", "B", 100, ask, time_in_force="3", client_order_id="P0.0"))
        (executed,) = client.wait_for(ouch.OrderExecuted)
        assert [type(report).__name__ for report in client.reports] == ["SystemEvent", "OrderAccepted", "OrderExecuted"]
        assert (executed.last_quantity, executed.last_price_e4, executed.liquidity) == (100, ask, "R")
        record = venue.ask("account", user=USER)
        assert record["positions"] == {"AIR01": 100}
        (order,) = record["orders"]
        assert (order["client_order_id"], order["filled"], order["state"]) == ("P0.0", 100, "filled")
        assert [each["match_number"] for each in order["executions"]] == [executed.match_number]
    venue.feed.read()
    venue.feed.fill(venue.ports["gap"])
    types = parley_core.itch_count(venue.feed.framed())["types"]
    assert (types["R"], types["H"], types["S"], types["E"]) == (8, 8, 3, 1)


def test_a_replay_from_every_number_tells_the_rest(venue: EquitiesVenue) -> None:
    bid, ask = venue.touch("BNK01")
    with venue.client() as client:
        client.login()
        client.send(
            enter(1, "BNK01", "B", 300, ask, time_in_force="3"),
            enter(2, "BNK01", "S", 10, ask + 500),
            enter(3, "BNK01", "B", 10, bid - 1),
            ouch.CancelOrder(user_reference=2, quantity=0),
            ouch.AccountQuery(),
        )
        assert client.wait_for(ouch.AccountState)[0].next_reference == 4
        told, session = client.reports, client.session
    for first in range(1, len(told) + 2):
        with venue.client() as late:
            assert late.login(first, session) == "open"
            late.send(ouch.AccountQuery())
            missing = len([each for each in told[first - 1 :] if isinstance(each, ouch.AccountState)]) + first
            late.wait_for(ouch.AccountState, missing)
            assert late.reports[: len(told) - first + 1] == told[first - 1 :]


def test_a_cut_cancels_what_rests_and_the_next_login_hears_of_it(venue: EquitiesVenue) -> None:
    bid, _ = venue.touch("CHP01")
    with venue.client() as client:
        client.login()
        client.send(enter(1, "CHP01", "B", 10, bid))
        client.wait_for(ouch.OrderAccepted)
        venue.do("disconnect", user=USER)
        client.wait_until_closed()
        assert client.again() == "open"
        (canceled,) = client.wait_for(ouch.OrderCanceled)
        assert (canceled.user_reference, canceled.canceled_quantity, canceled.reason) == (1, 10, "Z")


def test_lost_datagrams_are_told_again(tmp_path: Path) -> None:
    with EquitiesVenue(tmp_path, "--step-ms", "5", "--symbols", "8") as venue:
        venue.do("drop_datagrams", share=0.3, count=100_000)
        while venue.ask("session")["messages"] < 3_000:
            venue.feed.read()
        venue.do("drop_datagrams", share=0.0, count=1)
        venue.do("end_session")
        total = venue.ask("session")["messages"]
        while not venue.feed.receiver.is_ended:
            venue.feed.read()
            venue.feed.fill(venue.ports["gap"])
        assert len(venue.feed.messages) == total
        assert venue.feed.receiver.counters["requests"] > 0
        assert parley_core.itch_count(venue.feed.framed())["malformed"] == 0


def test_two_lives_of_one_seed_are_the_same(tmp_path: Path) -> None:
    lives = []
    for name in ("one", "two"):
        with EquitiesVenue(tmp_path / name, *STILL) as venue:
            lives.append([venue.ask("book", symbol=symbol["symbol"]) for symbol in venue.ask("symbols")["symbols"]])
    assert lives[0] == lives[1]
