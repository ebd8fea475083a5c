"""Signing in and out, and what every answer carries, through the real middleware."""

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client

from accounts import services
from accounts.models import Account, FirmKind, Role
from audit.models import AuditRecord
from common import clock
from common.actor import SYSTEM
from tests.integration.accounts.builders import PASSWORD, build_account, build_firm, build_user

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


@pytest.fixture
def user():
    return build_user(build_firm())


def _sign_in(client: Client, password: str = PASSWORD, username: str = "ada"):
    return client.post(LOGIN, {"login": username, "password": password})


def test_name_and_password_sign_in(client, user):
    response = _sign_in(client)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert AuditRecord.objects.filter(action="user.signed_in", entity=f"user:{user.pk}", via="page").count() == 1


def test_a_wrong_password_is_recorded_and_signs_nobody_in(client, user):
    response = _sign_in(client, "wrong")
    assert response.status_code == 200 and "_auth_user_id" not in client.session
    record = AuditRecord.objects.get(action="user.sign_in_failed")
    assert record.after == {"username": "ada"} and record.remote_address == "127.0.0.1"


def test_repeated_failures_lock_the_name(client, user):
    for _ in range(5):
        _sign_in(client, "wrong")
    response = _sign_in(client)
    assert "_auth_user_id" not in client.session and response.status_code in (200, 429)


def test_signing_out_ends_the_session_and_is_recorded(client, user):
    _sign_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session
    assert AuditRecord.objects.filter(action="user.signed_out").count() == 1


def test_a_form_without_the_token_is_refused(user):
    client = Client(enforce_csrf_checks=True)
    assert _sign_in(client).status_code == 403


def test_nobody_signs_up(client):
    response = client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD})
    assert response.status_code == 200 and "_auth_user_id" not in client.session


def test_ended_sessions_no_longer_verify(client, user):
    _sign_in(client)
    assert client.get("/api/me").status_code == 200
    services.end_sessions(user=user, actor=SYSTEM, at=clock.now())
    assert client.get("/api/me").status_code == 401


def test_a_second_factor_is_asked_for_and_its_seed_is_encrypted(client, user, monkeypatch):
    counter = next(totp.yield_hotp_counters_from_time())
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter([counter]))
    secret = totp.generate_totp_secret()
    authenticator = totp.TOTP.activate(user, secret).instance
    assert secret not in str(authenticator.data)
    response = _sign_in(client)
    assert response["Location"] == "/accounts/2fa/authenticate/" and "_auth_user_id" not in client.session
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


def test_cookies_are_for_the_browser_and_this_site_only(client, user):
    _sign_in(client)
    session = client.cookies["sessionid"]
    assert session["httponly"] and session["samesite"] == "Lax"


def test_every_page_carries_the_strict_policy(client, user):
    response = client.get(LOGIN)
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "style-src-attr": "'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"


def test_the_admin_is_for_administrators(client):
    house = build_firm("House", FirmKind.HOUSE)
    build_user(house, "root", Role.ADMIN)
    build_user(house, "ada")
    _sign_in(client)
    assert client.get("/admin/accounts/firm/").status_code == 302
    client.post("/accounts/logout/")
    _sign_in(client, username="root")
    for model in ("firm", "desk", "user", "account", "apikey"):
        assert client.get(f"/admin/accounts/{model}/").status_code == 200
    for elsewhere in ("auth/group", "account/emailaddress", "mfa/authenticator", "django_celery_beat/periodictask"):
        assert client.get(f"/admin/{elsewhere}/").status_code == 404, "changes there would leave no record"


def test_a_change_in_the_admin_is_recorded_and_ends_the_sessions(client):
    house = build_firm("House", FirmKind.HOUSE)
    build_user(house, "root", Role.ADMIN)
    user = build_user(house, "ada")
    _sign_in(client, username="root")
    form = {"username": "ada", "firm": house.pk, "role": "compliance", "is_active": "on"}
    response = client.post(f"/admin/accounts/user/{user.pk}/change/", form)
    assert response.status_code == 302, response.context["errors"]
    record = AuditRecord.objects.get(action="user.changed")
    assert record.after == {"role": "compliance"} and record.via == "admin"
    assert AuditRecord.objects.filter(action="user.sessions_ended", entity=f"user:{user.pk}").exists()
    user.refresh_from_db()
    assert user.session_generation == 1


def test_an_account_stays_with_its_firm_and_a_desk_of_that_firm(client):
    house, other = build_firm("House", FirmKind.HOUSE), build_firm("Borealis")
    build_user(house, "root", Role.ADMIN)
    account, foreign = build_account(house), build_account(other)
    _sign_in(client, username="root")
    path = f"/admin/accounts/account/{account.pk}/change/"
    client.post(path, {"name": "Renamed", "firm": other.pk, "desk": foreign.desk_id})
    account.refresh_from_db()
    assert (account.name, account.firm_id) == ("Renamed", house.pk)
    assert account.desk_id != foreign.desk_id
    response = client.post("/admin/accounts/account/add/", {"name": "New", "firm": house.pk, "desk": foreign.desk_id})
    assert "belongs to another firm" in response.content.decode()
    assert not Account.objects.filter(name="New").exists()


def test_a_key_made_over_rest_works_until_it_is_deleted(client, user):
    _sign_in(client)
    made = client.post("/api/api-keys")
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    other = Client()
    assert other.get("/api/me", headers=headers).json()["username"] == "ada"
    assert client.delete(f"/api/api-keys/{made.json()['key_id']}").status_code == 204
    assert other.get("/api/me", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["vendor/plotly.min.js", "vendor/htmx.min.js", "favicon.svg"])
def test_static_files_come_from_our_tree_and_the_wheels(client, path):
    response = client.get(f"/static/{path}")
    assert response.status_code == 200 and len(response.content) > 100
    again = client.get(f"/static/{path}", headers={"If-Modified-Since": response["Last-Modified"]})
    assert again.status_code == 304
