"""Files of the supervisor that their owner alone may read."""

import json
import os
from pathlib import Path
from typing import Any


def write_private(path: Path, content: Any) -> None:
    """JSON, in one step, with its folder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    draft.rename(path)
