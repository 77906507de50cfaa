"""Snapshots on disk: numbered folders, and a link to the newest whole one.

A folder is filled, forced to the disk, and only then named by the link, which is switched in one
rename. Whatever kills the writer, at any instant, the link names a whole folder.
"""

import os
import shutil
from pathlib import Path

_LINK = "current"


class Generations:
    """The snapshots below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def current(self) -> Path | None:
        """Return the newest whole snapshot, if there is one."""
        link = self._root / _LINK
        return link.resolve() if link.is_dir() else None

    def begin(self) -> Path:
        """Make and return the folder of the next snapshot, empty."""
        current = self.current()
        number = int(current.name) + 1 if current else 1
        folder = self._root / f"{number:08d}"
        shutil.rmtree(folder, ignore_errors=True)  # Of a writer that was killed.
        folder.mkdir()
        return folder

    def publish(self, folder: Path) -> None:
        """Make a filled folder the current snapshot, and remove those before it."""
        for file in folder.iterdir():
            _to_disk(file)
        _to_disk(folder)
        fresh = self._root / f"{_LINK}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder.name)
        fresh.replace(self._root / _LINK)
        _to_disk(self._root)
        self._remove_all_but(folder)

    def _remove_all_but(self, folder: Path) -> None:
        for other in self._root.glob("[0-9]*"):
            if other.name != folder.name:
                shutil.rmtree(other, ignore_errors=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
