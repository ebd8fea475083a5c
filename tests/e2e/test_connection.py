"""The connection in a real browser: the web process dies and comes back."""

import re

from playwright.sync_api import Page, expect

from terminal.supervisor.stack import Stack
from tests.e2e.conftest import expect_value, seed_resting_buy, sent_number, wait_live
from tests.e2e.test_orders import SHOWN_ROWS


def test_blotter_equals_rest_after_the_web_process_was_killed(terminal: Page, stack: Stack) -> None:
    seed_resting_buy(terminal)
    terminal.locator('[data-field="size"]').fill("77")
    submit = terminal.locator("parley-ticket button.submit")
    submit.click()
    sent_number(terminal)
    expect(submit).to_be_enabled()
    stack.kill("web")
    expect(submit).to_have_text(re.compile("^Not connected"))
    expect(submit).to_be_disabled()
    expect(terminal.locator(".connection")).to_have_attribute("data-state", "live", timeout=60_000)
    wait_live(terminal)
    expect(terminal.locator('[data-field="size"]')).to_have_value("77")
    terminal.locator('parley-blotter [data-tab="orders"]').click()
    answer = terminal.request.get(f"{stack.url}api/orders")
    assert answer.ok
    kept = sorted(str(order["order_id"]) for order in answer.json())
    expect_value(terminal, lambda: sorted(terminal.evaluate(SHOWN_ROWS)), kept)
