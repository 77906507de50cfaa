"""Loaded by every Python of a moved cloud at its start: Palyra's clock runs so many seconds ahead.

Only the clock of the project is moved, and only where it is read: what signs requests for AWS, and
what the emulator does by itself, goes by the machine's time. How far it is ahead stands in a file,
which is read each time, so that functions that are warm follow it at once.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

_CLOCK = "chalicelib.clock"
_AHEAD = Path(os.environ["MOVED_CLOCK"])


def _ahead() -> timedelta:
    try:
        return timedelta(seconds=float(_AHEAD.read_text()))
    except FileNotFoundError:
        return timedelta()


class _Moved(SourceFileLoader):
    """Loads the clock, and lets it run ahead."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.SystemClock.now = lambda _: datetime.now(UTC) + _ahead()


class _Finder:
    """Finds the clock wherever a function has it, and nothing else."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name == _CLOCK else None
        if found is not None and found.origin is not None:
            found.loader = _Moved(name, found.origin)
        return found


sys.meta_path.insert(0, _Finder())
