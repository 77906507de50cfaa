"""What a killed cloud leaves behind, ended and removed by the next start on the same state folder.

Only processes that carry this folder's marker in their environment are touched. Where the system
does not show environments (there is no /proc), leftovers end by themselves: their lifeline closed.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from infra.local.environment import MARKER
from infra.local.place import Place

PROC = Path("/proc")
_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.05


def end_processes(place: Place, *, grace: float = _GRACE_SECONDS) -> int:
    """End every process of this cloud, asking first; return how many there were."""
    found = list(processes(place))
    _signal(found, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(processes(place)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    _signal(processes(place), signal.SIGKILL)
    return len(found)


def empty_temporary(place: Place) -> None:
    """Remove what the workers unpacked."""
    shutil.rmtree(place.temporary, ignore_errors=True)


def processes(place: Place) -> Iterator[int]:
    """Yield the pids of the living processes that carry the marker of this cloud."""
    marker = f"{MARKER}={place.state}".encode()
    for folder in PROC.glob("[0-9]*"):
        if marker in _environment(folder) and int(folder.name) != os.getpid():
            yield int(folder.name)


def _environment(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # Another user's, or gone.
        return []


def _signal(pids: Iterator[int] | list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
