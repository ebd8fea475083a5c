"""A structure traded as one order: from the builder to its legs on the page of orders, in a real browser."""

import os

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, choose_expiry, read
from tests.e2e.test_pages import violations

STATE = "parley-parent .parent-head .state"
ANSWER_MS_MAX = 30_000


def test_a_call_spread_is_traded_as_one_order_and_shown_leg_by_leg(terminal: Page, open_page: OpenPage) -> None:
    page = terminal
    choose_expiry(page, 3)
    page.get_by_label("Structure by name").select_option("Call spread")
    expect(page.locator("parley-rfq .leg-row")).to_have_count(2)
    page.locator(".rfq-quantity").fill("2")
    order = page.locator(".structure-order")
    order.locator("summary").click()
    button = order.locator("button.button-primary")
    expect(button).to_have_text("Net price is empty.")
    touch = read(order.locator(".structure-touch"), r"Legs trade at -?[\d.]+ / (-?[\d.]+) net now")
    ask = float(touch[1])
    order.get_by_label("Net price").fill(f"{ask - 0.05:.4f}")
    expect(button).to_contain_text("Buy 2 × 2 legs at")
    button.click()
    expect(order.locator(".message")).to_contain_text("is started", timeout=ANSWER_MS_MAX)
    shown = open_page("trader", "/algos/")
    expect(shown.locator("parley-parents .parent-row").first).to_contain_text("Buy 2 × call spread at")
    expect(shown.locator(STATE)).to_have_text("working", timeout=ANSWER_MS_MAX)
    legs = shown.locator("parley-parent .multileg-legs tbody tr")
    expect(legs).to_have_count(2)
    expect(shown.locator("parley-parent .multileg-stage")).to_contain_text("All legs matched")
    shown.locator("parley-parent summary", has_text="Net price, quantity and limits").click()
    shown.get_by_label("Net price").fill(f"{ask + 0.01:.4f}")
    shown.get_by_role("button", name="Change").click()
    expect(shown.locator(STATE)).to_have_text("done", timeout=ANSWER_MS_MAX)
    expect(legs.first).to_contain_text("Buy")
    expect(shown.locator("parley-parent .multileg-stage")).to_contain_text("so far")
    expect(shown.locator("parley-parent .tree tbody tr[data-child]").first).to_contain_text("take")
    assert violations(shown) == []
    if folder := os.environ.get("PARLEY_SCREENSHOTS"):
        shown.screenshot(path=f"{folder}/multileg-orders.png")
        page.screenshot(path=f"{folder}/multileg-builder.png", full_page=True)
