"""Bounds of firms on the RFQ desk and last-look agreements, in a real browser, by those who may set them."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import OpenPage
from tests.e2e.test_maker_quote import assert_no_violation_in_either_theme


def test_an_administrator_proposes_the_rates_of_a_firm_and_another_person_approves(open_page: OpenPage) -> None:
    admin = open_page("admin", "/compliance/settings/")
    field = admin.get_by_label("RFQs a minute, Borealis Fund")
    was = field.input_value()
    admin.get_by_label("Reason, Borealis Fund").fill("quieter this week")
    field.fill("0")
    field.press("Enter")
    expect(admin.locator(".message")).to_contain_text("invalid_form")
    expect(field).to_have_value(was)
    field.fill("29")
    admin.get_by_label("Reason, Borealis Fund").fill("quieter this week")
    admin.get_by_role("button", name="Propose bounds of Borealis Fund").focus()
    admin.keyboard.press("Enter")
    expect(admin.locator(".message")).to_contain_text("waits for a second person")
    waiting = admin.get_by_role("region", name="Bounds that wait")
    expect(waiting).to_contain_text(f"RFQs a minute {was} → 29")
    expect(waiting.get_by_role("button")).to_have_text(["Withdraw"])
    assert_no_violation_in_either_theme(admin)
    officer = open_page("compliance", "/compliance/settings/")
    row = officer.get_by_role("region", name="RFQ desk").locator("tr", has_text="Borealis Fund")
    expect(row).to_contain_text("waits for a second person")
    assert row.locator("input").count() == 0
    form = officer.get_by_role("form", name=re.compile("Decide on change"))
    form.get_by_label("Your reason").fill("agreed with the desk")
    form.get_by_role("button", name="Approve change").click()
    expect(officer.locator(".message")).to_contain_text("the bounds are in force")
    expect(row.locator("td").first).to_have_text("29")
    admin.reload()
    expect(field).to_have_value("29")


def test_two_firms_agree_on_a_last_look_and_end_it(open_page: OpenPage) -> None:
    taker = open_page("taker2", "/last-looks/")
    taker.get_by_label("Maker").select_option(label="Garnet Options")
    taker.get_by_label("Window, ms").fill("5001")
    taker.get_by_label("Tolerance, bp").fill("2.5")
    taker.get_by_role("button", name="Offer").click()
    expect(taker.locator(".message")).to_contain_text("5000")
    taker.get_by_label("Window, ms").fill("500")
    taker.get_by_label("Tolerance, bp").fill("2.5")
    taker.get_by_label("Maker").select_option(label="Garnet Options")
    taker.get_by_role("button", name="Offer").click()
    expect(taker.locator(".message")).to_contain_text("The offer is made")
    mine = taker.get_by_role("region", name="Agreements").locator("tbody tr").first
    expect(mine).to_contain_text("proposed, waits for Garnet Options")
    maker = open_page("maker5", "/last-looks/")
    theirs = maker.get_by_role("region", name="Agreements").locator("tbody tr").first
    expect(theirs).to_contain_text(re.compile(r"Borealis Fund.*500.*2\.50.*proposed, waits for you", re.DOTALL))
    assert_no_violation_in_either_theme(maker)
    theirs.get_by_role("button", name=re.compile("Agree to agreement")).press("Enter")
    expect(maker.locator(".message")).to_contain_text("in force")
    expect(theirs.locator(".state")).to_have_text("in force")
    other = open_page("maker1", "/last-looks/")
    expect(other.get_by_role("region", name="Agreements")).not_to_contain_text("Garnet")
    assert "Borealis" not in other.content()
    taker.reload()
    mine.get_by_text("End", exact=True).click()
    mine.get_by_role("button", name=re.compile(r"Confirm: end #\d+")).click()
    expect(mine.locator(".state")).to_have_text("ended")
