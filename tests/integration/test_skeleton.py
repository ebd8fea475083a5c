import pytest

from accounts.models import Firm
from audit import services as audit
from common import clock, db
from common.actor import SYSTEM
from streams import services as streams
from streams.models import Fact, OutboxCommand
from wire import facts, gateway


@pytest.mark.django_db
def test_unit_of_work_writes_all():
    firm = Firm.objects.create(name="a", kind="taker")
    with db.unit_of_work():
        audit.record(stream=f"firm:{firm.id}", action="x", entity="order:1", actor=SYSTEM, at=clock.now())
        streams.publish_fact(firm_id=firm.id, fact=facts.CancelAllDone(scope="all", scope_id=0, orders_canceled=0))
        streams.send_to_gateway(gateway.CancelOrder(command_id="c", order_id=1))
    assert Fact.objects.count() == 1 and OutboxCommand.objects.count() == 1
