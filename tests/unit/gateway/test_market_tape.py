"""The market tape: each trade once, in our contracts, without what Parley had a part in."""

import types
from collections import deque
from decimal import Decimal

import pytest

from gateway.feeds.updates import FeedTrade
from gateway.market_tape import HELD_NS, IDS_KEPT_MAX, PLAYED, MarketTape, Traded
from gateway.venues.books import VenueBooks, VenueInstrument
from gateway.venues.market import VenueTrade
from wire.units import Side

NAME = "BTC-PERPETUAL"


class Venue:
    """A client as the tape sees it."""

    def __init__(self, *ours):
        self.name, self.books = "aster", VenueBooks("aster", "deribit")
        self.books.list_instrument(
            VenueInstrument(
                name=NAME, symbol=NAME, price_tick=Decimal("0.5"), amount_step=Decimal(10), contract_amount=Decimal(10)
            )
        )
        self.trading = types.SimpleNamespace(own=types.SimpleNamespace(executions=dict.fromkeys(ours)))


def trade(trade_id, amount=100, price=50_000, name=NAME):
    return VenueTrade(
        trade_id=trade_id, name=name, side=Side.BUY, price=Decimal(price), amount=Decimal(amount), at_ns=5
    )


def test_a_trade_counts_once_in_our_contracts_after_a_while():
    venue = Venue()
    tape = MarketTape([venue])
    venue.books.note_trades([trade("1"), trade("1"), trade("2", amount=30, price=50_010)])
    tape.take(0)
    assert tape.traded("aster", NAME) == Traded()
    venue.books.note_trades([trade("2", amount=30)])
    tape.take(HELD_NS)
    assert tape.traded("aster", NAME) == (13, 10 * 50_000 + 3 * 50_010)
    tape.take(3 * HELD_NS)
    assert tape.traded("aster", NAME).quantity == 13
    assert [(line.trade_id, line.quantity) for line in tape.shown[NAME]] == [("2", "3"), ("1", "10")]


def test_what_parley_had_a_part_in_is_shown_and_not_counted_though_the_venue_tells_us_later():
    venue = Venue()
    tape = MarketTape([venue])
    venue.books.note_trades([trade("1"), trade("2")])
    tape.take(0)
    venue.trading.own.executions["1"] = None
    tape.take(HELD_NS)
    assert tape.traded("aster", NAME).quantity == 10
    assert len(tape.shown[NAME]) == 2


def test_trades_of_what_the_venue_does_not_offer_are_none():
    venue = Venue()
    venue.books.note_trades([trade("1", name="ETH-PERPETUAL")])
    assert venue.books.trades == deque()


def test_the_market_that_plays_is_one_source_among_them(monkeypatch):
    monkeypatch.setattr("gateway.clock.now_ns", lambda: 7)
    tape = MarketTape([])
    played = FeedTrade(
        trade_id="a-1", name=NAME, side=Side.SELL, price=Decimal(50_000), quantity=Decimal(4), at_ns=3
    )  # fmt: skip
    tape.play(played)
    tape.play(played)
    tape.take(7 + HELD_NS)
    assert tape.traded(PLAYED, NAME) == (4, 200_000)
    assert tape.traded("aster", NAME) == Traded()
    assert tape.changed == {NAME}


@pytest.mark.parametrize("count", [IDS_KEPT_MAX + 10])
def test_what_is_remembered_has_a_bound(count):
    venue = Venue()
    tape = MarketTape([venue])
    for number in range(count):
        tape.add("aster", trade(str(number)), Decimal(1), 0)
    assert len(tape._known["aster"]) == IDS_KEPT_MAX  # noqa: SLF001 - the bound itself
