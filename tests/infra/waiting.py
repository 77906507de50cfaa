"""Waiting for what another process does."""

import time
from collections.abc import Callable

from infra.local.loopback import status_of


def eventually(condition: Callable[[], object], *, seconds: float) -> None:
    """Wait until something holds; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def health(port: int) -> bool:
    """Whether an emulator answers."""
    return status_of("GET", port, "/_ministack/health", seconds=1) == 200
