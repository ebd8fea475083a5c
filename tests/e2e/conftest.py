"""One running Parley and one browser for all browser tests. Every page must keep the content security policy.

Whatever a test reads of a page it reads until it is so: by ``expect``, or by ``read``, ``wait_until`` and
``expect_value``. A text and what is taken from it are of one look.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from terminal.supervisor.stack import Stack

CHROMIUM = os.environ.get("PARLEY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "parley-demo"  # noqa: S105 - the demo's password is printed in the README
GRACE_MS = 2_000
VIEWPORT = {"width": 1440, "height": 900}
LOOK_MS = 50
WAIT_SECONDS_MAX = 60
ACCEPTS_MAX = 20
RETRY_MS = 250
OpenPage = Callable[..., Page]
Found = TypeVar("Found")
TOO_LATE = re.compile("quote_version|quote_not_active|quote_expired|insufficient_quantity|stale_mark|gateway_unavailable")


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
            page.wait_for_url(lambda url: "/login/" not in url)
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


def wait_until(page: Page, look: Callable[[], Found], what: str) -> Found:
    """What ``look`` finds, once it finds anything."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {WAIT_SECONDS_MAX} s")
        page.wait_for_timeout(LOOK_MS)
    return found


def expect_value(page: Page, look: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while (found := look()) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(LOOK_MS)
    assert found == wanted


def read(shown: Locator, pattern: str) -> re.Match[str]:
    """The match in the text of the element, once the text reads so."""
    return wait_until(shown.page, lambda: re.search(pattern, shown.inner_text()), f"{pattern!r} in {shown}")


def expect_size(shown: Locator, width: int, height: int) -> None:
    """Drawn, and at least so large, in pixels."""

    def look() -> bool:
        box = shown.bounding_box()
        return box is not None and box["width"] > width and box["height"] > height

    wait_until(shown.page, look, f"{width} x {height} of {shown}")


def wait_connected(page: Page) -> None:
    expect(page.locator(".connection")).to_have_attribute("data-state", "live")


def wait_live(page: Page) -> None:
    """Connected, the snapshot taken, prices moving."""
    wait_connected(page)
    expect(page.locator("parley-blotter [aria-busy]")).to_have_attribute("aria-busy", "false")
    expect(page.locator("parley-ladder .ladder-row:not([disabled]):not([hidden])").first).to_be_visible()
    expect(page.locator("parley-account-strip .stat dd").first).to_contain_text("%")


def best(page: Page, side: str) -> float:
    """The best price of the ladder."""
    row = page.locator(f'.ladder-side[data-side="{side}"] .ladder-row:not([disabled]):not([hidden])').first
    return float(read(row.locator(".price"), r"[\d,.]+")[0].replace(",", ""))


def seed_resting_buy(page: Page) -> None:
    """A buy 5 % below the best bid: it rests until it is canceled."""
    level = round(best(page, "buy") * 0.95)
    page.locator('parley-ticket [data-value="buy"]').click()
    page.locator('parley-ticket [data-value="limit"]').click()
    page.locator('[data-field="price"]').fill(f"{level:.1f}")


def sent_number(page: Page, kind: str = "Order") -> str:
    """Number of what the ticket has just sent: its message says "Sent" from the press to the answer."""
    return read(page.locator("parley-ticket .message"), rf"^{kind} (\d+) ")[1]


def choose_expiry(page: Page, place: int) -> None:
    """Its tab and its chain, with the forward between the strikes; 0: what does not expire."""
    tab = page.locator(".expiries .tab").nth(place)
    tab.click()
    expect(tab).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".chain tbody tr.forward")).to_have_count(1)


def accept(button: Locator) -> str:
    """Takes what the button states, and what the newest version states where the maker has replaced its quote meanwhile;
    what was accepted, in words."""
    page = button.page
    heard = page.locator(".notice:not([data-is-old])", has_text=re.compile("^Accepted: |^(Accept|Trade) refused"))
    for _ in range(ACCEPTS_MAX):
        page.evaluate("document.querySelectorAll('.notice').forEach((notice) => { notice.dataset.isOld = true; })")
        button.click()
        said = heard.first.inner_text()
        if said.startswith("Accepted: "):
            return said
        assert TOO_LATE.search(said), said
        page.wait_for_timeout(RETRY_MS)
    raise AssertionError(f"{ACCEPTS_MAX} accepts came too late: {said}")


@pytest.fixture
def terminal(open_page: OpenPage) -> Page:
    """The trader's page, live."""
    page = open_page("trader", "/terminal/")
    wait_live(page)
    return page
