"""RFQ over FIX in real processes: taker and maker by FIX, each against the other side at the REST door, and killed."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import simplefix

from terminal.supervisor.stack import Stack
from tests.integration.gateway.fix.client import Client, Disconnected, timestamp, value
from tests.integration.gateway.fix.counterparty import Counterparty
from tests.processes import desk as desks
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk
from tests.processes.test_rfq_desk import TICK, pick_option, quote

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

ANSWER_SECONDS = 240.0


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with desks.running(new_state("fix-rfq"), seed=5) as running:
        yield running


@pytest.fixture
def parties(stack: Stack) -> Iterator[dict[str, RestDesk]]:
    with desks.at_rest(stack, "aurora", "dune", "ember") as found:
        yield found


class Party(Counterparty):
    """A firm's own client: numbers from where the session stands, and a logon that waits for the gateway."""

    def __init__(self, stack: Stack, firm: str, begin_string: str = "FIX.4.4") -> None:
        rows = json.loads((stack.state_dir / "demo" / f"{firm}.fix.json").read_text())
        row = next(row for row in rows if (row["BeginString"], row["SenderCompID"]) == (begin_string, firm.upper()))
        super().__init__(stack.fix_port, begin_string=begin_string, sender=row["SenderCompID"], secret=row["Password"])
        self.kept: list[simplefix.FixMessage] = []
        self._numbers: set[str] = set()

    def come(self, *, resets: bool = True) -> "Party":
        """Log on; with ``resets`` numbers begin at 1, without them what was not read before is asked for again."""

        def is_logged_on() -> bool:
            number, self.next_sent = self.next_sent, 1 if resets else self.next_sent
            try:
                if value(self.log_on(*(((141, "Y"),) if resets else ())), 35) == "A":
                    return True
            except (Disconnected, OSError):
                pass
            self.next_sent = number
            time.sleep(0.2)
            return False

        desks.wait_for("the logon", is_logged_on)
        if resets:
            self.sent.clear()
            self._numbers.clear()
        else:
            self.send("2", (7, self.next_expected), (16, 0))
        return self

    def get(self, kind: str, **tags: str) -> simplefix.FixMessage:
        """The first message of this type with these tags that was not got before; what came with it is kept for later.

        Whoever waits answers test requests, sends again what it is asked for, and takes no number twice, as a
        counterparty does.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for message in self.kept:
                if value(message, 35) == kind and all(
                    value(message, int(tag[1:])) == each for tag, each in tags.items()
                ):
                    self.kept.remove(message)
                    return message
            try:
                message = self.receive(seconds=max(0.1, deadline - time.monotonic()))
            except TimeoutError as error:
                raise TimeoutError(f"no {kind} {tags} came, but {[str(each) for each in self.kept]}") from error
            self._take(message)

    def _take(self, message: simplefix.FixMessage) -> None:
        kind, number = value(message, 35), value(message, 34)
        assert kind not in ("3", "j"), message
        if kind == "1":
            self.send("0", (112, value(message, 112)))
        elif kind == "2":
            self.resend(int(value(message, 7)))
        elif not (value(message, 43) == "Y" and number in self._numbers):
            self._numbers.add(number)
            self.kept.append(message)


def option_of(desk: RestDesk) -> tuple[str, str]:
    """(name, a price within every band)"""
    ticker = pick_option(desk)
    return ticker["instrument_name"], f"{round(ticker['mark_price'] / TICK + 5) * TICK:.4f}"


def request(client: Client, name: str, maker_firm_id: int, request_id: str) -> None:
    client.send(
        "R", (131, request_id), (146, 1), (55, name), (38, 1), (453, 1), (448, maker_firm_id), (447, "D"), (452, 35),
    )  # fmt: skip


def hit(taker: "Party", response_id: str, shown: simplefix.FixMessage, order_id: str) -> None:
    """Until it is taken: on a machine that does other things too a mark may be stale for a moment."""

    def is_taken() -> bool:
        name = f"{response_id}-{taker.next_sent}"
        taker.send(
            "AJ", (693, name), (117, value(shown, 117)), (694, 1), (11, order_id), (55, value(shown, 55)), (54, 1),
            (60, timestamp()),
        )  # fmt: skip
        answer = taker.get("AI", t693=name)
        return value(answer, 297) == "10"

    desks.wait_for("the quote to be taken", is_taken, ANSWER_SECONDS)


def audited(stack: Stack, action: str) -> list[tuple[Any, ...]]:
    query = "SELECT via, remote_address, command_id FROM audit_auditrecord WHERE action = %s ORDER BY id"
    with desks.database(stack) as connection:
        return desks.rows(connection, query, action)


@pytest.mark.parametrize("begin_string", ["FIX.4.4", "FIXT.1.1"])
def test_a_taker_by_fix_trades_with_a_maker_at_the_rest_door(
    stack: Stack, parties: dict[str, RestDesk], begin_string: str
) -> None:
    name, _ = option_of(parties["aurora"])
    with Party(stack, "aurora", begin_string).come() as taker:
        request_id = f"ask-{begin_string}"
        request(taker, name, parties["dune"].firm_id, request_id)
        status = taker.get("AI", t131=request_id, t297="0")
        rfq_id = int(value(status, 58).removeprefix("rfq "))
        quote(parties["dune"], rfq_id)
        shown = taker.get("S", t131=request_id)
        assert (value(shown, 55), value(shown, 135), value(shown, 537)) == (name, "1", "1")
        hit(taker, f"hit-{begin_string}", shown, f"order-{begin_string}")
        report = taker.get("8")
        told = [value(report, tag) for tag in (11, 37, 150, 39, 55, 54, 32, 442)]
        assert told == [f"order-{begin_string}", f"R{rfq_id}", "F", "2", name, "1", "1", "1"]
        assert Decimal(value(report, 31)) == Decimal(value(shown, 133))
        capture = taker.get("AE")
        assert value(capture, 17) == value(report, 17)
    ((via, session, command_id),) = [row for row in audited(stack, "rfq.accepted") if f"hit-{begin_string}" in row[2]]
    version = {"FIX.4.4": "FIX.4.4", "FIXT.1.1": "FIX.5.0SP2"}[begin_string]
    assert (via, session) == ("fix", f"AURORA {version}")
    assert ":AJ:hit-" in command_id


def ask(taker: RestDesk, name: str, maker_firm_ids: list[int], **changes: Any) -> int:
    rfq = {
        "command_id": taker.command_id(), "account_id": taker.account_id,
        "legs": [{"instrument_name": name, "side": "buy", "ratio": 1}], "quantity": "1",
        "maker_firm_ids": maker_firm_ids, "life_seconds": 300,
    }  # fmt: skip
    return int(taker.send_until_answered("rfqs", rfq | changes)["entity_id"])


def quote_by_fix(maker: Client, rfq_id: int, name: str, quote_id: str, price: str, header: Any = ()) -> None:
    maker.send(
        "S", (117, quote_id), (131, f"R{rfq_id}"), (55, name), (133, price), (135, 1), (60, timestamp()), header=header
    )


def accept(taker: RestDesk, rfq_id: int, quote_id: int, version: int) -> None:
    message = {
        "command_id": taker.command_id(), "rfq_id": rfq_id, "quote_id": quote_id, "version": version, "side": "buy",
    }  # fmt: skip
    taker.send_until_answered(f"rfqs/{rfq_id}/accept", message)


def quotes_of(stack: Stack, rfq_id: int) -> list[tuple[Any, ...]]:
    query = "SELECT id, version, state, reason FROM rfq_quote WHERE rfq_id = %s ORDER BY id"
    with desks.database(stack) as connection:
        return desks.rows(connection, query, rfq_id)


def test_a_maker_by_fix_quotes_replaces_and_trades_with_a_taker_at_the_rest_door(
    stack: Stack, parties: dict[str, RestDesk]
) -> None:
    aurora, dune, ember = parties["aurora"], parties["dune"], parties["ember"]
    name, price = option_of(aurora)
    dearer = f"{float(price) + TICK:.4f}"
    with Party(stack, "dune").come() as maker:
        rfq_id = ask(aurora, name, [dune.firm_id, ember.firm_id])
        shown = maker.get("R", t131=f"R{rfq_id}")
        assert [value(shown, tag) for tag in (55, 38, 448)] == [name, "1", "Aurora Capital"]
        quote_by_fix(maker, rfq_id, name, "first", dearer)
        assert value(maker.get("AI", t117="first"), 297) == "0"
        quote_by_fix(maker, rfq_id, name, "second", price)
        assert value(maker.get("AI", t117="second"), 297) == "0"
        quote_by_fix(maker, rfq_id, name, "second", price, header=((97, "Y"),))
        quote_by_fix(maker, rfq_id, name, "second", dearer)
        twice = maker.get("AI", t117="second")
        assert (value(twice, 297), value(twice, 58).partition(":")[0]) == ("5", "duplicate_quote")
        loser = quote(ember, rfq_id)
        maker.send("a", (649, "state"), (117, "second"), (55, name))
        assert value(maker.get("AI", t649="state"), 297) == "0"
        ((mine, version, state, _),) = [row for row in quotes_of(stack, rfq_id) if row[0] != loser]
        assert (version, state) == (2, "active")
        accept(aurora, rfq_id, mine, version)
        report = maker.get("8")
        assert [value(report, tag) for tag in (37, 526, 150, 55, 54)] == [f"R{rfq_id}", "second", "F", name, "2"]
        assert Decimal(value(report, 31)) == Decimal(price)
        capture = maker.get("AE")
        maker.send("AR", (571, value(capture, 571)), (150, "F"), (55, name))
        outcome = maker.get("AJ", t117="second")
        assert (value(outcome, 694), value(outcome, 58)) == ("1", "lift")
        execution_id = value(capture, 17).removeprefix("T").partition("-")[0]
        maker.send("AD", (568, "all"), (569, 1), (17, execution_id))
        answer = maker.get("AQ", t568="all")
        assert (value(answer, 749), value(answer, 748)) == ("0", "1")
        assert value(maker.get("AE", t568="all"), 571) == value(capture, 571)


def test_a_maker_by_fix_quotes_many_withdraws_passes_and_is_refused(stack: Stack, parties: dict[str, RestDesk]) -> None:
    aurora, dune = parties["aurora"], parties["dune"]
    name, price = option_of(aurora)
    with Party(stack, "dune").come() as maker:
        asked = [ask(aurora, name, [dune.firm_id]) for _ in range(3)]
        for rfq_id in asked:
            maker.get("R", t131=f"R{rfq_id}")
        sets = [
            pair
            for number, rfq_id in enumerate([*asked[:2], 999_999])
            for pair in ((302, f"R{rfq_id}"), (304, 1), (295, 1), (299, f"m{number}"), (55, name), (133, price))
        ]
        maker.send("i", (117, "mass"), (296, 3), *sets)
        answer = maker.get("b", t117="mass")
        refused = [pair for pair in answer.pairs if pair[0] in (b"299", b"368")]
        assert refused == [(b"299", b"m0"), (b"299", b"m1"), (b"299", b"m2"), (b"368", b"99")]
        assert "rfq_not_found" in value(answer, 58)
        maker.send("Z", (131, f"R{asked[0]}"), (117, "m0"), (298, 1), (295, 1), (55, name))
        assert value(maker.get("AI", t117="m0"), 297) == "6"
        maker.send("AG", (131, f"R{asked[2]}"), (658, 9), (146, 1), (55, name))
        maker.send("Z", (117, "NONE"), (298, 4))
        assert value(maker.get("AI", t117="m1"), 297) in ("4", "6")
        quote_by_fix(maker, asked[1], name, "wild", "0.00000001")
        wild = maker.get("AI", t117="wild")
        assert (value(wild, 297), value(wild, 58).partition(":")[0]) == ("5", "price_off_tick")
        maker.send("Z", (117, "nobody"), (298, 1))
        assert value(maker.get("AI", t117="nobody"), 297) == "9"
    query = "SELECT reason FROM makers_rfqpass WHERE rfq_id = %s"
    with desks.database(stack) as connection:
        assert desks.rows(connection, query, asked[2]) == [("no_inventory",)]


def test_a_request_that_is_wrong_is_refused_by_its_own_words(stack: Stack, parties: dict[str, RestDesk]) -> None:
    name, _ = option_of(parties["aurora"])
    with Party(stack, "aurora").come() as taker:
        request(taker, "BTC-1JAN99-1-C", parties["dune"].firm_id, "no-such")
        refusal = taker.get("AG", t131="no-such")
        assert value(refusal, 658) in ("1", "99")
        request(taker, name, parties["dune"].firm_id, "withdrawn")
        taker.get("AI", t131="withdrawn", t297="0")
        request(taker, name, parties["dune"].firm_id, "withdrawn")
        assert value(taker.get("AG", t131="withdrawn"), 58).startswith("duplicate_request")
        taker.send("AJ", (693, "gone"), (117, "Q999999.1.1"), (694, 1), (55, name), (54, 1))
        assert value(taker.get("AI", t693="gone"), 58).startswith("rfq_not_found")
        taker.send("Z", (131, "withdrawn"), (117, "NONE"), (298, 1))
        assert value(taker.get("AI", t131="withdrawn", t297="6"), 131) == "withdrawn"


def test_quotes_go_with_the_session_that_made_them(stack: Stack, parties: dict[str, RestDesk]) -> None:
    aurora, ember = parties["aurora"], parties["ember"]
    name, price = option_of(aurora)
    rfq_id = ask(aurora, name, [ember.firm_id])
    with Party(stack, "ember").come() as maker:
        quote_by_fix(maker, rfq_id, name, "mine", price)
        maker.get("AI", t117="mine", t297="0")
    rows = desks.wait_for("the quote to go", lambda: [r for r in quotes_of(stack, rfq_id) if r[2] != "active"])
    assert [(state, reason) for _, _, state, reason in rows] == [("canceled", "disconnect")]


def agree_last_look(maker: RestDesk, taker: RestDesk) -> None:
    """Wide in price, and as long as the desk allows: a machine that does other things too is slow."""
    offer = {
        "command_id": maker.command_id(), "maker_firm_id": maker.firm_id, "taker_firm_id": taker.firm_id,
        "window_ms": 5_000, "tolerance_basis_points": "500",
    }  # fmt: skip
    agreement_id = int(maker.send_until_answered("last-looks", offer)["entity_id"])
    taker.send_until_answered("last-looks/agree", {"command_id": taker.command_id(), "agreement_id": agreement_id})


class Pair(NamedTuple):
    """Both sides of requests for an option with a hedge leg, quoted in volatility."""

    taker: Party
    maker: Party
    maker_firm_id: int
    option: str
    volatility: float
    hedge: str

    def negotiate(self, word: str) -> str:
        """Ask and quote; the quote as its taker reads it. Its maker calls it as the request is called."""
        taker, maker = self.taker, self.maker
        taker.send(
            "R", (131, word), (146, 1), (55, "[N/A]"), (38, 1), (555, 2), (600, self.option), (624, 1),
            (600, "BTC-PERPETUAL"), (620, self.hedge), (624, 2), (453, 1), (448, self.maker_firm_id), (447, "D"), (452, 35),
        )  # fmt: skip
        rfq_id = value(taker.get("AI", t131=word, t297="0"), 58).removeprefix("rfq ")
        shown = maker.get("R", t131=f"R{rfq_id}")
        assert [text for tag, text in shown.pairs if tag == b"620"] == [self.hedge.encode()]
        maker.send(
            "S", (117, word), (131, f"R{rfq_id}"), (55, "[N/A]"), (555, 1), (600, self.option), (686, 9),
            (684, f"{self.volatility:.3f}"), (135, 1), (60, timestamp()),
        )  # fmt: skip
        priced = maker.get("AI", t117=word)
        offered = taker.get("S", t131=word)
        assert value(priced, 297) == "0", priced
        assert (value(priced, 133), value(priced, 132)) == (value(offered, 133), "")
        return value(offered, 117)

    def counter(self, quote_id: str, response_id: str, price: str) -> None:
        self.taker.send(
            "AJ", (693, response_id), (117, quote_id), (694, 2), (54, 1), (44, price), (11, f"order-{response_id}"),
            (55, "[N/A]"), (60, timestamp()),
        )  # fmt: skip
        assert value(self.taker.get("AI", t693=response_id), 297) == "0"

    def answer_look(self, quote_id: str, kind: int, *why: tuple[int, object]) -> None:
        asked = self.maker.get("AI", t117=quote_id, t297="10")
        assert (value(asked, 58), value(asked, 54)) == ("last_look", "1")
        response = (693, f"look-{quote_id}"), (117, quote_id), (694, kind), (55, "[N/A]")
        self.maker.send("AJ", *response, *why, (60, timestamp()))


def test_counters_hedges_volatilities_and_last_looks_between_two_parties_by_fix(
    stack: Stack, parties: dict[str, RestDesk]
) -> None:
    aurora, ember = parties["aurora"], parties["ember"]
    ticker = pick_option(aurora)
    marks = {each["instrument_name"]: each["mark_price"] for each in aurora.get("market/tickers", coin="BTC")}
    hedge = f"hedge at {round(marks['BTC-PERPETUAL'] * 2) / 2:.1f}"
    terms = ember.firm_id, ticker["instrument_name"], ticker["mark_volatility"] + 0.02, hedge
    agree_last_look(ember, aurora)
    with Party(stack, "aurora", "FIXT.1.1").come() as taker, Party(stack, "ember").come() as maker:
        pair = Pair(taker, maker, *terms)
        quote_id = pair.negotiate("stands")
        pair.counter(quote_id, "low", "0.0001")
        taker.send("Z", (131, "stands"), (117, "low"), (298, 1), (295, 1), (55, "[N/A]"))
        gone = taker.get("AI", t693="low")
        assert (value(gone, 297), value(gone, 58)) == ("17", "requested")
        pair.counter(quote_id, "high", "0.9")
        pair.answer_look("stands", 1)
        assert value(taker.get("AI", t693="high", t297="10"), 58) == "last_look"
        reports = [taker.get("8"), taker.get("8")]
        assert sorted(value(report, 55) for report in reports) == sorted([pair.option, "BTC-PERPETUAL"])
        assert {(value(report, 11), value(report, 693)) for report in reports} == {("order-high", "high")}
        assert value(maker.get("AJ", t117="stands"), 58) == "lift"
        quote_id = pair.negotiate("taken-back")
        pair.counter(quote_id, "again", "0.9")
        pair.answer_look("taken-back", 6, (58, "credit_check"))
        why = taker.get("AI", t117=quote_id, t297="5")
        assert (value(why, 693), value(why, 58)) == ("again", "credit_check")
        assert value(taker.get("AI", t693="again", t131="taken-back", t297="5"), 58) == "last_look_rejected"


@pytest.mark.parametrize("victim", ["gateway", "dispatcher", "postgres"])
def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(
    stack: Stack, parties: dict[str, RestDesk], victim: str
) -> None:
    """Requests under way while a process is killed: each is open once, whatever of it was under way."""
    aurora, dune = parties["aurora"], parties["dune"]
    name, _ = option_of(aurora)
    before = count_of(stack, "fixdesk_fixrequest", "rfq_rfq")
    wanted = [f"{victim}-{number}" for number in range(6)]
    with Party(stack, "aurora").come() as taker:
        for number, request_id in enumerate(wanted):
            if number == 3:
                stack.kill(victim)
                if victim == "gateway":
                    taker.come(resets=False)
            request(taker, name, dune.firm_id, request_id)
            time.sleep(0.3)
        opened = {request_id: value(taker.get("AI", t131=request_id, t297="0"), 58) for request_id in wanted}
        assert len(set(opened.values())) == len(wanted)
        twice = [each for each in taker.kept if value(each, 35) == "AI" and value(each, 297) == "0"]
        assert not twice, "each is told once"
    after = desks.wait_for("the database", lambda: count_of(stack, "fixdesk_fixrequest", "rfq_rfq"))
    assert [now - was for was, now in zip(before, after, strict=True)] == [6, 6]


def count_of(stack: Stack, *tables: str) -> list[int]:
    with desks.database(stack) as connection:
        return [desks.rows(connection, f"SELECT count(*) FROM {table}")[0][0] for table in tables]
