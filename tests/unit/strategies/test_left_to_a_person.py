"""What a person quotes beside the auto-quoter stays the person's: over a reconnect, and when the quoter goes."""

import asyncio

from strategies import client as clients
from strategies.auto_quoter import Maker
from tests.unit.strategies.builders import CALL, NOW_NS, leg, market, own_quote, rfq
from wire import client as messages
from wire.facts import RfqChanged
from wire.facts_makers import RfqPassed
from wire.quoting import PassView, QuotingParameters


class Desk:
    """Takes every command; the quoter's client and its feed."""

    def __init__(self):
        self.sent = []

    def server_time_ns(self):
        return NOW_NS

    async def send(self, message):
        self.sent.append(message)
        return messages.CommandAccepted(command_id=message.command_id, entity="quote", entity_id=100)

    def view(self, now_ns):
        return market()

    async def follow(self, follower, names):
        self.followed = names

    def of(self, kind):
        return [message for message in self.sent if isinstance(message, kind)]


async def begun():
    desk = Desk()
    maker = Maker(desk, account_id=1, parameters=QuotingParameters(), feed=desk)
    await maker.take(clients.SnapshotTaken(state=clients.State(rfqs=[rfq(leg(CALL))]), sequence=1))
    await look(maker)
    (quote,) = desk.of(messages.SubmitQuote)
    return desk, maker, quote


async def look(maker):
    maker.look()
    while maker._tasks:
        await asyncio.gather(*maker._tasks)


def shows(version, bid, ask):
    return rfq(leg(CALL), quotes=[own_quote(version=version, bid_leg_prices=bid, ask_leg_prices=ask)])


async def take(maker, view):
    await maker.take(clients.SnapshotTaken(state=clients.State(rfqs=[view]), sequence=2))
    maker._submitted.clear()
    await look(maker)


def test_a_quote_that_a_person_made_while_the_line_was_cut_is_left_alone():
    async def live():
        desk, maker, first = await begun()
        mine = shows(1, first.bid.leg_prices, first.ask.leg_prices)
        await take(maker, mine)
        assert len(desk.of(messages.SubmitQuote)) == 2, "its own is priced anew"
        theirs = shows(2, ["0.0001"], ["0.9"])
        await take(maker, theirs)
        assert len(desk.of(messages.SubmitQuote)) == 2
        await maker._say_farewell()
        assert desk.of(messages.CancelQuote) == []

    asyncio.run(live())


def test_a_maker_that_goes_takes_its_own_quotes_and_leaves_a_persons():
    async def live():
        desk, maker, first = await begun()
        fact = RfqChanged(rfq=shows(1, first.bid.leg_prices, first.ask.leg_prices))
        await maker.take(clients.FactArrived(sequence=2, fact=fact))
        await maker._say_farewell()
        assert [message.quote_id for message in desk.of(messages.CancelQuote)] == [100]
        desk.sent.clear()
        await maker.take(clients.FactArrived(sequence=2, fact=RfqChanged(rfq=shows(2, ["0.0001"], ["0.9"]))))
        await maker._say_farewell()
        assert desk.of(messages.CancelQuote) == []

    asyncio.run(live())


def test_what_ended_while_the_line_was_cut_is_forgotten():
    async def live():
        _, maker, first = await begun()
        await take(maker, shows(1, first.bid.leg_prices, first.ask.leg_prices))
        await maker.take(clients.SnapshotTaken(state=clients.State(), sequence=3))
        assert (maker._notes._submitted, maker._notes._seen) == ({}, {})

    asyncio.run(live())


def test_a_quote_that_was_under_way_when_a_person_passed_is_taken_back():
    async def live():
        desk, maker, first = await begun()
        rfq_id = rfq(leg(CALL)).rfq_id
        passed = PassView(rfq_id=rfq_id, maker_firm_id=1, maker_name="Us", reason="risk", at_ns=NOW_NS)
        await maker.take(clients.FactArrived(sequence=2, fact=RfqPassed(rfq_pass=passed)))
        mine = RfqChanged(rfq=shows(1, first.bid.leg_prices, first.ask.leg_prices))
        await maker.take(clients.FactArrived(sequence=3, fact=mine))
        await look(maker)
        assert [message.quote_id for message in desk.of(messages.CancelQuote)] == [100]
        assert len(desk.of(messages.SubmitQuote)) == 1
        theirs = RfqChanged(rfq=shows(2, ["0.0001"], ["0.9"]))
        await maker.take(clients.FactArrived(sequence=4, fact=theirs))
        await look(maker)
        assert len(desk.of(messages.CancelQuote)) == 1, "a person who quotes after all keeps the quote"
        known = clients.State(rfqs=[theirs.rfq], passes=[passed])
        await maker.take(clients.SnapshotTaken(state=known, sequence=5))
        await look(maker)
        assert len(desk.of(messages.CancelQuote)) == 1, "over a reconnect too"

    asyncio.run(live())
