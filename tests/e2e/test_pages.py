"""Who may open what, what a screen reader meets, and that pictures have a size under the strict policy."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from terminal.supervisor.stack import Stack
from tests.e2e.conftest import OpenPage, expect_size, sent_number, sign_in, wait_connected, wait_live

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
PAGES = {
    "terminal": ("trader", "/terminal/", ".chain .leg"),
    "maker": ("maker1", "/maker/", ".chart-panel .main-svg"),
    "risk": ("trader", "/risk/", ".chart-panel .main-svg"),
    "baskets": ("trader", "/baskets/", "parley-baskets .basket-list button, parley-baskets [role=status]:not(:empty)"),
    "bookings": ("trader", "/bookings/", "parley-bookings tbody tr"),
    "search": ("compliance", "/compliance/", "#results tbody tr"),
    "books": ("compliance", "/compliance/books/", "main table tbody tr"),
    "trail": ("compliance", "/compliance/trail/", "main .check-card"),
    "venues": ("compliance", "/compliance/venues/", "main table tbody tr"),
}
"""Who opens it, where it is, and what comes last on it."""
REFUSED = [
    ("trader", "/maker/"),
    ("trader", "/compliance/"),
    ("trader", "/admin/"),
    ("maker1", "/terminal/"),
    ("maker1", "/compliance/"),
    ("compliance", "/terminal/"),
    ("compliance", "/maker/"),
    ("admin", "/terminal/"),
]


def violations(page: Page) -> list[str]:
    page.wait_for_load_state("load")
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}" for rule in found for node in rule["nodes"]]


def test_sign_in_refuses_a_wrong_password(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, stack, "trader", "not-the-password")
    expect(page.locator(".errorlist")).to_be_visible()
    assert violations(page) == []
    sign_in(page, stack, "trader")
    expect(page).to_have_url(re.compile(r"/terminal/$"))
    context.close()


@pytest.mark.parametrize(("user", "path"), REFUSED)
def test_a_role_is_refused_the_pages_of_another(open_page: OpenPage, user: str, path: str) -> None:
    page = open_page(user, path)
    expect(page.get_by_role("heading")).to_have_text(["This page is not part of your role"])
    expect(page.locator("parley-ticket, parley-quote, .search-form, #user-tools")).to_have_count(0)


def test_another_firms_risk_page_is_not_there(open_page: OpenPage) -> None:
    own = open_page("maker1", "/risk/")
    expect(own.locator("parley-risk-summary .gauge")).to_be_visible()
    page = open_page("trader", own.url[own.url.index("/risk/") :])
    expect(page.get_by_role("heading")).to_have_text("There is no such page")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page: OpenPage, name: str, theme: str) -> None:
    user, path, last = PAGES[name]
    page = open_page(user, path, theme=theme)
    if user != "compliance":
        wait_connected(page)
    if name == "terminal":
        wait_live(page)
        page.locator(".chain .leg").first.click()
        expect(page.locator("parley-rfq .leg-row")).to_have_count(1)
    expect(page.locator(last).first).to_be_visible()
    assert violations(page) == []


def test_pictures_have_a_size_under_the_policy(terminal: Page) -> None:
    for tab in ("smile", "payoff"):
        terminal.locator(f'parley-charts [data-tab="{tab}"]').click()
        plot = terminal.locator("parley-charts .chart-panel:not([hidden]) .main-svg").first
        expect_size(plot, 200, 80)
    terminal.locator('parley-charts [data-tab="smile"]').click()
    expect(terminal.locator(".chart-panel:not([hidden]) .scatterlayer .point").first).to_be_visible()


def test_theme_is_remembered_by_the_server(terminal: Page) -> None:
    terminal.locator("parley-theme button").click()
    expect(terminal.locator("html")).to_have_attribute("data-theme", "light")
    terminal.reload()
    expect(terminal.locator("html")).to_have_attribute("data-theme", "light")


def test_compliance_finds_an_order_and_its_timeline(open_page: OpenPage) -> None:
    trader = open_page("trader", "/terminal/")
    wait_live(trader)
    trader.locator('parley-ticket [data-value="market"]').click()
    trader.locator('[data-field="size"]').fill("7")
    trader.locator("parley-ticket button.submit").click()
    expect(trader.locator("parley-ticket .message")).to_have_text(re.compile(r"^Order \d+ filled"))
    number = sent_number(trader)
    page = open_page("compliance", "/compliance/")
    page.get_by_label("Order", exact=True).fill(number)
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name=f"#{number}", exact=True).click()
    expect(page.locator(".tag")).to_contain_text("chain verified")
    expect(page.locator(".timeline")).to_contain_text("order · ")
    expect(page.locator(".timeline")).to_contain_text("trader, Aurora Capital")
    assert violations(page) == []


def test_trail_is_verified_on_demand(open_page: OpenPage) -> None:
    page = open_page("compliance", "/compliance/trail/")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verification")).to_contain_text("the trail holds")
