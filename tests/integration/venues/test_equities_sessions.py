"""Order sessions of the equities venue over real sockets: logins, cuts at any byte, replays, days."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from parley_core import ouch

from terminal.embedded import free_port
from tests.integration.venues.equities_rig import PASSWORD, USER, EquitiesVenue
from tests.integration.venues.rig import BASE_FOLDER

STILL = ("--step-ms", "60000", "--symbols", "8")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EquitiesVenue]:
    with EquitiesVenue(tmp_path, *STILL) as running:
        yield running


def enter(reference: int, side: str, quantity: int, price_e4: int, **terms: str) -> ouch.EnterOrder:
    return ouch.EnterOrder(
        user_reference=reference, side=side, quantity=quantity, symbol="AIR01", price_e4=price_e4, **terms
    )


def test_logins_that_are_refused(venue: EquitiesVenue) -> None:
    with venue.client() as client:
        assert (client.login(password="wrong"), client.soup.reject_reason) == ("rejected", "A")
        assert (client.login(session="9912310001"), client.soup.reject_reason) == ("rejected", "S")
        assert (client.login(sequence=3), client.soup.reject_reason) == ("rejected", "S")
        client.wait_until_closed()
    with venue.client(user="NOBODY") as stranger:
        assert (stranger.login(), stranger.soup.reject_reason) == ("rejected", "A")
    with venue.client(user=USER.lower(), password=PASSWORD.upper()) as client:
        assert client.login() == "open"


def test_a_login_for_the_newest_message_and_for_what_comes_next(venue: EquitiesVenue) -> None:
    with venue.client() as client:
        client.login()
        client.send(ouch.AccountQuery(), ouch.AccountQuery())
        client.wait_for(ouch.AccountState, 2)
    with venue.client() as newest:
        assert newest.login(sequence=0) == "open"
        newest.wait_for(ouch.AccountState)
        assert (len(newest.reports), newest.soup.next_sequence) == (1, 4)
        assert (newest.login(sequence=4), newest.soup.next_sequence) == ("open", 4)


def test_another_login_takes_the_account_over(venue: EquitiesVenue) -> None:
    bid, _ = venue.touch("AIR01")
    with venue.client() as first, venue.client() as second:
        first.login()
        first.send(enter(1, "B", 10, bid))
        first.wait_for(ouch.OrderAccepted)
        assert second.login() == "open"
        first.wait_until_closed()
        (canceled,) = second.wait_for(ouch.OrderCanceled)
        assert (canceled.user_reference, canceled.reason) == (1, "Z")
        second.send(enter(2, "B", 10, bid))
        assert second.wait_for(ouch.OrderAccepted, 2)[1].user_reference == 2
        assert [order["state"] for order in venue.ask("account", user=USER)["orders"]] == ["canceled", "live"]


def test_a_refused_login_takes_nothing_over(venue: EquitiesVenue) -> None:
    bid, _ = venue.touch("AIR01")
    with venue.client() as first, venue.client() as second:
        first.login()
        first.send(enter(1, "B", 10, bid))
        first.wait_for(ouch.OrderAccepted)
        assert second.login(sequence=99) == "rejected"
        first.send(ouch.AccountQuery())
        first.wait_for(ouch.AccountState)
        assert venue.ask("account", user=USER)["orders"][0]["state"] == "live"


def test_orders_stay_where_the_venue_keeps_them(tmp_path: Path) -> None:
    with EquitiesVenue(tmp_path, *STILL, "--keep-on-disconnect") as venue, venue.client() as client:
        bid, _ = venue.touch("AIR01")
        client.login()
        client.send(enter(1, "B", 10, bid))
        client.wait_for(ouch.OrderAccepted)
        client.close()
        assert client.again() == "open"
        client.send(ouch.CancelOrder(user_reference=1, quantity=0))
        assert client.wait_for(ouch.OrderCanceled)[0].reason == "U"


def test_two_accounts_do_not_see_each_other(venue: EquitiesVenue) -> None:
    with venue.client() as ours, venue.client("OTHER", "another1") as theirs:
        ours.login()
        theirs.login()
        _, ask = venue.touch("AIR01")
        ours.send(enter(1, "S", 10, ask - 100))
        ours.wait_for(ouch.OrderAccepted)
        theirs.send(enter(1, "B", 10, ask - 100))
        (bought,), (sold,) = theirs.wait_for(ouch.OrderExecuted), ours.wait_for(ouch.OrderExecuted)
        assert (bought.match_number, bought.liquidity, sold.liquidity) == (sold.match_number, "R", "A")
        assert venue.ask("account", user="OTHER")["positions"] == {"AIR01": 10}
        assert venue.ask("account", user=USER)["positions"] == {"AIR01": -10}


@pytest.mark.parametrize(("direction", "cuts"), [("out", range(1, 150, 8)), ("in", range(1, 61, 4))])
def test_a_client_that_is_cut_anywhere_ends_with_the_record_of_the_venue(
    venue: EquitiesVenue, direction: str, cuts: range
) -> None:
    """Orders are sent once; after each cut the session says which arrived, and the others are sent under new references."""
    bid, ask = venue.touch("AIR01")
    with venue.client() as client:
        client.login()
        wanted = [(side, quantity) for quantity in (7, 11, 13, 17) for side in "BS"]
        for number, cut in enumerate(cuts):
            side, quantity = wanted[number % len(wanted)]
            venue.do("cut_after", direction=direction, bytes=cut, count=1)
            reference = venue.ask("account", user=USER)["next_reference"]
            order = enter(reference, side, quantity, ask if side == "B" else bid, time_in_force="3")
            try:
                client.send(order, ouch.AccountQuery(), ouch.AccountQuery(), ouch.AccountQuery())
                client.wait_until_closed()
            except ConnectionError:
                pass  # cut while the requests were being written
            client.again_until_open()
            before = len(client.wait_for(ouch.AccountState, 0))
            client.send(ouch.AccountQuery())
            answer = client.wait_for(ouch.AccountState, before + 1)[-1]
            while answer.next_reference <= reference:  # it never arrived
                client.send(order, ouch.AccountQuery())
                before += 1
                answer = client.wait_for(ouch.AccountState, before + 1)[-1]
        record = venue.ask("account", user=USER)
        assert client.positions() == record["positions"]
        assert len(record["orders"]) == len(cuts)
        told = {report.match_number for report in client.reports if isinstance(report, ouch.OrderExecuted)}
        assert told == {each["match_number"] for order in record["orders"] for each in order["executions"]}


def test_reports_may_be_late_and_stay_in_order(venue: EquitiesVenue) -> None:
    _, ask = venue.touch("AIR01")
    with venue.client() as client:
        client.login()
        venue.do("delay_reports", count=2, seconds=0.3)
        client.send(enter(1, "B", 10, ask, time_in_force="3"), ouch.AccountQuery())
        client.wait_for(ouch.AccountState)
        kinds = [type(report).__name__ for report in client.reports]
        assert kinds == ["SystemEvent", "OrderAccepted", "OrderExecuted", "AccountState"]
        assert venue.ask("session")["fired"] == 2


def test_silence_and_refusal_end_by_themselves(venue: EquitiesVenue) -> None:
    with venue.client() as client:
        client.login()
        venue.do("silence", seconds=0.5)
        client.send(ouch.AccountQuery())
        assert client.wait_for(ouch.AccountState)
        venue.do("refuse_connections", seconds=0.5)
        client.wait_until_closed()
        client.again_until_open()


def test_a_day_ends_and_another_begins(venue: EquitiesVenue) -> None:
    bid, ask = venue.touch("AIR01")
    with venue.client() as client:
        client.login()
        client.send(enter(1, "B", 10, bid), enter(2, "B", 20, ask, time_in_force="3"))
        client.wait_for(ouch.OrderExecuted)
        first = client.session
        venue.do("end_session")
        assert client.wait_for(ouch.OrderCanceled)[0].reason == "E"
        assert client.wait_for(ouch.SystemEvent, 2)[1].event_code == "E"
        client.wait_until_closed()
        assert client.soup.state == "ended"
        assert client.login() == "rejected"
        venue.do("new_session")
        assert client.login(1, first) == "rejected"
        assert client.login() == "open"
        assert client.session != first
        client.send(ouch.AccountQuery())
        assert client.wait_for(ouch.AccountState)[-1].next_reference == 1
        record = venue.ask("account", user=USER)
        assert record["positions"] == {"AIR01": 20}
        assert {order["session"] for order in record["orders"]} == {first}


def test_stopping_ends_the_day_in_order(tmp_path: Path) -> None:
    venue = EquitiesVenue(tmp_path, *STILL)
    with venue.client() as client:
        client.login()
        venue.process.terminate()
        client.wait_until_closed()
        assert client.soup.state == "ended"
    venue.process.wait(10)
    venue.feed.read()
    assert venue.feed.receiver.is_ended
    assert venue.stop() == 0
    assert "ERROR" not in venue.log.read_text()
    assert not (tmp_path / "ports.json").exists()


def test_a_session_that_is_full_ends_or_begins_anew(tmp_path: Path) -> None:
    full = ("--symbols", "4", "--step-ms", "5", "--messages-max", "500")
    with EquitiesVenue(tmp_path / "ends", *full) as venue:
        venue.feed.read_while(lambda: venue.ask("session")["is_running"], "the end of the session")
        assert venue.ask("session")["messages"] >= 500
        assert "as long as it may be" in venue.log.read_text()
    with EquitiesVenue(tmp_path / "anew", *full, "--begin-anew") as venue:
        first = venue.ask("session")["session"]
        venue.feed.read_while(lambda: venue.ask("session")["session"] == first, "another session")
        assert venue.ask("session")["is_running"]


def test_a_script_is_played_by_time(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    actions = [(0.2, {"action": "resume", "symbol": "AIR01"}), (0.0, {"action": "halt", "symbol": "AIR01"})]
    script.write_text(json.dumps([{"after_seconds": after, "do": action} for after, action in actions]))
    with EquitiesVenue(tmp_path / "venue", *STILL, "--script", str(script)) as venue:
        venue.feed.read_while(lambda: [each[19:20] for each in actions_of(venue)][-2:] != [b"H", b"T"], "halt and resumption")
        assert venue.ask("session")["fired"] == 2


def actions_of(venue: EquitiesVenue) -> list[bytes]:
    """Trading actions of AIR01."""
    return [message for message in venue.feed.messages if message[:1] == b"H" and message[11:16] == b"AIR01"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--feed-port is needed"),
        (["--feed-port", "0"], "none of them 0"),
        (["--feed-port", "70000"], "70000 is no port"),
        (["--feed-port", "9", "--symbols", "801"], "801 is not between 1 and 800"),
        (["--feed-port", "9", "--reversion", "1.5"], "1.5 is not between 0 and 1"),
        (["--feed-port", "9", "--feed-group", "10.0.0.1"], "10.0.0.1 is no multicast group"),
        (["--feed-port", "9", "--ports", "/nowhere/ports.json"], "/nowhere is no folder"),
        (["--feed-port", "9", "--script", "/nowhere/script.json"], "No such file"),
    ],
)
def test_arguments_that_make_no_sense_end_it_with_one_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    clients = tmp_path / "clients.json"
    clients.touch(mode=0o600)
    clients.write_text('{"DESK": "secret77"}')
    result = start(*arguments, "--clients", str(clients))
    assert (result.returncode, sentence in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("users", ['{"MUCHTOOLONG": "x"}', '{"DESK": "elevenchars"}', '{"": "x"}', '{"DE SK": "x"}', "[]"])
def test_clients_that_do_not_fit_a_login_are_refused(tmp_path: Path, users: str) -> None:
    clients = tmp_path / "clients.json"
    clients.touch(mode=0o600)
    clients.write_text(users)
    result = start("--feed-port", "9", "--clients", str(clients))
    assert result.returncode == 2
    assert "elevenchars" not in result.stderr


def test_a_port_that_is_taken_ends_it_with_its_code(venue: EquitiesVenue, tmp_path: Path) -> None:
    taken = str(venue.ports["order"])
    result = start("--feed-port", str(free_port()), "--order-port", taken, "--clients", str(tmp_path / "clients.json"))
    assert result.returncode == 3
    assert "a port cannot be used" in result.stderr


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "venues.equities", *arguments]
    return subprocess.run(command, cwd=BASE_FOLDER, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
