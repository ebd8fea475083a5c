"""``manage.py dispatch``: the dispatcher process."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from terminal.dispatch import Dispatcher


class Command(BaseCommand):
    help = "Move commands to the gateway, events from it into the database, and let timers run. One works at a time."

    def handle(self, *args: Any, **options: Any) -> None:
        dispatcher = Dispatcher()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: dispatcher.stop())
        dispatcher.run()
