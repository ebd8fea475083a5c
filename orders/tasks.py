"""What is measured of orders in the background."""

from typing import Any

from celery import shared_task

from common import clock
from common.actor import TIMER
from orders import services


@shared_task(name="orders.measure_volumes")
def measure_volumes(**_: Any) -> int:
    """Measure the volume curve of every instrument that trades in our own book; returns how many have one."""
    return len(services.measure_own_book(actor=TIMER, at=clock.now()))
