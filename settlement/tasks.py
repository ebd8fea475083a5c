"""Clearing in the background."""

from typing import Any

from celery import shared_task

from common import clock
from settlement import services

CYCLES_PER_RUN_MAX = 20


@shared_task(name="settlement.run_netting_cycle")
def run_netting_cycle(**_: Any) -> int:
    """Net and post everything that is pending; returns the number of cycles. A repeat finds nothing left."""
    for count in range(CYCLES_PER_RUN_MAX):
        if services.run_netting_cycle(at=clock.now()) is None:
            return count
    return CYCLES_PER_RUN_MAX
