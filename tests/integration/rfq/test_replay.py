"""An RFQ replays from its steps to the bytes of what is stored, and a row that was tampered with is found."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from rfq.domain.rules import RULES
from rfq.models import RfqStep
from rfq.selectors import replays
from tests.integration.rfq.lives import expired, rejected, traded


@pytest.mark.parametrize("life", [traded, rejected, expired])
def test_replay_ends_in_the_same_bytes(world, life):
    found = replays.replay_rfq(life(world))
    assert found.difference is None
    assert found.steps >= 4


def test_open_rfq_replays_to_where_it_stands(world):
    rfq_id = world.create()
    world.cancel_quote(world.quote(rfq_id))
    assert replays.replay_rfq(rfq_id).difference is None


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE rfq_rfqstep SET arguments = jsonb_set(arguments, '{at}', '\"2027-01-01T00:00:00Z\"') WHERE rfq_id = %s AND sequence = 3", "at step 3"),
        ("DELETE FROM rfq_rfqstep WHERE rfq_id = %s AND sequence = 4", "at step 4"),
        ("UPDATE rfq_rfqstep SET kind = 'forgotten' WHERE rfq_id = %s AND sequence = 2", "at step 2"),
        ("UPDATE rfq_rfq SET reason = 'other' WHERE id = %s", "at the end: reason"),
        ("UPDATE rfq_blocktrade SET net_price = net_price + 1 WHERE rfq_id = %s", "at the end"),
        ("UPDATE rfq_quoteversion SET bid_leg_prices[1] = 0.5 WHERE version = 1 AND quote_id IN (SELECT MIN(id) FROM rfq_quote WHERE rfq_id = %s)", "version 1"),
        ("UPDATE rfq_quote SET state = 'expired' WHERE rfq_id = %s AND state = 'traded_away'", "at the end"),
    ],
)
def test_tampered_row_is_found(world, statement, where):
    rfq_id = traded(world)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, [rfq_id])
        assert cursor.rowcount > 0
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert where in str(replays.replay_rfq(rfq_id).difference)


def test_steps_cannot_be_changed_or_deleted(world):
    from django.db import transaction
    from django.db.utils import ProgrammingError

    world.create()
    for change in (lambda: RfqStep.objects.update(kind="x"), lambda: RfqStep.objects.all().delete()):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_command_says_what_it_found(world):
    rfq_id = traded(world)
    said = StringIO()
    call_command("replay_rfq", "--all", stdout=said)
    assert said.getvalue() == f"1 RFQs replay byte for byte, {RfqStep.objects.count()} steps\n"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE rfq_rfq SET reason = 'other' WHERE id = %s", [rfq_id])
    complaint = StringIO()
    with pytest.raises(SystemExit):
        call_command("replay_rfq", str(rfq_id), stderr=complaint)
    assert f"DIFFERS rfq {rfq_id} at the end: reason: replayed , stored other" in complaint.getvalue()


def test_every_rule_is_stored_by_a_name_that_stays(world):
    assert {"submit_quote", "cancel_quote", "cancel_rfq", "accept", "reserved", "refused", "confirmed", "advance"} <= RULES.keys()
    traded(world)
    assert all(json.dumps(step.arguments) for step in RfqStep.objects.all())
