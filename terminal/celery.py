"""Celery: what runs beside the requests, and when. No order ever travels through it.

Every scheduled task expires before its next turn, so that a worker that was away does not meet a pile.
"""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terminal.settings")

HEARTBEAT_SECONDS_MAX = 10
WORKER_HEARTBEAT = "celery.worker.heartbeat"

app = Celery("terminal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _every(task: str, seconds: int) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expire_seconds": seconds}}


app.conf.beat_schedule = {
    "risk.fit_surfaces": _every("risk.fit_surfaces", 2),
    "risk.refresh_accounts": _every("risk.refresh_accounts", 1),
    "audit.checkpoint": _every("audit.checkpoint", 60),
    "settlement.run_netting_cycle": _every("settlement.run_netting_cycle", 60),
    "orders.measure_volumes": _every("orders.measure_volumes", 3_600),
}


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def _show_heartbeat(**_: object) -> None:
    """A key that expires tells the supervisor, and whoever else asks, that a worker takes tasks."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.set(WORKER_HEARTBEAT, "1", ex=HEARTBEAT_SECONDS_MAX)
