"""A request built in a real browser: a structure by its name, a hedge leg, aliases, a draft, and the trade of it."""

import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, accept, choose_expiry, expect_value, wait_live
from tests.e2e.test_rfq import numbered, positions_of, send_request


def build(page: Page) -> None:
    """A call spread at the third expiry with a hedge in the perpetual, a few hundred dollars a unit."""
    choose_expiry(page, 3)
    page.get_by_label("Structure by name").select_option("Call spread")
    expect(page.locator("parley-rfq .leg-row")).to_have_count(2)
    page.locator(".rfq-quantity").fill("2")
    page.locator(".expiries .tab").first.click()
    page.get_by_label("Add BTC-PERPETUAL to the structure").click()
    expect(page.get_by_label("Hedge leg of BTC-PERPETUAL")).to_have_attribute("aria-pressed", "true")
    ratio = page.get_by_label("Ratio of BTC-PERPETUAL")
    ratio.fill("20")
    page.keyboard.press("ArrowUp")
    expect(ratio).to_have_value("21")
    page.get_by_label("Side of BTC-PERPETUAL").click()


def perpetual_position(page: Page) -> int:
    """Contracts that earlier tests have left, or that this one has traded."""
    positions = page.request.get(page.url.replace("/terminal/", "/api/settlement/positions")).json()
    held = [each for each in positions if each["instrument_name"] == "BTC-PERPETUAL"]
    return sum(int(float(each["quantity"])) for each in held)


def test_a_structure_is_built_saved_loaded_sent_and_traded(terminal: Page) -> None:
    page = terminal
    before = perpetual_position(page)
    build(page)
    preview = page.locator(".rfq-builder .rfq-preview")
    expect(preview).to_contain_text("call spread with hedge")
    expect(preview.locator("tr", has_text="Lit books").locator("td").first).to_contain_text(re.compile(r"\d"))
    expect(page.locator(".structure-value")).to_contain_text("delta")
    page.get_by_label("Hide makers' names").check()
    page.get_by_label("Label").fill("spread for later")
    page.get_by_role("button", name="Save draft").click()
    drafts = page.get_by_label("Drafts")
    expect(drafts).to_contain_text("spread for later")
    expect(page.get_by_role("button", name=re.compile(r"^Save #\d+"))).to_be_visible()
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("parley-rfq .leg-row")).to_have_count(0)
    page.reload()
    wait_live(page)
    drafts.select_option(label=drafts.locator("option", has_text="spread for later").first.inner_text())
    expect(page.locator("parley-rfq .leg-row")).to_have_count(3)
    card = page.locator("parley-rfq .rfq-card", has_text=numbered(send_request(page)))
    expect(card).to_contain_text("call spread with hedge")
    expect(drafts).not_to_contain_text("spread for later")
    best = card.locator('.accept[data-field="ask"][data-best="true"]')
    expect(best).to_have_count(1)
    expect(card.locator(".quotes-table")).to_contain_text(re.compile(r"Maker \d"))
    best.hover()
    expect(card.locator(".rfq-preview")).to_contain_text("Worse than mark")
    accept(best)
    expect(card.locator(".state")).to_have_text("filled")
    page.locator('parley-blotter [data-tab="positions"]').click()
    if before != 42:
        row = page.locator("parley-blotter tbody tr", has_text="BTC-PERPETUAL").first
        expect(row).to_contain_text(f"{before - 42:,}")
    expect_value(page, lambda: perpetual_position(page), before - 42)


def test_a_request_is_shared_out_to_accounts(open_page: OpenPage) -> None:
    """Shares that do not add up are named on the button; what trades is booked to each account in its part."""
    page = open_page("taker2", "/terminal/")
    wait_live(page)
    choose_expiry(page, 3)
    page.get_by_label("Structure by name").select_option("Iron condor")
    expect(page.locator("parley-rfq .leg-row")).to_have_count(4)
    label = page.locator('parley-rfq .leg-row [aria-label^="Ratio of "]').first.get_attribute("aria-label")
    assert label is not None
    name = label.removeprefix("Ratio of ")
    page.locator(".rfq-quantity").fill("5")
    shares = page.locator("parley-rfq .shares")
    shares.locator("summary").click()
    shares.get_by_label("Main").fill("3")
    shares.get_by_label("Carry").fill("1")
    submit = page.locator("parley-rfq button[type=submit]")
    expect(submit).to_have_text("Shares add up to 4, not 5")
    expect(submit).to_be_disabled()
    shares.get_by_label("Carry").fill("2")
    expect(shares.locator("summary")).to_contain_text("2 share it")
    before = positions_of(page, name)
    card = page.locator("parley-rfq .rfq-card", has_text=numbered(send_request(page)))
    expect(card).to_contain_text("5 × iron condor")
    accept(card.locator('.accept[data-field="ask"][data-best="true"]'))
    expect(card.locator(".state")).to_have_text("filled")

    def traded() -> list[Decimal]:
        after = positions_of(page, name)
        changes = (abs(quantity - before.get(account, 0)) for account, quantity in after.items())
        return sorted(change for change in changes if change)

    expect_value(page, traded, [2, 3])


def test_groups_are_made_changed_and_deleted_on_their_page(open_page: OpenPage) -> None:
    page = open_page("trader", "/maker-groups/")
    page.get_by_label("Name of new group").fill("Friends")
    page.get_by_role("group", name="Makers of new group").get_by_label("Cobalt Markets").check()
    page.get_by_role("button", name="Make group").click()
    row = page.locator(".group-list .group-row").first
    expect(row.get_by_label(re.compile("Name of group"))).to_have_value("Friends")
    expect(row.get_by_label("Cobalt Markets")).to_be_checked()
    row.get_by_label("Dune Liquidity").check()
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Saved.")
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Confirm delete").click()
    expect(page.locator(".group-list .group-row")).to_have_count(0)
