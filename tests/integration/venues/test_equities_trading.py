"""A client trades by the feed of the equities venue while both wires are cut, and knows afterwards what the venue knows."""

import dataclasses
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import parley_core
import pytest
from parley_core import ouch

from tests.integration.venues.equities_rig import USER, WAIT_SECONDS, EquitiesVenue, FeedReader, OrderClient

ORDERS = 160
SYMBOLS = 8


@dataclasses.dataclass
class Told:
    """One order as the client was told of it."""

    quantity: int
    filled: int = 0
    canceled: int = 0
    state: str = "live"

    def end(self, state: str) -> None:
        """If nothing of it is left."""
        if self.filled + self.canceled == self.quantity:
            self.state = state


def orders_told(client: OrderClient) -> dict[int, Told]:
    told: dict[int, Told] = {}
    for report in client.reports:
        take_in(told, report)
    return told


def take_in(told: dict[int, Told], report: ouch.Event) -> None:
    match report:
        case ouch.OrderReplaced():
            told[report.original_reference].state = "replaced"
            told[report.user_reference] = Told(report.quantity)
        case ouch.OrderAccepted(order_state="D"):
            told[report.user_reference] = Told(report.quantity, canceled=report.quantity, state="canceled")
        case ouch.OrderAccepted():
            told[report.user_reference] = Told(report.quantity)
        case ouch.OrderRejected():
            told[report.user_reference] = Told(0, state="rejected")
        case ouch.OrderExecuted():
            told[report.user_reference].filled += report.last_quantity
            told[report.user_reference].end("filled")
        case ouch.OrderCanceled():
            told[report.user_reference].canceled += report.canceled_quantity
            told[report.user_reference].end("canceled")


class Trader:
    """Sends at random what a trader might, at the best prices that the feed tells."""

    def __init__(self, venue: EquitiesVenue, client: OrderClient, seed: int) -> None:
        self.venue, self.client = venue, client
        self.chance = random.Random(seed)
        self.books = parley_core.ItchBooks(10_000, 10_000)
        self.read = 0
        self.next_reference = 1

    def step(self) -> None:
        """One request; where the session is lost, it is begun again, and the venue says which reference comes next."""
        self.take_feed()
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.is_quoted():
            assert time.monotonic() < deadline, "every symbol is quoted on both sides"
            self.take_feed()
        try:
            self.client.send(self.choose())
            is_open = self.client.pump()
        except (ConnectionError, ValueError):  # reset, or the session has failed
            is_open = False
        if not is_open:
            self.recover()

    def take_feed(self) -> None:
        feed = self.venue.feed
        feed.read()
        feed.fill(self.venue.ports["gap"])
        new = feed.messages[self.read :]
        self.read += len(new)
        self.books.apply(b"".join(len(message).to_bytes(2, "big") + message for message in new))

    def is_quoted(self) -> bool:
        """Every symbol on both sides."""
        return all(self.books.levels(locate, side) for locate in range(1, SYMBOLS + 1) for side in "BS")

    def choose(self) -> ouch.Request:
        chance, reference = self.chance, self.next_reference
        resting = [number for number, order in orders_told(self.client).items() if order.state == "live"]
        if resting and chance.random() < 0.3:
            if chance.random() < 0.5:
                return ouch.CancelOrder(user_reference=chance.choice(resting), quantity=chance.choice([0, 5]))
            self.next_reference += 1
            price = self.books.levels(1, "B")[0][0] - 100 * chance.randint(0, 4)
            return ouch.ReplaceOrder(
                original_reference=chance.choice(resting), user_reference=reference, quantity=chance.randint(1, 200), price_e4=price
            )
        self.next_reference += 1
        locate, side = chance.randint(1, SYMBOLS), chance.choice("BS")
        price = self.books.levels(locate, chance.choice("BS"))[0][0]
        return ouch.EnterOrder(
            user_reference=reference, side=side, quantity=chance.randint(1, 900), symbol=self.books.stock(locate),
            price_e4=price, time_in_force=chance.choice("033"),
        )  # fmt: skip

    def recover(self) -> None:
        self.client.again_until_open()
        known = self.client.count(ouch.AccountState)
        while True:
            try:
                self.client.send(ouch.AccountQuery())
                answer = self.client.wait_for(ouch.AccountState, known + 1)[-1]
            except (ConnectionError, AssertionError, ValueError):
                self.client.again_until_open()
                continue
            self.next_reference = answer.next_reference
            return

    def disturb(self) -> None:
        kind = self.chance.randint(0, 5)
        if kind == 0:
            self.venue.do("disconnect")
        elif kind in (1, 2):
            self.venue.do("cut_after", direction=("in", "out")[kind - 1], bytes=self.chance.randint(1, 300))
        elif kind == 3:
            self.venue.do("drop_datagrams", share=0.5, count=20)
        elif kind == 4:
            self.venue.do("reject_orders", count=2)
        else:
            self.venue.do("fill_partly", count=3, share=0.2)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EquitiesVenue]:
    with EquitiesVenue(tmp_path, "--step-ms", "20", "--symbols", str(SYMBOLS)) as running:
        yield running


@pytest.mark.parametrize("seed", [1, 2])
def test_a_trader_who_is_cut_knows_what_the_venue_knows(venue: EquitiesVenue, seed: int) -> None:
    with venue.client() as client:
        client.login()
        trader = Trader(venue, client, seed)
        for number in range(ORDERS):
            trader.step()
            if number % 8 == 7:
                trader.disturb()
        for direction in ("in", "out"):
            venue.do("cut_after", direction=direction, bytes=1 << 30)
        trader.recover()
        record = recorded(venue, client)
        assert {order["user_reference"]: shown(order) for order in record["orders"]} == {
            reference: (order.filled, order.canceled, order.state) for reference, order in orders_told(client).items()
        }
        assert client.positions() == record["positions"]
        told = {report.match_number for report in client.reports if isinstance(report, ouch.OrderExecuted)}
        assert told == {each["match_number"] for order in record["orders"] for each in order["executions"]}
        assert len(told) > 20
        venue.do("end_session")
    venue.feed.read_until_ended(venue.ports["gap"])
    in_feed = {int.from_bytes(message[23:31], "big") for message in venue.feed.messages if message[:1] == b"E"}
    assert told <= in_feed


def recorded(venue: EquitiesVenue, client: OrderClient) -> dict[str, Any]:
    """The record once the client has read as much as the venue had said by then; nothing rests, so nothing more comes."""
    client.send(ouch.MassCancel(user_reference=2**31, firm=""))
    client.wait_for(ouch.MassCancelAccepted)
    record = venue.ask("account", user=USER)
    client.wait_for_reports(record["messages"])
    return record


def shown(order: dict[str, Any]) -> tuple[int, int, str]:
    return order["filled"], order["canceled"], order["state"]


def test_the_feed_goes_to_everybody_who_is_named(tmp_path: Path) -> None:
    with FeedReader() as second, EquitiesVenue(tmp_path, "--symbols", "4", "--feed-port", str(second.port)) as venue:
        total = venue.ask("session")["messages"]
        venue.feed.wait_for_messages(total)
        second.wait_for_messages(total)
        assert second.messages[:total] == venue.feed.messages[:total]


def test_the_control_port_says_what_it_does_not_know(venue: EquitiesVenue) -> None:
    assert "invalid" in venue.say(action="dance")["error"].lower()
    assert "NOBODY" in venue.say(what="account", user="NOBODY")["error"]
    assert "XX" in venue.say(what="book", symbol="XX")["error"]
    assert "XX" in venue.say(action="halt", symbol="XX")["error"]
    assert "no client has a trade" in venue.say(action="bust")["error"]
    assert "Invalid value 'nothing'" in venue.say(what="nothing")["error"]
    assert venue.say(action="drop_datagrams", share=2)["error"]
    assert venue.say(what="account", user=USER, first=-1)["error"]
    venue.do("end_session")
    assert venue.say(action="halt", symbol="AIR01")["error"] == "no session runs"
    venue.do("end_session")
