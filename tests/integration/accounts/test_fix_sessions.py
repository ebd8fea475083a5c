"""FIX sessions: made, revoked and told to the gateway; what the gateway tells of them is stored once."""

import datetime as dt
import hashlib

import msgspec
import pytest

from accounts import services
from accounts.models import FirmKind, FixSession, FixSessionEvent, FixVersion, Role
from audit.models import AuditRecord
from common.actor import SYSTEM
from common.errors import Conflict, Refusal
from streams.models import OutboxCommand
from tests.builders import trading_firm
from tests.integration.accounts.builders import build_firm, build_user
from wire.fix_events import FixEvent
from wire.gateway_fix import ResetFixSequence, SetFixSession

AT = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
TERMS = services.FixTerms(may_send_orders=True, gets_drop_copy=True)

pytestmark = pytest.mark.django_db(transaction=True)


def make(desk, name="AURORA", version=FixVersion.FIX44):
    return services.create_fix_session(
        name=name, version=version, user=desk.user, account=desk.account, terms=TERMS, actor=desk.actor, at=AT
    )


def commands(kind):
    rows = OutboxCommand.objects.order_by("id").values_list("payload", flat=True)
    decode = msgspec.json.Decoder(SetFixSession | ResetFixSequence).decode
    return [each for each in map(decode, rows) if isinstance(each, kind)]


def test_a_session_is_told_to_the_gateway_and_its_secret_is_not_kept():
    desk = trading_firm("Aurora")
    session, secret = make(desk)

    told = commands(SetFixSession)[-1]
    assert told.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert (told.sender, told.target, told.begin_string, told.application_version) == (
        "AURORA",
        "PARLEY",
        "FIX.4.4",
        "6",
    )
    assert (told.user_id, told.firm_id, told.account_ids) == (desk.user.pk, desk.firm.pk, [desk.account.pk])
    assert told.grants == ["orders", "drop_copy"]
    assert told.is_enabled
    assert secret.encode() not in bytes(FixSession.objects.get(pk=session.pk).secret_sha256)
    assert AuditRecord.objects.filter(action="fix_session.created", entity=f"fix_session:{session.pk}").count() == 1


def test_a_name_is_given_once_for_each_version_and_an_account_is_the_firms_own():
    desk, other = trading_firm("Aurora"), trading_firm("Borealis")
    make(desk)
    with pytest.raises(Conflict) as twice:
        make(other)
    make(desk, version=FixVersion.FIX42)
    other.account = desk.account
    with pytest.raises(Refusal) as foreign:
        make(other, name="BOREALIS")
    with pytest.raises(Refusal):
        make(desk, name="aurora capital")
    assert (twice.value.reason, foreign.value.reason) == ("fix_session_exists", "fix_session_wrong")


def test_a_revoked_session_and_those_of_a_user_who_left_are_told_to_be_off():
    desk = trading_firm("Aurora")
    first, _ = make(desk)
    make(desk, name="AURORA2")
    for _ in range(2):
        services.revoke_fix_session(session=first, actor=desk.actor, at=AT, reason="a test")
    services.deactivate_user(user=desk.user, actor=SYSTEM, at=AT, reason="left")

    told = [(each.sender, each.is_enabled) for each in commands(SetFixSession)]
    assert told == [("AURORA", True), ("AURORA2", True), ("AURORA", False), ("AURORA2", False)]
    assert AuditRecord.objects.filter(action="fix_session.revoked").count() == 2


@pytest.mark.parametrize(
    ("changes", "is_enabled", "grants"),
    [
        ({"is_active": ""}, False, ["drop_copy"]),
        ({"firm": "other"}, False, ["orders", "drop_copy"]),
        ({"role": "compliance"}, True, ["drop_copy"]),
        ({"role": "client"}, True, ["orders", "drop_copy"]),
    ],
)
def test_a_user_who_was_changed_in_the_admin_site_may_no_more_by_fix(client, changes, is_enabled, grants):
    desk, other = trading_firm("Aurora"), trading_firm("Borealis")
    make(desk)
    client.force_login(build_user(build_firm("House", FirmKind.HOUSE), "root", Role.ADMIN))
    form = {"username": desk.user.username, "role": "trader", "firm": desk.firm.pk, "is_active": "on"} | changes
    form |= {"firm": other.firm.pk} if form["firm"] == "other" else {}
    given = {name: value for name, value in form.items() if value}
    answer = client.post(f"/admin/accounts/user/{desk.user.pk}/change/", given)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/accounts/user/")
    told = commands(SetFixSession)[1:]
    assert [(each.is_enabled, each.grants, each.firm_id) for each in told] == [(is_enabled, grants, desk.firm.pk)]


@pytest.mark.parametrize(("number", "reason"), [(0, "why not"), (2**31, "why not"), (1, " ")])
def test_numbers_are_set_with_a_reason_and_within_their_range(number, reason):
    desk = trading_firm("Aurora")
    session, _ = make(desk)
    with pytest.raises(Refusal):
        services.reset_fix_sequence(
            session=session, next_sender=number, next_target=1, actor=desk.actor, at=AT, reason=reason
        )
    assert commands(ResetFixSequence) == []
    services.reset_fix_sequence(
        session=session, next_sender=7, next_target=9, actor=desk.actor, at=AT, reason="agreed by phone"
    )
    told = commands(ResetFixSequence)[0]
    assert (told.session_id, told.next_sender, told.next_target) == (session.pk, 7, 9)


def test_what_the_gateway_tells_is_stored_once_and_audited():
    desk = trading_firm("Aurora")
    session, _ = make(desk)

    def event(number, name, session_id=session.pk):
        return FixEvent(
            number=number, at_ns=1_770_000_000_000_000_000, session_id=session_id, event=name, detail="d", address="::1"
        )

    first = [event(1, "logged_on"), event(2, "silent"), event(3, "logged_on", session_id=0)]
    assert services.store_fix_events(chronicle="a", events=first) == 3
    assert services.store_fix_events(chronicle="a", events=[*first, event(4, "logged_out")]) == 4
    assert services.store_fix_events(chronicle="b", events=[event(1, "logged_on")]) == 1
    stored = FixSessionEvent.objects.order_by("id").values_list("chronicle", "number", "event")
    assert list(stored) == [("a", 1, "logged_on"), ("a", 2, "silent"), ("a", 4, "logged_out"), ("b", 1, "logged_on")]
    told = AuditRecord.objects.filter(entity=f"fix_session:{session.pk}").exclude(action="fix_session.created")
    assert sorted(told.values_list("action", flat=True)) == [
        "fix_session.logged_on", "fix_session.logged_on", "fix_session.logged_out"
    ]  # fmt: skip
