"""The pages around the stream: who may open them, and what they are served with."""

import json
import re

import pytest
from django.test import Client

from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def trader():
    return builders.trading_firm("Aurora")


@pytest.fixture
def maker():
    return builders.trading_firm("Cobalt", kind="maker", role="client")


def config_of(body: str) -> dict:
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', body)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("path", ["/", "/terminal/", "/maker/", "/risk/", "/compliance/"])
def test_a_stranger_is_sent_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("role", "home"), [("trader", "/terminal/"), ("client", "/maker/"), ("compliance", "/compliance/"), ("admin", "/compliance/")]
)
def test_each_role_has_its_own_home(client: Client, trader, role: str, home: str) -> None:
    client.force_login(builders.add_user(trader.firm, trader.desk, role=role))
    assert client.get("/").headers["Location"] == home
    assert client.get(home).status_code == 200


def test_a_page_holds_its_own_accounts_and_the_makers_names(client: Client, trader, maker) -> None:
    client.force_login(trader.user)
    config = config_of(client.get("/terminal/").content.decode())
    assert config["accounts"] == [{"id": trader.account.id, "name": "Main"}]
    assert config["makers"] == [{"id": maker.firm.id, "name": "Cobalt"}]
    assert config["user"] == {
        "id": trader.user.id, "name": trader.user.username, "role": "trader", "firmId": trader.firm.id,
        "deskId": trader.desk.id,
    }  # fmt: skip
    assert config["isKilled"] is False


def test_pages_of_another_role_are_403(client: Client, trader, maker) -> None:
    client.force_login(trader.user)
    assert client.get("/maker/").status_code == 403
    client.force_login(maker.user)
    assert client.get("/terminal/").status_code == 403


def test_risk_page_of_another_firm_is_404(client: Client, trader, maker) -> None:
    client.force_login(trader.user)
    assert client.get("/risk/").headers["Location"] == f"/risk/{trader.account.id}/"
    assert client.get(f"/risk/{trader.account.id}/").status_code == 200
    assert client.get(f"/risk/{maker.account.id}/").status_code == 404
    assert client.get(f"/risk/{10**30}/").status_code == 404


def test_a_name_cannot_break_out_of_the_page(client: Client, trader) -> None:
    builders.trading_firm("</script><script>alert(1)</script>", kind="maker", role="client")
    client.force_login(trader.user)
    body = client.get("/terminal/").content.decode()
    assert "<script>alert" not in body
    assert config_of(body)["makers"][0]["name"] == "</script><script>alert(1)</script>"


def test_theme_comes_from_the_cookie(client: Client, trader) -> None:
    client.force_login(trader.user)
    assert 'data-theme="dark"' in client.get("/terminal/").content.decode()
    client.cookies["theme"] = "light"
    assert 'data-theme="light"' in client.get("/terminal/").content.decode()


def test_nothing_is_inline_and_nothing_comes_from_outside(client: Client, trader) -> None:
    client.force_login(trader.user)
    answer = client.get("/terminal/")
    body = answer.content.decode()
    assert re.findall(r"<script(?![^>]*(src=|application/json))", body) == []
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", body) == []
    assert re.findall(r"\son\w+=|\sstyle=", body) == []
    nonces = set(re.findall(r'nonce="([^"]+)"', body))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in answer.headers["Content-Security-Policy"]
