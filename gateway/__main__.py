"""``python -m gateway``: see ``gateway.settings`` for its arguments.

Exit codes: 0 stopped in order, 1 a part failed, 2 bad arguments, 3 the recording cannot be played, 4 the state
folder cannot be used, 5 another process holds the journal, 6 the journal is damaged.
"""

import asyncio
import logging
import sys

import parley_core
import uvloop

from gateway.feeds.chain_files import RecordingError
from gateway.position_file import PositionFileDamaged
from gateway.process import Gateway, OtherMarket
from gateway.settings import Settings, parse_arguments

EXIT_RECORDING, EXIT_STATE, EXIT_LOCKED, EXIT_DAMAGED = 3, 4, 5, 6


def main() -> int:
    settings = parse_arguments(sys.argv[1:])
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(settings))


async def _live(settings: Settings) -> int:
    try:
        gateway = Gateway(settings)
    except parley_core.JournalLocked:
        return _refuse(EXIT_LOCKED, f"Another gateway uses the journal in {settings.directory}.")
    except parley_core.JournalDamaged as error:
        return _refuse(EXIT_DAMAGED, f"The journal in {settings.directory} is damaged: {error}.")
    except RecordingError as error:
        return _refuse(EXIT_RECORDING, str(error))
    except (OtherMarket, PositionFileDamaged) as error:
        return _refuse(EXIT_STATE, str(error))
    except OSError as error:
        return _refuse(EXIT_STATE, f"The state folder {settings.directory} cannot be used: {error.strerror or error}.")
    return await gateway.run()


def _refuse(code: int, sentence: str) -> int:
    sys.stderr.write(f"gateway: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
