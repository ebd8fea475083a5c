"""What is kept of a request, in a real browser: history, record, tape, pack, confirmation, scores."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import OpenPage, accept, expect_size, read, wait_live, wait_until
from tests.e2e.test_maker_quote import assert_no_violation_in_either_theme
from tests.e2e.test_rfq import build_straddle, request_quotes

RAW = re.compile(r"\bNone\b|\bnull\b|\bNaN\b|\bundefined\b|[a-z]_[a-z]|1970-01-01|\d\.\d{9}")
"""What no reader should meet: missing values by a programmer's name, names with underscores, the epoch, float noise."""


@pytest.fixture(scope="module")
def traded() -> dict[str, str]:
    """Number and price of a request that the first test trades."""
    return {}


def assert_reads_well(page: Page) -> None:
    """No raw value, and nothing that hangs over the side of the page."""
    page.wait_for_load_state("load")
    found = RAW.findall(page.locator("main").inner_text())
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = "[...document.querySelectorAll('main table')].filter((one) => one.offsetWidth > one.closest('section').clientWidth).length"
    assert page.evaluate(wide) == 0


def save(page: Page, button: Locator) -> bytes:
    with page.expect_download() as download:
        button.click()
    return Path(download.value.path()).read_bytes()


def trade_a_straddle(page: Page) -> tuple[str, str]:
    wait_live(page)
    build_straddle(page)
    card, number = request_quotes(page)
    accept(card.locator('.accept[data-field="bid"][data-best="true"]'))
    expect(card.locator(".state")).to_have_text("filled")
    return number, read(card, r"Sold 2 at (0\.\d+) BTC")[1]


def open_record(page: Page, title: str) -> None:
    page.locator(".page-menu summary").click()
    link = page.get_by_role("link", name=title)
    address = link.get_attribute("href")
    link.click()
    page.wait_for_url(f"**{address}")


def test_a_trade_is_in_the_history_on_the_tape_and_in_its_record(open_page: OpenPage, traded: dict[str, str]) -> None:
    page = open_page("trader", "/terminal/")
    traded["number"], traded["price"] = number, price = trade_a_straddle(page)
    page.locator('parley-blotter [data-tab="tape"]').click()
    expect(page.locator("parley-blotter tbody tr").first).to_contain_text(price)
    open_record(page, "Tape")
    line = page.locator("tbody tr", has_text=price).first
    expect(line).to_contain_text("straddle")
    assert_reads_well(page)
    assert_no_violation_in_either_theme(page)
    open_record(page, "History")
    row = page.locator("tbody tr", has_text=number).first
    expect(row).to_contain_text("filled")
    expect(row).to_contain_text(f"{price} BTC")
    assert_reads_well(page)
    assert_no_violation_in_either_theme(page)
    row.get_by_role("link").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"RFQ {number}")
    expect(page.get_by_role("region", name="RFQ", exact=True)).to_contain_text(f"sell at {price} BTC")
    expect(page.get_by_role("region", name="Quotes", exact=True)).to_contain_text("traded 2")
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("grace over")
    expect(page.get_by_role("region", name="Market").locator("tbody tr").first).to_contain_text("created")
    assert_reads_well(page)
    assert_no_violation_in_either_theme(page)


def find_packs_of_one_moment(page: Page) -> tuple[bytes, str] | None:
    """JSON, and HTML that carries its hash; a mark-out that is noted between the two makes them differ."""
    content = save(page, page.get_by_role("button", name="Best-execution pack, JSON"))
    told = save(page, page.get_by_role("button", name="Best-execution pack, HTML")).decode()
    return (content, told) if hashlib.sha256(content).hexdigest() in told else None


def test_documents_carry_the_hash_that_the_trail_proves(
    browser: Browser, open_page: OpenPage, traded: dict[str, str]
) -> None:
    number = traded["number"].removeprefix("#")
    page = open_page("trader", f"/history/{number}/")
    content, told = wait_until(page, lambda: find_packs_of_one_moment(page), "a pack in both forms")
    pack = json.loads(content)
    assert pack["trade"]["price"] == traded["price"]
    assert pack["rfq"]["rfq_id"] == int(number)
    confirmation = save(page, page.get_by_role("button", name=re.compile("Confirmation of trade .*, HTML"))).decode()
    assert traded["price"] in confirmation
    assert "Trade confirmation" in confirmation
    sheet = browser.new_page()
    for document in (told, confirmation):
        sheet.set_content(document)
        assert re.findall(r"\bNone\b|\bNaN\b|1970-01-01", sheet.locator("body").inner_text()) == []
    sheet.close()
    house = open_page("compliance", f"/history/{number}/")
    expect(house.locator(".tag", has_text="replay byte for byte")).to_be_visible()
    house.get_by_role("link", name="Audit records").click()
    expect(house.locator(".tag").first).to_contain_text("chain verified")


def test_a_maker_that_lost_reads_its_own_side_alone(open_page: OpenPage, traded: dict[str, str]) -> None:
    number = traded["number"].removeprefix("#")
    for user in ("maker1", "maker2"):
        page = open_page(user, f"/history/{number}/")
        quotes = page.get_by_role("region", name="Quotes", exact=True)
        expect(quotes.locator("tbody tr")).to_have_count(1)
        expect(quotes).to_contain_text(re.compile("traded|tied|cover|done away"))
        expect(page.get_by_role("button", name="Best-execution pack, HTML")).to_have_count(0)
        assert_reads_well(page)


def test_the_history_is_searched_and_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page("trader", "/history/")
    page.get_by_label("State").select_option(label="filled")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("state=filled"))
    states = page.locator("tbody .state")
    expect(states.first).to_have_text("filled")
    expect(states.filter(has_not_text=re.compile("^filled$"))).to_have_count(0)
    page.get_by_label("Structure").fill("box")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody")).to_contain_text("No RFQ matches")
    page.get_by_label("From").fill("yesterday")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("alert")).to_contain_text("yesterday")


def test_scores_are_told_in_figures_and_charts(open_page: OpenPage) -> None:
    page = open_page("trader", "/scores/")
    makers = page.get_by_role("region", name="Makers")
    expect(makers).to_contain_text("Cobalt Markets")
    expect(makers).to_contain_text("hit rate")
    expect(page.locator(".score-chart .main-svg:first-child")).to_have_count(4)
    for chart in page.locator(".score-chart").all():
        plot = chart.locator(".main-svg").first
        expect_size(plot, 200, 100)
    assert_reads_well(page)
    assert_no_violation_in_either_theme(page)
