"""The certification script of docs/fix, gone through by an independent client in every version."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.fix.client import Client, Disconnected, Pairs, timestamp, value
from tests.integration.gateway.fix.counterparty import Counterparty
from tests.integration.gateway.fix.desk import SECRET, VERSIONS, Desk, session

MESSAGES = 50
CUT_EVERY = 1 if os.environ.get("PARLEY_FIX_CUTS") else 37
"""Bytes between two cuts; PARLEY_FIX_CUTS=1 cuts at every byte."""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    numbered = enumerate(VERSIONS, 1)
    with Desk(tmp_path / "fix", *(session(number, begin_string) for number, begin_string in numbered)) as desk:
        yield desk


def client_of(desk: Desk, begin_string: str = "FIX.4.4") -> Client:
    number = list(VERSIONS).index(begin_string) + 1
    return Client(desk.port, begin_string=begin_string, sender=f"CLIENT{number}", secret=SECRET)


def order_body(order_id: str) -> Pairs:
    return ((11, order_id), (21, 1), (55, "BTC"), (54, 1), (60, timestamp()), (38, 1), (40, 1))


def cancel_body(order_id: str, cancel_id: str) -> Pairs:
    return ((41, order_id), (11, cancel_id), (55, "BTC"), (54, 1), (60, timestamp()), (38, 1))


def order(client: Client, order_id: str, **given: object) -> None:
    client.send("D", *order_body(order_id), **given)  # type: ignore[arg-type]  # what send takes by name


def send_together(client: Client, *messages: tuple[str, Pairs]) -> None:
    """In one piece, so that they arrive in one moment."""
    first = client.next_sent
    built = [client.build(kind, *body, sequence=first + at) for at, (kind, body) in enumerate(messages)]
    client.next_sent += len(built)
    client.send_bytes(b"".join(bytes(message.encode()) for message in built))


def test_logon_heartbeat_order_and_logout(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        assert value(client.log_on(heartbeat=2), 35) == "A"
        client.test("hello")
        order(client, "one")
        assert value(client.receive("B"), 148) == "one"
        client.receive("0")
        client.log_out()
        assert value(client.log_on(), 34) == str(client.next_expected - 1)


def test_a_wrong_password_is_refused_by_name_and_too_many_close_the_address_out(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        client.secret = "wrong"
        names = []
        for _ in range(5):
            names.append(value(client.log_on(), 58).partition(":")[0])
            client.next_sent -= 1
        client.secret = SECRET
        with pytest.raises(Disconnected):
            client.log_on()
        assert names == ["wrong_credentials"] * 5


def test_unknown_parties_and_second_connections_hear_nothing(desk: Desk) -> None:
    with client_of(desk) as first, client_of(desk) as second, client_of(desk) as stranger:
        first.log_on()
        with pytest.raises(Disconnected):
            second.log_on()
        stranger.sender = "NOBODY"
        with pytest.raises(Disconnected):
            stranger.log_on()
        first.test("still here")


def test_a_gap_is_asked_for_and_closed(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        client.log_on()
        order(client, "three", sequence=4)
        request = client.receive("2")
        assert (value(request, 7), value(request, 16)) == ("2", "0")
        duplicate = ((43, "Y"), (122, timestamp()))
        order(client, "one", sequence=2, header=duplicate)
        client.send("4", (36, 4), (123, "Y"), sequence=3, header=duplicate)
        assert [value(client.receive("B"), 148) for _ in range(2)] == ["one", "three"]
        client.next_sent = 5
        client.test("closed")


def test_what_we_sent_is_resent_with_gaps_for_session_messages(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        client.log_on()
        order(client, "one")
        first = client.receive("B")
        client.test("between")
        order(client, "two")
        client.receive("B")
        client.send("2", (7, 1), (16, 0))
        again = [client.receive("4", "B") for _ in range(4)]
        shown = [(value(each, 35), value(each, 34), value(each, 36), value(each, 148)) for each in again]
        assert shown == [("4", "1", "2", ""), ("B", "2", "", "one"), ("4", "3", "4", ""), ("B", "4", "", "two")]
        assert {value(each, 43) for each in again} == {"Y"}
        assert value(again[1], 122) == value(first, 52)


def test_a_duplicate_changes_nothing_and_a_low_number_ends_the_session(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        client.log_on()
        order(client, "one")
        client.receive("B")
        order(client, "one", sequence=2, header=((43, "Y"), (122, timestamp())))
        order(client, "one", header=((97, "Y"),))
        client.test("no second answer")
        assert desk.news.orders == ["one"]
        order(client, "two", sequence=2)
        assert value(client.receive("5"), 58) == "MsgSeqNum too low, expecting 5 but received 2"
        with pytest.raises(Disconnected):
            client.receive()


def test_a_reset_by_the_counterparty_begins_at_one_only_with_its_password(desk: Desk, version: str) -> None:
    with client_of(desk, version) as client:
        client.log_on()
        client.test("one")
        client.log_out()
        held = client.next_sent
        client.secret, client.next_sent = "wrong", 1
        client.log_on((141, "Y"))
        client.secret, client.next_sent = SECRET, held
        assert int(value(client.log_on(), 34)) > 1
        client.log_out()
        client.next_sent = 1
        answer = client.log_on((141, "Y"))
        assert (value(answer, 34), value(answer, 141)) == ("1", "Y")
        client.next_sent = 2
        client.test("again")


@pytest.mark.parametrize(
    ("changes", "reason", "tag"),
    [
        ({38: "many"}, "6", "38"),
        ({54: "Z"}, "5", "54"),
        ({9_999: "1"}, "0", "9999"),
        ({148: "news"}, "2", "148"),
        ({11: ""}, "4", "11"),
        ({11: None}, "1", "11"),
        ({38: ("1", "1")}, "13", "38"),
    ],
)
def test_what_breaks_a_rule_is_rejected_and_the_session_goes_on(
    desk: Desk, changes: dict[int, object], reason: str, tag: str
) -> None:
    fields: dict[int, object] = {11: "one", 21: 1, 55: "BTC", 54: 1, 60: timestamp(), 38: 1, 40: 1} | changes
    body = [(number, each) for number, given in fields.items() for each in _values(given)]
    with client_of(desk) as client:
        client.log_on()
        client.send("D", *body)
        reject = client.receive("3")
        assert (value(reject, 373), value(reject, 371), value(reject, 45)) == (reason, tag, "2")
        client.test("goes on")


def _values(given: object) -> tuple[object, ...]:
    return () if given is None else given if isinstance(given, tuple) else (given,)


def test_a_stale_sending_time_is_rejected_and_logged_out(desk: Desk) -> None:
    with client_of(desk) as client:
        client.log_on()
        stale = client.build("0", sequence=2)
        stale.remove(52)
        stale.append_pair(52, timestamp(-300), header=True)
        client.send_bytes(bytes(stale.encode()))
        assert value(client.receive("3"), 373) == "10"
        client.receive("5")


def test_too_many_messages_are_refused_and_cancels_are_not(desk: Desk) -> None:
    desk.apply(session(2, "FIX.4.4", messages_per_second=1, message_burst=2))
    with client_of(desk) as client:
        client.log_on()
        send_together(client, *(("D", order_body(f"o{number}")) for number in range(4)), ("F", cancel_body("o0", "c0")))
        answers = [client.receive("B", "j") for _ in range(5)]
        shown = sorted(value(each, 148) or value(each, 58).partition(":")[0] for each in answers)
        assert shown == ["c0", "message_rate", "message_rate", "o0", "o1"]


def test_a_message_without_a_grant_is_refused(desk: Desk) -> None:
    with client_of(desk) as client:
        client.log_on()
        client.send("R", (131, "q1"), (146, 1), (55, "BTC"))
        refusal = client.receive("j")
        assert (value(refusal, 380), value(refusal, 58).partition(":")[0]) == ("6", "not_granted")


def test_a_session_of_other_hours_stays_out(desk: Desk) -> None:
    now = time.gmtime()
    minute = (now.tm_hour * 60 + now.tm_min + 120) % 1440
    desk.apply(session(2, "FIX.4.4", opens_at_minute=minute, closes_at_minute=(minute + 60) % 1440))
    with client_of(desk) as client:
        assert value(client.log_on(), 58).startswith("outside_schedule")


def test_a_silent_line_is_asked_and_then_cut_and_the_handler_hears_of_it(desk: Desk) -> None:
    with client_of(desk) as client:
        started = time.monotonic()
        client.log_on(heartbeat=1)
        asked = client.receive("1")
        assert value(asked, 112) == "TEST"
        with pytest.raises(Disconnected):
            while True:
                client.receive()
        assert time.monotonic() - started > 2.2
        assert desk.news.heard == ["logon CLIENT2", "logout CLIENT2"]


def test_a_message_that_never_ends_ends_the_connection(desk: Desk) -> None:
    with client_of(desk) as client:
        client.log_on()
        client.send_bytes(b"8=FIX.4.4\x019=60000\x0135=D\x0158=" + b"x" * 80_000)
        with pytest.raises(Disconnected):
            client.receive()


def test_a_line_cut_anywhere_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Cut at a byte of one of fifty orders, and at the next byte the next time; what came before is there already."""
    with Desk(tmp_path / "fix", session()) as desk, counterparty(desk) as client:
        client.come_back()
        length = len(client.order("o000000"))
        expected = ["o000000"]
        for at in range(1, MESSAGES * length, CUT_EVERY):
            expected.append(f"o{len(expected):06d}")
            client.send_bytes(client.order(expected[-1])[: at % length])
            client.cut()
            client.come_back()
            client.pump(len(expected))
        print(f"{len(expected) - 1} cuts in our orders")
        assert desk.news.orders == expected
        assert [client.replies[number] for number in sorted(client.replies)] == expected


def test_a_line_cut_while_many_are_under_way_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Fifty orders at once, cut after so many bytes of ours; then after so many bytes of the answers."""
    with Desk(tmp_path / "fix", session()) as desk, counterparty(desk) as client:
        client.come_back()
        expected: list[str] = []
        for at in range(1, 8_000, 397):
            names = [f"o{len(expected) + number:06d}" for number in range(MESSAGES)]
            expected += names
            stream = b"".join([client.order(name) for name in names])
            client.send_bytes(stream[:at])
            client.cut()
            client.come_back()
            client.pump(len(expected))
            again = f"o{len(expected):06d}"
            expected.append(again)
            client.send_bytes(client.order(again))
            client.read_some(at % 120)
            client.cut()
            client.come_back()
            client.pump(len(expected))
        assert desk.news.orders == expected
        assert [client.replies[number] for number in sorted(client.replies)] == expected


def counterparty(desk: Desk) -> Counterparty:
    return Counterparty(desk.port, sender="CLIENT1", secret=SECRET)


def test_nothing_is_sent_once_a_file_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Desk(tmp_path / "fix", session()) as desk, counterparty(desk) as client:
        client.come_back()
        monkeypatch.setattr(os, "fdatasync", _fail)
        client.send_bytes(client.order("one"))
        with pytest.raises(Disconnected):
            client.receive()
        monkeypatch.undo()
        with pytest.raises(Disconnected):
            client.log_on()
        assert desk.service.describe()["is_failed"] is True


def _fail(_: int) -> None:
    raise OSError(5, "Input/output error")


def test_a_desk_that_starts_again_takes_up_where_it_was(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "fix", session())
    with desk:
        client = Counterparty(desk.port, sender="CLIENT1", secret=SECRET)
        client.come_back()
        client.send_bytes(client.order("one"))
        client.pump(1)
    client.cut()
    with desk:
        client.come_back()
        client.send_bytes(client.order("two"))
        client.pump(2)
        assert desk.news.orders == ["one", "two"]
        assert desk.service.last_reference(desk.service.sessions()[0]) == 2
        client.cut()
