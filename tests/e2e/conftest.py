"""One running Parley and one browser for all browser tests. Every page must keep the content security policy."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from terminal.supervisor.stack import Stack

CHROMIUM = os.environ.get("PARLEY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "parley-demo"  # noqa: S105 - the demo's password is printed in the README
GRACE_MS = 2_000
VIEWPORT = {"width": 1440, "height": 900}
OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("PARLEY_REQUIRE_BROWSER") == "1":
            pytest.fail("no chromium, and PARLEY_REQUIRE_BROWSER is set")
        pytest.skip("skipped, no chromium")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def stack(browser: Browser) -> Iterator[Stack]:
    """The real processes on a simulated market; skipped with the browser."""
    with tempfile.TemporaryDirectory(prefix="parley-e2e-") as folder:
        Path(folder).chmod(0o755)
        with Stack(Path(folder) / "state", venues=True, environment={"PARLEY_RFQ_GRACE_MS": str(GRACE_MS)}) as running:
            yield running


@pytest.fixture(scope="session")
def signed_in(browser: Browser, stack: Stack) -> Callable[[str], dict]:
    """Cookies of a user, signed in once."""
    states: dict[str, dict] = {}

    def state_of(user: str) -> dict:
        if user not in states:
            context = browser.new_context()
            page = context.new_page()
            sign_in(page, stack, user)
            page.wait_for_load_state("domcontentloaded")
            states[user] = context.storage_state()
            context.close()
        return states[user]

    return state_of


@pytest.fixture
def open_page(browser: Browser, stack: Stack, signed_in: Callable[[str], dict]) -> Iterator[OpenPage]:
    """``open_page(user, path, theme=..., before=...)``; afterwards no page may have failed or broken its policy."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_one(
        user: str, path: str, *, theme: str = "dark", init_script: str = "", before: Callable[[Page], None] | None = None
    ) -> Page:
        context = browser.new_context(storage_state=signed_in(user), viewport=VIEWPORT)
        context.add_cookies([{"name": "theme", "value": theme, "url": stack.url}])
        contexts.append(context)
        if init_script:
            context.add_init_script(init_script)
        page = context.new_page()
        watch(page, problems)
        if before:
            before(page)
        page.goto(stack.url.rstrip("/") + path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


def watch(page: Page, problems: list[str]) -> None:
    """Note what must never happen on a page."""
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on(
        "console",
        lambda message: problems.append(message.text)
        if message.type == "error" and "Content Security Policy" in message.text
        else None,
    )


def sign_in(page: Page, stack: Stack, user: str, password: str = PASSWORD) -> None:
    page.goto(stack.url)
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def wait_live(page: Page) -> None:
    """Connected, the snapshot taken, prices moving."""
    expect(page.locator(".connection")).to_have_attribute("data-state", "live")
    expect(page.locator("parley-ladder .ladder-row:not([disabled]):not([hidden])").first).to_be_visible()
    expect(page.locator("parley-account-strip .stat dd").first).to_contain_text("%")


def seed_resting_buy(page: Page) -> None:
    """A buy 5 % below the best bid: it rests until it is canceled."""
    row = page.locator('.ladder-side[data-side="buy"] .ladder-row:not([disabled]):not([hidden])').first
    best = float(row.locator(".price").inner_text().replace(",", ""))
    page.locator('parley-ticket [data-value="buy"]').click()
    page.locator('parley-ticket [data-value="limit"]').click()
    page.locator('[data-field="price"]').fill(f"{round(best * 0.95):.1f}")


@pytest.fixture
def terminal(open_page: OpenPage) -> Page:
    """The trader's page, live."""
    page = open_page("trader", "/terminal/")
    wait_live(page)
    return page
