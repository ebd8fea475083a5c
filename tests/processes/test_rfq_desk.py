"""The RFQ desk in real processes: a killed web process takes its makers' quotes along, a bust passes the real gateway.

The desk is asked over REST, killed, and looked at in its database, where whoever survived must have done the work.
"""

import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from terminal.supervisor.stack import Stack
from tests.processes import desk as desks
from tests.processes.conftest import NewState
from tests.processes.desk import RestDesk

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

PRESENCE_SECONDS = 3.0
"""docs/rfq-protection.md: so long after its last word a web process holds nobody's socket."""
DEAD_MAN_SECONDS = 10
SLOW_SECONDS = 60.0
"""Timers run every 0.1 s; the rest is for a machine that does other things too."""
TICK = 0.0001


@pytest.fixture(scope="module")
def stack(new_state: NewState) -> Iterator[Stack]:
    with desks.running(new_state("rfq-desk"), seed=3) as running:
        yield running


@pytest.fixture
def parties(stack: Stack) -> Iterator[dict[str, RestDesk]]:
    with desks.at_rest(stack, "aurora", "dune", "ember", "parley") as found:
        yield found


def pick_option(desk: RestDesk) -> dict[str, Any]:
    """A call whose mark is some hundredths of a coin, so that a price near it is inside every band."""

    def find() -> dict[str, Any] | None:
        with contextlib.suppress(httpx.HTTPError):
            listed = {each["terms"]["name"] for each in desk.get("market/instruments", coin="BTC")}
            for each in desk.get("market/tickers", coin="BTC"):
                name, mark = each["instrument_name"], each.get("mark_price")
                if name in listed and name.startswith("BTC-") and name.endswith("-C") and mark and 0.02 < mark < 0.08:
                    return dict(each)
        return None

    return dict(desks.wait_for("a call's ticker", find))


def ask(taker: RestDesk, makers: list[RestDesk]) -> int:
    option = pick_option(taker)
    rfq = {
        "command_id": taker.command_id(),
        "account_id": taker.account_id,
        "legs": [{"instrument_name": option["instrument_name"], "side": "buy", "ratio": 1}],
        "quantity": "1",
        "maker_firm_ids": [maker.firm_id for maker in makers],
        "life_seconds": 300,
    }
    return int(taker.send_until_answered("rfqs", rfq)["entity_id"])


def mark_of(desk: RestDesk, name: str) -> float | None:
    found = [each.get("mark_price") for each in desk.get("market/tickers", coin="BTC") if each["instrument_name"] == name]
    return found[0] if found else None


def quote(maker: RestDesk, rfq_id: int) -> int:
    """Some ticks over the mark of what is asked for."""
    (leg,) = maker.get(f"rfqs/{rfq_id}")["legs"]
    mark = desks.wait_for("its mark", lambda: mark_of(maker, leg["instrument_name"]))
    price = f"{round(mark / TICK + 5) * TICK:.4f}"
    message = {
        "command_id": maker.command_id(),
        "rfq_id": rfq_id,
        "account_id": maker.account_id,
        "ask": {"leg_prices": [price]},
    }
    return int(maker.send_until_answered(f"rfqs/{rfq_id}/quotes", message)["entity_id"])


@contextlib.contextmanager
def open_socket(stack: Stack, firm: str) -> Iterator[None]:
    """With the key of the firm, and so of the session in which its REST commands are; the server may cut it."""
    key = json.loads((stack.state_dir / "demo" / f"{firm}.json").read_text())
    url = stack.url.replace("http", "ws", 1) + "ws/"
    with connect(url, additional_headers={"Authorization": f"Bearer {key['token']}"}) as socket:
        assert json.loads(socket.recv(timeout=SLOW_SECONDS))["type"] == "hello"
        yield


def arm(maker: RestDesk, path: str, **fields: Any) -> None:
    maker.send_until_answered(f"session/{path}", {"command_id": maker.command_id(), **fields})


def quote_row(stack: Stack, quote_id: int) -> tuple[Any, ...]:
    with desks.database(stack) as connection:
        return desks.rows(connection, "SELECT state, reason, updated_at FROM rfq_quote WHERE id = %s", quote_id)[0]


def last_seen(stack: Stack, firm_id: int) -> dt.datetime | None:
    with desks.database(stack) as connection:
        found = desks.rows(
            connection,
            "SELECT max(p.seen_at) FROM rfq_sessionpresence p JOIN rfq_desksession s ON s.id = p.session_id "
            "WHERE s.firm_id = %s",
            firm_id,
        )
    return found[0][0]


def is_seen_after(stack: Stack, firm_id: int, at: dt.datetime) -> bool:
    seen_at = last_seen(stack, firm_id)
    return seen_at is not None and seen_at > at


def deadline_of(stack: Stack, firm_id: int) -> dt.datetime:
    query = "SELECT max(deadline) FROM rfq_desksession WHERE firm_id = %s"
    with desks.database(stack) as connection:
        found = desks.rows(connection, query, firm_id)[0][0]
    assert isinstance(found, dt.datetime)
    return found


@pytest.mark.parametrize("how", ["killed", "asleep"])
def test_a_web_process_that_dies_takes_the_quotes_of_its_sockets_along(
    stack: Stack, parties: dict[str, RestDesk], how: str
) -> None:
    """Nobody closes the socket: the process that saw it is gone, and only the timers are left to notice."""
    taker, guarded, other = parties["aurora"], parties["dune"], parties["ember"]
    arm(guarded, "cancel-on-disconnect", is_on=True, reconnect_grace_ms=0)
    with open_socket(stack, "dune"):
        desks.wait_for("the socket to be seen", lambda: last_seen(stack, guarded.firm_id))
        rfq_id = ask(taker, [guarded, other])
        mine, others = quote(guarded, rfq_id), quote(other, rfq_id)
        stands_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=PRESENCE_SECONDS)
        desks.wait_for("the socket to be seen later", lambda: is_seen_after(stack, guarded.firm_id, stands_at))
        assert quote_row(stack, mine)[0] == "active", "it stands while its socket does"
        died_at = dt.datetime.now(dt.UTC)
        revive = end_web(stack, how)
        seen_at = last_seen(stack, guarded.firm_id)
        desks.wait_for("the quote to go", lambda: quote_row(stack, mine)[0] != "active")
        said = disconnections_since(stack, died_at)
        revive()
    state, reason, ended_at = quote_row(stack, mine)
    assert (state, reason, said) == ("canceled", "disconnect", 1)
    assert seen_at is not None
    assert PRESENCE_SECONDS <= (ended_at - seen_at).total_seconds() < PRESENCE_SECONDS + SLOW_SECONDS
    assert quote_row(stack, others)[0] == "active", "who did not ask for it keeps its quote"
    arm(guarded, "cancel-on-disconnect", is_on=False)


def disconnections_since(stack: Stack, at: dt.datetime) -> int:
    query = "SELECT 1 FROM audit_auditrecord WHERE action = 'session.disconnected' AND at > %s"
    with desks.database(stack) as connection:
        return len(desks.rows(connection, query, at))


def end_web(stack: Stack, how: str) -> Callable[[], object]:
    """Killed, or stopped in its tracks so that its connections stay open; what brings it back."""
    if how == "asleep":
        stack.pause("web")
        return lambda: stack.resume("web")
    old = stack.kill("web")
    return lambda: stack.wait_restarted("web", old)


def test_a_dead_man_timer_runs_out_without_the_process_that_took_the_heartbeats(
    stack: Stack, parties: dict[str, RestDesk]
) -> None:
    """Web process and dispatcher are killed together: the deadline is a row, and the next dispatcher keeps it."""
    taker, guarded = parties["aurora"], parties["ember"]
    arm(guarded, "dead-man", seconds=DEAD_MAN_SECONDS)
    quote_id = quote(guarded, ask(taker, [guarded]))
    armed = deadline_of(stack, guarded.firm_id)
    arm(guarded, "heartbeat")
    deadline = deadline_of(stack, guarded.firm_id)
    assert armed < deadline, "a heartbeat moves it"
    assert quote_row(stack, quote_id)[0] == "active"
    web, dispatcher = stack.kill("web"), stack.kill("dispatcher")
    stack.wait_restarted("dispatcher", dispatcher)
    desks.wait_for("the quote to go", lambda: quote_row(stack, quote_id)[0] != "active")
    state, reason, ended_at = quote_row(stack, quote_id)
    assert (state, reason) == ("canceled", "dead_man")
    assert 0 <= (ended_at - deadline).total_seconds() < SLOW_SECONDS, "the dispatcher was away"
    stack.wait_restarted("web", web)
    arm(guarded, "dead-man", seconds=0)


def trade(stack: Stack, taker: RestDesk, maker: RestDesk) -> int:
    """One call, bought and booked; the number of the trade."""
    rfq_id = ask(taker, [maker])
    quote_id = quote(maker, rfq_id)

    accept = {"command_id": taker.command_id(), "rfq_id": rfq_id, "quote_id": quote_id, "version": 1, "side": "buy"}
    taker.send_until_answered(f"rfqs/{rfq_id}/accept", accept)
    return int(desks.wait_for("the trade", lambda: completed_trade(stack, rfq_id)))


def completed_trade(stack: Stack, rfq_id: int) -> int | None:
    with desks.database(stack) as connection:
        found = desks.rows(
            connection, "SELECT id FROM rfq_blocktrade WHERE rfq_id = %s AND state = 'completed'", rfq_id
        )
    return found[0][0] if found else None


def correct(asks: RestDesk, decides: RestDesk, trade_id: int, **changes: Any) -> int:
    request = {"command_id": asks.command_id(), "trade_id": trade_id, "reason": "wrong strike", **changes}
    correction_id = int(asks.send_until_answered(f"trades/{trade_id}/corrections", request)["entity_id"])
    decision = {
        "command_id": decides.command_id(),
        "correction_id": correction_id,
        "is_approved": True,
        "reason": "seen by the house",
    }
    refused = asks.send(f"corrections/{correction_id}/decision", {**decision, "command_id": asks.command_id()})
    assert refused.status_code == 403, "it takes two people"
    decides.send_until_answered(f"corrections/{correction_id}/decision", decision)
    return correction_id


def correction_row(stack: Stack, correction_id: int) -> tuple[Any, ...]:
    query = "SELECT state, gateway_reason, reservation_id, first_execution_id FROM rfq_tradecorrection WHERE id = %s"
    with desks.database(stack) as connection:
        return desks.rows(connection, query, correction_id)[0]


def held(stack: Stack, *accounts: int) -> dict[tuple[int, int], Any]:
    """(account, instrument) -> quantity, from the database."""
    query = "SELECT account_id, instrument_id, quantity FROM settlement_position WHERE account_id = ANY(%s) AND quantity <> 0"
    with desks.database(stack) as connection:
        return {row[:2]: row[2] for row in desks.rows(connection, query, list(accounts))}


def test_an_amendment_and_a_bust_pass_the_real_gateway(stack: Stack, parties: dict[str, RestDesk]) -> None:
    taker, maker, house = parties["aurora"], parties["dune"], parties["parley"]
    before = held(stack, taker.account_id, maker.account_id)
    trade_id = trade(stack, taker, maker)
    traded = held(stack, taker.account_id, maker.account_id)
    assert traded != before
    amendment = correct(taker, house, trade_id, leg_prices=[new_price(stack, trade_id)])
    desks.wait_for("the amendment", lambda: correction_row(stack, amendment)[0] == "done")
    assert held(stack, taker.account_id, maker.account_id) == traded, "other prices, the same positions"
    bust = correct(maker, house, trade_id)
    desks.wait_for("the bust", lambda: correction_row(stack, bust)[0] == "done")
    assert held(stack, taker.account_id, maker.account_id) == before
    check_books(stack)


def new_price(stack: Stack, trade_id: int) -> str:
    """A tick below what was traded."""
    with desks.database(stack) as connection:
        found = desks.rows(
            connection,
            "SELECT l.price - i.tick_size FROM rfq_tradeleg l JOIN market_instrument i ON i.id = l.instrument_id "
            "WHERE l.trade_id = %s",
            trade_id,
        )
    return format(found[0][0].normalize(), "f")


def test_a_bust_that_a_silent_gateway_leaves_unanswered_fails_by_name_and_can_be_asked_again(
    stack: Stack, parties: dict[str, RestDesk]
) -> None:
    taker, maker, house = parties["aurora"], parties["dune"], parties["parley"]
    before = held(stack, taker.account_id, maker.account_id)
    trade_id = trade(stack, taker, maker)
    traded = held(stack, taker.account_id, maker.account_id)
    stack.pause("gateway")
    try:
        lost = correct(taker, house, trade_id)
        desks.wait_for("the timer", lambda: correction_row(stack, lost)[0] == "failed")
        state, reason, reservation_id, first_execution_id = correction_row(stack, lost)
        assert (state, reason.partition(":")[0], first_execution_id) == ("failed", "no_answer", None)
    finally:
        stack.resume("gateway")
    desks.wait_for("the gateway's word on what it was sent", lambda: is_settled(stack, reservation_id))
    assert correction_row(stack, lost)[0] == "failed"
    assert held(stack, taker.account_id, maker.account_id) == traded
    again = correct(taker, house, trade_id)
    desks.wait_for("the bust", lambda: correction_row(stack, again)[0] == "done")
    assert held(stack, taker.account_id, maker.account_id) == before
    check_books(stack)


def is_settled(stack: Stack, reservation_id: int) -> bool:
    """Whether the gateway has answered the void, and nothing waits for it."""
    with desks.database(stack) as connection:
        waiting = desks.rows(connection, "SELECT 1 FROM streams_outboxcommand WHERE command_sequence IS NULL LIMIT 1")
        voided = desks.rows(
            connection,
            "SELECT 1 FROM audit_auditrecord WHERE action = 'trade.voided' AND entity = %s",
            f"trade:{reservation_id}",
        )
    return bool(voided) and not waiting


def check_books(stack: Stack) -> None:
    from tests.processes import burst  # noqa: PLC0415 - it needs the compiled core

    for command in ("verify_audit", "check_ledger"):
        done = burst.manage(stack, command)
        assert done.returncode == 0, done.stdout + done.stderr
