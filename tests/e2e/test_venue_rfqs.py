"""A block asked of the makers of another venue, from the builder to both legs in the ledger, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import choose_expiry, read
from tests.e2e.test_orders import rows

QUOTED_MS_MAX = 60_000


def test_a_call_spread_is_asked_of_a_venue_quoted_and_bought_with_both_legs(terminal: Page) -> None:
    page = terminal
    choose_expiry(page, 2)  # Aster lists nothing that expires within a day
    page.get_by_label("Structure by name").select_option("Call spread")
    expect(page.locator("parley-rfq .leg-row")).to_have_count(2)
    page.locator(".rfq-quantity").fill("2")
    ask = page.get_by_role("button", name="Ask the makers of Aster (simulated)")
    expect(ask).to_be_enabled(timeout=QUOTED_MS_MAX)
    ask.click()
    said = page.locator(".rfq-builder > .message")
    number = read(said, r"^Request (\d+) went to Aster \(simulated\): its quotes are under Venue RFQs")[1]
    rows(page, "venue_rfqs")
    asked = page.get_by_role("row", name=re.compile(rf"^{number} \d"))
    expect(asked).to_contain_text(re.compile("ACORN|BIRCH|CEDAR"), timeout=QUOTED_MS_MAX)
    page.get_by_label("Slippage of a click").select_option("5")
    buy = asked.get_by_role("button", name=re.compile(r"^Buy 2 × .*, quoted .* or better at Aster"))
    expect(buy).to_be_visible(timeout=QUOTED_MS_MAX)
    expect(buy).to_have_text(re.compile(r"^Buy 0\.\d+ ≤ 0\.\d+$"))
    buy.click()
    taken = page.get_by_role("row", name=re.compile(rf"^{number} · 1 "))
    expect(page.get_by_text(re.compile(rf"^Request {number} at Aster .* bought at"))).to_be_visible(timeout=QUOTED_MS_MAX)
    expect(taken.locator(".state")).to_have_text("filled")
    expect(taken).to_contain_text(re.compile(r"bought at 0\.\d+, bound 0\.\d+: \+2 BTC-.* at 0\.\d+ {2}−2 BTC-"))
    expect(asked.locator(".state")).to_have_text("filled", timeout=QUOTED_MS_MAX)
    legs = rows(page, "routes")
    for leg in (legs.nth(0), legs.nth(1)):
        expect(leg.locator(".state")).to_have_text("filled", timeout=QUOTED_MS_MAX)
        expect(leg).to_contain_text("Aster (simulated)")
    expect(rows(page, "fills").first).to_contain_text("at aster")
