"""The newest surface of a coin."""

import msgspec

from common import clock, valkey
from risk.models import SurfaceSliceRow
from wire import transport
from wire.market import Surface, SurfaceSlice

_decode = msgspec.json.Decoder(Surface)


def surface(coin: str) -> Surface | None:
    """As it was last published; from the database, all of it stale, where Valkey has lost it; None before the first."""
    raw = valkey.client().hget(transport.MARKET_LATEST, f"surface.{coin}")
    return _stored(coin) if raw is None else _decode.decode(raw)


def find_slice(found: Surface | None, underlying_name: str) -> SurfaceSlice | None:
    """The slice of one expiry."""
    if found is None:
        return None
    return next((one for one in found.slices if one.underlying_name == underlying_name), None)


def _stored(coin: str) -> Surface | None:
    rows = list(SurfaceSliceRow.objects.filter(coin=coin).order_by("expiry_at"))
    if not rows:
        return None
    newest = max(rows, key=lambda row: row.fitted_at)
    return Surface(
        at_ns=clock.to_ns(newest.fitted_at),
        market_time_ns=clock.to_ns(newest.market_time),
        coin=coin,
        model_version=newest.model_version,
        slices=[_slice(row) for row in rows],
    )


def _slice(row: SurfaceSliceRow) -> SurfaceSlice:
    return SurfaceSlice(
        underlying_name=row.underlying_name,
        expiry_at_ns=clock.to_ns(row.expiry_at),
        forward_price=row.forward_price,
        years=row.years,
        a=row.a,
        b=row.b,
        rho=row.rho,
        m=row.m,
        sigma=row.sigma,
        fitted_at_ns=clock.to_ns(row.fitted_at),
        market_time_ns=clock.to_ns(row.market_time),
        is_stale=True,
        share_inside=row.share_inside,
        stale_reason=row.stale_reason or "read from the database",
    )
