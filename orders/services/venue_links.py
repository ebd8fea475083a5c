"""Whether a venue takes orders now."""

from common import valkey
from common.errors import NotFound
from market import oracle
from orders.services.admission import Unavailable
from wire.market import VenueLink
from wire.units import NANOSECONDS_PER_MS

LINK_SILENT_AFTER_MS = 5_000


def check_venue(venue: str, now_ns: int) -> VenueLink:
    """How it is connected. Raises NotFound (unknown_venue) or Unavailable (venue_not_ready)."""
    try:
        found = oracle.read_raw([f"venue_link.{venue}"])
    except valkey.Unreachable as error:
        raise Unavailable("venue_not_ready", "the venues cannot be seen", value="unreachable") from error
    raw = found.get(f"venue_link.{venue}")
    link = None if raw is None else oracle.decode_frame(raw, VenueLink)
    if link is None or not link.takes_orders:
        raise NotFound("unknown_venue", f"{venue} takes no orders here", value=venue)
    age_ms = (now_ns - link.at_ns) // NANOSECONDS_PER_MS
    if not link.is_ready or age_ms > LINK_SILENT_AFTER_MS:
        value = link.state if age_ms <= LINK_SILENT_AFTER_MS else f"silent for {age_ms} ms"
        raise Unavailable("venue_not_ready", f"{link.title} takes no orders now", value=value, bound="ready")
    return link


def check_block_rfqs(venue: str, now_ns: int) -> None:
    """As ``check_venue``; raises NotFound (no_block_rfqs) where the venue has no makers to ask."""
    link = check_venue(venue, now_ns)
    if not link.takes_block_rfqs:
        raise NotFound("no_block_rfqs", f"{link.title} has no makers to ask", value=venue)
