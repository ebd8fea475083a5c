"""A request for quote in a real browser, answered by the demo's makers."""

import datetime as dt
import re
from decimal import Decimal

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.conftest import OpenPage, accept, choose_expiry, expect_value, read, wait_live, wait_until

BROWSER_AHEAD_90_S = """
    const real = Date.now;
    Date.now = () => real.call(Date) + 90_000;
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...parts) { if (parts.length) super(...parts); else super(Real.now()); }
    };
"""


NOTE_WHAT_CAN_BE_TAKEN_WHILE_DOWN = """
    globalThis.takenWhileDown = globalThis.wasDown = false;
    const connection = document.querySelector(".connection");
    const note = () => {
        if (connection.dataset.state === "live") return;
        globalThis.wasDown = true;
        requestAnimationFrame(() => {
            if (connection.dataset.state === "live") return;
            globalThis.takenWhileDown ||= Boolean(document.querySelector("parley-rfq .accept:not([disabled])"));
        });
    };
    new MutationObserver(note).observe(connection, { attributes: true });
"""

NOTE_WHAT_IS_SHOWN_IN_THE_GRACE = """
    globalThis.shownInTheGrace = [];
    globalThis.pricesInTheGrace = [];
    const note = () => {
        for (const card of document.querySelectorAll("parley-rfq .rfq-card")) {
            if (!card.textContent.includes("Makers competing")) continue;
            const pools = [...card.querySelectorAll(".pool-trade")].map((pool) => pool.textContent);
            globalThis.shownInTheGrace.push(pools.length);
            if (card.querySelector(".quotes-table .accept")) globalThis.pricesInTheGrace.push("a quote");
            globalThis.pricesInTheGrace.push(...pools.filter((text) => /\\d\\.\\d/.test(text)));
        }
    };
    const changes = { characterData: true, childList: true, subtree: true };
    new MutationObserver(note).observe(document.querySelector("parley-rfq"), changes);
"""
"""The grace is short: what the document holds of quotes and pools meanwhile is noted in the page, at every change."""

TOLERANCE = dt.timedelta(seconds=3)


def route_lines(page: Page, lines: list[WebSocketRoute]) -> None:
    """Every line to the server goes through ``lines``, where it can be cut."""

    def route(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile(r".*/ws/$"), route)


def build_straddle(page: Page) -> None:
    """The strike under the forward, of the third expiry: one strike, wherever the forward goes meanwhile."""
    choose_expiry(page, 3)
    call = page.locator(".chain tbody tr.forward + tr td.call .leg").get_attribute("data-name")
    assert call is not None
    for name in (call, call.removesuffix("C") + "P"):
        page.locator(f'.chain .leg[data-name="{name}"]').click()
    expect(page.locator("parley-rfq .leg-row")).to_have_count(2)
    page.locator(".rfq-quantity").fill("2")


def numbered(number: str) -> re.Pattern[str]:
    """`#1` is not `#12`."""
    return re.compile(rf"{number}(?!\d)")


def send_request(page: Page) -> str:
    """Sends what the builder states; the number of the request. Its message says "Sent" from the press to the answer."""
    page.locator("parley-rfq button[type=submit]").click()
    return "#" + read(page.locator(".rfq-builder > .message"), r"^RFQ (\d+) is open")[1]


def request_quotes(page: Page) -> tuple[Locator, str]:
    """Sends the request to all makers; its card and its number."""
    button = page.locator("parley-rfq button[type=submit]")
    expect(button).to_have_text(re.compile("Request two-way quotes for 2 × 2 legs from 5 makers"))
    number = send_request(page)
    card = page.locator("parley-rfq .rfq-card", has_text=numbered(number))
    expect(card).to_have_count(1)
    return card, number


def positions_of(page: Page, name: str) -> dict[int, Decimal]:
    """By account."""
    positions = page.request.get(page.url.replace("/terminal/", "/api/settlement/positions")).json()
    return {each["account_id"]: Decimal(each["quantity"]) for each in positions if each["instrument_name"] == name}


def test_rfq_is_quoted_accepted_and_booked(terminal: Page) -> None:
    terminal.evaluate(NOTE_WHAT_IS_SHOWN_IN_THE_GRACE)
    build_straddle(terminal)
    names = re.findall(r"BTC-\w+-\d+-[CP]", " ".join(terminal.locator("parley-rfq .leg-row").all_inner_texts()))
    assert sorted(name[-1] for name in names) == ["C", "P"]
    after = terminal.locator("parley-rfq .margin-preview dd").nth(1)
    expect(after).to_contain_text("%")
    margin = terminal.locator("parley-account-strip dd").nth(2).inner_text()
    before = [sum(positions_of(terminal, name).values()) for name in names]
    card, _ = request_quotes(terminal)
    expect(card.locator(".quotes-table tbody tr")).to_have_count(5)
    best = card.locator('.accept[data-field="ask"][data-best="true"]')
    expect(best).to_have_count(1)
    expect(best).to_contain_text("BEST")
    expect(card.locator("[aria-live]")).to_contain_text("best ask")
    assert set(terminal.evaluate("globalThis.shownInTheGrace")) == {2}, "a pool of each side"
    assert terminal.evaluate("globalThis.pricesInTheGrace") == [], "no quote and no price is in the document"
    price = re.search(r"^Accepted: Buy 2 straddle at ([\d.]+) BTC", accept(best))
    assert price is not None
    expect(card.locator(".state")).to_have_text("filled")
    expect(card).to_contain_text(f"Bought 2 at {price[1]}")
    held = [each + 2 for each in before]
    expect_value(terminal, lambda: [sum(positions_of(terminal, name).values()) for name in names], held)
    terminal.locator('parley-blotter [data-tab="positions"]').click()
    for name in (name for name, quantity in zip(names, held, strict=True) if quantity):
        expect(terminal.locator("parley-blotter tbody tr").filter(has_text=name)).to_have_count(1)
    expect(terminal.locator("parley-account-strip dd").nth(2)).not_to_have_text(margin)


def now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)


def asked_between(page: Page, seconds: int) -> tuple[Locator, tuple[dt.datetime, dt.datetime]]:
    """The card of a request of that life, and between which times it was made."""
    build_straddle(page)
    page.locator("#rfq-life").select_option(str(seconds))
    before = now()
    card, _ = request_quotes(page)
    return card, (before, now())


def assert_counts_down(card: Locator, seconds: int, asked: tuple[dt.datetime, dt.datetime]) -> None:
    """What is left at the look, whose time is known as well as the request's: to before and after."""
    before = now()
    minutes, rest = read(card.locator(".countdown"), r"^(\d+):(\d\d)$").groups()
    after = now()
    left, life = dt.timedelta(minutes=int(minutes), seconds=int(rest)), dt.timedelta(seconds=seconds)
    assert life - (after - asked[0]) - TOLERANCE < left < life - (before - asked[1]) + TOLERANCE


def assert_clock_is_right(page: Page) -> None:
    before = now()
    shown = dt.time.fromisoformat(read(page.locator(".clock"), r"^[\d:]{8}")[0])
    after = now()
    at = dt.datetime.combine(before.date(), shown, tzinfo=dt.UTC)
    if at < before - dt.timedelta(hours=12):
        at += dt.timedelta(days=1)
    assert before - TOLERANCE < at < after + TOLERANCE


def test_countdown_is_right_with_a_browser_clock_90_s_ahead(open_page: OpenPage) -> None:
    page = open_page("taker2", "/terminal/", init_script=BROWSER_AHEAD_90_S)
    wait_live(page)
    assert_clock_is_right(page)
    card, asked = asked_between(page, 30)
    assert_counts_down(card, 30, asked)
    page.reload()
    assert_counts_down(card, 30, asked)
    expect(card.locator(".accept:not([disabled])").first).to_be_visible()
    expect(card.locator(".state")).to_have_text("expired", timeout=60_000)
    expect(card.locator(".accept:not([disabled])")).to_have_count(0)


def test_countdown_and_buttons_are_right_after_a_cut_with_a_browser_clock_90_s_ahead(open_page: OpenPage) -> None:
    """While the line is down nothing can be taken; after the reconnect the same time is left and quotes can."""
    lines: list[WebSocketRoute] = []
    page = open_page("taker2", "/terminal/", init_script=BROWSER_AHEAD_90_S, before=lambda page: route_lines(page, lines))
    wait_live(page)
    card, asked = asked_between(page, 60)
    expect(card.locator(".accept:not([disabled])").first).to_be_visible()
    page.evaluate(NOTE_WHAT_CAN_BE_TAKEN_WHILE_DOWN)
    lines[-1].close(code=4000)
    wait_until(page, lambda: page.evaluate("globalThis.wasDown"), "the line down")
    wait_live(page)
    assert len(lines) == 2, "one new line"
    assert page.evaluate("globalThis.takenWhileDown") is False
    expect(card.locator(".accept:not([disabled])").first).to_be_visible()
    assert_counts_down(card, 60, asked)
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".state")).to_have_text("canceled")


def test_maker_sees_the_request_and_quotes_with_one_key(open_page: OpenPage) -> None:
    taker = open_page("trader", "/terminal/")
    wait_live(taker)
    build_straddle(taker)
    maker = open_page("maker1", "/maker/")
    _, number = request_quotes(taker)
    maker.locator("parley-inbox tbody tr", has_text=numbered(number)).click()
    expect(maker.locator("parley-quote .quote-head b")).to_contain_text(numbered(number))
    field = maker.locator(".quote-legs input").first
    expect(field).not_to_have_value("")
    field.focus()
    maker.keyboard.press("ArrowUp")
    maker.keyboard.press("Enter")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    expect(maker.locator("parley-blotter tbody tr").first).to_contain_text(number.removeprefix("#"))


def test_the_pool_trades_at_one_click_and_a_limit_rests_hidden(terminal: Page) -> None:
    build_straddle(terminal)
    card, _ = request_quotes(terminal)
    expect(card.locator(".quotes-table tbody tr").first).to_be_visible()
    limit = card.get_by_label("Resting limit to buy, hidden from makers")
    limit.fill("0.0001")
    rest = card.locator(".pool-way").nth(1).locator("button", has_text="Rest")
    rest.click()
    withdraw = card.locator(".pool-way").nth(1).locator("button", has_text="Withdraw")
    expect(withdraw).to_be_visible()
    expect(limit).to_be_disabled()
    withdraw.click()
    expect(rest).to_be_visible()
    pool = card.locator('.pool-trade[data-side="buy"]')
    expect(pool).to_be_enabled()
    expect(pool).to_contain_text("average")
    accept(pool)
    expect(card.locator(".state")).to_have_text("filled")
    expect(card).to_contain_text("Bought 2 at")


def test_maker_answers_passes_and_switches_the_quoter_by_keys_alone(open_page: OpenPage) -> None:
    taker, maker = open_page("trader2", "/terminal/"), open_page("maker5", "/maker/")
    wait_live(taker)
    expect(maker.locator("parley-quoter .panel-note")).to_contain_text("in force since")
    build_straddle(taker)
    card, number = request_quotes(taker)
    expect(maker.locator("parley-inbox tbody tr", has_text=numbered(number))).to_be_visible()
    maker.keyboard.press("q")
    expect(maker.locator("parley-quote .message")).to_have_text("")
    maker.get_by_role("button", name="Hotkeys off").click()
    go_to(maker, number)
    expect(maker.locator("parley-quote .quote-legs input").first).not_to_have_value("")
    expect(maker.locator("parley-maker-actions .decision tbody tr")).to_have_count(14)
    maker.keyboard.press("]")
    expect(maker.locator("#quote-spread")).to_have_value("1.5")
    maker.keyboard.press("q")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    maker.keyboard.press("3")
    expect(maker.locator("parley-maker-actions")).to_contain_text("Your firm passed: no inventory")
    expect(card).to_contain_text("Passed: Garnet Options")
    for state in ("off", "on"):
        maker.keyboard.press("o")
        expect(maker.locator('parley-quoter [data-coin="BTC"]')).to_have_text(f"BTC {state}")
        expect(maker.locator("parley-quoter .panel-note")).to_contain_text("in force since")


def go_to(maker: Page, number: str) -> None:
    """To the request by the keys for the one above and the one below: the order of the list moves with what is left."""

    def look() -> bool:
        way = maker.evaluate(WAY_TO, number)
        if way:
            maker.keyboard.press("j" if way > 0 else "k")
        return way == 0

    wait_until(maker, look, f"{number} chosen")
    expect(maker.locator("parley-quote .quote-head b")).to_contain_text(numbered(number))


WAY_TO = """(number) => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => {
    const rows = [...document.querySelectorAll("parley-inbox tbody tr")];
    return rows.findIndex((row) => row.querySelector("button").textContent === number) - rows.findIndex((row) => row.dataset.current === "true");
})"""
"""Rows from the one that is chosen to the one of that number, as they are drawn."""
