"""Two changes of one account's limits at once: the newest row is the one that the gateway hears of last."""

import threading
import time
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from common import clock, db
from common.actor import SYSTEM
from risk import services
from risk.models import LimitSet
from risk.services.limits import ADVISORY_SPACE
from tests import builders

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_waits_until_the_one_before_it_is_committed():
    account_id = builders.trading_firm().account.pk

    def change() -> None:
        try:
            services.set_limits(
                account_id=account_id, max_order_quantity_lots=1, max_order_value=Decimal(1), max_position_lots=1,
                max_position_value=Decimal(1), price_collar_basis_points=1, actor=SYSTEM, at=clock.now(),
            )  # fmt: skip
        finally:
            connection.close()

    changing = threading.Thread(target=change)
    with psycopg.connect(**db.connection_parameters()) as before:
        before.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY_SPACE, account_id])
        changing.start()
        time.sleep(0.5)
        assert not LimitSet.objects.exists()
        before.commit()
    changing.join(10)
    assert LimitSet.objects.count() == 1
