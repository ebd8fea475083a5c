"""Start everything on this machine and keep it running until Ctrl-C."""

import argparse
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from terminal.supervisor import plan, up


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey, the gateway, the dispatcher, Celery, web, demo makers and two venues."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        state = os.environ.get("PARLEY_STATE", "state")
        parser.add_argument("--state", default=state, help="folder that keeps everything")
        parser.add_argument("--host", default="127.0.0.1", help="address of the web process")
        parser.add_argument("--port", type=int, default=8000, help="port of the web process; 0 takes a free one")
        parser.add_argument("--fix-host", default="127.0.0.1", help="address of the gateway's FIX port")
        parser.add_argument("--fix-port", type=int, help=f"the FIX port; 0: a free one, none: {plan.FIX_PORT}")
        parser.add_argument("--recording", default="", help="folder of recorded market data; none: a simulated market")
        parser.add_argument("--speed", default="3600", help="market seconds a second, or `step`")
        parser.add_argument("--since", default="", help="first instant of the recording, ISO 8601")
        parser.add_argument("--until", default="", help="last instant of the recording, ISO 8601")
        parser.add_argument("--seed", type=int, default=1, help="seed of the simulated market")
        parser.add_argument("--standby", action="store_true", help="a second gateway that takes over from the first")
        parser.add_argument("--pairs", action="store_true", help="a simulated equities venue, and pairs there")
        policies = ("journal_first", "send_first")
        parser.add_argument("--send", default=policies[0], choices=policies, help="when the orders of --pairs leave")
        parser.add_argument("--without", default="", help=f"leave out, by comma: {', '.join(plan.NAMES)}")

    def handle(self, *_args: Any, **given: Any) -> None:
        options = plan.Options(
            state=up.absolute(given["state"]),
            host=given["host"],
            port=given["port"],
            fix_host=given["fix_host"],
            fix_port=given["fix_port"],
            recording=up.absolute(given["recording"]) if given["recording"] else None,
            speed=given["speed"],
            seed=given["seed"],
            since=given["since"],
            until=given["until"],
            has_standby=given["standby"],
            has_pairs=given["pairs"],
            hot=up.absolute(os.environ["PARLEY_HOT"]) if os.environ.get("PARLEY_HOT") else None,
            send=given["send"],
            without=frozenset(filter(None, given["without"].split(","))),
            database_url=os.environ.get("DATABASE_URL", ""),
            valkey_url=os.environ.get("VALKEY_URL", ""),
        )
        sys.exit(up.run(options))
