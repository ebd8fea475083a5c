"""A firm moves into another legal entity by the word of two administrators, never of one."""

import pytest
from django.test import Client

from accounts.models import FirmKind, LegalEntity, LegalEntityMove, Role
from audit.models import AuditRecord
from tests.integration.accounts.builders import build_firm, build_user

pytestmark = pytest.mark.django_db
MOVES = "/admin/accounts/legalentitymove/"


@pytest.fixture
def people():
    house = build_firm("House", FirmKind.HOUSE)
    clients = []
    for name in ("root", "second"):
        client = Client()
        client.force_login(build_user(house, name, Role.ADMIN))
        clients.append(client)
    return clients


@pytest.fixture
def firm():
    return build_firm()


@pytest.fixture
def entity():
    return LegalEntity.objects.create(name="Aurora Group")


def propose(client, firm, entity):
    form = {"firm": firm.pk, "legal_entity": entity.pk, "reason": "bought by the group"}
    return client.post(f"{MOVES}add/", form)


def decide(client, action):
    ids = list(LegalEntityMove.objects.values_list("pk", flat=True))
    return client.post(MOVES, {"action": action, "_selected_action": ids}, follow=True).content.decode()


def entity_of(firm):
    firm.refresh_from_db()
    return firm.legal_entity


def test_a_second_administrator_puts_it_in_force(people, firm, entity):
    first, second = people
    assert propose(first, firm, entity).status_code == 302
    assert entity_of(firm) is None
    assert "takes two people" in decide(first, "approve")
    assert entity_of(firm) is None
    assert "approved" in decide(second, "approve")
    assert entity_of(firm) == entity
    assert "was decided" in decide(second, "approve")
    records = AuditRecord.objects.filter(action__startswith="legal_entity_move").order_by("id")
    assert [(each.action.partition(".")[2], each.before, each.reason) for each in records] == [
        ("proposed", {"legal_entity": ""}, "bought by the group"),
        ("approved", {"legal_entity": ""}, "bought by the group"),
    ]
    assert len({each.user_id for each in records}) == 2


def test_what_cannot_be_proposed_is_said_and_what_was_may_be_taken_back(people, firm, entity):
    first, second = people
    propose(first, firm, entity)
    assert "waits already" in propose(second, firm, entity).content.decode()
    assert "withdrawn" in decide(first, "refuse")
    propose(first, firm, entity)
    decide(second, "refuse")
    states = LegalEntityMove.objects.order_by("pk").values_list("state", flat=True)
    assert (list(states), entity_of(firm)) == (["withdrawn", "refused"], None)
    firm.legal_entity = entity
    firm.save()
    assert "in this legal entity already" in propose(first, firm, entity).content.decode()


def test_nobody_changes_it_in_the_form_of_the_firm(people, firm, entity):
    form = {"name": firm.name, "kind": firm.kind, "legal_entity": entity.pk}
    assert people[0].post(f"/admin/accounts/firm/{firm.pk}/change/", form).status_code == 302
    assert entity_of(firm) is None
