"""Key files: a secret key in a file that nobody else may read, made where there is none."""

import os
from collections.abc import Callable
from pathlib import Path

_PRIVATE = 0o600
_SHARED = 0o077


class KeyFileNotPrivate(Exception):
    """Others than its owner may read the file of the key."""


def read_key(path: Path, new: Callable[[], bytes]) -> bytes:
    """Return what a key file holds.

    Args:
        path: the file, of mode 0600.
        new: makes what it is to hold, where there is no file yet.

    Raises:
        KeyFileNotPrivate: others may read it.
    """
    if not path.exists():
        _make(path, new())
    if path.stat().st_mode & _SHARED:
        raise KeyFileNotPrivate(f"{path} must have mode 0600")
    return path.read_bytes()


def _make(path: Path, content: bytes) -> None:
    # Two who begin at once must end with one key: whoever links first has made it.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb") as to:
        to.write(content)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
