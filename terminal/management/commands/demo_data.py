"""Lay down the demo: firms, users, accounts, deposits, limits and the keys of the makers."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts import demo
from common import clock


class Command(BaseCommand):
    help = "Create the demo's firms, users, accounts, deposits and limits. A second run adds nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        at = clock.now()
        for firm in demo.FIRMS:
            demo.lay_down(firm, at=at)
            demo.write_key(firm, Path(settings.STATE_DIR) / "demo", at=at)
