"""docs/api/openapi.json: the routes of REST with the types they take and answer."""

import json
from typing import Any

from terminal.api import api


def write() -> str:
    """The schema as JSON, keys in a fixed order."""
    return json.dumps(_with_text_keys(api.get_openapi_schema()), indent=1, sort_keys=True) + "\n"


def _with_text_keys(value: Any) -> Any:
    """Statuses come as numbers from django-ninja, without a body, and as text from us, with one."""
    if isinstance(value, dict):
        bare = {str(key): each for key, each in value.items() if not isinstance(key, str)}
        return {key: _with_text_keys(each) for key, each in {**bare, **_texts(value)}.items()}
    if isinstance(value, list | tuple):
        return [_with_text_keys(each) for each in value]
    return value


def _texts(value: dict[Any, Any]) -> dict[str, Any]:
    return {key: each for key, each in value.items() if isinstance(key, str)}
