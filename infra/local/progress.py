"""What a person sees while the cloud comes up: each step, and its seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(title: str) -> Iterator[None]:
    """Tell that something starts, and how long it took."""
    say(f"{title} ..")
    started = time.monotonic()
    yield
    say(f"{title}: {time.monotonic() - started:.1f} s")


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)
