"""The chain, the triggers that guard it, and the verifier that finds what passed them by."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction

from audit import selectors, services, verify
from audit.models import AuditCheckpoint, AuditHead, AuditRecord
from common import clock, db
from common.actor import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)

STREAMS = ("firm:1", "firm:2", "firm:10", "house")


def record(stream: str = "firm:1", number: int = 1) -> None:
    services.record(
        stream=stream,
        action="order.placed",
        entity=f"order:{number}",
        actor=SYSTEM,
        at=clock.now(),
        before={"state": None, "ü": [1, {"b": 2, "a": "x"}]},
        after={"price": "1.50", "number": number, "large": 10**30, "text": 'quote " and \\ and \u2028'},
        command_id=f"c{number}",
        reason="why",
    )


def write(count: int = 10) -> None:
    for number in range(1, count + 1):
        with db.unit_of_work():
            for stream in STREAMS:
                record(stream, number)


@contextmanager
def as_owner() -> Iterator[None]:
    """As somebody who may switch the triggers off."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield


def damages(stream: str = "") -> list[tuple[str, int]]:
    return [(damage.stream, damage.sequence) for damage in verify.verify(stream).damages]


def test_chain_survives_the_database_and_verifies() -> None:
    write()
    result = verify.verify()
    assert (result.streams, result.records, result.damages) == (4, 40, ())
    assert [row.sequence for row in AuditRecord.objects.filter(stream="house").order_by("sequence")] == list(range(1, 11))


def test_several_records_of_one_unit_of_work_are_chained_in_order() -> None:
    with db.unit_of_work():
        for number in range(1, 6):
            record("firm:1", number)
    entities = AuditRecord.objects.order_by("sequence").values_list("entity", flat=True)
    assert list(entities) == [f"order:{number}" for number in range(1, 6)]
    assert damages() == []


def test_concurrent_writers_make_one_chain() -> None:
    def writer() -> None:
        try:
            write(10)
        finally:
            connection.close()

    threads = [threading.Thread(target=writer) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify.verify().records == 6 * 40
    assert damages() == []


def test_a_trail_that_is_written_meanwhile_is_whole() -> None:
    is_over = threading.Event()

    def writer() -> None:
        try:
            while not is_over.is_set():
                write(1)
        finally:
            connection.close()

    thread = threading.Thread(target=writer)
    thread.start()
    found: list[verify.Verification] = []
    deadline = time.monotonic() + 60
    try:
        while len(found) < 30 or len({result.records for result in found}) <= 5:
            found.append(verify.verify())
            assert time.monotonic() < deadline
    finally:
        is_over.set()
        thread.join()
    assert {result.damages for result in found} == {()}


def test_rolled_back_change_leaves_no_record() -> None:
    with pytest.raises(ZeroDivisionError), db.unit_of_work():
        record()
        raise ZeroDivisionError
    assert not AuditRecord.objects.exists()
    assert damages() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditrecord SET reason = 'x' WHERE sequence = 3",
        "DELETE FROM audit_auditrecord WHERE sequence = 3",
        "TRUNCATE audit_auditrecord",
        "UPDATE audit_audithead SET sequence = sequence - 1",
        "UPDATE audit_audithead SET sha256 = decode(repeat('00', 32), 'hex')",
        "UPDATE audit_audithead SET stream = stream || 'x'",
        "DELETE FROM audit_audithead",
        "TRUNCATE audit_audithead",
        "UPDATE audit_auditcheckpoint SET heads = '[]'",
        "DELETE FROM audit_auditcheckpoint",
        "TRUNCATE audit_auditcheckpoint",
        "UPDATE streams_fact SET payload = ''",
        "DELETE FROM streams_fact",
        "TRUNCATE streams_fact",
        "UPDATE streams_facthead SET sequence = 0",
        "DELETE FROM streams_facthead",
    ],
)
def test_database_refuses_every_change(statement: str) -> None:
    from streams import services as streams_services
    from wire import facts

    write(4)
    services.checkpoint(at=clock.now())
    with db.unit_of_work():
        streams_services.publish_fact(
            firm_id=1, fact=facts.CancelAllDone(scope="all", scope_id=0, orders_canceled=0)
        )
    with pytest.raises(Error, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert damages() == []


COLUMNS = {
    "at": "at + interval '1 microsecond'",
    "action": "action || 'x'",
    "entity": "'order:999'",
    "user_id": "77",
    "firm_id": "77",
    "via": "'rest'",
    "remote_address": "'1.2.3.4'",
    "command_id": "'other'",
    "reason": "'because'",
    "before": "NULL",
    "after": "jsonb_set(after, '{price}', '\"1.51\"')",
    "previous_sha256": "decode(repeat('00', 32), 'hex')",
    "sha256": "decode(repeat('00', 32), 'hex')",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_changed_column_is_found_at_its_sequence(column: str) -> None:
    write()
    sequence = random.Random(column).randint(2, 10)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE audit_auditrecord SET {column} = {COLUMNS[column]} WHERE stream = 'firm:2' AND sequence = %s",
            [sequence],
        )
    assert damages() == [("firm:2", sequence)]
    assert damages("firm:1") == []


def test_removed_record_is_found_at_its_sequence() -> None:
    write()
    with as_owner():
        AuditRecord.objects.filter(stream="firm:10", sequence=4).delete()
    assert damages() == [("firm:10", 4)]


def test_truncated_tail_is_found_against_the_head() -> None:
    write()
    with as_owner():
        AuditRecord.objects.filter(stream="firm:1", sequence__gt=7).delete()
    assert damages() == [("firm:1", 8)]


def test_truncated_tail_with_its_head_is_found_against_the_checkpoint() -> None:
    write()
    services.checkpoint(at=clock.now())
    with as_owner():
        AuditRecord.objects.filter(stream="firm:1", sequence__gt=7).delete()
        last = AuditRecord.objects.get(stream="firm:1", sequence=7)
        AuditHead.objects.filter(stream="firm:1").update(sequence=7, sha256=last.sha256)
    assert damages("firm:1") == []
    assert damages() == [("firm:1", 10)]


def test_stream_removed_whole_is_found() -> None:
    write()
    with as_owner():
        AuditRecord.objects.filter(stream="firm:1").delete()
    assert damages() == [("firm:1", 1)]


def test_chain_written_anew_is_found_against_the_checkpoint() -> None:
    write()
    services.checkpoint(at=clock.now())
    with as_owner():
        AuditRecord.objects.filter(stream="firm:1").delete()
        AuditHead.objects.filter(stream="firm:1").delete()
    for number in range(1, 12):
        with db.unit_of_work():
            record("firm:1", number + 100)
    assert damages("firm:1") == []
    assert damages() == [("firm:1", 10)]


def test_changed_checkpoint_is_found() -> None:
    write()
    services.checkpoint(at=clock.now())
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditcheckpoint SET root_sha256 = decode(repeat('00', 32), 'hex')")
    assert damages() == [("checkpoint", AuditCheckpoint.objects.get().pk)]


def test_checkpoint_is_made_only_when_something_was_recorded() -> None:
    write(1)
    assert services.checkpoint(at=clock.now()) is not None
    assert services.checkpoint(at=clock.now()) is None
    write(1)
    assert services.checkpoint(at=clock.now()) is not None
    assert damages() == []


def test_command_names_the_damage_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    write()
    call_command("verify_audit")
    assert "40 records in 4 streams verify" in capsys.readouterr().out
    with as_owner():
        AuditRecord.objects.filter(stream="house", sequence=3).delete()
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit")
    assert ended.value.code == 1
    assert "DAMAGED house at 3" in capsys.readouterr().err
    call_command("verify_audit", stream="firm:1")


def test_timeline_is_in_the_order_written() -> None:
    write()
    timeline = selectors.list_timeline(["order:1", "order:2"])
    assert [row.entity for row in timeline] == ["order:1"] * 4 + ["order:2"] * 4
    found = selectors.find_records(stream="house", command_id="c3")
    assert [row.entity for row in found] == ["order:3"]
