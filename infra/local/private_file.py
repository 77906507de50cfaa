"""Files that only their owner may read, and that are whole or not there."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file in one step, mode 0600."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    fresh.replace(path)
