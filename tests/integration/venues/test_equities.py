"""The equities venue over real sockets: feed, gaps, order sessions, replay, misbehavior."""

from collections.abc import Iterator
from pathlib import Path

import parley_core
import pytest
from parley_core import ouch

from tests.integration.venues.equities_rig import USER, EquitiesVenue, FeedReader

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
    venue.feed.wait_for_messages(venue.ask("session")["messages"])
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


@pytest.mark.parametrize("faults", [["drop"], ["duplicate"], ["reorder"], ["drop", "duplicate", "reorder"]])
def test_a_bad_network_loses_nothing(tmp_path: Path, faults: list[str]) -> None:
    with EquitiesVenue(tmp_path, "--step-ms", "5", "--symbols", "8") as venue:
        for fault in faults:
            venue.do(f"{fault}_datagrams", share=0.3, count=100_000)
        venue.feed.read_while(lambda: venue.ask("session")["messages"] < 3_000, "messages")
        for fault in faults:
            venue.do(f"{fault}_datagrams", share=0.0, count=1)
        venue.do("end_session")
        total = venue.ask("session")["messages"]
        venue.feed.read_until_ended(venue.ports["gap"])
        counters = venue.feed.receiver.counters
        assert len(venue.feed.messages) == total
        assert (counters["held"] > 0) == (faults != ["duplicate"])
        assert (counters["requests"] > 0) >= ("drop" in faults)
        assert venue.ask("session")["fired"] > 0
        books = parley_core.ItchBooks(10_000, 10_000)
        assert books.apply(venue.feed.framed())[1] == 0
        assert set(books.flaws.values()) == {0}
        for symbol in venue.ask("symbols")["symbols"]:
            book = venue.ask("book", symbol=symbol["symbol"])
            assert [list(level) for level in books.levels(symbol["locate"], "B")] == book["bids"]
            assert [list(level) for level in books.levels(symbol["locate"], "S")] == book["asks"]


def test_requests_that_are_not_answered_are_answered_later(venue: EquitiesVenue) -> None:
    venue.do("drop_datagrams", count=1)
    venue.do("halt", symbol="AIR01")
    venue.do("resume", symbol="AIR01")
    venue.do("ignore_gap_requests", count=3)
    venue.feed.wait_for_gap()
    venue.feed.fill(venue.ports["gap"])
    assert venue.ask("session")["gap_requests"] >= 4
    assert [message[19:20] for message in venue.feed.messages if message[:1] == b"H"][-2:] == [b"H", b"T"]


def test_everything_is_told_again_from_the_first_message_on(venue: EquitiesVenue) -> None:
    total = venue.ask("session")["messages"]
    with FeedReader() as late:
        late.ask_for_all(venue.ask("session")["session"], total, venue.ports["gap"])
        venue.feed.read()
        assert late.messages == venue.feed.messages
        assert len(late.messages) == total


def test_requests_for_what_is_not_there_are_not_answered(venue: EquitiesVenue) -> None:
    session, total = (venue.ask("session")[name] for name in ("session", "messages"))
    with FeedReader() as reader:
        for request in (
            parley_core.mold_request(session, total + 1, 5),
            parley_core.mold_request("9912310001", 1, 5),
            parley_core.mold_request(session, 0, 5),
            b"no request",
        ):
            reader.send(request, venue.ports["gap"])
        reader.send(parley_core.mold_request(session, total, 60_000), venue.ports["gap"])
        reader.send(parley_core.mold_request(session, 1, 60_000), venue.ports["gap"])
        reader.wait_for_messages(total)
        answer, *rest = reader.datagrams
        assert len(rest) > 1
        assert rest == parley_core.mold_pack(session, 1, reader.messages)
        assert answer == parley_core.mold_pack(session, total, [venue.feed.last(total)])[0]


def test_the_session_before_is_still_told(venue: EquitiesVenue) -> None:
    before = venue.ask("session")
    venue.do("new_session")
    assert venue.ask("session")["session"] != before["session"]
    with FeedReader() as late:
        late.ask_for_all(before["session"], before["messages"], venue.ports["gap"])
        assert late.messages[0][:1] == b"S"
    venue.do("new_session")
    with FeedReader() as late:
        late.send(parley_core.mold_request(before["session"], 1, 1), venue.ports["gap"])
        late.send(parley_core.mold_request(venue.ask("session")["session"], 1, 1), venue.ports["gap"])
        (answer,) = late.wait_for_datagrams(1)
        assert answer[:10].strip() == venue.ask("session")["session"].encode()


def test_a_group_hears_the_feed_too(tmp_path: Path) -> None:
    with FeedReader(group="239.255.77.1") as reader:
        with EquitiesVenue(tmp_path, *STILL, "--feed-group", "239.255.77.1", "--feed-port", str(reader.port)) as venue:
            assert venue.ask("session")["is_running"]
            venue.do("halt", symbol="AIR01")
            reader.read_while(
                lambda: b"H" not in {message[19:20] for message in reader.messages if message[:1] == b"H"}, "the halt"
            )


def test_the_end_of_a_session_is_told_again(venue: EquitiesVenue) -> None:
    """A datagram may be lost, and the end has no number that could be asked for."""
    venue.do("end_session")
    session = venue.ask("session")
    end = parley_core.mold_end_of_session(session["session"], session["messages"] + 1)
    venue.feed.read_while(lambda: venue.feed.datagrams.count(end) < 3, "the end, three times")
    assert venue.feed.receiver.is_ended


def test_silence_is_filled_with_heartbeats(venue: EquitiesVenue) -> None:
    session = venue.ask("session")
    heartbeat = parley_core.mold_heartbeat(session["session"], session["messages"] + 1)
    assert venue.feed.wait_for(heartbeat)


def test_an_order_that_rests_is_in_the_feed_like_any_other(venue: EquitiesVenue) -> None:
    bid, ask = venue.touch("AIR01")
    with venue.client() as client:
        client.login()
        client.send(enter(1, "AIR01", "B", 7, bid + 100), enter(2, "AIR01", "B", 8, bid, display="A"))
        accepted = client.wait_for(ouch.OrderAccepted, 2)
        books = venue.feed.books_of(venue.ask("session")["messages"])
        assert ask > bid + 100
        assert books.orders(1, "B")[0] == (accepted[0].order_reference, 7, bid + 100)
        assert (accepted[1].order_reference, 8, bid) in books.orders(1, "B")
        types = parley_core.itch_count(venue.feed.framed())["types"]
        assert types["A"] + types["F"] == books.count_orders


def test_two_lives_of_one_seed_are_the_same(tmp_path: Path) -> None:
    lives = []
    for name in ("one", "two"):
        with EquitiesVenue(tmp_path / name, *STILL) as venue:
            lives.append([venue.ask("book", symbol=symbol["symbol"]) for symbol in venue.ask("symbols")["symbols"]])
    assert lives[0] == lives[1]
