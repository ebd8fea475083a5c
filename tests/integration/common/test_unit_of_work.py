import pytest
from django.db import connection

from accounts.models import Firm
from common import db

pytestmark = pytest.mark.django_db(transaction=True)


def test_deferred_writes_run_by_key_then_by_turn() -> None:
    ran: list[str] = []
    with db.unit_of_work():
        db.defer((db.FACTS_PRIORITY, "b"), lambda: ran.append("fact b"))
        db.defer((db.AUDIT_PRIORITY, "z"), lambda: ran.append("audit z 1"))
        db.defer((db.FACTS_PRIORITY, "a"), lambda: ran.append("fact a"))
        db.defer((db.AUDIT_PRIORITY, "z"), lambda: ran.append("audit z 2"))
        assert ran == []
    assert ran == ["audit z 1", "audit z 2", "fact a", "fact b"]


def test_items_of_one_key_are_appended_together() -> None:
    groups: list[list[int]] = []

    def append(items: list[int]) -> None:
        groups.append(items)

    with db.unit_of_work():
        for number in (1, 2, 3):
            db.defer_item((db.AUDIT_PRIORITY, "x"), append, number)
            db.defer_item((db.AUDIT_PRIORITY, "y"), append, -number)
    assert groups == [[1, 2, 3], [-1, -2, -3]]


def test_a_deferred_write_may_defer_what_comes_after_it() -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        db.defer((db.OUTBOX_PRIORITY, ""), lambda: ran.append("third"))

    with db.unit_of_work():
        db.defer((db.COLLATERAL_PRIORITY, ""), first)
        db.defer((db.FACTS_PRIORITY, ""), lambda: ran.append("second"))
    assert ran == ["first", "second", "third"]
    with pytest.raises(AssertionError), db.unit_of_work():
        db.defer((2, ""), lambda: db.defer((1, ""), lambda: None))


def test_inner_failure_drops_only_its_own_writes() -> None:
    ran: list[int] = []
    with db.unit_of_work():
        db.defer((1, ""), lambda: ran.append(1))
        with pytest.raises(ZeroDivisionError), db.unit_of_work():
            db.defer((1, ""), lambda: ran.append(2))
            raise ZeroDivisionError
        db.defer((1, ""), lambda: ran.append(3))
    assert ran == [1, 3]


def test_failing_deferred_write_rolls_everything_back() -> None:
    with pytest.raises(ZeroDivisionError), db.unit_of_work():
        Firm.objects.create(name="a", kind="taker")
        db.defer((1, ""), lambda: 1 // 0)
    assert not Firm.objects.exists()
    with db.unit_of_work():
        Firm.objects.create(name="b", kind="taker")
    assert Firm.objects.count() == 1


def test_defer_outside_is_refused() -> None:
    with pytest.raises(db.OutsideUnitOfWork):
        db.defer((1, ""), lambda: None)


def test_plain_connection_reaches_the_same_database() -> None:
    import psycopg

    with psycopg.connect(**db.connection_parameters()) as plain:
        assert plain.execute("SELECT current_database()").fetchone() == (connection.settings_dict["NAME"],)
