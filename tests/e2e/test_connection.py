"""The connection in a real browser: the web process dies and comes back."""

from playwright.sync_api import Page, expect

from terminal.supervisor.stack import Stack
from tests.e2e.conftest import wait_live


def test_blotter_equals_rest_after_the_web_process_was_killed(terminal: Page, stack: Stack) -> None:
    terminal.locator('[data-field="size"]').fill("77")
    stack.kill("web")
    expect(terminal.locator(".connection")).not_to_have_attribute("data-state", "live")
    expect(terminal.locator("parley-ticket button.submit")).to_be_disabled()
    expect(terminal.locator(".connection")).to_have_attribute("data-state", "live", timeout=60_000)
    wait_live(terminal)
    expect(terminal.locator('[data-field="size"]')).to_have_value("77")
    terminal.locator('parley-blotter [data-tab="orders"]').click()
    heads = terminal.locator("parley-blotter thead th").all_inner_texts()
    shown = terminal.locator(f"parley-blotter tbody tr td:nth-child({heads.index('Id') + 1})").all_inner_texts()
    answer = terminal.request.get(f"{stack.url}api/orders")
    assert answer.ok
    assert sorted(shown) == sorted(str(order["order_id"]) for order in answer.json())
