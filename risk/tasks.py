"""Surfaces and live risk in the background. A run starts from what is there: a missing or double one harms nothing."""

import contextlib
from collections.abc import Iterator
from typing import Any

from celery import shared_task

from common import clock, valkey
from risk import services
from wire.instruments import COINS

LOCK_MS = 10_000


@shared_task(name="risk.fit_surfaces")
def fit_surfaces(**_: Any) -> int:
    """Fit and publish the surface of every coin that has quotes; returns the number of slices."""
    with _alone("risk.fit_surfaces") as is_ours:
        if not is_ours:
            return 0
        surfaces = [services.fit_surface(coin=coin, at=clock.now()) for coin in COINS]
        return sum(len(surface.slices) for surface in surfaces if surface is not None)


@shared_task(name="risk.refresh_accounts")
def refresh_accounts(**_: Any) -> int:
    """Publish live risk of every account; returns how many could be valued."""
    with _alone("risk.refresh_accounts") as is_ours:
        return services.refresh_accounts(at=clock.now()) if is_ours else 0


@contextlib.contextmanager
def _alone(name: str) -> Iterator[bool]:
    """Whether no other worker runs the same task now. The key expires by itself where a worker died."""
    client, key = valkey.client(), f"{name}.running"
    is_ours = bool(client.set(key, "1", nx=True, px=LOCK_MS))
    try:
        yield is_ours
    finally:
        if is_ours:
            client.delete(key)
