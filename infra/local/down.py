"""`down`: ends the cloud of a state folder, and waits until it has ended.

Whom to signal is said by the lock: while it is held, the pid in it is that of the living process
which holds it.
"""

import os
import signal
import time

from infra.local import lock
from infra.local.errors import LocalCloudError
from infra.local.place import Place
from infra.local.progress import say

_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.1


def down(place: Place) -> None:
    """End the cloud, if it runs."""
    pid = lock.holder(place.lock)
    if pid is None:
        place.up_file.unlink(missing_ok=True)  # Of a cloud that was killed.
        say(f"No local cloud runs on {place.state}")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _WITHIN_SECONDS
    while lock.holder(place.lock) == pid:
        if time.monotonic() > deadline:
            raise LocalCloudError(f"Process {pid} does not end. Kill it: kill -9 {pid}")
        time.sleep(_POLL_SECONDS)
    say(f"The local cloud on {place.state} has ended; its state is kept")
