"""The kill switch from one tab to another, and its release by two people."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, seed_resting_buy, wait_live
from tests.e2e.test_pages import violations


def place_resting_buy(page: Page) -> None:
    seed_resting_buy(page)
    page.locator('[data-field="size"]').fill("5")
    page.locator("parley-ticket button.submit").click()


def test_kill_switch_takes_two_actions_and_two_people_release_it(open_page: OpenPage) -> None:
    page = open_page("taker2", "/terminal/")
    other = open_page("taker2", "/risk/")
    wait_live(page)
    place_resting_buy(page)
    expect(page.locator("parley-ticket .message")).to_have_text(re.compile(r"^Order \d+ new"))
    page.get_by_role("button", name="Kill switch", exact=True).click()
    page.get_by_role("button", name="Engage kill switch").click()
    expect(page.locator(".notices")).to_contain_text(re.compile(r"engaged for firm \d+: 1 orders canceled"))
    expect(other.locator(".notices")).to_contain_text("engaged for firm")
    killed = page.get_by_role("button", name="KILLED")
    expect(killed).to_be_visible()
    place_resting_buy(page)
    expect(page.locator("parley-ticket .message")).to_contain_text("kill_switch")
    page.reload()
    wait_live(page)
    killed.click()
    ask = page.get_by_role("button", name="Ask for release")
    expect(ask).to_be_disabled()
    page.get_by_label("Reason").fill("the strategy was stopped")
    page.get_by_label("Type RELEASE").fill("release")
    ask.click()
    expect(page.locator(".notices")).to_contain_text("Release: accepted")
    house = open_page("compliance", "/compliance/controls/")
    expect(house.get_by_text("the strategy was stopped")).to_be_visible()
    assert violations(house) == []
    house.get_by_label("Your reason").fill("confirmed by telephone")
    house.get_by_label("Type RELEASE").fill("RELEASE")
    house.get_by_role("button", name="Approve release").click()
    expect(house.locator(".message")).to_contain_text("is approved")
    expect(page.get_by_role("button", name="Kill switch", exact=True)).to_be_visible()
