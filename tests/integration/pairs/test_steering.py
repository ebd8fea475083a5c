import json

import msgspec
import pytest
from django.test import Client

from audit.models import AuditRecord
from common import clock, db, valkey
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from gateway.hot.facts import SteeredFact
from pairs import handlers
from pairs.models import Pair, PairsCommand, PairsDesk
from pairs.services import steer_pairs
from streams.models import Fact, OutboxCommand
from tests.builders import Journal, add_user, trading_firm
from tests.integration.pairs.reports import VENUE, Reports
from tests.unit.gateway.hot.story import listed, round_trip
from wire import gateway
from wire.client_pairs import SteerPairs
from wire.pairs import PAIRS_SHOWN, PairsAction, PairShown, PairsShown, PairState
from wire.pairs import SteerPairs as GatewaySteer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm():
    return trading_firm()


@pytest.fixture
def reports(firm):
    made = Reports(firm)
    made.tell(listed(0), listed(1))
    return made


def ask(user, actor, action="disable", *, first="A0", second="B0", command_id="one", venue=VENUE):
    message = SteerPairs(
        command_id=command_id, venue=venue, action=PairsAction(action), first=first, second=second, reason="too wide"
    )
    return steer_pairs(user=user, actor=actor, message=message, at=clock.now())


def sent():
    payloads = OutboxCommand.objects.order_by("id").values_list("payload", flat=True)
    return [each for each in map(json.loads, payloads) if each["type"] == "gateway.steer_pairs"]


def test_a_command_goes_to_the_gateway_once_and_its_answer_comes_back(firm, reports) -> None:
    number = ask(firm.user, firm.actor)
    assert ask(firm.user, firm.actor) == number

    (command,) = sent()
    assert (command["action"], command["first"], command["second"], command["user_id"]) == (
        "disable", "A0", "B0", firm.user.id,
    )  # fmt: skip
    assert command["valid_until_ns"] > clock.now_ns()
    command.pop("type")
    reports.tell(msgspec.convert(command, GatewaySteer))
    assert PairsCommand.objects.get().state == "taken"
    reports.tell(SteeredFact(5, 0, "disable"))
    assert PairsCommand.objects.get().state == "done"
    assert Pair.objects.get(first="A0").state == "disabled"
    records = AuditRecord.objects.filter(action__startswith="pairs.steer").order_by("sequence")
    assert [record.action for record in records] == ["pairs.steering_asked", "pairs.steering_taken", "pairs.steered"]
    assert (records[0].user_id, records[0].reason, records[2].after["user_id"]) == (
        firm.user.id, "too wide", firm.user.id,
    )  # fmt: skip
    answers = [json.loads(row.payload) for row in Fact.objects.order_by("sequence")]
    assert [each["command"]["state"] for each in answers if each["type"] == "pairs.command_answered"] == [
        "taken", "done",
    ]  # fmt: skip


def test_a_command_that_the_gateway_refuses_says_why(firm, reports) -> None:
    number = ask(firm.user, firm.actor, "enable")
    refused = gateway.CommandRefused(command_id=f"pairs:{number}", reason="pair_not_flat", value=5, bound=0)
    envelope = Journal().envelope(refused)
    for _ in range(2):
        with db.unit_of_work():
            handlers.GATEWAY_HANDLERS[gateway.CommandRefused](envelope)

    command = PairsCommand.objects.get()
    assert (command.state, command.reason) == ("refused", "pair_not_flat")
    assert AuditRecord.objects.filter(action="pairs.steering_refused").count() == 1


def test_whether_pairs_enter_is_of_the_desk(firm, reports) -> None:
    ask(firm.user, firm.actor, "entering_off", first="", second="")
    reports.tell(SteeredFact(5, -1, "entering_off"))

    assert not PairsDesk.objects.get().is_entering


@pytest.mark.parametrize(
    ("asked", "refusal", "reason"),
    [
        ({"command_id": "one", "action": "enable"}, Conflict, "command_id_reused"),
        ({"command_id": "two", "first": "A9"}, NotFound, "unknown_pair"),
        ({"command_id": "two", "venue": "aster"}, NotFound, "unknown_pairs"),
        ({"command_id": "two", "first": "", "second": ""}, Refusal, "pair_or_all"),
        ({"command_id": "two", "action": "entering_on"}, Refusal, "pair_or_all"),
        ({"command_id": "two", "action": "gave_up"}, Refusal, "unknown_action"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(firm, reports, asked, refusal, reason) -> None:
    ask(firm.user, firm.actor)

    with pytest.raises(refusal) as refused:
        ask(firm.user, firm.actor, **asked)
    assert refused.value.reason == reason
    assert len(sent()) == 1


def test_who_may_steer(firm, reports) -> None:
    other = trading_firm()
    admin, compliance, maker = (add_user(None, role=role) for role in ("admin", "compliance", "client"))

    with pytest.raises(NotFound):
        ask(other.user, other.actor)
    for user in (compliance, maker):
        with pytest.raises(NotAllowed):
            ask(user, firm.actor)
    ask(admin, firm.actor, "unwind")
    with pytest.raises(NotAllowed):
        ask(admin, firm.actor, "enable", command_id="two")
    assert [each["action"] for each in sent()] == ["unwind"]


def test_a_pair_that_retired_is_not_steered(firm, reports) -> None:
    reports.tell(listed(0, is_retired=True))

    with pytest.raises(Conflict) as refused:
        ask(firm.user, firm.actor)
    assert refused.value.reason == "pair_retired"


def test_rest_shows_and_steers(firm, reports) -> None:
    reports.tell(*round_trip())
    client, other = Client(), Client()
    client.force_login(firm.user)
    other.force_login(trading_firm().user)
    show(reports.owner)

    pairs = client.get("/api/pairs").json()
    orders = client.get(f"/api/pairs/{pairs[0]['pair_id']}/orders").json()
    asked = client.post(
        "/api/pairs/steer", {"command_id": "r", "venue": VENUE, "action": "disable", "first": "A0", "second": "B0"},
        content_type="application/json",
    )  # fmt: skip

    assert [(pair["first"], pair["state"], pair["cash"]) for pair in pairs] == [
        ("A0", "flat", "0.0000"), ("A1", "flat", "0.0000"),
    ]  # fmt: skip
    assert [(order["order_id"], order["fills"][0]["lots"]) for order in orders] == [(4, 50), (3, 100), (2, 50), (1, 100)]
    assert asked.status_code == 202
    assert client.get("/api/pairs/live").json()["pairs"][0]["zscore"] == 1.5
    assert len(client.get("/api/pairs/positions").json()) == 2
    assert client.get("/api/pairs/desks").json()[0]["venue"] == VENUE
    assert other.get("/api/pairs/live").json() is None, "another firm's pairs are not shown"
    assert other.get("/api/pairs").json() == []
    assert other.get(f"/api/pairs/{pairs[0]['pair_id']}/orders").status_code == 404


def show(owner):
    pair = PairShown(
        first="A0", second="B0", state=PairState.FLAT, zscore=1.5, held_first=0, held_second=0, working=0,
        realized_micros=0, unrealized_micros=0,
    )  # fmt: skip
    shown = PairsShown(
        venue=VENUE, at_ns=clock.now_ns(), owner=owner, session_state="open", session="DAY1", log_state="ok",
        send="journal_first", is_entering=True, blocked_by=[], last_order_at_ns=0, refusals_left_out=0, log_records=3,
        reports_waiting=0, counts={}, by_state={"flat": 1}, pairs=[pair],
    )  # fmt: skip
    valkey.client().set(PAIRS_SHOWN, msgspec.json.encode(shown))
