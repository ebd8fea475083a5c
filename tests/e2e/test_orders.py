"""Orders placed in a real browser."""

import json
import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, seed_resting_buy, wait_live
from tests.e2e.test_pages import violations

RELOADS_MAX, RELOAD_MS = 40, 250
"""The page says what it knew when it was made: it is read again until the gateway has answered."""


def size(page: Page) -> Locator:
    return page.locator('[data-field="size"]')


def price(page: Page) -> Locator:
    return page.locator('[data-field="price"]')


def submit(page: Page) -> Locator:
    return page.locator("parley-ticket button.submit")


def rows(page: Page, tab: str) -> Locator:
    """As they are drawn, which is in the frame after the click."""
    page.locator(f'parley-blotter [data-tab="{tab}"]').click()
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    return page.locator("parley-blotter tbody tr")


def test_prices_move(terminal: Page) -> None:
    ladder = terminal.locator("parley-ladder .ladder")
    before = ladder.inner_text()
    expect(ladder).not_to_have_text(before)
    expect(terminal.locator(".chain tbody .cell.bid").nth(8)).not_to_have_text("–")


def test_order_placed_and_canceled_by_keyboard(terminal: Page) -> None:
    sent: list[dict] = []
    terminal.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(json.loads(frame))))
    terminal.reload()
    wait_live(terminal)
    before = rows(terminal, "orders").count()
    seed_resting_buy(terminal)
    size(terminal).focus()
    terminal.keyboard.type("1.2k")
    wording = re.compile(r"Buy 1200 (\S+) at ([\d.]+) USD GTC")
    expect(submit(terminal)).to_have_text(wording)
    stated = wording.fullmatch(submit(terminal).inner_text())
    assert stated is not None, submit(terminal).inner_text()
    terminal.keyboard.press("Enter")
    expect(size(terminal)).to_be_focused()
    expect(rows(terminal, "orders")).to_have_count(before + 1)
    (order,) = [frame for frame in sent if frame["type"] == "order.place"]
    assert (order["side"], order["quantity"], order["instrument_name"], order["price"], order["time_in_force"]) == (
        "buy", "1200", stated[1], stated[2], "gtc",
    )  # fmt: skip
    newest = rows(terminal, "orders").first
    expect(newest.locator(".state")).to_have_text("new")
    newest.get_by_role("button", name="Cancel order").focus()
    terminal.keyboard.press("Enter")
    expect(newest.locator(".state")).to_have_text("canceled")


def test_double_click_places_one_order(terminal: Page) -> None:
    before = rows(terminal, "orders").count()
    seed_resting_buy(terminal)
    size(terminal).fill("100")
    submit(terminal).dblclick()
    terminal.keyboard.press("Enter")
    expect(rows(terminal, "orders")).to_have_count(before + 1)
    terminal.wait_for_timeout(800)
    expect(rows(terminal, "orders")).to_have_count(before + 1)


def test_fields_refuse_what_the_instrument_cannot_trade(terminal: Page) -> None:
    seed_resting_buy(terminal)
    size(terminal).fill("1.5")
    expect(submit(terminal)).to_be_disabled()
    expect(submit(terminal)).to_have_text("Size 1.5 is not a multiple of 1.")
    size(terminal).fill("10")
    price(terminal).fill("90000.0")
    price(terminal).press("ArrowUp")
    expect(price(terminal)).to_have_value("90000.5")
    price(terminal).press("Shift+ArrowUp")
    expect(price(terminal)).to_have_value("90005.5")
    price(terminal).hover()
    terminal.mouse.wheel(0, 400)
    expect(price(terminal)).to_have_value("90005.5")


def test_market_order_fills_and_position_appears(terminal: Page) -> None:
    name = terminal.locator("parley-ticket .ticket-instrument b").inner_text()
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator('parley-ticket [data-value="market"]').click()
    size(terminal).fill("50")
    expect(submit(terminal)).to_have_text(f"Buy 50 {name} at market IOC")
    submit(terminal).click()
    expect(terminal.locator("parley-ticket .message")).to_contain_text("filled")
    expect(rows(terminal, "positions").filter(has_text=name)).to_have_count(1)
    expect(rows(terminal, "fills").filter(has_text=name).first).to_contain_text("taker")


def test_cancel_all_takes_two_actions_and_reports(terminal: Page) -> None:
    seed_resting_buy(terminal)
    size(terminal).fill("10")
    submit(terminal).click()
    button = terminal.locator("parley-cancel-all button")
    expect(button).to_have_text(re.compile(r"Cancel all \([1-9]"))
    button.click()
    expect(button).to_have_text(re.compile("Confirm: cancel"))
    terminal.wait_for_timeout(500)
    button.click()
    expect(terminal.locator(".notices")).to_contain_text(re.compile(r"Cancel all done: \d+ orders canceled"))
    expect(button).to_have_text("Cancel all (0)")


def test_hotkeys_work_only_when_armed(terminal: Page) -> None:
    terminal.locator(".ladder-head").click()
    terminal.keyboard.press("s")
    expect(terminal.locator('parley-ticket [data-value="sell"]')).to_have_attribute("aria-pressed", "false")
    terminal.get_by_role("button", name="Hotkeys off").click()
    terminal.keyboard.press("s")
    expect(terminal.locator('parley-ticket [data-value="sell"]')).to_have_attribute("aria-pressed", "true")
    terminal.keyboard.press("?")
    expect(terminal.get_by_role("dialog", name="Hotkeys")).to_be_visible()


def test_an_order_without_an_answer_is_sent_again_and_placed_once(open_page: OpenPage) -> None:
    """The first socket swallows the answer and is cut: the order goes out again, with its id, after the reconnect."""
    sent: list[str] = []

    def cut_first(page: Page) -> None:
        def route(socket) -> None:  # noqa: ANN001 - Playwright's WebSocketRoute
            server = socket.connect_to_server()

            def to_server(message: str) -> None:
                server.send(message)
                if '"order.place"' in message:
                    sent.append(json.loads(message)["command_id"])
                    if len(sent) == 1:
                        socket.close(code=4000)

            socket.on_message(to_server)

        page.route_web_socket(re.compile(r".*/ws/$"), route)

    page = open_page("trader2", "/terminal/", before=cut_first)
    wait_live(page)
    before = rows(page, "orders").count()
    seed_resting_buy(page)
    size(page).fill("30")
    submit(page).click()
    expect(page.locator("parley-ticket .message")).to_have_attribute("data-kind", "good")
    expect(rows(page, "orders")).to_have_count(before + 1)
    assert len(sent) >= 2
    assert len(set(sent)) == 1


def test_advanced_terms_and_an_amendment_go_out_as_they_are_stated(terminal: Page) -> None:
    ticket = terminal.locator("parley-ticket")
    advanced = ticket.locator("details", has_text="Advanced")
    seed_resting_buy(terminal)
    size(terminal).fill("50")
    ticket.get_by_text("Advanced", exact=True).click()
    ticket.get_by_label("Show at a time").fill("10")
    expect(submit(terminal)).to_contain_text("GTC (showing 10)")
    submit(terminal).click()
    newest = rows(terminal, "orders").first
    expect(newest).to_contain_text("shows 10")
    expect(newest.locator(".state")).to_have_text("new")
    newest.get_by_role("button", name="Amend order").click()
    size(terminal).fill("30")
    expect(submit(terminal)).to_contain_text("to 30 BTC-PERPETUAL")
    submit(terminal).click()
    expect(newest.locator("td").nth(3)).to_have_text("30")
    expect(advanced).to_be_visible()
    advanced.locator("select").nth(0).select_option("stop")
    advanced.locator("select").nth(1).select_option("day")
    expect(submit(terminal)).to_have_text("Stop price is empty.")
    ticket.get_by_label("Stop price").fill("500000")
    expect(submit(terminal)).to_contain_text("at market DAY (stop 500000 by last trade)")
    assert violations(terminal) == []
    submit(terminal).click()
    expect(newest).to_contain_text("stop 500,000 by last trade")
    expect(newest.locator(".state")).to_have_text("new")


def set_soft_order_value(page: Page, username: str, text: str) -> None:
    """As the administrator does it; an empty text takes every limit of the user's scope off again."""
    scope = page.locator("#scopes option").evaluate_all(
        "(options, name) => options.find((option) => option.value.startsWith('user:') && option.textContent.includes(name)).value",
        username,
    )
    form = page.get_by_role("region", name="Limits of a scope")
    form.get_by_label("Scope").fill(scope)
    form.get_by_label("Soft order value, USD").fill(text)
    form.get_by_role("button", name="Set").click()
    expect(page.locator("p.message")).to_have_attribute("data-kind", "good")
    what_is_set = page.get_by_role("region", name="What is set")
    for _ in range(RELOADS_MAX):
        page.reload()
        if "✓ in force" in what_is_set.inner_text():
            return
        page.wait_for_timeout(RELOAD_MS)
    expect(what_is_set).to_contain_text("✓ in force")


def test_an_order_above_a_soft_limit_takes_a_second_deliberate_action(open_page: OpenPage) -> None:
    sent: list[dict] = []

    def listen(page: Page) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(json.loads(frame))))

    admin = open_page("admin", "/compliance/settings/")
    set_soft_order_value(admin, "taker2", "250.5")
    page = open_page("taker2", "/terminal/", before=listen)
    wait_live(page)
    seed_resting_buy(page)
    size(page).fill("30")
    submit(page).dblclick()
    offered = page.get_by_role("group", name="Soft limit")
    expect(offered).to_contain_text("Value 300 USD is above the soft limit of 250.5 USD")
    expect(page.locator("parley-ticket .message")).to_contain_text("soft_limit")
    expect(rows(page, "orders").first.locator(".state")).to_have_text("rejected")
    assert violations(page) == []
    size(page).fill("31")
    expect(offered).to_be_hidden()
    submit(page).click()
    expect(offered).to_contain_text("Value 310 USD")
    offered.get_by_role("button", name="Confirm above soft limit").click()
    expect(page.locator("parley-ticket .message")).to_contain_text("soft limit of 250.5 USD confirmed")
    expect(rows(page, "orders").first.locator(".state")).to_have_text("new")
    expect(offered).to_be_hidden()
    bounds = [frame.get("confirmed_soft_bound") for frame in sent if frame["type"] == "order.place"]
    assert bounds == [None, None, "250.5"]
    assert len({frame["command_id"] for frame in sent if frame["type"] == "order.place"}) == len(bounds)
    set_soft_order_value(admin, "taker2", "")
