"""The books of other venues beside each other, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from terminal.supervisor.stack import Stack
from tests.e2e.conftest import expect_value, wait_until

NAME = "BTC-PERPETUAL"
BEST = re.compile(r"^Best of 2 · bid [\d,.]+ × .+ \((aster|borea).*\) · ask [\d,.]+ × .+ \((aster|borea).*\)")


@pytest.fixture
def venues(terminal: Page) -> Page:
    """The tab, with an instrument chosen that both venues list."""
    choose(terminal, NAME)
    terminal.locator('parley-charts [data-tab="venues"]').click()
    return terminal


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(r"^Futures")).click()
    page.locator("parley-market .quotes button.name", has_text=re.compile(f"^{name}$")).click()


def numbers(page: Page, venue: str, side: str) -> list[float]:
    texts = page.locator(
        f'[data-venue="{venue}"] .venue-row:not([hidden]):not([aria-hidden]) .{side}'
    ).all_inner_texts()
    return [float(text.replace(",", "")) for text in texts if text.strip()]


def deep(prices: list[float]) -> list[float]:
    """The prices, where there are enough of them to say that they stand in order."""
    return prices if len(prices) >= 8 else []


def test_two_venues_stand_beside_each_other_under_the_best(venues: Page) -> None:
    for venue, fees in (("aster", "fees 0 / 5 bp"), ("borea", "fees -1 / 2 bp")):
        shown = venues.locator(f'[data-venue="{venue}"]')
        expect(shown.locator(".venue-title")).to_have_text(f"{venue.title()} (simulated)")
        expect(shown.locator(".venue-state")).to_have_text("live")
        expect(shown.locator(".venue-facts")).to_contain_text(fees)
        for side, is_reversed in (("bid", True), ("ask", False)):
            prices = wait_until(venues, lambda v=venue, s=side: deep(numbers(venues, v, s)), f"8 levels of {venue}")
            assert prices == sorted(prices, reverse=is_reversed)
    expect(venues.locator(".venues-best")).to_have_text(BEST)
    expect(venues.locator(".venue-row [data-best]").first).to_be_visible()


def test_a_venue_that_ends_is_shown_as_down_and_comes_back(venues: Page, stack: Stack) -> None:
    aster = venues.locator('[data-venue="aster"]')
    expect(aster.locator(".venue-state")).to_have_text("live")
    venues.evaluate(NOTE_WHILE_DOWN)
    old_pid = stack.kill("aster")
    wait_until(venues, lambda: venues.evaluate("globalThis.wasDown && globalThis.wasLeftOut"), "aster down and left out")
    expect(venues.locator('[data-venue="borea"] .venue-state')).to_have_text("live")
    stack.wait_restarted("aster", old_pid)
    expect(aster.locator(".venue-state")).to_have_text("live", timeout=60_000)


def test_another_instrument_shows_its_own_venues(venues: Page) -> None:
    expect(venues.locator(".venues-best")).to_contain_text("Best of 2")
    venues.evaluate(CHOOSE, "")
    expect(venues.locator(".venues-best")).to_have_text("Choose an instrument")
    expect(venues.locator(".venue")).to_have_count(0)
    venues.evaluate(CHOOSE, "ETH-PERPETUAL")
    expect(venues.locator(".venues-best")).to_contain_text("Best of 2")
    assert max(wait_until(venues, lambda: numbers(venues, "aster", "bid"), "bids of aster")) < 20_000


def test_only_what_somebody_looks_at_is_subscribed_to(venues: Page) -> None:
    """The ticket offers the venues of the instrument, whether or not the tab is open."""
    both = ["venue_link.aster", "venue_link.borea"]
    expect_value(venues, lambda: sorted(venues.evaluate(KEYS)), [f"venue_depth.{NAME}", *both])
    venues.locator('parley-charts [data-tab="risk"]').click()
    expect(venues.locator('parley-charts [data-tab="risk"]')).to_have_attribute("aria-pressed", "true")
    assert sorted(venues.evaluate(KEYS)) == [f"venue_depth.{NAME}", *both]
    venues.evaluate(CHOOSE, "ETH-PERPETUAL")
    expect_value(venues, lambda: sorted(venues.evaluate(KEYS)), ["venue_depth.ETH-PERPETUAL", *both])
    expect(venues.locator("#ticket-venue")).to_contain_text("Aster")
    venues.evaluate(CHOOSE, NAME)
    venues.locator('parley-charts [data-tab="venues"]').click()
    expect(venues.locator('[data-venue="aster"] .venue-state')).to_have_text("live")


CHOOSE = "(name) => import('/static/js/store/selection.js').then((m) => m.selection.set({ instrument: name }))"
NOTE_WHILE_DOWN = """
    globalThis.wasDown = globalThis.wasLeftOut = false;
    const note = () => {
        if (document.querySelector('[data-venue="aster"] .venue-state').textContent === "live") return;
        globalThis.wasDown = true;
        globalThis.wasLeftOut ||= !document.querySelector(".venues-best").textContent.includes("aster");
    };
    const changes = { characterData: true, childList: true, subtree: true };
    new MutationObserver(note).observe(document.querySelector("parley-charts .venues"), changes);
"""
"""A venue is away for a moment: what is shown of it is noted in the page, at every change."""
KEYS = """() => import('/static/js/feeds/session.js')
  .then((m) => [...m.socket.keys].filter((key) => key.startsWith('venue_')))"""
