"""A request for quote in a real browser, answered by the demo's makers."""

import datetime as dt
import re

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.conftest import OpenPage, wait_live

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


def route_lines(page: Page, lines: list[WebSocketRoute]) -> None:
    """Every line to the server goes through ``lines``, where it can be cut."""

    def route(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile(r".*/ws/$"), route)


def build_straddle(page: Page) -> None:
    """The strike under the forward, of the third expiry."""
    page.locator(".expiries .tab").nth(3).click()
    row = page.locator(".chain tbody tr.forward + tr")
    row.locator("td.call .leg").click()
    row.locator("td.put .leg").click()
    page.locator(".rfq-quantity").fill("2")


def request_quotes(page: Page) -> Locator:
    """Sends the request; the card of the newest one."""
    before = page.locator("parley-rfq .rfq-card").count()
    button = page.locator("parley-rfq button[type=submit]")
    expect(button).to_have_text(re.compile("Request two-way quotes for 2 × 2 legs from 5 makers"))
    button.click()
    expect(page.locator("parley-rfq .rfq-card")).to_have_count(before + 1)
    return page.locator("parley-rfq .rfq-card").first


def test_rfq_is_quoted_accepted_and_booked(terminal: Page) -> None:
    build_straddle(terminal)
    names = re.findall(r"BTC-\w+-\d+-[CP]", " ".join(terminal.locator("parley-rfq .leg-row").all_inner_texts()))
    assert sorted(name[-1] for name in names) == ["C", "P"]
    after = terminal.locator("parley-rfq .margin-preview dd").nth(1)
    expect(after).to_contain_text("%")
    margin = terminal.locator("parley-account-strip dd").nth(2).inner_text()
    card = request_quotes(terminal)
    expect(card).to_contain_text("Makers competing")
    assert card.locator(".quotes-table .accept").count() == 0, "no quote is in the document during the grace"
    expect(card.locator(".pool-trade")).to_have_count(2)
    for pool in card.locator(".pool-trade").all():
        assert not re.search(r"\d\.\d", pool.inner_text()), "nor the price of any pool"
    expect(card.locator(".quotes-table tbody tr")).to_have_count(5)
    best = card.locator('.accept[data-field="ask"][data-best="true"]')
    expect(best).to_have_count(1)
    expect(best).to_contain_text("BEST")
    expect(card.locator("[aria-live]")).to_contain_text("best ask")
    price = best.locator("span").inner_text()
    title = card.locator("b").inner_text()
    best.click()
    done = terminal.locator("parley-rfq .rfq-card", has_text=title.split()[0])
    expect(done.locator(".state")).to_have_text("filled")
    expect(done).to_contain_text(f"Bought 2 at {price}")
    terminal.locator('parley-blotter [data-tab="positions"]').click()
    for name in names:
        expect(terminal.locator("parley-blotter tbody tr").filter(has_text=name)).to_have_count(1)
    expect(terminal.locator("parley-account-strip dd").nth(2)).not_to_have_text(margin)


def test_countdown_is_right_with_a_browser_clock_90_s_ahead(open_page: OpenPage) -> None:
    page = open_page("taker2", "/terminal/", init_script=BROWSER_AHEAD_90_S)
    wait_live(page)
    shown = page.locator(".clock").inner_text().removesuffix(" UTC")
    now = dt.datetime.now(tz=dt.UTC)
    at = dt.datetime.combine(now.date(), dt.time.fromisoformat(shown), tzinfo=dt.UTC)
    assert abs((now - at).total_seconds()) < 3
    build_straddle(page)
    page.locator("#rfq-life").select_option("30")
    card = request_quotes(page)
    started = dt.datetime.now(tz=dt.UTC)
    minutes, seconds = card.locator(".countdown").inner_text().split(":")
    assert 26 <= int(minutes) * 60 + int(seconds) <= 30
    page.reload()
    again = page.locator("parley-rfq .rfq-card").first.locator(".countdown")
    expect(again).to_have_text(re.compile(r"0:\d\d"))
    left = int(again.inner_text().split(":")[1])
    gone = (dt.datetime.now(tz=dt.UTC) - started).total_seconds()
    assert abs(30 - gone - left) < 3
    expect(page.locator(".accept:not([disabled])").first).to_be_visible()
    page.wait_for_timeout((left + 1) * 1000)
    expect(page.locator(".accept:not([disabled])")).to_have_count(0)
    expect(page.locator("parley-rfq .rfq-card").first.locator(".state")).to_have_text("expired")


def test_countdown_and_buttons_are_right_after_a_cut_with_a_browser_clock_90_s_ahead(open_page: OpenPage) -> None:
    """While the line is down nothing can be taken; after the reconnect the same time is left and quotes can."""
    lines: list[WebSocketRoute] = []
    page = open_page("taker2", "/terminal/", init_script=BROWSER_AHEAD_90_S, before=lambda page: route_lines(page, lines))
    wait_live(page)
    build_straddle(page)
    page.locator("#rfq-life").select_option("60")
    card = request_quotes(page)
    started = dt.datetime.now(tz=dt.UTC)
    expect(card.locator(".accept:not([disabled])").first).to_be_visible()
    page.evaluate(NOTE_WHAT_CAN_BE_TAKEN_WHILE_DOWN)
    lines[-1].close(code=4000)
    page.wait_for_function("globalThis.wasDown === true")
    wait_live(page)
    assert len(lines) == 2, "one new line"
    assert page.evaluate("globalThis.takenWhileDown") is False
    expect(card.locator(".accept:not([disabled])").first).to_be_visible()
    minutes, seconds = card.locator(".countdown").inner_text().split(":")
    gone = (dt.datetime.now(tz=dt.UTC) - started).total_seconds()
    assert abs(60 - gone - int(minutes) * 60 - int(seconds)) < 3
    card.get_by_role("button", name="Cancel").click()
    expect(card.locator(".state")).to_have_text("canceled")


def test_maker_sees_the_request_and_quotes_with_one_key(open_page: OpenPage) -> None:
    taker = open_page("trader", "/terminal/")
    wait_live(taker)
    build_straddle(taker)
    maker = open_page("maker1", "/maker/")
    card = request_quotes(taker)
    number = card.locator("b").inner_text().split()[0]
    maker.locator("parley-inbox tbody tr", has_text=number).click()
    expect(maker.locator("parley-quote .quote-head b")).to_contain_text(number)
    field = maker.locator(".quote-legs input").first
    expect(field).not_to_have_value("")
    field.focus()
    maker.keyboard.press("ArrowUp")
    maker.keyboard.press("Enter")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    expect(maker.locator("parley-blotter tbody tr").first).to_contain_text(number.removeprefix("#"))


def test_the_pool_trades_at_one_click_and_a_limit_rests_hidden(terminal: Page) -> None:
    build_straddle(terminal)
    card = request_quotes(terminal)
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
    title = card.locator("b").first.inner_text()
    pool.click()
    done = terminal.locator("parley-rfq .rfq-card", has_text=title.split()[0])
    expect(done.locator(".state")).to_have_text("filled")
    expect(done).to_contain_text("Bought 2 at")


def test_maker_answers_passes_and_switches_the_quoter_by_keys_alone(open_page: OpenPage) -> None:
    taker, maker = open_page("trader2", "/terminal/"), open_page("maker5", "/maker/")
    wait_live(taker)
    expect(maker.locator("parley-quoter .panel-note")).to_contain_text("in force since")
    build_straddle(taker)
    number = request_quotes(taker).locator("b").inner_text().split()[0]
    mine = maker.locator("parley-inbox tbody tr", has_text=number)
    expect(mine).to_be_visible()
    maker.keyboard.press("q")
    expect(maker.locator("parley-quote .message")).to_have_text("")
    maker.get_by_role("button", name="Hotkeys off").click()
    for key in ("k", "k", "k", "j", "j", "j"):
        if mine.get_attribute("data-current") != "true":
            maker.keyboard.press(key)
            maker.wait_for_timeout(500)
    expect(maker.locator("parley-quote .quote-head b")).to_contain_text(number)
    expect(maker.locator("parley-maker-actions .decision tbody tr")).to_have_count(14)
    maker.keyboard.press("]")
    expect(maker.locator("#quote-spread")).to_have_value("1.5")
    maker.keyboard.press("q")
    expect(maker.locator("parley-quote .message")).to_contain_text("stands for RFQ")
    maker.keyboard.press("3")
    expect(maker.locator("parley-maker-actions")).to_contain_text("Your firm passed: no inventory")
    expect(taker.locator("parley-rfq .rfq-card", has_text=number)).to_contain_text("Passed: Garnet Options")
    for state in ("off", "on"):
        maker.keyboard.press("o")
        expect(maker.locator('parley-quoter [data-coin="BTC"]')).to_have_text(f"BTC {state}")
        expect(maker.locator("parley-quoter .panel-note")).to_contain_text("in force since")
