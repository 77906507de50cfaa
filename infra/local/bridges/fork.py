"""Does some work in a forked child, which sees this process as it was at one instant."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn


async def in_a_fork(work: Callable[[], None], *, seconds: float) -> bool:
    """Return whether a child did the work in time; one that takes longer is killed."""
    child = os.fork()
    if child == 0:
        _be_the_child(work)
    ended = asyncio.create_task(asyncio.to_thread(os.waitpid, child, 0))
    done, _ = await asyncio.wait([ended], timeout=seconds)
    if not done:
        os.kill(child, signal.SIGKILL)
    _, status = await ended
    return os.waitstatus_to_exitcode(status) == 0


def _be_the_child(work: Callable[[], None]) -> NoReturn:
    # The parent's handlers would write to the parent's event loop.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        work()
    except BaseException:  # noqa: BLE001  nothing may return into the copy of the parent
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
