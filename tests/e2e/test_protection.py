"""What protects a maker, on its desk in a real browser: limits of fills, the dead-man timer, every quote taken back."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, accept
from tests.e2e.test_maker_quote import ask_for_a_straddle, assert_no_violation_in_either_theme
from tests.e2e.test_rfq import numbered

DEAD_MAN_SECONDS = "10"


def open_protection(open_page: OpenPage, user: str) -> Page:
    page = open_page(user, "/maker/")
    page.locator('[data-tab="protection"]').click()
    expect(page.get_by_role("region", name="Protection", exact=True)).to_be_visible()
    return page


def test_a_fill_that_reaches_a_limit_freezes_the_maker_until_it_resets(open_page: OpenPage) -> None:
    maker = open_protection(open_page, "maker4")
    panel = maker.get_by_role("region", name="Protection", exact=True)
    btc = panel.get_by_role("table", name="Protection by coin").locator("tr").first
    expect(btc).to_contain_text("off no limit is set")
    panel.get_by_role("button", name="Set limits of BTC").click()
    expect(panel.locator(".message")).to_have_text("Type the window that fills are counted in.")
    panel.get_by_label("Window, s").fill("300")
    panel.get_by_label("Fills", exact=True).fill("1")
    panel.get_by_label("Fills", exact=True).press("Enter")
    expect(btc).to_contain_text("armed In 300 s: fills 0 of 1")
    taker, number = ask_for_a_straddle(open_page, maker, "trader")
    card = taker.locator("parley-rfq .rfq-card", has_text=numbered(number))
    expect(card.locator(".quotes-table tbody tr")).to_have_count(5)
    accept(card.locator(".quotes-table tr", has_text="Fjord").locator('.accept[data-field="ask"]'))
    expect(card.locator(".state")).to_have_text("filled")
    expect(btc).to_contain_text(re.compile(r"FROZEN Hit trade count at \d\d:\d\d:\d\d, until it is reset"))
    expect(maker.locator('[data-tab="protection"]')).to_have_text("Protection: BTC FROZEN")
    expect(maker.locator(".notices")).to_contain_text("BTC is frozen: trade count limit hit, quotes withdrawn.")
    assert_no_violation_in_either_theme(maker)
    maker.reload()
    expect(maker.locator('[data-tab="protection"]')).to_have_text("Protection: BTC FROZEN")
    maker.locator('[data-tab="protection"]').click()
    panel.get_by_role("button", name="Reset BTC").click()
    expect(btc).to_contain_text("armed In 300 s: fills 0 of 1")
    panel.get_by_role("button", name="Switch BTC off").click()
    expect(btc).to_contain_text("off")
    assert_outcomes_are_told(card)


def assert_outcomes_are_told(card: Locator) -> None:
    """The taker reads what became of each quote."""
    told = card.locator(".rfq-outcomes")
    expect(told.locator("summary")).to_have_text(re.compile(r"^5 quotes: 1 traded, .*(cover|tied|done away)"))
    told.locator("summary").press("Enter")
    expect(told.locator("tbody tr")).to_have_count(5)
    expect(told.locator("tbody tr").first).to_contain_text("Fjord Derivatives")
    expect(told.locator("tbody tr").first.locator(".outcome")).to_have_text("traded 2")


def test_a_timer_that_runs_out_takes_the_quotes_of_the_browser(open_page: OpenPage) -> None:
    maker = open_protection(open_page, "maker2")
    taker, number = ask_for_a_straddle(open_page, maker, "trader2")
    guard = maker.get_by_role("group", name="Sessions")
    expect(guard).to_contain_text("Nothing withdraws the quotes of this browser")
    guard.get_by_label("Cancel quotes on disconnect").check()
    guard.get_by_label("grace").select_option("5000")
    guard.get_by_label("Dead-man timer").select_option(DEAD_MAN_SECONDS)
    expect(guard.locator(".countdown")).to_have_text(re.compile(r"^0:(10|0\d)$"))
    maker.locator("parley-quote .quote-legs input").first.press("Enter")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    taker.bring_to_front()
    expect(guard).to_contain_text(re.compile(r"Ran out at \d\d:\d\d:\d\d: quotes are withdrawn"))
    rows = maker.locator("parley-blotter tbody tr").filter(has=maker.get_by_role("cell", name=number.removeprefix("#"), exact=True))
    expect(rows.first).to_contain_text("dead man")
    maker.locator("parley-quote .quote-legs input").first.press("ArrowUp")
    maker.locator("parley-quote .quote-legs input").first.press("Enter")
    expect(maker.locator("parley-quote .message")).to_contain_text("dead_man_expired")
    guard.get_by_role("button", name="I am here").click()
    expect(guard).to_contain_text("Any key or click on this page starts it anew")
    expect(maker.locator("parley-quote button[type=submit]")).to_be_enabled()
    maker.locator("parley-quote .quote-legs input").first.press("Enter")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    cancel = maker.locator('[data-do="cancel-quotes"]')
    expect(cancel).to_have_text(re.compile(r"Cancel quotes \([1-9]"))
    cancel.click()
    expect(cancel).to_have_text(re.compile("Confirm: [1-9]"))
    maker.wait_for_timeout(500)
    cancel.click()
    expect(maker.locator(".notices")).to_contain_text(re.compile(r"[1-9]\d* quotes withdrawn\. The auto-quoter is on"))
    guard.get_by_label("Dead-man timer").select_option("0")
    expect(guard.locator(".countdown")).to_have_text("")
    guard.get_by_label("Cancel quotes on disconnect").uncheck()
    expect(guard).to_contain_text("Nothing withdraws the quotes of this browser")
