"""``python -m gateway``: see ``gateway.settings`` for its arguments.

Exit codes: 0 stopped in order, 1 a part failed, 2 bad arguments, 3 the recording cannot be played, 4 the state
folder cannot be used, 5 another process holds the journal, 6 the journal is damaged, 7 another gateway took over, 8 the
file of venues cannot be used, 9 the certificates of FIX cannot be used, 10 a venue's log of orders is damaged, lost or
not this journal's (docs/venues.md), 11 the file of the hot path cannot be used (docs/hot-path.md).
"""

import asyncio
import logging
import sys

import parley_core
import uvloop

from gateway.feeds.chain_files import RecordingError
from gateway.fix.dictionary import load_dictionaries
from gateway.fix.registry import RegistryDamaged
from gateway.fix.tls import TlsRefused
from gateway.hot.settings import HotRefused
from gateway.position_file import PositionFileDamaged
from gateway.process import EXIT_FENCED, Gateway, OtherMarket
from gateway.settings import Settings, parse_arguments
from gateway.standby import follow_until_due
from gateway.venues.order_log import OrderLogDamaged, OrderLogFailed, OrderLogThere
from gateway.venues.routes import JournalBehind, OrderLogBehind
from gateway.venues.settings import VenuesRefused

EXIT_RECORDING, EXIT_STATE, EXIT_LOCKED, EXIT_DAMAGED, EXIT_VENUES = 3, 4, 5, 6, 8
EXIT_TLS, EXIT_ORDER_LOG, EXIT_HOT = 9, 10, 11
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    parley_core.JournalFenced: (EXIT_FENCED, "Another gateway took over the journal in {directory}."),
    parley_core.JournalLocked: (EXIT_LOCKED, "Another gateway uses the journal in {directory}."),
    parley_core.JournalDamaged: (EXIT_DAMAGED, "The journal in {directory} is damaged: {error}."),
    RecordingError: (EXIT_RECORDING, "{error}"),
    OtherMarket: (EXIT_STATE, "{error}"),
    RegistryDamaged: (EXIT_STATE, "{error}"),
    TlsRefused: (EXIT_TLS, "{error}."),
    VenuesRefused: (EXIT_VENUES, "{error}"),
    PositionFileDamaged: (EXIT_STATE, "{error}"),
    OrderLogDamaged: (EXIT_ORDER_LOG, "{error}."),
    OrderLogFailed: (EXIT_ORDER_LOG, "{error}."),
    HotRefused: (EXIT_HOT, "{error}"),
    OrderLogThere: (EXIT_ORDER_LOG, "{error}."),
    OrderLogBehind: (EXIT_ORDER_LOG, "{error}."),
    JournalBehind: (EXIT_ORDER_LOG, "{error}."),
}


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    if settings.fix_port is not None:
        load_dictionaries()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(settings))


async def _live(settings: Settings) -> int:
    try:
        gateway = await _open(settings)
    except tuple(REFUSALS) as error:
        code, sentence = next(refusal for kind, refusal in REFUSALS.items() if isinstance(error, kind))
        return _refuse(code, sentence.format(directory=settings.directory, error=error))
    except OSError as error:
        return _refuse(EXIT_STATE, f"The state folder {settings.directory} cannot be used: {error.strerror or error}.")
    return await gateway.run() if gateway else 0


async def _open(settings: Settings) -> Gateway | None:
    """None where a standby was asked to stop before it had anything to do."""
    if not settings.is_standby:
        return Gateway(settings)
    engine = await follow_until_due(settings.directory / "journal", settings.lease_seconds)
    return Gateway(settings, engine) if engine else None


def _refuse(code: int, sentence: str) -> int:
    sys.stderr.write(f"gateway: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
