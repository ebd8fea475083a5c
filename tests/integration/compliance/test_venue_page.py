"""The page of other venues: connections, latency, breaks, orders of others."""

import datetime as dt

import msgspec
import pytest
from django.urls import reverse

from common import clock, valkey
from orders import route_selectors
from orders.models import ExternalOrder, Route, VenueBreak
from tests.builders import add_user, listed, trading_firm
from wire.market import VenueLink
from wire.transport import MARKET_LATEST

AT = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def firm():
    return trading_firm("Aurora")


@pytest.fixture
def house():
    return trading_firm("House", kind="house", role="compliance").user


def answered(firm, instrument, venue, milliseconds, number):
    return Route.objects.create(
        command_id=f"{venue}-{number}",
        user=firm.user,
        desk=firm.desk,
        firm=firm.firm,
        account=firm.account,
        instrument=instrument,
        venue=venue,
        client_order_id=f"{venue}-{number}",
        side="buy",
        order_type="limit",
        time_in_force="gtc",
        quantity=1,
        quantity_lots=1,
        price=1,
        price_ticks=1,
        leaves_quantity=1,
        state="new",
        created_at=AT,
        updated_at=AT,
        sent_at=AT,
        acknowledged_at=AT + dt.timedelta(milliseconds=milliseconds),
    )


def show_link(**changed):
    terms = {
        "at_ns": clock.now_ns(), "market_time_ns": clock.now_ns(), "venue": "aster", "title": "Aster (simulated)",
        "adapter": "deribit", "state": "live", "is_test_network": True, "takes_orders": True, "is_ready": True,
    }  # fmt: skip
    link = VenueLink(**(terms | changed))
    valkey.client().hset(MARKET_LATEST, f"venue_link.{link.venue}", msgspec.json.encode(link))


def test_latency_is_of_the_nearest_rank_and_of_the_firm_alone(firm, house):
    instrument, other = listed("BTC-PERPETUAL"), trading_firm("Borealis")
    for number in range(1, 101):
        answered(firm, instrument, "aster", number, number)
    answered(firm, instrument, "borea", 7, 1)
    answered(other, instrument, "borea", 900, 2)
    aster, borea = route_selectors.list_venue_latencies(firm.user)
    assert (aster.venue, aster.routes, aster.p50_ms, aster.p99_ms, aster.max_ms) == ("aster", 100, 50, 99, 100)
    assert (borea.routes, borea.p50_ms, borea.p99_ms) == (1, 7, 7)
    _, seen_by_all = route_selectors.list_venue_latencies(house)
    assert (seen_by_all.routes, seen_by_all.max_ms) == (2, 900)


def test_the_page_shows_connections_breaks_and_orders_of_others(client, firm, house):
    answered(firm, listed("BTC-PERPETUAL"), "aster", 12.5, 1)
    show_link(breaks=3)
    later = AT + dt.timedelta(seconds=5)
    common = {"venue": "aster", "updated_at": later}
    VenueBreak.objects.create(instrument_name="BTC-PERPETUAL", expected=4, held=9, since=AT, **common)
    VenueBreak.objects.create(
        instrument_name="ETH-PERPETUAL", expected=1, held=2, since=AT, resolved_at=later, **common
    )
    ExternalOrder.objects.create(
        venue_order_id="X-77", instrument_name="BTC-PERPETUAL", side="buy", quantity=5, state="new", found_at=AT, **common
    )  # fmt: skip
    client.force_login(house)
    page = client.get(reverse("compliance:venues")).content.decode()
    for text in (
        "Aster (simulated)",
        "✓ agreed",
        "12.5",
        "✗ open",
        "agreed again at 2026-05-04 12:00:05",
        "X-77",
        "market",
    ):
        assert text in page, text


def test_the_page_says_where_nothing_is_known_of_connections(client, house, settings):
    settings.VALKEY_URL = "redis://127.0.0.1:1"
    client.force_login(house)
    assert "The market data cannot be read" in client.get(reverse("compliance:venues")).content.decode()


def test_a_trader_does_not_see_the_page(client, firm):
    client.force_login(add_user(firm.firm))
    assert client.get(reverse("compliance:venues")).status_code == 403
