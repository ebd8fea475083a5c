"""No new risk without a gateway that runs and a price that is fresh. Cancels do not come through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import valkey
from common.errors import Conflict, Refusal
from market import oracle
from wire.limits import STALE_AFTER_MS
from wire.units import NANOSECONDS_PER_MS

if TYPE_CHECKING:
    from market.models import Instrument
    from wire.market import Ticker

GATEWAY_SILENT_AFTER_MS = 3_000


class Unavailable(Refusal):
    """New risk is not taken now; trying again later is right."""

    status = 503


def check_admission(instrument: Instrument, now_ns: int) -> Ticker:
    """The fresh ticker that lets it in. Raises Unavailable (gateway_unavailable, stale_market) or Conflict
    (instrument_not_trading).
    """
    if not instrument.is_active:
        raise _not_trading(instrument, instrument.state)
    try:
        heartbeat = oracle.find_heartbeat()
        ticker = oracle.get_ticker(instrument.name)
    except valkey.Unreachable as error:
        raise Unavailable("gateway_unavailable", "the gateway cannot be seen", value="unreachable") from error
    _check_heartbeat(heartbeat, now_ns)
    if ticker is None or oracle.is_stale(ticker, now_ns):
        age = None if ticker is None else (now_ns - ticker.at_ns) // NANOSECONDS_PER_MS
        raise Unavailable(
            "stale_market",
            f"the price of {instrument.name} is too old",
            value="none" if age is None else f"{age} ms",
            bound=f"{STALE_AFTER_MS} ms",
        )
    if instrument.expiry_at_ns and ticker.market_time_ns >= instrument.expiry_at_ns:
        raise _not_trading(instrument, "expired")
    return ticker


def _check_heartbeat(heartbeat: oracle.GatewayHeartbeat | None, now_ns: int) -> None:
    if heartbeat is None:
        raise Unavailable("gateway_unavailable", "the gateway is silent", value="silent", bound="running")
    age_ms = abs(now_ns - heartbeat.at_ns) // NANOSECONDS_PER_MS
    if age_ms > GATEWAY_SILENT_AFTER_MS:
        raise Unavailable(
            "gateway_unavailable", "the gateway is silent", value=f"{age_ms} ms", bound=f"{GATEWAY_SILENT_AFTER_MS} ms"
        )
    if not heartbeat.is_running:
        raise Unavailable("gateway_unavailable", "the gateway is halted", value=heartbeat.state, bound="running")


def _not_trading(instrument: Instrument, state: str) -> Conflict:
    return Conflict("instrument_not_trading", f"{instrument.name} does not trade", value=state, bound="listed")
