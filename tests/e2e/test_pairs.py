"""The page of the pairs, in a real browser, while the gateway trades them at the equities venue."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from terminal.supervisor.stack import Stack
from tests.e2e.conftest import VIEWPORT, sign_in, watch
from tests.e2e.test_pages import violations

ROW = "parley-pairs tbody tr"
ORDERS = "parley-pair tbody tr[data-order]"
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def pairs_stack(browser: Browser) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="parley-e2e-pairs-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder) / "state", without=("makers", "celery"), pairs=True) as running:
            yield running


@pytest.fixture
def page(browser: Browser, pairs_stack: Stack) -> Iterator[Page]:
    context = browser.new_context(viewport=VIEWPORT)
    opened, problems = context.new_page(), []
    watch(opened, problems)
    sign_in(opened, pairs_stack, "trader")
    opened.goto(f"{pairs_stack.url}pairs/")
    expect(opened.locator(".connection")).to_have_attribute("data-state", "live")
    yield opened
    context.close()
    assert problems == []


def test_pairs_are_seen_filtered_sorted_and_steered(page: Page, pairs_stack: Stack) -> None:
    expect(page.locator(ROW)).to_have_count(80, timeout=WAIT_MS)
    expect(page.get_by_role("link", name="Pairs")).to_have_attribute("aria-current", "page")
    expect(page.locator("parley-pairs-desk")).to_contain_text("open", timeout=WAIT_MS)
    expect(page.locator("parley-pairs-desk .state")).to_have_text("Pairs enter")
    assert violations(page) == []
    page.get_by_role("button", name="Decided").click()
    first = page.locator(f"{ROW} .pair-name").first
    expect(page.locator(f"{ROW} td").nth(8)).not_to_have_text("–", timeout=WAIT_MS)
    name = first.inner_text()
    page.get_by_label("Filter pairs").fill(name)
    expect(page.locator(ROW)).to_have_count(1)
    first.click()
    expect(page.locator("parley-pair .panel-title")).to_contain_text(name)
    expect(page.locator(ORDERS).first).to_be_visible(timeout=WAIT_MS)
    assert violations(page) == []
    page.locator("parley-pair").get_by_role("button", name="Disable").click()
    expect(page.locator("parley-pair .message")).to_contain_text("disable", ignore_case=True, timeout=WAIT_MS)
    expect(page.locator("parley-pair .panel-title")).to_have_text(f"{name}: disabled", timeout=WAIT_MS)
    stop_entering(page)


def stop_entering(page: Page) -> None:
    desk = page.locator("parley-pairs-desk")
    desk.get_by_role("button", name="Stop entering").click()
    expect(desk.locator(".state")).to_have_text("No pair enters", timeout=WAIT_MS)
    desk.get_by_role("button", name="Let pairs enter").dblclick()
    confirm = desk.get_by_role("button", name="Confirm: let pairs enter")
    expect(confirm).to_be_visible()
    page.wait_for_timeout(500)
    expect(desk.locator(".state")).to_have_text("No pair enters")
    confirm.click()
    expect(desk.locator(".state")).to_have_text("Pairs enter", timeout=WAIT_MS)


def test_a_lost_session_is_a_banner(page: Page, pairs_stack: Stack) -> None:
    expect(page.locator("parley-pairs-desk")).to_contain_text("open", timeout=WAIT_MS)
    pairs_stack.pause("equities")
    banner = page.locator(".pairs-banner")
    expect(banner).to_contain_text("The session with equities is lost", timeout=WAIT_MS)
    pairs_stack.resume("equities")
    expect(banner).to_be_hidden(timeout=WAIT_MS)
