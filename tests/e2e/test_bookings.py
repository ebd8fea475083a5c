"""Baskets, fills made elsewhere and allocations, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, wait_connected
from tests.e2e.test_pages import violations
from tests.e2e.test_venues import NAME

CSV = f"""instrument,side,quantity,type,price,client_order_id
{NAME},buy,100,market,,browser-1
{NAME},hold,200,limit,99000,browser-2
"""
FIRST = "parley-bookings tbody tr"


def test_a_basket_is_looked_at_placed_once_and_shared_out(open_page: OpenPage) -> None:
    page = open_page("taker2", "/baskets/")
    wait_connected(page)
    page.locator("#basket-text").fill(CSV)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("parley-basket .basket-bad")).to_contain_text("side unknown: hold")
    expect(page.locator(".basket-totals")).to_contain_text("initial margin, USD")
    assert violations(page) == []
    place = page.get_by_role("button", name="Place 1 of 2 orders (1 cannot be placed)")
    place.click()
    row = page.locator("parley-baskets tbody tr")
    expect(row).to_contain_text("filled")
    with page.expect_response(re.compile(r"/api/baskets/\d+$")):
        place.click()
    expect(row).to_have_count(1)
    expect(page.locator(".basket-list button")).to_have_count(1)
    page = open_page("taker2", "/bookings/")
    expect(page.locator("#allocate-source option").first).to_contain_text(f"buy 100 {NAME}")
    page.get_by_label("Carry").fill("1")
    page.locator("#allocate-reason").fill("to the carry book")
    page.get_by_role("button", name="Share out").click()
    expect(page.locator(FIRST).first).to_contain_text("to the carry book")
    expect(page.locator(FIRST).first).to_contain_text("done")
    page.locator("#booking-reason").fill("wrong account")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(FIRST).first).to_contain_text("Allocation undone")
    expect(page.locator(FIRST).first).to_contain_text("done")


def test_a_fill_by_voice_takes_two_people(open_page: OpenPage) -> None:
    one, two = open_page("trader", "/bookings/"), open_page("trader2", "/bookings/")
    for page in (one, two):
        wait_connected(page)
    enter(one)
    expect(one.locator(FIRST).first).to_contain_text("Waits for another person")
    two.locator("#booking-reason").fill("seen the confirmation")
    two.get_by_role("button", name="Approve").click()
    for page in (one, two):
        expect(page.locator(FIRST).first).to_contain_text("done")
    assert violations(one) == []
    one.locator("#booking-reason").fill("agreed twice")
    one.get_by_role("button", name="Take back").first.click()
    two.get_by_role("button", name="Approve").click()
    expect(one.locator(FIRST).first).to_contain_text("Taken back")
    expect(one.locator(FIRST).first).to_contain_text("done")


def enter(page: Page) -> None:
    form = page.locator("parley-manual-fill")
    page.locator("#fill-instrument").fill(NAME)
    form.get_by_label(re.compile("^Size")).fill("500")
    form.get_by_label(re.compile("^Price")).fill("91000")
    page.locator("#fill-source").fill("voice")
    page.locator("#fill-reason").fill("agreed by phone")
    page.get_by_role("button", name="Enter for approval").click()
