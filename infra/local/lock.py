"""One process runs a state folder: the one that holds the lock.

The lock is the kernel's (flock), so it ends with its holder however that ends. The file names the
holder's pid, which is therefore that of a living process of ours as long as the lock is held.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.errors import LocalCloudError


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock, or say who does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(handle):
            raise LocalCloudError(
                f"A local cloud runs on {path.parent} already (pid {_read(handle)}). Stop it with "
                "`make down`, or choose another: STATE=other PORT=8401 EMULATOR_PORT=4567 make up"
            )
        os.truncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def holder(path: Path) -> int | None:
    """Return the pid of the process that holds the lock, if one does."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        return None if _take(handle) else int(_read(handle) or 0) or None
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(handle: int) -> str:
    return os.pread(handle, 32, 0).decode()
