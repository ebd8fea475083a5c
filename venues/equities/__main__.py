"""``python -m venues.equities``: see ``venues.equities.settings`` for its arguments.

Exit codes: 0 stopped in order, 1 a part failed, 2 bad arguments, 3 a port cannot be used.
"""

import asyncio
import contextlib
import logging
import sys

from venues.equities.settings import Settings, parse_arguments
from venues.equities.venue import Venue
from venues.misbehavior import play_script
from venues.process import EXIT_PORT, run_until_stopped, stop_on_signals, watch_callbacks


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_live(settings))
    return 0


async def _live(settings: Settings) -> int:
    stop = stop_on_signals()
    venue = Venue(settings)
    try:
        await venue.open()
    except OSError as error:
        sys.stderr.write(f"venue: a port cannot be used: {error}.\n")
        return EXIT_PORT
    parts = [
        asyncio.create_task(part) for part in (venue.move(), venue.beat(), play_script(settings.script, venue.faults))
    ]
    parts.append(watch_callbacks())
    code = await run_until_stopped(parts, stop)
    await venue.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
