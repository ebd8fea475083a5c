"""What a quote and a trade ask of the database: a bound that no maker and no standing quote adds to."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rfq.models import DeskLimits, QuoteVersion
from tests.integration.rfq import world as worlds

FEW, MANY = 2, 20
FIRST_QUOTE_MAX, REPLACEMENT_MAX, WITHDRAWAL_MAX = 14, 11, 10
ACCEPT_MAX, RESERVED_MAX, EXPIRY_MAX = 42, 20, 12


@pytest.fixture
def world(db):
    """Quotes with the ids that they have in life."""
    with worlds.patient_marks():
        yield worlds.build()


def statements(act) -> int:
    """How many ``act`` asks, its transaction's own begin and end (savepoints within a test) left out."""
    with CaptureQueriesContext(connection) as captured:
        act()
    asked = [query["sql"] for query in captured.captured_queries]
    return sum(not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT")) for sql in asked)


def open_rfq(world, count: int):
    """An RFQ to so many makers, every one of whom has quoted, after the grace: the taker is shown them all."""
    makers = [worlds.new_party(f"Maker {number}", "maker", "client") for number in range(count)]
    for maker in makers:
        worlds.fund(maker.account, world.at)
        DeskLimits.objects.create(firm_id=maker.firm.id, band_percent=worlds.WIDE_BAND_PERCENT)
    rfq_id = world.create(maker_firm_ids=[maker.firm.id for maker in makers], life_seconds=60)
    quotes = [world.quote(rfq_id, maker) for maker in makers[:-1]]
    world.wait(5).tick()
    return rfq_id, makers, quotes


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("first quote", FIRST_QUOTE_MAX),
        ("replacement", REPLACEMENT_MAX),
        ("withdrawal", WITHDRAWAL_MAX),
        ("accept", ACCEPT_MAX),
        ("reserved", RESERVED_MAX),
        ("expiry", EXPIRY_MAX),
    ],
)
def test_statements_stay_within_their_bound_however_many_makers_there_are(world, name, bound):
    asked = [measure(world, name, count) for count in (FEW, MANY)]
    assert asked[0] == asked[1], f"{asked} statements with {FEW} and {MANY} makers"
    assert asked[1] <= bound


def measure(world, name: str, count: int) -> int:
    rfq_id, makers, quotes = open_rfq(world, count)
    if name == "first quote":
        return statements(lambda: world.quote(rfq_id, makers[-1]))
    if name == "replacement":
        return statements(lambda: world.quote(rfq_id, makers[0]))
    if name == "withdrawal":
        return statements(lambda: world.cancel_quote(quotes[0], makers[0]))
    if name == "expiry":
        world.wait(60)
        return statements(world.tick)
    accepted = statements(lambda: world.accept(rfq_id, quotes[0]))
    return accepted if name == "accept" else statements(lambda: world.reserve(rfq_id))


def test_a_repeated_command_asks_next_to_nothing(world):
    rfq_id, makers, _ = open_rfq(world, FEW)
    quoted = {"command_id": "once", "rfq_id": rfq_id, "party": makers[0]}
    world.quote(**quoted)
    versions = QuoteVersion.objects.count()
    assert statements(lambda: world.quote(**quoted)) <= 2
    assert QuoteVersion.objects.count() == versions
