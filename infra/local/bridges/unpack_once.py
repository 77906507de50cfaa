"""Function packages and layers unpacked once each, and shared by the workers that use them.

MiniStack unpacks both for every worker it starts: a hundred megabytes written, three seconds, and a
compilation of every module at each cold start. On AWS a cold start is shorter than that, and a
burst of messages makes several at once. So a package is unpacked into a folder named after its
digest, which a worker's folder then links to; like /var/task and /opt it is not to be written to.
"""

import hashlib
import os
import shutil
import threading
import time
import zipfile
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

_KEPT_SECONDS = 7 * 24 * 60 * 60
_ONE_AT_A_TIME = threading.Lock()


def unpack_once(folder: Path) -> None:
    """Have workers share what is unpacked below a folder; drop what a week has not used."""
    folder.mkdir(parents=True, exist_ok=True)
    _drop_unused(folder)

    class Archive(_Archive):
        packages = folder

    # For MiniStack's worker module alone. It catches an error by a name that zipfile does not have,
    # and so would hide any other that comes up there.
    changed = {"ZipFile": Archive, "LargeFileError": zipfile.LargeZipFile}
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), **changed})


class _Archive(zipfile.ZipFile):
    """A package, whose unpacking is a link to where it is unpacked already."""

    packages: Path

    def namelist(self) -> list[str]:
        """Return the names to be checked before they are unpacked: none, if they have been."""
        # MiniStack's check of three thousand names takes most of a second.
        return [] if self._shared.exists() else super().namelist()

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Make `path`, an empty folder, a link to the unpacked package."""
        with _ONE_AT_A_TIME:
            if not self._shared.exists():
                self._unpack(members, pwd)
            os.utime(self._shared)
        Path(path).rmdir()
        Path(path).symlink_to(self._shared)

    def _unpack(self, members: Any, pwd: bytes | None) -> None:
        half = self.packages / "unpacking"
        shutil.rmtree(half, ignore_errors=True)  # Of a process that was killed.
        super().extractall(half, members, pwd)
        half.rename(self._shared)

    @cached_property
    def _shared(self) -> Path:
        content = Path(str(self.filename)).read_bytes()
        return self.packages / hashlib.sha256(content).hexdigest()


def _drop_unused(folder: Path) -> None:
    oldest = time.time() - _KEPT_SECONDS
    for package in folder.iterdir():
        if package.stat().st_mtime < oldest:
            shutil.rmtree(package)
