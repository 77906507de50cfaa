"""When a function must have stopped: Lambda ends a process without a word."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.clock import Clock


def stop_at(context: Any, clock: Clock, timeout: timedelta, margin: timedelta) -> datetime:
    """Return the instant by which an invocation must have stopped.

    Args:
        context: Lambda's, which knows the time that is left; others do not.
        clock: the container's.
        timeout: the function's whole time, where the context does not know.
        margin: what is kept back for the last writes.
    """
    left = timeout
    if hasattr(context, "get_remaining_time_in_millis"):
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return clock.now() + left - margin
