"""A parent order that an algorithm works, staged in the ticket and led on its page, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, read, sent_number
from tests.e2e.test_orders import size, submit
from tests.e2e.test_pages import violations
from tests.e2e.test_venues import NAME, choose

STATE = "parley-parent .parent-head .state"
ANSWER_MS_MAX = 30_000


@pytest.fixture
def algos(terminal: Page, open_page: OpenPage) -> Page:
    """The page of parent orders, with a TWAP of ten minutes that was started from the ticket."""
    choose(terminal, NAME)
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator('parley-ticket [data-value="market"]').click()
    terminal.locator("parley-ticket summary", has_text="Algo").click()
    terminal.locator("#ticket-algo").select_option("twap")
    size(terminal).fill("600")
    expect(submit(terminal)).to_contain_text("by TWAP over 600 s")
    submit(terminal).click()
    page = open_page("trader", f"/algos/#parent-{started_number(terminal)}")
    expect(page.locator("parley-parents .parent-row").first).to_contain_text(f"Buy 600 {NAME}")
    expect(page.locator(STATE)).to_have_text("working", timeout=ANSWER_MS_MAX)
    return page


def started_number(terminal: Page) -> str:
    """Of the parent order that the ticket has just sent."""
    return read(terminal.locator("parley-ticket .message"), r"^Parent order (\d+) started")[1]


def test_a_twap_is_paused_changed_resumed_and_canceled(algos: Page) -> None:
    parent = algos.locator("parley-parent")
    expect(parent.locator(".tree tbody tr[data-child]").first).to_be_visible(timeout=ANSWER_MS_MAX)
    expect(parent.locator(".parent-facts")).to_contain_text(re.compile(r"Arrival mid\s*[\d,.]+"))
    expect(parent.locator(".js-plotly-plot, svg").first).to_be_visible()
    assert violations(algos) == []
    parent.get_by_role("button", name="Pause").click()
    expect(algos.locator(STATE)).to_have_text("paused", timeout=ANSWER_MS_MAX)
    parent.locator("summary", has_text="Parameters and limits").click()
    parent.get_by_label("Duration, s").fill("900")
    parent.get_by_role("button", name="Change").click()
    parent.get_by_role("button", name="Resume").click()
    expect(algos.locator(STATE)).to_have_text("working", timeout=ANSWER_MS_MAX)
    expect(parent.locator(".parent-message")).to_have_text("")
    algos.reload()
    expect(algos.locator(STATE)).to_have_text("working", timeout=ANSWER_MS_MAX)
    expect(parent.get_by_label("Duration, s")).to_have_value("900")
    parent.get_by_role("button", name="Cancel").click()
    expect(algos.locator(STATE)).to_have_text(re.compile("^canceled"), timeout=ANSWER_MS_MAX)
    expect(parent.get_by_role("button", name="Resume")).to_be_hidden()


def test_an_order_shows_what_became_of_it(terminal: Page, open_page: OpenPage) -> None:
    """From the ticket to the tree: a refusal in words with its value and bound, and how long the answer took."""
    choose(terminal, NAME)
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator('parley-ticket [data-value="limit"]').click()
    size(terminal).fill("10")
    price = terminal.locator('[data-field="price"]')
    price.fill("999999")
    submit(terminal).click()
    number = sent_number(terminal)
    page = open_page("trader", "/algos/")
    page.get_by_role("button", name="Orders", exact=True).click()
    row = page.locator("parley-parents .parent-row", has_text=re.compile(rf"order {number} "))
    expect(row).to_contain_text("price collar", timeout=ANSWER_MS_MAX)
    row.click()
    expect(page.locator(STATE)).to_contain_text(re.compile(r"rejected: price collar \([\d,.]+, bound [\d,.]+\)"))
    tree = page.locator("parley-parent .tree tbody tr")
    expect(tree).to_have_count(1)
    expect(tree).to_contain_text("Parley's own book")
    expect(page.locator(".latencies tbody tr")).to_contain_text(re.compile(r"Parley's own book\s*1\s*1\s*1\s*[\d.,]+"))
    expect(page.locator("parley-parent .parent-facts")).to_contain_text(re.compile(r"Arrival mid\s*[\d,.]+"))
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_house_reads_and_sets_caps_that_the_gateway_answers(open_page: OpenPage, theme: str) -> None:
    page = open_page("admin", "/compliance/algos/", theme=theme)
    row = page.locator("#caps tbody tr", has_text="sniper")
    expect(row).to_contain_text("in force", timeout=ANSWER_MS_MAX)
    assert violations(page) == []
    cap = {"dark": "123", "light": "124"}[theme]
    page.get_by_label("Working orders, sniper").fill(cap)
    page.get_by_role("button", name="Set caps of sniper").click()
    expect(page.locator(".message")).to_contain_text("Caps of sniper: set")
    expect(page.locator("#caps tbody tr", has_text="sniper")).to_contain_text(
        re.compile(rf"{cap}.*in force", re.DOTALL), timeout=ANSWER_MS_MAX
    )


def test_an_algorithm_works_at_a_venue_that_is_chosen_in_the_ticket(terminal: Page, open_page: OpenPage) -> None:
    """The tree shows its routes and their fills; what trades at venues is listed beside our own trades."""
    choose(terminal, NAME)
    terminal.get_by_role("group", name="Trades of").get_by_role("button", name="Elsewhere").click()
    expect(terminal.locator("parley-trades tbody tr").first).to_contain_text(re.compile("Market|Aster|Borea"), timeout=ANSWER_MS_MAX)
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator("#ticket-venue").select_option("aster")
    terminal.locator("parley-ticket summary", has_text="Algo").click()
    terminal.locator("#ticket-algo").select_option("twap")
    terminal.get_by_label("Duration, s").fill("20")
    terminal.get_by_label("Slice, s").fill("2")
    size(terminal).fill("40")
    terminal.locator('[data-field="price"]').fill("")
    expect(submit(terminal)).to_contain_text(re.compile(rf"Buy 40 {NAME} at Aster.* by TWAP over 20 s"))
    submit(terminal).click()
    page = open_page("trader", f"/algos/#parent-{started_number(terminal)}")
    expect(page.locator("parley-parents .parent-row").first).to_contain_text(f"Buy 40 {NAME}")
    expect(page.locator("parley-parent .parent-head b")).to_contain_text("TWAP at Aster")
    tree = page.locator("parley-parent .tree tbody")
    expect(tree.locator("tr[data-route]").first).to_contain_text("Aster", timeout=ANSWER_MS_MAX)
    expect(tree.locator("tr.fill-row").first).to_be_visible(timeout=ANSWER_MS_MAX)
    expect(page.locator(".latencies tbody tr")).to_contain_text("Aster")
    expect(page.locator(STATE)).to_contain_text("done", timeout=2 * ANSWER_MS_MAX)
    assert violations(page) == []
