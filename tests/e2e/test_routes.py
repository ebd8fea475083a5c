"""Orders that leave for other venues, from the ticket, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, best, sent_number, wait_live
from tests.e2e.test_orders import price, row_of, rows, set_soft_order_value, size, submit
from tests.e2e.test_venues import NAME, choose

WORKING_SECONDS_MAX = 30_000


@pytest.fixture
def ticket(terminal: Page) -> Page:
    choose(terminal, NAME)
    expect(terminal.locator("#ticket-venue")).to_contain_text("Borea (simulated)")
    return terminal


def ask(page: Page, venue: str, quantity: str, level: float) -> None:
    page.locator('parley-ticket [data-value="buy"]').click()
    page.locator('parley-ticket [data-value="limit"]').click()
    page.locator("#ticket-venue").select_option(venue)
    price(page).fill(f"{round(level * 2) / 2:.1f}")
    size(page).fill(quantity)


def sent_route(page: Page) -> Locator:
    """The row of what the ticket has just sent."""
    return row_of(page, "routes", sent_number(page, "Route"))


def test_a_route_rests_at_a_venue_is_amended_and_canceled(ticket: Page) -> None:
    ask(ticket, "borea", "100", best(ticket, "buy") * 0.95)
    expect(submit(ticket)).to_have_text(re.compile(rf"Buy 100 {NAME} at [\d.]+ USD GTC to borea"))
    submit(ticket).click()
    route = sent_route(ticket)
    expect(route.locator(".state")).to_have_text("new", timeout=WORKING_SECONDS_MAX)
    expect(route).to_contain_text("Borea (simulated)")
    route.get_by_role("button", name=re.compile("^Amend route")).click()
    size(ticket).fill("150")
    expect(submit(ticket)).to_have_text(re.compile(rf"Amend route \d+ to 150 {NAME} at [\d.]+ USD"))
    submit(ticket).click()
    expect(route.get_by_role("cell", name="150", exact=True)).to_be_visible(timeout=WORKING_SECONDS_MAX)
    route.get_by_role("button", name=re.compile("^Cancel route")).click()
    expect(route.locator(".state")).to_have_text("canceled", timeout=WORKING_SECONDS_MAX)


def test_a_route_above_a_soft_limit_takes_a_second_deliberate_action(open_page: OpenPage) -> None:
    admin = open_page("admin", "/compliance/settings/")
    set_soft_order_value(admin, "taker2", "250.5")
    ticket = open_page("taker2", "/terminal/")
    wait_live(ticket)
    choose(ticket, NAME)
    ask(ticket, "borea", "30", best(ticket, "buy") * 0.95)
    submit(ticket).click()
    offered = ticket.get_by_role("group", name="Soft limit")
    expect(offered).to_contain_text("Value 300 USD is above the soft limit of 250.5 USD")
    expect(sent_route(ticket).locator(".state")).to_have_text("rejected")
    offered.get_by_role("button", name="Confirm above soft limit").click()
    route = sent_route(ticket)
    expect(route.locator(".state")).to_have_text("new", timeout=WORKING_SECONDS_MAX)
    route.get_by_role("button", name=re.compile("^Cancel route")).click()
    set_soft_order_value(admin, "taker2", "")


def test_an_order_goes_to_the_best_of_venues_as_its_plan_says(ticket: Page) -> None:
    before = rows(ticket, "routes").count()
    ask(ticket, "best", "100", best(ticket, "sell") * 1.01)
    plan = ticket.locator(".ticket-venue .plan tbody tr")
    expect(plan.first).to_be_visible()
    expect(ticket.locator(".plan-note")).to_have_text(re.compile(r"^All-in [\d,.]+ · fees -?[\d,.]+ "))
    expect(submit(ticket)).to_be_enabled()
    expect(submit(ticket)).to_have_text(re.compile(r"or better: (\S+ \d+)( \+ \S+ \d+)*$"))
    submit(ticket).click()
    expect(rows(ticket, "routes").nth(before)).to_be_attached()
    newest = rows(ticket, "routes").first
    expect(newest.locator(".state")).to_have_text("filled", timeout=WORKING_SECONDS_MAX)
    expect(newest).to_contain_text("split")
