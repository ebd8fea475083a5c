"""The pure modules, run where they run: in the browser, under the page's own policy."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser

from terminal.supervisor.stack import Stack

Run = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def run(browser: Browser, stack: Stack) -> Run:
    """``run("decimal", "m.parseDecimal('1')")``: the value of an expression over a module of static/js/lib."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}accounts/login/")

    def evaluate(module: str, expression: str) -> Any:
        return page.evaluate(f"import('/static/js/lib/{module}.js').then((m) => {expression})")

    return evaluate


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("2.5k", "2500"), ("1,250", "1250"), (".5", "0.5"), ("1.0005k", "1000.5"), ("3m", "3000000"), ("7.", "7"), ("abc", None),
     ("1e5", None), ("--1", None), ("", None), ("0.1k", "100")],
)  # fmt: skip
def test_typed_numbers(run: Run, typed: str, plain: str | None) -> None:
    assert run("decimal", f"m.readTyped({typed!r})") == plain


@pytest.mark.parametrize(
    ("text", "step", "count", "moved"),
    [("0.0578", "0.0001", 1, "0.0579"), ("90000.0", "0.5", -10, "89995.0"), ("0.00015", "0.0001", 1, "0.0002"),
     ("0.00015", "0.0001", -1, "0.0001"), ("0.0001", "0.0001", -10, "0.0000"), ("", "5", 1, "5"), ("12", "5", -1, "10")],
)  # fmt: skip
def test_arrow_keys_stay_on_the_grid(run: Run, text: str, step: str, count: int, moved: str) -> None:
    assert run("decimal", f"m.moveSteps({text!r}, {step!r}, {count})") == moved


def test_a_net_price_moves_below_zero(run: Run) -> None:
    assert run("decimal", "m.moveSteps('0.0005', '0.0005', -2, true)") == "-0.0005"
    assert run("decimal", "m.moveSteps('-0.0012', '0.0005', 1, true)") == "-0.0010"
    assert run("decimal", "m.moveSteps('-0.0012', '0.0005', -1, true)") == "-0.0015"


def test_decimals_are_exact(run: Run) -> None:
    parts = "[{text: '0.1', factor: 1}, {text: '0.2', factor: 1}, {text: '0.3', factor: -1}]"
    assert run("decimal", f"m.sumText({parts})") == "0.0"
    assert run("decimal", "m.isWholeSteps('0.3', '0.1')") is True
    assert run("decimal", "m.isWholeSteps('0.35', '0.1')") is False
    assert run("decimal", "m.roundToStep(0.05785, '0.0005', -1)") == "0.0575"
    assert run("decimal", "m.roundToStep(0.05785, '0.0005', 1)") == "0.0580"
    assert run("decimal", "m.fixText('12345678901234567890.10', 4)") == "12345678901234567890.1000"


def test_csv_is_no_formula(run: Run) -> None:
    rows = """[["=1+1", "+cmd", "-2.5", "@x", "a,b", 'say "hi"', "-rm"]]"""
    assert run("csv", f"m.toCsv(['a'], {rows})") == (
        "a\r\n'=1+1,'+cmd,-2.5,'@x,\"a,b\",\"say \"\"hi\"\"\",'-rm\r\n"
    )


def leg(strike: int, quantity: int, entry: float, is_call: str = "true", kind: str = "option") -> str:
    return (
        f"{{kind: '{kind}', isCall: {is_call}, strike: {strike}, quantity: {quantity}, entryUsd: {entry}, "
        "years: 0.1, volatility: 0.5}"
    )


def payoff(run: Run, *legs: str) -> tuple[str, str, list[float]]:
    """Max profit, max loss and breakevens; infinite ones as text, because JSON has none."""
    facts = run("payoff", f"[m.describePayoff([{', '.join(legs)}], 100)].map((f) => [String(f.profitMax), String(f.lossMax), f.breakevens])[0]")
    return tuple(facts)  # type: ignore[return-value]  # three values as the annotation says


def test_payoffs(run: Run) -> None:
    assert payoff(run, leg(100, 1, 5)) == ("Infinity", "-5", [105])
    assert payoff(run, leg(100, -1, 5)) == ("5", "-Infinity", [105])
    assert payoff(run, leg(100, 1, 5), leg(100, 1, 4, "false")) == ("Infinity", "-9", [91, 109])
    assert payoff(run, leg(100, 1, 5), leg(110, -1, 2)) == ("7", "-3", [103])
    assert payoff(run, leg(0, 1, 100, kind="future")) == ("Infinity", "-100", [100])


def test_black76_agrees_with_parity(run: Run) -> None:
    expression = "m.black76(100, 90, 0.5, 0.6, true) - m.black76(100, 90, 0.5, 0.6, false)"
    assert run("pricing", expression) == pytest.approx(10, abs=1e-5)
    assert run("pricing", "m.black76(100, 90, 0, 0.6, true)") == 10


def test_best_quote_and_hedge_leg(run: Run) -> None:
    quotes = "[{state: 'active', bid: '1', ask: '3', updated_at_ns: 2}, {state: 'active', bid: '2', ask: '3', updated_at_ns: 1}, {state: 'canceled', bid: '9', ask: '0', updated_at_ns: 0}]"
    assert run("structure", f"m.bestQuote({quotes}, 'bid').bid") == "2"
    assert run("structure", f"m.bestQuote({quotes}, 'ask').updated_at_ns") == 1
    legs = "[{instrument_name: 'o', side: 'buy', ratio: 2}, {instrument_name: 'p', side: 'sell', ratio: 100, is_hedge: true}]"
    assert run("structure", f"m.hedgeIndex({legs})") == 1
    assert run("structure", "m.hedgeIndex([{instrument_name: 'o', side: 'buy', ratio: 2}])") == -1
    assert run("structure", f"m.netPrice({legs}, ['0.05', '90000'], 1)") == "0.10"
    assert run("structure", f"m.netPrice({legs}, ['0.05', null], -1)") is None


def test_a_volatility_makes_the_price_that_makes_the_volatility(run: Run) -> None:
    price = "m.black76(100, 110, 0.25, 0.65, true)"
    assert run("pricing", f"m.impliedVolatility({price}, 100, 110, 0.25, true)") == pytest.approx(0.65, abs=1e-6)
    assert run("pricing", "m.impliedVolatility(9.99, 100, 90, 0.25, true)") is None
    assert run("pricing", "m.impliedVolatility(100, 100, 90, 0.25, true)") is None
    assert run("decimal", "[m.shiftText('52.50', -2), m.shiftText('0.525', 2), m.shiftText('7', -2)]") == ["0.525", "52.5", "0.07"]


@pytest.mark.parametrize(
    ("clicks", "confirms"),
    [
        ([(0, 1), (500, 1)], [False, True]),
        ([(0, 1), (100, 1)], [False, False]),
        ([(0, 1), (450, 2), (450, 3)], [False, False, True]),
        ([(0, 1), (150, 2), (150, 3), (150, 4)], [False, False, False, False]),
        ([(0, 1), (4_200, 1), (500, 1)], [False, False, True]),
    ],
    ids=["deliberate", "quick", "a third after a double one", "hammering", "too late"],
)
def test_two_clicks(run: Run, clicks: list[tuple[int, int]], confirms: list[bool]) -> None:
    """Each after so many milliseconds, the so many-eth of a row as the system counts them."""
    said = run("two_clicks", f"""(async () => {{
        const clicks = new m.TwoClicks();
        const said = [];
        for (const [after, detail] of {[list(each) for each in clicks]}) {{
            await new Promise((resolve) => setTimeout(resolve, after));
            said.push(clicks.press({{ detail, timeStamp: performance.now() }}));
        }}
        return said;
    }})()""")
    assert said == confirms


def test_a_click_that_waited_for_a_busy_page_confirms_nothing_that_was_not_shown(run: Run) -> None:
    said = run("two_clicks", """(async () => {
        const clicks = new m.TwoClicks();
        const [now, detail] = [performance.now(), 1];
        return [clicks.press({ detail, timeStamp: now - 3000 }), clicks.press({ detail, timeStamp: now - 100 })];
    })()""")
    assert said == [False, False]


def test_answers_of_the_server_keep_their_order(run: Run) -> None:
    said = run("turns", """(() => {
        const turns = new m.Turns();
        const [first, second, third] = [turns.ask(), turns.ask(), turns.ask()];
        return [turns.take(second), turns.take(first), turns.isLast(second), turns.isLast(third), turns.take(third)];
    })()""")
    assert said == [True, False, False, True, True]


def test_the_servers_time_is_not_known_before_it_was_told(run: Run) -> None:
    said = run("clock", """(() => {
        const before = m.isServerTimeKnown();
        m.learnServerTime(5e9, 0);
        return [before, m.isServerTimeKnown(), Math.abs(m.serverNowMs() - 5000) < 1000];
    })()""")
    assert said == [False, True, True]
