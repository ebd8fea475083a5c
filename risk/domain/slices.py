"""A fitted slice as it is published."""

from risk.domain.svi import FittedSlice
from wire.market import SurfaceSlice


def slice_frame(fitted: FittedSlice, *, expiry_at_ns: int, fitted_at_ns: int, market_time_ns: int) -> SurfaceSlice:
    """``fitted_at_ns`` and ``market_time_ns``: of the fit, which is an earlier one where the slice is stale."""
    a, b, rho, m, sigma = fitted.parameters
    return SurfaceSlice(
        underlying_name=fitted.underlying_name,
        expiry_at_ns=expiry_at_ns,
        forward_price=fitted.forward,
        years=fitted.years,
        a=a,
        b=b,
        rho=rho,
        m=m,
        sigma=sigma,
        fitted_at_ns=fitted_at_ns,
        market_time_ns=market_time_ns,
        is_stale=fitted.is_stale,
        share_inside=fitted.share_inside,
        stale_reason=fitted.reason,
    )
