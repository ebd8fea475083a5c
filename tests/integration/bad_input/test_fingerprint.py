"""The check that nothing changed finds what changes: without this it would prove nothing."""

import pytest
from django.db import connection

from accounts.models import Account
from orders.models import Order
from tests.integration.bad_input import rest
from tests.integration.bad_input.fingerprint import differences, fingerprint, tables
from tests.integration.bad_input.scene import Scene
from tests.integration.rfq.world import publish_market

BUSINESS = {
    "orders_order", "orders_ordercommand", "rfq_rfq", "rfq_quote", "rfq_quoteversion", "rfq_blocktrade", "rfq_rfqcommand",
    "settlement_transfer", "streams_fact", "streams_facthead", "streams_outboxcommand", "audit_auditrecord",
    "audit_audithead", "risk_limitset", "risk_killswitchengagement", "accounts_apikey", "market_instrument",
}  # fmt: skip


def test_every_business_table_is_looked_at() -> None:
    assert {model._meta.db_table for model in tables()} >= BUSINESS


def test_nothing_is_no_difference(scene: Scene) -> None:
    assert fingerprint() == fingerprint()


def test_a_good_order_is_found_and_fails_a_case(scene: Scene) -> None:
    publish_market()
    before = fingerprint()
    good = rest.order("a good order", 201, "", {})
    with pytest.raises(AssertionError, match="a good order changed something"):
        rest.check(good, scene)
    assert set(differences(before, fingerprint())) == {
        "orders_order", "orders_ordercommand", "audit_auditrecord", "audit_audithead", "streams_fact",
        "streams_facthead", "streams_outboxcommand",
    }  # fmt: skip


def test_one_changed_column_of_one_row_is_found(scene: Scene) -> None:
    before = fingerprint()
    Order.objects.filter(pk=scene.ids["order"]).update(reason="touched")
    changed = differences(before, fingerprint())
    assert set(changed) == {"orders_order"}
    was, now = changed["orders_order"]
    assert (was.rows, was.newest) == (now.rows, now.newest) and was.contents != now.contents


def test_a_row_and_a_sequence_are_found(scene: Scene) -> None:
    before = fingerprint()
    Account.objects.create(firm_id=scene.ids["firm"], desk_id=scene.ids["desk"], name="Second")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE streams_facthead SET sequence = sequence + 1 WHERE firm_id = %s", [scene.ids["firm"]])
    changed = differences(before, fingerprint())
    assert set(changed) == {"accounts_account", "streams_facthead"}
    assert changed["accounts_account"][1].rows == changed["accounts_account"][0].rows + 1


def test_a_refusal_of_another_name_fails_a_case(scene: Scene) -> None:
    wrong = rest.order("a wrong name", 422, "price_off_grid", {"quantity": "0"}, value="0", bound="0")
    with pytest.raises(AssertionError, match="quantity_not_positive"):
        rest.check(wrong, scene)
