"""Write what clients are told about the API from its types, or say which of it is out of date."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from terminal.reference import openapi, python_messages, socket_page

PAGES = {
    "docs/api/messages.md": socket_page.write,
    "docs/api/openapi.json": openapi.write,
    "clients/python/parley_client/messages.py": python_messages.write,
}


class Command(BaseCommand):
    help = "Write docs/api and the messages of the Python client. --check: only say whether they are up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        outdated = [path for path, write in PAGES.items() if _differs(Path(settings.BASE_DIR) / path, write())]
        if options["check"]:
            if outdated:
                raise CommandError(f"Out of date: {', '.join(outdated)}. `manage.py api_reference` writes them anew.")
            return
        for path in outdated:
            file = Path(settings.BASE_DIR) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(PAGES[path]())
            print(f"wrote {path}")


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text() != text
