"""Bring the database up to date; then the demo data, unless they are not wanted."""

import argparse
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate the database and lay down the demo data. Run as often as you like."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--without-demo", action="store_true", help="migrate only")
        parser.add_argument("--pairs", nargs=2, help="a hot file without its owner, and where it goes with")

    def handle(self, *_args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write("the database is up to date")
        if not options["without_demo"]:
            call_command("demo_data", verbosity=options["verbosity"], pairs=options["pairs"])
