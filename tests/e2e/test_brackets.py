"""A bracket from the ticket to its end, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, read
from tests.e2e.test_orders import size, submit
from tests.e2e.test_pages import violations
from tests.e2e.test_venues import NAME, choose

ANSWER_MS_MAX = 30_000


def test_a_bracket_is_placed_protected_moved_and_stopped(terminal: Page, open_page: OpenPage) -> None:
    choose(terminal, NAME)
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator('parley-ticket [data-value="market"]').click()
    terminal.locator("parley-ticket summary", has_text="Bracket").click()
    terminal.locator("#ticket-bracket").select_option("otoco")
    size(terminal).fill("700")
    quote = terminal.locator("parley-ticket .ticket-instrument .muted")
    bid = float(read(quote, r"^([\d,.]+) / [\d,.]+$")[1].replace(",", ""))
    expect(submit(terminal)).to_contain_text("An OTOCO has a take profit and a stop loss.")
    terminal.get_by_label(re.compile("^Take profit")).fill(str(round(bid * 1.03)))
    terminal.get_by_label(re.compile("^Stop loss")).fill(str(round(bid * 0.97)))
    expect(submit(terminal)).to_contain_text(f"Buy 700 {NAME} at market, OTOCO: profit")
    submit(terminal).click()
    expect(terminal.locator("parley-ticket .message")).to_contain_text("started")
    page = open_page("trader", "/algos/")
    parent = page.locator("parley-parent")
    expect(parent.locator(".bracket-stage b")).to_have_text("Exits stand", timeout=ANSWER_MS_MAX)
    assert violations(page) == []
    parent.locator(".bracket summary").click()
    parent.get_by_label(re.compile("^Stop loss")).fill(str(round(bid * 1.02)))
    parent.get_by_role("button", name="Move").click()
    expect(parent.locator(".bracket-stage b")).to_have_text("Stop reached", timeout=ANSWER_MS_MAX)
    expect(parent.locator(".bracket-stage")).to_contain_text("closed 700", timeout=ANSWER_MS_MAX)
