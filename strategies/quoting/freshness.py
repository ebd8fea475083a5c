"""Whether the gateway, a coin's prices and its surface are fresh enough. Older than allowed, nothing is quoted."""

from strategies.quoting.terms import Market, Pass
from wire.market import SurfaceSlice
from wire.quoting import QuotingParameters
from wire.units import NANOSECONDS_PER_MS


def check_market(coin: str, market: Market, parameters: QuotingParameters) -> None:
    """Raises Pass ``stale_gateway`` or ``stale_market``; a time ahead of ours counts like one behind."""
    if _is_older(market.gateway_at_ns, market.now_ns, parameters.gateway_stale_ms):
        raise Pass("stale_gateway")
    if _is_older(market.alive_at_ns.get(coin, 0), market.now_ns, parameters.market_stale_ms):
        raise Pass("stale_market", coin)


def check_surface(coin: str, fitted: SurfaceSlice, market: Market, parameters: QuotingParameters) -> None:
    """Raises Pass ``stale_surface``."""
    at_ns = market.surface_at_ns[coin]
    if fitted.is_stale or market.now_ns - at_ns > parameters.surface_stale_ms * NANOSECONDS_PER_MS:
        raise Pass("stale_surface", fitted.underlying_name)


def _is_older(at_ns: int, now_ns: int, bound_ms: int) -> bool:
    return abs(now_ns - at_ns) > bound_ms * NANOSECONDS_PER_MS
