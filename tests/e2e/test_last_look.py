"""A last look in real browsers: agreed by two firms, answered while the maker looks at something else, published."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, accept, wait_live
from tests.e2e.test_maker_quote import assert_no_violation_in_either_theme, look_at
from tests.e2e.test_rfq import build_straddle, numbered, send_request

MAKER, TAKER = "Ember Trading", "Borealis Fund"


def agree(maker: Page, taker: Page) -> None:
    maker.get_by_label("Taker, its full name").fill(TAKER)
    maker.get_by_label("Window, ms").fill("5000")
    maker.get_by_label("Tolerance").fill("50")
    maker.get_by_role("button", name="Offer").click()
    expect(maker.locator(".message")).to_contain_text("the other firm agrees")
    taker.reload()
    row = taker.get_by_role("region", name="Agreements").locator("tbody tr", has_text=MAKER)
    row.get_by_role("button", name="Agree").click()
    expect(row).to_contain_text("in force")


def end(taker: Page) -> None:
    row = taker.get_by_role("region", name="Agreements").locator("tbody tr", has_text=MAKER).first
    row.locator("summary").click()
    row.get_by_role("button", name="Confirm").click()
    expect(taker.locator(".message")).to_contain_text("has ended")


def ask(taker: Page, maker: Page) -> str:
    """The maker alone is asked; the number of the request, which it looks at."""
    boxes = taker.get_by_role("group", name="Makers to ask").get_by_role("checkbox")
    expect(boxes).to_have_count(5)
    for box in boxes.all():
        box.uncheck()
    taker.get_by_role("group", name="Makers to ask").get_by_label(MAKER).check()
    expect(taker.locator("parley-rfq button[type=submit]")).to_have_text(re.compile("from 1 maker$"))
    number = send_request(taker)
    look_at(maker, number)
    return number


def test_a_last_look_is_answered_whatever_the_maker_looks_at_and_its_reason_is_told(open_page: OpenPage) -> None:
    desk, agreements = open_page("maker3", "/maker/"), open_page("taker2", "/last-looks/")
    agree(open_page("maker3", "/last-looks/"), agreements)
    expect(desk.locator("parley-quoter .panel-note")).to_contain_text("in force since")
    desk.locator('parley-quoter [data-coin="BTC"]').click()
    expect(desk.locator('parley-quoter [data-coin="BTC"]')).to_have_text("BTC off")
    expect(desk.locator("parley-quoter .panel-note")).to_contain_text("in force since")
    taker = open_page("taker2", "/terminal/")
    wait_live(taker)
    build_straddle(taker)
    first = ask(taker, desk)
    desk.get_by_role("button", name="Quote model ± spread").click()
    expect(desk.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    second = ask(taker, desk)
    card = taker.locator("parley-rfq .rfq-card", has_text=numbered(first))
    accept(card.locator('.accept[data-field="ask"]:not([disabled])'))
    expect(card).to_contain_text("a maker has its last look")
    look = desk.get_by_role("group", name=f"Last look of RFQ {first.removeprefix('#')}")
    expect(look).to_contain_text(re.compile(rf"Last look {first}: you sell 2 × straddle at 0\.\d{{4}} BTC to {TAKER}"))
    look.get_by_label("Reason to reject").select_option(label="risk limit")
    look.get_by_role("button", name="Reject").click()
    expect(look).to_have_count(0)
    expect(desk.locator("parley-quote .quote-head b")).to_contain_text(numbered(second))
    expect(card).to_contain_text(f"Rejected by {MAKER} at its last look: risk limit")
    rate = open_page("trader", "/last-looks/").get_by_role("region", name="Reject rates").locator("tr", has_text=MAKER)
    expect(rate).to_contain_text("100.00 %")
    assert_no_violation_in_either_theme(desk)
    desk.locator('parley-quoter [data-coin="BTC"]').click()
    expect(desk.locator('parley-quoter [data-coin="BTC"]')).to_have_text("BTC on")
    agreements.reload()
    end(agreements)
