"""Files that only their owner may read: made whole or not at all, and refused where others may."""

import os
import stat
from pathlib import Path

from cli.problem import Exit, Problem

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


def write_private(path: Path, text: str) -> None:
    """Write a file in one step, mode 0600, so that it outlives a loss of power.

    Raises:
        Problem: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        sync(path.parent)
    except OSError as error:
        detail = f"{path} cannot be written: {error.strerror}"
        raise Problem.of(Exit.FAILED, detail, "make room, or use another --home") from error


def read_private(path: Path) -> str | None:
    """Return what is in a file that only its owner may read; None where there is none.

    Raises:
        Problem: others may read it, or it cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    with os.fdopen(handle, encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & _OTHERS or found.st_uid != os.geteuid():
            detail = f"others may read {path}: what is in it may be known"
            fix = "`palyra node unpair`, and pair this device again"
            raise Problem.of(Exit.DENIED, detail, fix)
        try:
            return file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error


def private_folder(path: Path) -> Path:
    """Return a folder that only its owner may enter, made where there is none.

    Raises:
        Problem: others may write to it, or it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if found.st_mode & _WRITABLE or found.st_uid != os.geteuid():
        detail = f"others may write to {path}"
        raise Problem.of(Exit.DENIED, detail, f"`chmod 700 {path}`, or use another --home")
    return path


def sync(folder: Path) -> None:
    """Let what was renamed or removed in a folder outlive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unreadable(path: Path, error: Exception) -> Problem:
    told = getattr(error, "strerror", None) or str(error)
    detail = f"{path} cannot be read: {told}"
    return Problem.of(Exit.FAILED, detail, "see that it is yours, or use another --home")
