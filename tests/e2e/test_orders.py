"""Orders placed in a real browser."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, read, seed_resting_buy, sent_number, wait_live, wait_until
from tests.e2e.test_pages import violations


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


def row_of(page: Page, tab: str, number: str) -> Locator:
    """The row of this one, wherever it stands."""
    rows(page, tab)
    return page.locator(f'parley-blotter tr[data-id="{number}"]')


SHOWN_ROWS = "[...document.querySelectorAll('parley-blotter tbody tr')].map((row) => row.dataset.id)"


def note_sent(sent: list[dict]) -> Callable[[Page], None]:
    """For ``open_page(before=...)``: collects what the page sends."""

    def note(page: Page) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(json.loads(frame))))

    return note


def test_prices_move(terminal: Page) -> None:
    ladder = terminal.locator("parley-ladder .ladder")
    before = ladder.text_content()
    wait_until(terminal, lambda: ladder.text_content() != before, "another price or size")
    expect(terminal.locator(".chain tbody .cell.bid").nth(8)).not_to_have_text("–")


def test_order_placed_and_canceled_by_keyboard(open_page: OpenPage) -> None:
    sent: list[dict] = []
    terminal = open_page("trader", "/terminal/", before=note_sent(sent))
    wait_live(terminal)
    seed_resting_buy(terminal)
    size(terminal).focus()
    terminal.keyboard.type("1.2k")
    stated = read(submit(terminal), r"^Buy 1200 (\S+) at ([\d.]+) USD GTC$")
    terminal.keyboard.press("Enter")
    expect(size(terminal)).to_be_focused()
    newest = row_of(terminal, "orders", sent_number(terminal))
    (order,) = [frame for frame in sent if frame["type"] == "order.place"]
    assert (order["side"], order["quantity"], order["instrument_name"], order["price"], order["time_in_force"]) == (
        "buy", "1200", stated[1], stated[2], "gtc",
    )  # fmt: skip
    expect(newest.locator(".state")).to_have_text("new")
    newest.get_by_role("button", name="Cancel order").focus()
    terminal.keyboard.press("Enter")
    expect(newest.locator(".state")).to_have_text("canceled")


def test_double_click_and_enter_behind_it_place_one_order(open_page: OpenPage) -> None:
    """Enter comes in the very next task of the page: how fast the machine is does not matter."""
    sent: list[dict] = []
    page = open_page("trader", "/terminal/", before=note_sent(sent))
    wait_live(page)
    seed_resting_buy(page)
    size(page).fill("100")
    page.evaluate(ENTER_BEHIND_THE_CLICK)
    submit(page).dblclick()
    wait_until(page, lambda: page.evaluate("globalThis.wasEntered === true"), "Enter")
    expect(row_of(page, "orders", sent_number(page))).to_contain_text("100")
    assert [frame["type"] for frame in sent].count("order.place") == 1


ENTER_BEHIND_THE_CLICK = """
    const form = document.querySelector("parley-ticket form");
    const enter = () => {
        form.requestSubmit();
        globalThis.wasEntered = true;
    };
    form.addEventListener("submit", () => setTimeout(enter, 0), { once: true });
"""


def test_enter_sends_what_is_typed_however_slow_the_page_draws(open_page: OpenPage) -> None:
    """Another size and Enter within one frame, after an order has gone out: the new size is what is sent."""
    sent: list[dict] = []
    page = open_page("trader", "/terminal/", before=note_sent(sent))
    wait_live(page)
    seed_resting_buy(page)
    size(page).fill("100")
    submit(page).click()
    first = sent_number(page)
    expect(row_of(page, "orders", first).locator(".state")).to_have_text("new")
    page.evaluate(TYPE_AND_ENTER)
    assert sent_number(page) != first
    assert [frame["quantity"] for frame in sent if frame["type"] == "order.place"] == ["100", "250"]


TYPE_AND_ENTER = """
    const field = document.querySelector('[data-field="size"]');
    field.value = "250";
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    field.form.requestSubmit();
"""


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
    terminal.evaluate("void (globalThis.wheel = new Promise((turned) => addEventListener('wheel', turned, { once: true })))")
    terminal.mouse.wheel(0, 400)
    terminal.evaluate("globalThis.wheel.then(() => true)")
    expect(price(terminal)).to_have_value("90005.5")


def test_market_order_fills_and_position_appears(terminal: Page) -> None:
    name = read(terminal.locator("parley-ticket .ticket-instrument b"), r"^\S+-PERPETUAL$")[0]
    terminal.locator('parley-ticket [data-value="buy"]').click()
    terminal.locator('parley-ticket [data-value="market"]').click()
    size(terminal).fill("50")
    expect(submit(terminal)).to_have_text(f"Buy 50 {name} at market IOC")
    submit(terminal).click()
    expect(terminal.locator("parley-ticket .message")).to_have_text(re.compile(r"^Order \d+ filled"))
    number = sent_number(terminal)
    expect(rows(terminal, "positions").filter(has_text=name)).to_have_count(1)
    expect(rows(terminal, "fills").filter(has_text=f"order {number}").first).to_contain_text("taker")


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
    expect(terminal.get_by_role("button", name="Hotkeys armed")).to_be_visible()
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
    seed_resting_buy(page)
    size(page).fill("30")
    known = set(page.evaluate(SHOWN_ROWS))
    submit(page).click()
    number = sent_number(page)
    expect(page.locator("parley-ticket .message")).to_have_attribute("data-kind", "good")
    expect(row_of(page, "orders", number).locator(".state")).to_have_text("new")
    assert set(page.evaluate(SHOWN_ROWS)) - known == {number}
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
    newest = row_of(terminal, "orders", sent_number(terminal))
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
    newest = row_of(terminal, "orders", sent_number(terminal))
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
    row = page.get_by_role("region", name="What is set").locator("tr", has_text=username)
    limit = "soft order value"
    row = row.filter(has_text=f"{limit} {text}") if text else row.filter(has_not_text=limit)
    row = row.filter(has_text="✓ in force")

    def read_again() -> int:
        """The page says what it knew when it was made."""
        page.reload()
        return row.count()

    wait_until(page, read_again, f"soft order value {text!r} of {username} in force")


def test_an_order_above_a_soft_limit_takes_a_second_deliberate_action(open_page: OpenPage) -> None:
    sent: list[dict] = []
    admin = open_page("admin", "/compliance/settings/")
    set_soft_order_value(admin, "taker2", "250.5")
    page = open_page("taker2", "/terminal/", before=note_sent(sent))
    wait_live(page)
    seed_resting_buy(page)
    size(page).fill("30")
    submit(page).dblclick()
    offered = page.get_by_role("group", name="Soft limit")
    expect(offered).to_contain_text("Value 300 USD is above the soft limit of 250.5 USD")
    expect(page.locator("parley-ticket .message")).to_contain_text("soft_limit")
    expect(row_of(page, "orders", sent_number(page)).locator(".state")).to_have_text("rejected")
    assert violations(page) == []
    size(page).fill("31")
    expect(offered).to_be_hidden()
    submit(page).click()
    expect(offered).to_contain_text("Value 310 USD")
    offered.get_by_role("button", name="Confirm above soft limit").click()
    expect(page.locator("parley-ticket .message")).to_contain_text("soft limit of 250.5 USD confirmed")
    expect(row_of(page, "orders", sent_number(page)).locator(".state")).to_have_text("new")
    expect(offered).to_be_hidden()
    bounds = [frame.get("confirmed_soft_bound") for frame in sent if frame["type"] == "order.place"]
    assert bounds == [None, None, "250.5"]
    assert len({frame["command_id"] for frame in sent if frame["type"] == "order.place"}) == len(bounds)
    set_soft_order_value(admin, "taker2", "")
