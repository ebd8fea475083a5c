"""Bad input in forms: signing in, compliance's search, the administration."""

import dataclasses
import html
import re
from typing import Any
from urllib.parse import quote as quoted

import pytest
from django.core.cache import cache
from django.test import Client

from audit.models import AuditRecord
from tests.integration.bad_input.fingerprint import differences, fingerprint
from tests.integration.bad_input.scene import PASSWORD, Scene

LOGIN = "/accounts/login/"
TOKEN = "a" * 32
FAILED = ("user.sign_in_failed",)


@dataclasses.dataclass(frozen=True)
class Case:
    """``codes``: errors by field. ``says``: what the page holds. ``recorded``: actions that the audit trail gains."""

    name: str
    status: int
    codes: dict[str, list[str]] | None = None
    says: str = ""
    who: str = "nobody"
    method: str = "post"
    path: str = LOGIN
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    location: str = ""
    recorded: tuple[str, ...] = ()
    has_token: bool = True


def sign_in(name: str, login: str, password: str, codes: dict[str, list[str]], **fields: Any) -> Case:
    return Case(name, 200, codes, fields={"login": login, "password": password}, **fields)


def search(name: str, field: str, text: str, says: str, **fields: Any) -> Case:
    path = f"/compliance/?{field}={quoted(text)}"
    return Case(name, 200, says=says, who="compliance", method="get", path=path, **fields)


def admin(name: str, model: str, fields: dict[str, Any], codes: dict[str, list[str]], says: str = "") -> Case:
    return Case(name, 200, codes, says, who="admin", path=f"/admin/accounts/{model}/add/", fields=fields)


MISMATCH = {"__all__": ["username_password_mismatch"]}
SIGN_IN = [
    sign_in("wrong password", "root", "wrong", MISMATCH, recorded=FAILED),
    sign_in("nobody's name", "nobody", "wrong", MISMATCH, recorded=FAILED),
    sign_in("name with SQL in it", "' OR 1=1 --", "wrong", MISMATCH, recorded=FAILED),
    sign_in("endless password", "root", "y" * 5_000, MISMATCH, recorded=FAILED),
    sign_in("nothing", "", "", {"login": ["required"], "password": ["required"]}),
    sign_in("endless name", "x" * 5_000, "wrong", {"login": ["max_length"]}),
    sign_in("name with a NUL", "root\x00", "wrong", {"login": ["null_characters_not_allowed"]}),
    sign_in("password with a NUL", "root", "y\x00", {"password": ["null_characters_not_allowed"]}),
    Case("without the token", 403, says="CSRF verification failed", fields={"login": "root", "password": PASSWORD}, has_token=False),
    Case("too large", 400, says="Bad Request", fields={"login": "root", "password": "y" * 70_000}),
    Case("a thousand fields", 400, says="Bad Request", fields={f"field{number}": "" for number in range(1_100)}),
    Case("signing up", 200, says="currently closed", path="/accounts/signup/", fields={"username": "eve", "password1": PASSWORD}),
    Case("second factor of nobody", 302, path="/accounts/2fa/authenticate/", fields={"code": "000000"}, location=LOGIN),
    Case("password change without the old one", 200, {"oldpassword": ["enter_current_password"], "password1": ["password_too_short"]}, who="trader", path="/accounts/password/change/", fields={"oldpassword": "x", "password1": "short", "password2": "short"}),
]  # fmt: skip

A_TIME = "is not a time such as 2026-02-03 or 2026-02-03 14:30"
SEARCHES = [
    search("order in words", "order_id", "seven", "order id: 'seven' is not a number"),
    search("order with SQL in it", "order_id", "1 OR 1=1", "order id: '1 OR 1=1' is not a number"),
    search("order negative", "order_id", "-1", "order id: '-1' is not a number"),
    search("order huge", "order_id", "9" * 19, f"order id: '{'9' * 19}' is not a number"),
    search("RFQ in Arabic digits", "rfq_id", "\u0661", "rfq id: '\u0661' is not a number"),
    search("day in words", "after", "yesterday", f"after: 'yesterday' {A_TIME}"),
    search("day that is none", "before", "2026-02-30", f"before: '2026-02-30' {A_TIME}"),
    search("before the first year", "after", "0001-01-01T00:00+10:00", f"after: '0001-01-01T00:00+10:00' {A_TIME}"),
    search("after the last year", "before", "9999-12-31T23:59-10:00", f"before: '9999-12-31T23:59-10:00' {A_TIME}"),
    search("user with a NUL", "user", "a\x00b", "user: 'a\\x00b' is not printable text"),
    search("firm with a NUL", "firm", "\x00b\x00c", "is not printable text"),
    search("instrument with an escape", "instrument", "BTC\x1b[0m", "instrument: 'BTC\\x1b[0m' is not printable text"),
    search("user with SQL in it", "user", "' OR 1=1 --", "Nothing matches."),
    search("instrument with a tag", "instrument", "<script>alert(1)</script>", "Nothing matches."),
    search("endless firm", "firm", "x" * 50_000, "Nothing matches."),
    Case("order beyond every number", 404, says="There is no such page", who="compliance", method="get", path="/compliance/orders/99999999999999999999/"),
    Case("export of no RFQ", 404, says="There is no such page", who="compliance", method="get", path="/compliance/rfqs/0/export/"),
    Case("search by writing", 405, who="compliance", path="/compliance/"),
    Case("verifying without the token", 403, says="CSRF verification failed", who="compliance", path="/compliance/trail/verify/", has_token=False),
    Case("search by a trader", 403, says="It is for compliance and admin; your role is trader.", who="trader", method="get", path="/compliance/"),
    Case("search by nobody", 302, method="get", path="/compliance/", location=f"{LOGIN}?next=/compliance/"),
    Case("risk of another firm", 404, says="There is no such page", who="trader", method="get", path="/risk/{other_account}/"),
]  # fmt: skip

EVE = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true", "role": "trader"}
ADMINISTRATION = [
    admin("firm without a name", "firm", {"name": "", "kind": "taker"}, {"name": ["required"]}),
    admin("firm with an endless name", "firm", {"name": "x" * 65, "kind": "bank"}, {"name": ["max_length"], "kind": ["invalid_choice"]}),
    admin("firm with a NUL", "firm", {"name": "a\x00b", "kind": "taker"}, {"name": ["null_characters_not_allowed"]}),
    admin("firm that exists", "firm", {"name": "{firm_name}", "kind": "taker"}, {"name": ["unique"]}),
    admin("account on a desk of another firm", "account", {"firm": "{firm}", "desk": "{other_desk}", "name": "X"}, {"__all__": [""]}, "This desk belongs to another firm."),
    admin("account of an unknown firm", "account", {"firm": "999999999", "desk": "abc", "name": "X"}, {"firm": ["invalid_choice"], "desk": ["invalid_choice"]}),
    admin("user on a desk of another firm", "user", {**EVE, "firm": "{firm}", "desk": "{other_desk}"}, {"__all__": [""]}, "This desk belongs to another firm."),
    admin("user with a weak password", "user", {**EVE, "firm": "{firm}", "password1": "password", "password2": "password"}, {"password2": ["password_too_short", "password_too_common"]}),
    admin("user of an unknown role", "user", {**EVE, "firm": "{firm}", "role": "king"}, {"role": ["invalid_choice"]}),
    Case("limits, which are not set here", 404, says="There is no such page", who="admin", path="/admin/risk/limitset/add/", fields={"account": "1"}),
    Case("key made by hand", 403, says="Your role does not include it.", who="admin", path="/admin/accounts/apikey/add/", fields={"key_id": "x"}),
    Case("firm to delete", 403, says="Your role does not include it.", who="admin", path="/admin/accounts/firm/{firm}/delete/", fields={"post": "yes"}),
    Case("firm without the token", 403, says="CSRF verification failed", who="admin", path="/admin/accounts/firm/add/", fields={"name": "New", "kind": "taker"}, has_token=False),
    Case("filter with a NUL", 302, who="admin", method="get", path="/admin/accounts/user/?role__exact=%00", location="/admin/accounts/user/?e=1"),
    Case("filter by no number", 302, who="admin", method="get", path="/admin/accounts/user/?firm__id__exact=abc", location="/admin/accounts/user/?e=1"),
    Case("a trader in the administration", 302, who="trader", method="get", path="/admin/", location="/admin/login/?next=/admin/"),
]  # fmt: skip
CASES = [*SIGN_IN, *SEARCHES, *ADMINISTRATION]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(scene: Scene, case: Case) -> None:
    """The named error, and nothing has changed but that failures to sign in are on record."""
    client = _client(case, scene)
    before, records = fingerprint(), AuditRecord.objects.count()
    response = _send(client, case, scene)
    assert (response.status_code, response.get("Location", "")) == (case.status, case.location)
    text = _text(response)
    assert case.says in text and "Traceback" not in text
    assert _codes(response) == case.codes
    trail = {"audit_auditrecord", "audit_audithead"} if case.recorded else set()
    assert set(differences(before, fingerprint())) == trail
    assert tuple(AuditRecord.objects.order_by("id").values_list("action", flat=True)[records:]) == case.recorded


def _client(case: Case, scene: Scene) -> Client:
    cache.clear()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if case.who != "nobody":
        client.force_login(scene.users[case.who])
    client.cookies["csrftoken"] = TOKEN
    return client


def _send(client: Client, case: Case, scene: Scene) -> Any:
    world = scene.world
    names = {**scene.ids, "firm_name": world.taker.firm.name, "other_desk": world.other_taker.account.desk_id}
    path = case.path.format_map(names)
    if case.method == "get":
        return client.get(path)
    fields = {key: text.format_map(names) for key, text in case.fields.items()}
    return client.post(path, {**fields, **({"csrfmiddlewaretoken": TOKEN} if case.has_token else {})})


def _text(response: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def _codes(response: Any) -> dict[str, list[str]] | None:
    """Errors of the page's form by field, by the names that Django and allauth give them."""
    for name in ("adminform", "form"):
        form = getattr((response.context or {}).get(name), "form", (response.context or {}).get(name))
        if getattr(form, "errors", None):
            return {field: [error["code"] for error in errors] for field, errors in form.errors.get_json_data().items()}
    return None
