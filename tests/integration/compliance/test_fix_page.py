"""The page of FIX sessions."""

import datetime as dt

import pytest
from django.urls import reverse

from accounts import selectors, services
from accounts.models import FixVersion
from streams.models import OutboxCommand
from tests.builders import add_user, trading_firm

AT = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session():
    desk = trading_firm("Aurora")
    terms = services.FixTerms(may_send_orders=True)
    return services.create_fix_session(
        name="AURORA", version=FixVersion.FIX44, user=desk.user, account=desk.account, terms=terms, actor=desk.actor,
        at=AT,
    )[0]  # fmt: skip


def sign_in(client, role):
    house = trading_firm(f"House {role}", kind="house", role=role)
    client.force_login(house.user)


def test_the_page_shows_what_the_gateway_says(client, session, monkeypatch):
    state = {"session_id": session.pk, "is_logged_on": True, "since_ns": 1, "address": "192.0.2.7", "next_sender": 4711}
    monkeypatch.setattr(selectors, "fix_states", lambda: {session.pk: state})
    sign_in(client, "compliance")
    page = client.get(reverse("compliance:fix")).content.decode()
    assert all(text in page for text in ("AURORA", "logged on", "192.0.2.7", "4711"))
    assert "Set numbers" not in page


def test_only_an_administrator_sets_numbers(client, session):
    url = reverse("compliance:reset_fix", args=[session.pk])
    numbers = {"next_sender": "5", "next_target": "6", "reason": "agreed by phone"}
    sign_in(client, "compliance")
    assert client.post(url, numbers).status_code == 403
    sign_in(client, "admin")
    before = OutboxCommand.objects.count()
    for wrong in ({"next_sender": "five"}, {"next_target": "0"}, {"reason": ""}, {"next_sender": "9" * 40}):
        client.post(url, numbers | wrong)
    assert OutboxCommand.objects.count() == before
    assert client.post(url, numbers).status_code == 302
    assert OutboxCommand.objects.count() == before + 1


def test_a_trader_does_not_see_the_page(client):
    firm = trading_firm("Aurora")
    client.force_login(add_user(firm.firm))
    assert client.get(reverse("compliance:fix")).status_code == 403
