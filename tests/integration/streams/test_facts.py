"""The firm's stream is gapless in the order in which it becomes visible, whoever writes."""

import contextlib
import threading
import time

import pytest
from django.db import connection

from common import db
from streams import selectors, services
from wire import facts

pytestmark = pytest.mark.django_db(transaction=True)

FIRMS = (1, 2, 30)
WRITERS = 6
FACTS_EACH = 40


def write(writer: int) -> None:
    try:
        for number in range(FACTS_EACH):
            with contextlib.suppress(ZeroDivisionError), db.unit_of_work():
                for firm_id in FIRMS if writer % 2 else reversed(FIRMS):
                    fact = facts.CancelAllDone(scope=f"{writer}", scope_id=number, orders_canceled=0)
                    services.publish_fact(firm_id=firm_id, fact=fact)
                assert 1 // (9 - number % 10) >= 0
    finally:
        connection.close()


def follow(firm_id: int, until: threading.Event, seen: list[int]) -> None:
    """Read as the hub does: whatever is after the last one seen."""
    try:
        while True:
            finished = until.is_set()
            found = selectors.facts_after(firm_id, seen[-1] if seen else 0)
            seen.extend(fact.sequence for fact in found)
            if finished and not found:
                return
            time.sleep(0.001)
    finally:
        connection.close()


def test_streams_are_gapless_under_concurrent_writers() -> None:
    done = threading.Event()
    seen: dict[int, list[int]] = {firm_id: [] for firm_id in FIRMS}
    readers = [threading.Thread(target=follow, args=(firm_id, done, seen[firm_id])) for firm_id in FIRMS]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    expected = WRITERS * FACTS_EACH * 9 // 10
    for firm_id in FIRMS:
        assert seen[firm_id] == list(range(1, expected + 1))
        assert selectors.head(firm_id) == expected


def test_facts_of_one_unit_of_work_keep_their_order() -> None:
    with db.unit_of_work():
        for number in range(1, 11):
            fact = facts.CancelAllDone(scope="all", scope_id=number, orders_canceled=0)
            services.publish_fact(firm_id=1, fact=fact)
    assert [f'"scope_id":{number}' in fact.payload for number, fact in enumerate(selectors.facts_after(1, 0), 1)] == [
        True
    ] * 10


def test_reads_are_bounded_and_start_after_the_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "FACTS_READ_MAX", 4)
    with db.unit_of_work():
        for number in range(10):
            fact = facts.CancelAllDone(scope="all", scope_id=number, orders_canceled=0)
            services.publish_fact(firm_id=1, fact=fact)
    assert [fact.sequence for fact in selectors.facts_after(1, 3, limit=100)] == [4, 5, 6, 7]
    found = selectors.facts_after_each({1: 3, 2: 0, 3: 0}, limit=100)
    assert [fact.sequence for fact in found[1]] == [4, 5, 6, 7]
    assert found.keys() == {1}
    assert selectors.heads([1, 2]) == {1: 10}
    assert selectors.head(2) == 0
