"""What has to be true of the world before anything new is risked: a gateway that runs, and marks that are fresh."""

from decimal import Decimal

from common import clock, valkey
from common.errors import Conflict, Refusal
from market import oracle
from rfq.domain.records import RfqRecord
from wire.limits import STALE_AFTER_MS
from wire.units import NANOSECONDS_PER_MS


class Unavailable(Refusal):
    """Nothing new is risked while nobody can check it."""

    status = 503


def check_gateway() -> None:
    try:
        heartbeat = oracle.find_heartbeat()
    except valkey.Unreachable as error:
        raise Unavailable("gateway_unavailable", "The gateway cannot be reached.") from error
    if heartbeat is None or not heartbeat.is_running:
        state = heartbeat.state if heartbeat else "silent"
        raise Unavailable("gateway_unavailable", "The gateway takes no new risk.", value=state, bound="running")


def check_marks(rfq: RfqRecord) -> dict[int, Decimal]:
    """The index of each leg's coin, by leg. Refuses ``stale_mark``."""
    names = [leg.instrument_name for leg in rfq.legs]
    try:
        tickers = oracle.get_tickers(names)
    except valkey.Unreachable as error:
        raise Unavailable("stale_mark", "No market data can be read.") from error
    now_ns = clock.now_ns()
    for name in names:
        ticker = tickers.get(name)
        if ticker is None or ticker.mark_price is None:
            raise Conflict("stale_mark", f"{name} has no mark.", value=name)
        if oracle.is_stale(ticker, now_ns):
            age_ms = (now_ns - ticker.at_ns) // NANOSECONDS_PER_MS
            raise Conflict(
                "stale_mark", f"The mark of {name} is stale.", value=f"{age_ms} ms", bound=f"{STALE_AFTER_MS} ms"
            )
    indices = {index: tickers[name].index_price for index, name in enumerate(names)}
    return {index: Decimal(repr(price)) for index, price in indices.items() if price is not None}
