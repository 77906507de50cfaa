"""Starting a program: input on stdin, no shell, and limits of time and of what it may say.

It is the leader of a process group of its own, so that what it has started ends with it where it is
ended. Of the environment it gets what this command has, without what is Palyra's own.
"""

import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Self

LARGEST_BYTES = 64 * 1024
_LONGEST_COMPLAINT = 4 * 1024
_TICK_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_CHUNK = 16 * 1024


class End(StrEnum):
    """How a program came to its end."""

    EXITED = "exited"
    NOT_STARTED = "not_started"
    TOOK_TOO_LONG = "took_too_long"
    SAID_TOO_MUCH = "said_too_much"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is started, and within which limits.

    Attributes:
        said: what it finds on stdin.
        seconds: how long it may take.
        more: variables of the environment that are added.
    """

    path: Path
    said: str
    seconds: float
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: its exit code; the negative number of a signal that ended it.
        out: what it said on stdout.
        err: the last that it said on stderr.
    """

    end: End
    code: int = 0
    out: bytes = b""
    err: bytes = b""


def run(call: Call, stop: threading.Event, *, clock: Callable[[], float] = time.monotonic) -> Ended:
    """Run a program to its end, or until its limits, or until it is to be stopped."""
    try:
        child = _started(call)
    except OSError as error:
        return Ended(End.NOT_STARTED, err=str(error.strerror).encode())
    with _Listener(child) as listener:
        end = listener.listen(clock() + call.seconds, stop, clock)
        if end is not End.EXITED:
            _end(child)
        return Ended(end, child.wait(), bytes(listener.out), bytes(listener.err))


def _started(call: Call) -> subprocess.Popen[bytes]:
    # A file, so that a program that does not read what it is told holds up nobody.
    with tempfile.TemporaryFile() as said:
        said.write(call.said.encode())
        said.seek(0)
        return subprocess.Popen(  # noqa: S603  no shell: a checked path and no arguments
            [str(call.path)],
            stdin=said,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=call.path.parent,
            env=_environment(call.more),
            start_new_session=True,
        )


class _Listener:
    """What a program says, as long as it is within its limits."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.out, self.err = bytearray(), bytearray()
        self._child = child
        self._selector = selectors.DefaultSelector()
        assert child.stdout is not None  # noqa: S101  they are pipes
        assert child.stderr is not None  # noqa: S101
        self._pipes: Sequence[tuple[IO[bytes], bytearray]] = (
            (child.stdout, self.out),
            (child.stderr, self.err),
        )
        for pipe, into in self._pipes:
            self._selector.register(pipe, selectors.EVENT_READ, into)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for pipe, _into in self._pipes:
            pipe.close()

    def listen(self, until: float, stop: threading.Event, clock: Callable[[], float]) -> End:
        while True:
            has_ended = self._child.poll() is not None
            heard = self._hear()
            if len(self.out) > LARGEST_BYTES:
                return End.SAID_TOO_MUCH
            # What it leaves running in the background may hold the pipes open for ever.
            if has_ended and not heard:
                return End.EXITED
            if stop.is_set():
                return End.STOPPED
            if clock() >= until:
                return End.TOOK_TOO_LONG

    def _hear(self) -> bool:
        """Read what there is, and return whether there was anything."""
        if not self._selector.get_map():
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_TICK_SECONDS)
            return False
        heard = False
        for key, _events in self._selector.select(_TICK_SECONDS):
            chunk = os.read(key.fd, _CHUNK)
            if chunk:
                heard = True
                key.data.extend(chunk)
            else:
                self._selector.unregister(key.fileobj)
        del self.err[:-_LONGEST_COMPLAINT]
        return heard


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program and what it has started: first asked to, then not asked."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PALYRA_")}
    return kept | dict(more)
