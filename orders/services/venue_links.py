"""Whether a venue takes orders now, and in what."""

from common import valkey
from common.errors import NotFound
from market import oracle
from orders.services.admission import Unavailable
from wire.market import VenueDepth, VenueLink
from wire.units import NANOSECONDS_PER_MS

LINK_SILENT_AFTER_MS = 5_000


def check_venue(venue: str, now_ns: int) -> VenueLink:
    """How it is connected. Raises NotFound (unknown_venue) or Unavailable (venue_not_ready)."""
    raw = _read(f"venue_link.{venue}")
    link = None if raw is None else oracle.decode_frame(raw, VenueLink)
    if link is None or not link.takes_orders:
        raise NotFound("unknown_venue", f"{venue} takes no orders here", value=venue)
    age_ms = (now_ns - link.at_ns) // NANOSECONDS_PER_MS
    if not link.is_ready or age_ms > LINK_SILENT_AFTER_MS:
        value = link.state if age_ms <= LINK_SILENT_AFTER_MS else f"silent for {age_ms} ms"
        raise Unavailable("venue_not_ready", f"{link.title} takes no orders now", value=value, bound="ready")
    return link


def check_offered(venue: str, instrument_name: str, now_ns: int) -> None:
    """As ``check_venue``; raises NotFound (not_at_venue) where the venue does not offer the instrument."""
    link = check_venue(venue, now_ns)
    raw = _read(f"venue_depth.{instrument_name}")
    offering = [] if raw is None else [each.venue for each in oracle.decode_frame(raw, VenueDepth).venues]
    if venue not in offering:
        why = f"{link.title} does not offer {instrument_name}"
        raise NotFound("not_at_venue", why, value=venue, bound=", ".join(offering) or "no venue")


def check_block_rfqs(venue: str, now_ns: int) -> None:
    """As ``check_venue``; raises NotFound (no_block_rfqs) where the venue has no makers to ask."""
    link = check_venue(venue, now_ns)
    if not link.takes_block_rfqs:
        raise NotFound("no_block_rfqs", f"{link.title} has no makers to ask", value=venue)


def _read(key: str) -> bytes | None:
    try:
        return oracle.read_raw([key]).get(key)
    except valkey.Unreachable as error:
        raise Unavailable("venue_not_ready", "the venues cannot be seen", value="unreachable") from error
