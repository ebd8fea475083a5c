import pytest

from gateway.hot.book import HotBook, NotOurs
from gateway.hot.facts import EndedFact, OpenedFact, OverFact, SteeredFact
from tests.unit.gateway.hot.story import filled, listed, order, report, round_trip
from wire.pairs import (
    PairOrderAccepted,
    PairOrderBusted,
    PairOrderDecided,
    PairOrderEnded,
    PairsAction,
    SteerPairs,
    VenueMessageKept,
)


@pytest.fixture
def book() -> HotBook:
    made = HotBook()
    made.list_pair(listed(0))
    made.list_pair(listed(1))
    return made


def take(book, *facts, number=1):
    return [book.take(at, fact) for at, fact in enumerate(facts, number)]


def test_a_pair_goes_its_way_and_each_fact_says_from_where_to_where(book) -> None:
    told = take(book, *round_trip(gain=300))

    assert [(each.before.value, each.after.value) for each in told] == [
        ("flat", "entering"), ("entering", "entering"), ("entering", "entering"), ("entering", "long_spread"),
        ("long_spread", "exiting"), ("exiting", "exiting"), ("exiting", "exiting"), ("exiting", "flat"),
    ]  # fmt: skip
    first = told[0]
    assert isinstance(first, PairOrderDecided)
    assert (first.first, first.second, first.symbol, first.zscore, first.feed_sequence) == ("A0", "B0", "A0", -2.5, 9)
    assert book.pairs[0].profit_ticks == 100 * 300
    assert book.next_sequence == 5


def test_profit_of_an_open_round_trip_is_at_the_middle_of_the_prices(book) -> None:
    take(book, *round_trip(gain=300), *round_trip(5, 5)[:4])

    pair = book.pairs[0]
    assert pair.held == [100, -50]
    assert pair.profit_ticks == 30_000
    assert pair.open_profit_ticks((1_000_010.0, 1_000_020.0)) == 100 * 10 - 50 * 20


def test_legs_that_were_filled_unequally_are_legged(book) -> None:
    told = take(
        book, order(1), order(2, leg=1, side=1, lots=50), filled(1, 1, 40), report(2, "C", 1, canceled_quantity=60, reason="I"),
        report(3, "J", 2, reason=5),
    )  # fmt: skip

    assert isinstance(told[3], PairOrderEnded)
    assert (told[3].reason, told[3].code, told[3].leaves_lots) == ("canceled", "I", 0)
    assert (told[4].reason, told[4].after.value) == ("rejected", "legged")
    assert book.pairs[0].held == [40, 0]


def test_an_order_that_never_left_or_never_arrived_ends(book) -> None:
    told = take(book, order(1), order(2, leg=1, side=1), EndedFact(5, 1, "withdrawn"), EndedFact(5, 2, "never_arrived"))

    assert [each.reason for each in told[2:]] == ["withdrawn", "never_arrived"]
    assert book.pairs[0].is_flat


def test_an_order_that_only_the_venue_knows_is_adopted_by_its_name(book) -> None:
    accepted = report(1, "A", 7, quantity=50, price_e4=900_000, symbol="B1", side="S", client_order_id="P1.1")
    told = take(book, accepted, filled(2, 7, 50, 900_000))

    assert isinstance(told[0], PairOrderAccepted)
    assert (told[0].is_adopted, told[0].pair, told[0].leg, told[0].symbol) == (True, 1, 1, "B1")
    assert book.pairs[1].held == [0, -50]
    assert book.last_order_id == 7


def test_what_is_of_no_order_of_ours_is_kept_as_it_came(book) -> None:
    strange = report(1, "A", 7, quantity=50, price_e4=1, client_order_id="other")
    told = take(book, strange, report(2, "E", 99, last_quantity=1, last_price_e4=1, match_number=1))

    assert [type(each) for each in told] == [VenueMessageKept, VenueMessageKept]
    assert told[0].content == strange.message.hex()


def test_a_trade_that_is_taken_back_was_never_held(book) -> None:
    take(book, *round_trip(gain=300), *round_trip(5, 5)[:4])

    told = take(book, report(9, "B", 3, match_number=1_003, reason="E"), number=13)

    assert isinstance(told[0], PairOrderBusted)
    assert (told[0].order_id, told[0].last_lots, told[0].last_price_ticks, told[0].code) == (3, 100, 1_000_300, "E")
    assert book.pairs[0].held == [200, -50], "also one of the round trip before"
    again = take(book, report(10, "B", 3, match_number=1_003, reason="E"), number=14)
    assert isinstance(again[0], VenueMessageKept), "it was taken back once"
    assert book.pairs[0].held == [200, -50]


def test_steering_answers_the_oldest_command_of_its_kind(book) -> None:
    for number, pair in (("1", "0"), ("2", "1"), ("3", "")):
        action = PairsAction.DISABLE if pair else PairsAction.ENTERING_OFF
        book.take_command(
            SteerPairs(
                command_id=number, valid_until_ns=1, venue="equities", action=action, user_id=9,
                first=f"A{pair}" if pair else "", second=f"B{pair}" if pair else "",
            ),
            5,
        )  # fmt: skip
    told = take(book, SteeredFact(6, 1, "disable"), SteeredFact(6, 0, "gave_up"), SteeredFact(7, -1, "entering_off"))

    assert [(each.command_id, each.user_id) for each in told] == [("2", 9), ("", 0), ("3", 9)]
    assert [pair.state.value for pair in book.pairs] == ["disabled", "disabled"]
    assert [command.command_id for command in book.commands] == ["1"]
    assert not book.is_entering
    take(book, SteeredFact(8, 1, "enable"), number=9)
    assert book.pairs[1].state.value == "flat"


def test_the_session_goes_on_where_it_was_and_another_one_begins_anew(book) -> None:
    take(book, OpenedFact(1, "DAY1", 1), report(1, "S", 0, event_code="S"), report(2, "S", 0, event_code="S"))
    assert (book.session, book.next_sequence) == ("DAY1", 3)
    take(book, OverFact(1, "no_such_session"))
    assert (book.session, book.next_sequence) == ("", 1)


@pytest.mark.parametrize(
    "facts",
    [[order(2), order(1)], [order(1, pair=2)], [EndedFact(1, 5, "withdrawn")], [SteeredFact(1, 7, "disable")]],
)  # fmt: skip
def test_what_cannot_be_is_refused(book, facts) -> None:
    with pytest.raises(NotOurs):
        take(book, *facts)
