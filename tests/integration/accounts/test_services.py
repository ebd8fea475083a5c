import psycopg
import pytest
from django.conf import settings

from accounts import authentication, selectors, services
from accounts.models import FirmKind, Role, User
from audit.models import AuditRecord
from common import clock
from common.actor import SYSTEM
from common.errors import Conflict, NotFound, Refusal
from tests.integration.accounts.builders import PASSWORD, build_account, build_firm, build_user
from wire import transport

pytestmark = pytest.mark.django_db


def test_each_creation_leaves_its_record():
    firm = build_firm()
    user = build_user(firm)
    account = build_account(firm)
    records = AuditRecord.objects.filter(stream=f"firm:{firm.id}").order_by("sequence")
    assert [(record.action, record.entity) for record in records] == [
        ("firm.created", f"firm:{firm.id}"),
        ("user.created", f"user:{user.id}"),
        ("desk.created", f"desk:{account.desk_id}"),
        ("account.created", f"account:{account.id}"),
    ]


def test_a_taken_name_is_refused_and_nothing_is_recorded():
    build_firm("Aurora")
    records = AuditRecord.objects.count()
    with pytest.raises(Conflict) as refused:
        build_firm("Aurora")
    assert refused.value.reason == "firm_exists"
    assert AuditRecord.objects.count() == records


def test_a_weak_password_is_refused():
    firm = build_firm()
    with pytest.raises(Refusal) as refused:
        services.create_user(
            username="eve", password="password", firm=firm, role=Role.TRADER, actor=SYSTEM, at=clock.now()
        )
    assert refused.value.reason == "weak_password"
    assert not User.objects.filter(username="eve").exists()


def test_passwords_are_stored_with_argon2():
    assert build_user(build_firm()).password.startswith("argon2$argon2id$")


def test_an_account_of_another_firm_does_not_exist():
    own, other = build_firm("Aurora"), build_firm("Borealis")
    user, account, foreign = build_user(own), build_account(own), build_account(other)
    assert selectors.get_account_for(user, account.id) == account
    for account_id in (foreign.id, 0, -1, 2**62):
        with pytest.raises(NotFound) as refused:
            selectors.get_account_for(user, account_id)
        assert refused.value.reason == "unknown_account"


def test_a_user_without_a_firm_sees_no_account_at_all():
    account = build_account(build_firm("Aurora"))
    stray = User.objects.create(username="stray", firm=None, role=Role.TRADER)
    overseer = User.objects.create(username="overseer", firm=None, role=Role.COMPLIANCE)
    assert selectors.accounts_of(stray) == []
    assert selectors.accounts_of(overseer) == [account]


def test_list_accounts_is_of_one_firm_or_of_all():
    own, other = build_firm("Aurora"), build_firm("Borealis")
    first, second = build_account(own), build_account(other)
    assert selectors.list_accounts(own.id) == [first]
    assert selectors.list_accounts() == [first, second]


def test_maker_firms_are_those_that_make():
    build_firm("Aurora", FirmKind.TAKER)
    maker = build_firm("Cobalt", FirmKind.MAKER)
    build_firm("House", FirmKind.HOUSE)
    assert selectors.maker_firms() == [maker]


def test_a_key_acts_for_its_user_until_it_is_revoked():
    user = build_user(build_firm())
    key_id, secret = services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    header = f"Bearer {key_id}.{secret}"
    assert authentication.authenticate_bearer(header) == user
    services.revoke_api_key(user=user, key_id=key_id, actor=SYSTEM, at=clock.now())
    assert authentication.authenticate_bearer(header) is None


def test_the_secret_is_not_stored():
    user = build_user(build_firm())
    key_id, secret = services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    stored = bytes(user.api_keys.get(key_id=key_id).secret_sha256)
    assert len(stored) == 32 and secret.encode() not in stored


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer a",
        "Bearer .",
        "Bearer a.b",
        "Bearer é.b",
        "Bearer \0.b",
        f"Bearer {'a' * 5_000}.b",
    ],
)
def test_a_header_that_names_no_key_is_nobody(header):
    assert authentication.authenticate_bearer(header) is None


def test_a_wrong_secret_and_an_inactive_user_are_nobody():
    user = build_user(build_firm())
    key_id, secret = services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    assert services.authenticate_api_key(f"{key_id}.{secret}x") is None
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert services.authenticate_api_key(f"{key_id}.{secret}") is None


def test_only_the_owner_revokes_a_key():
    firm = build_firm()
    owner, other = build_user(firm, "ada"), build_user(firm, "bob")
    key_id, secret = services.create_api_key(user=owner, actor=SYSTEM, at=clock.now())
    with pytest.raises(NotFound):
        services.revoke_api_key(user=other, key_id=key_id, actor=SYSTEM, at=clock.now())
    assert services.authenticate_api_key(f"{key_id}.{secret}") == owner


def test_keys_of_a_user_are_bounded():
    user = build_user(build_firm())
    for _ in range(services.API_KEYS_PER_USER_MAX):
        services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    with pytest.raises(Refusal) as refused:
        services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    assert (refused.value.reason, refused.value.bound) == ("too_many_api_keys", str(services.API_KEYS_PER_USER_MAX))


@pytest.mark.django_db(transaction=True)
def test_ending_the_sessions_tells_who_listens():
    user = build_user(build_firm())
    parameters = settings.DATABASES["default"]
    with psycopg.connect(
        host=parameters["HOST"],
        port=parameters["PORT"],
        user=parameters["USER"],
        password=parameters["PASSWORD"],
        dbname=parameters["NAME"],
        autocommit=True,
    ) as listener:
        listener.execute(f"LISTEN {transport.REVOKED_NOTIFY}")
        services.end_sessions(user=user, actor=SYSTEM, at=clock.now())
        (notice,) = listener.notifies(timeout=5, stop_after=1)
    assert notice.payload == str(user.pk)


@pytest.mark.django_db(transaction=True)
def test_a_deactivated_user_has_no_key_and_no_session():
    user = build_user(build_firm())
    key_id, secret = services.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    before = user.get_session_auth_hash()
    services.deactivate_user(user=user, actor=SYSTEM, at=clock.now(), reason="left the firm")
    user.refresh_from_db()
    assert not user.is_active and user.get_session_auth_hash() != before
    assert services.authenticate_api_key(f"{key_id}.{secret}") is None
    with pytest.raises(Conflict):
        services.deactivate_user(user=user, actor=SYSTEM, at=clock.now(), reason="again")


def test_the_password_is_the_users_own():
    assert build_user(build_firm()).check_password(PASSWORD)
