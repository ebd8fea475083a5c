"""Auto-quoting makers: a process of their own, talking to Parley like any client.

python -m strategies.maker --url http://127.0.0.1:8000 --key-file state/demo/cobalt.json --key-file state/demo/dune.json

Each key is a firm's. What the firm set on its page is in force, and changes while this runs; the options below hold
for a firm that has set nothing.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from strategies import client as clients
from strategies.auto_quoter import Maker
from strategies.client import ParleyClient
from strategies.market_feed import MarketFeed
from wire.quoting import QuotingParameters

log = logging.getLogger(__name__)

MAKERS_MAX = 20


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """``token``: ``<key id>.<secret>``; ``account_id``: what the maker trades on."""

    token: str
    account_id: int


def read_key(path: Path) -> Key:
    """Raises SystemExit with one sentence where the file is not a key."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Key)
    except OSError as error:
        raise SystemExit(f"The key file {path} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise SystemExit(f"The key file {path} is not a key: {error}.") from error


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """``--url``, ``--key-file`` once or more, and every number of QuotingParameters."""
    parser = argparse.ArgumentParser(prog="python -m strategies.maker", description="Answer RFQs with firm quotes.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key-file", "--key", type=Path, required=True, action="append")
    for field in msgspec.structs.fields(QuotingParameters):
        if field.type in (int, float):
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, default=field.default)
    return parser.parse_args(arguments)


def read_parameters(options: argparse.Namespace) -> QuotingParameters:
    given = {name: getattr(options, name) for name in QuotingParameters.__struct_fields__ if hasattr(options, name)}
    return QuotingParameters(**given)


async def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    parameters = read_parameters(options)
    keys = [read_key(path) for path in options.key_file]
    if len(keys) > MAKERS_MAX:
        raise SystemExit(f"{len(keys)} keys are more than the {MAKERS_MAX} that one process runs.")
    log.info("parameters until others are set: %s", json.dumps(msgspec.to_builtins(parameters)))
    connections = [ParleyClient(options.url, key.token) for key in keys]
    feed = MarketFeed(connections[0])
    makers = [
        Maker(connection, account_id=key.account_id, parameters=parameters, feed=feed)
        for connection, key in zip(connections, keys, strict=True)
    ]
    task = asyncio.current_task()
    assert task is not None, "main runs as a task"
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await run(makers)
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))


async def run(makers: Sequence[Maker]) -> int:
    """Until canceled, or until one of them ends: then none goes on."""
    running = [asyncio.create_task(maker.run()) for maker in makers]
    code = 0
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except clients.Unauthorized as error:
        log.error("a key is not accepted: %s", error)  # noqa: TRY400  no traceback wanted
        code = 1
    except asyncio.CancelledError:
        log.info("stopped")
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return code


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sys.exit(asyncio.run(main(sys.argv[1:])))
