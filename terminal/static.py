"""Static files without a build step: ours, and the two libraries as the wheels bring them."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core import checks
from django.core.files.storage import FileSystemStorage, Storage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

WHEEL_FILES = {
    "vendor/plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "vendor/htmx.min.js": ("django_htmx", "static/django_htmx/htmx-2.min.js"),
}
"""Static path -> (package, path inside it)."""


class WheelFilesFinder(BaseFinder):
    """Finds ``WHEEL_FILES`` where pip installed them, so that no third-party file is ever committed.

    ``manage.py check`` calls ``check``: it fails when a wheel has moved a file.
    """

    def check(self, **_options: Any) -> list[checks.CheckMessage]:
        return [
            checks.Error(f"{package} no longer holds {inside}, served as {path}", id="parley.E001")
            for path, (package, inside) in WHEEL_FILES.items()
            if _installed(package, inside) is None
        ]

    def find(self, path: str, find_all: bool = False, **_options: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        found = _installed(*WHEEL_FILES[path]) if path in WHEEL_FILES else None
        if find_all:
            return [str(found)] if found else []
        return str(found) if found else None

    def list(self, _ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        for path, (package, inside) in WHEEL_FILES.items():
            if found := _installed(package, inside):
                yield path, _OneFile(path, found)


class StaticMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise answers with a synchronous stream, which ASGI servers cannot send in pieces: send whole bodies.

    Never a part of one: Chromium resumes a download that was cut off, and stands still at the 416 of a complete one.
    """

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        asked = {name: value for name, value in request.META.items() if name != "HTTP_RANGE"}
        answer = static_file.get_response(request.method, asked)
        body = b""
        if answer.file is not None:
            with answer.file:
                body = answer.file.read()
        response = HttpResponse(body, status=int(answer.status))
        del response["Content-Type"]
        for name, value in answer.headers:
            response[name] = value
        return response


class _OneFile(FileSystemStorage):
    """A storage of a single file, under a name that is not its own."""

    def __init__(self, name: str, file: Path) -> None:
        super().__init__(location=str(file.parent))
        self._name, self._file = name, file

    def path(self, name: str) -> str:
        assert name == self._name, f"{name} is not {self._name}"
        return str(self._file)


def _installed(package: str, inside: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(spec.submodule_search_locations[0]) / inside
    return file if file.is_file() else None
