"""``/healthz``: whether this web process can reach what it needs."""

import json
import time
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse

from wire import transport

PROBE_SECONDS_MAX = 1.0


def healthz(request: HttpRequest) -> JsonResponse:
    """200 with every part ``ok``, else 503; ``gateway`` is reported and does not make the web process unhealthy."""
    parts: dict[str, Any] = {"database": _database(), "valkey": "ok", "gateway": "absent"}
    try:
        with redis.Redis.from_url(
            settings.VALKEY_URL, socket_timeout=PROBE_SECONDS_MAX, socket_connect_timeout=PROBE_SECONDS_MAX
        ) as valkey:
            heartbeat = valkey.get(transport.GATEWAY_HEARTBEAT)
        if heartbeat:
            parts["gateway"] = json.loads(heartbeat).get("state", "running")
    except redis.RedisError as error:
        parts["valkey"] = type(error).__name__
    healthy = parts["database"] == "ok" and parts["valkey"] == "ok"
    parts["status"] = "ok" if healthy else "unavailable"
    parts["server_time_ns"] = time.time_ns()
    return JsonResponse(parts, status=200 if healthy else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return type(error).__name__
    return "ok"
