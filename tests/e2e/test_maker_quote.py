"""The maker's quote in a real browser: both units, the preview before the click, a price far from the model."""

import json
import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, wait_live
from tests.e2e.test_pages import violations
from tests.e2e.test_rfq import build_straddle, numbered, request_quotes


def assert_no_violation_in_either_theme(page: Page) -> None:
    assert violations(page) == []
    page.locator("parley-theme button").click()
    assert violations(page) == []


def frames_of(page: Page, kind: str, sent: list[dict]) -> None:
    """Collects what the page sends of this type."""

    def note(text: str) -> None:
        frame = json.loads(text)
        if frame["type"] == kind:
            sent.append(frame)

    page.on("websocket", lambda socket: socket.on("framesent", note))


def ask_for_a_straddle(open_page: OpenPage, maker: Page, user: str) -> tuple[Page, str]:
    """The taker's page, and the number of its request, which the maker has chosen."""
    taker = open_page(user, "/terminal/")
    wait_live(taker)
    build_straddle(taker)
    _, number = request_quotes(taker)
    look_at(maker, number)
    return taker, number


def look_at(maker: Page, number: str) -> None:
    """Chosen among the requests, and priced by the model."""
    maker.locator("parley-inbox tbody tr", has_text=numbered(number)).click()
    expect(maker.locator("parley-quote .quote-head b")).to_contain_text(numbered(number))
    expect(maker.locator("parley-quote .quote-legs input").first).not_to_have_value("")


def test_a_maker_quotes_in_volatility_with_the_premium_beside_it(open_page: OpenPage) -> None:
    sent: list[dict] = []
    maker = open_page("maker2", "/maker/", before=lambda page: frames_of(page, "rfq.quote", sent))
    taker, number = ask_for_a_straddle(open_page, maker, "trader2")
    form = maker.locator("parley-quote")
    fields, others = form.locator(".quote-legs input"), form.locator(".quote-legs .other-unit")
    expect(others.first).to_have_text(re.compile(r"^\d+\.\d\d%$"))
    form.get_by_role("button", name="Implied vol").click()
    expect(fields.first).to_have_value(re.compile(r"^\d+\.\d\d$"))
    expect(others.first).to_have_text(re.compile(r"^≈ 0\.\d{4}$"))
    premium, bid = others.first.inner_text(), float(fields.first.input_value())
    fields.first.press("ArrowDown")
    fields.first.press("Shift+ArrowDown")
    typed = float(fields.first.input_value())
    assert bid - 1.2 < typed < bid - 1, "one tenth, then ten, on the grid of tenths"
    expect(others.first).not_to_have_text(premium)
    preview = form.locator(".rfq-preview")
    expect(preview.locator("tr", has_text="Edge to model").locator("td").first).to_have_text(
        re.compile(r"^[+-]0\.\d{4} · [+-][\d,]+ USD$")
    )
    expect(preview.locator("tr", has_text="Vega held").locator("td").last).to_contain_text("→")
    expect(preview.locator("dd").nth(1)).to_contain_text("%")
    assert_no_violation_in_either_theme(maker)
    fields.first.press("Enter")
    expect(form.locator(".message")).to_contain_text(f"stands for RFQ {number.removeprefix('#')}")
    (quote,) = sent
    assert quote["bid"]["leg_prices"] == [None, None]
    assert Decimal(str(quote["bid"]["leg_volatilities"][0])) * 100 == Decimal(str(typed))
    form.get_by_role("button", name="Premium").click()
    expect(others.first).to_have_text(re.compile("%$"))
    expect(fields.first).to_have_value(re.compile(r"^0\.\d{4}$"))
    row = taker.locator("parley-rfq .rfq-card", has_text=numbered(number)).locator(".quotes-table tr", has_text="Dune")
    expect(row.locator(".accept").first).to_be_enabled()


def test_a_price_far_from_the_model_takes_a_second_deliberate_action(open_page: OpenPage) -> None:
    sent: list[dict] = []
    maker = open_page("maker3", "/maker/", before=lambda page: frames_of(page, "rfq.quote", sent))
    ask_for_a_straddle(open_page, maker, "taker2")
    form = maker.locator("parley-quote")
    fields = form.locator(".quote-legs input")
    expect(fields.first).not_to_have_value("")
    fields.nth(1).fill("0.2")
    fields.first.fill("0.15")
    fields.first.press("Enter")
    offered = form.get_by_role("group", name="Price far from the model")
    expect(offered).to_contain_text(
        re.compile(r"at 0\.\d+, bound 0\.\d+\. The price is far worse than the model value 0\.\d+")
    )
    confirm = offered.get_by_role("button", name="Confirm this price")
    expect(fields.first).to_be_focused()
    fields.first.press("ArrowUp")
    expect(offered).to_be_hidden()
    fields.first.press("Enter")
    expect(confirm).to_be_enabled()
    assert_no_violation_in_either_theme(maker)
    confirm.focus()
    maker.keyboard.press("Enter")
    expect(form.locator(".message")).to_contain_text("stands for RFQ")
    expect(offered).to_be_hidden()
    first, second, confirmed = sent
    assert "confirmed_band" not in first
    assert "confirmed_band" not in second
    assert confirmed["bid"] == second["bid"]
    assert 0 < float(confirmed["confirmed_band"]) < float(confirmed["bid"]["leg_prices"][0]) * 2
