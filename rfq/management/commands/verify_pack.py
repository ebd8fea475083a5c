"""``manage.py verify_pack FILE``: prove that a document is one that Parley produced, and that nobody changed it."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import selectors as audit_selectors
from audit import verify
from rfq import selectors
from rfq.domain import pack
from rfq.selectors import packs
from rfq.services.documents import PRODUCED

FILE_BYTES_MAX = 64 * 1024 * 1024


class Command(BaseCommand):
    help = "Find the file's SHA-256 in the audit chain and prove the chain. Exit status 1 where it is not there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        if not file.is_file() or file.stat().st_size > FILE_BYTES_MAX:
            raise CommandError(f"{file} is no file of at most {FILE_BYTES_MAX} bytes")
        content = file.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        found = [
            record
            for form in ("json_sha256", "html_sha256")
            for record in audit_selectors.list_with_content(action=PRODUCED, content={form: sha256})
        ]
        if not found:
            self.stderr.write(f"UNKNOWN {sha256}: no such document was produced, or it was changed")
            sys.exit(1)
        record = found[-1]
        damages = verify.verify(record.stream).damages
        if damages:
            self.stderr.write(f"DAMAGED {damages[0]}")
            sys.exit(1)
        self.stdout.write(
            f"{sha256}: {record.entity}, record {record.sequence} of {record.stream}, {record.at:%F %T} UTC"
        )
        self.stdout.write(self._against_facts(content))

    def _against_facts(self, content: bytes) -> str:
        """Whether the facts still give these bytes."""
        try:
            told = json.loads(content)
            rfq_id, reader = int(told["rfq"]["rfq_id"]), str(told["reader"])
        except (ValueError, KeyError, TypeError):
            return "the chain holds; the facts are compared with the JSON form of a pack"
        again = pack.to_bytes(packs.build_for(selectors.get_record(rfq_id), reader))
        if again == content:
            return "the facts of today give the same bytes"
        differing = [name for name, value in json.loads(again).items() if told.get(name) != value]
        return f"facts were added since: {', '.join(differing)}"
