"""The emulator as a child: started, waited for, watched, ended.

Its standard input is its lifeline. When that closes, because we close it or because we died, it
saves its state and ends. It runs in a session of its own, so that Ctrl-C reaches us alone and the
order of the end is ours.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import NoReturn

from infra.local import environment
from infra.local.errors import LocalCloudError
from infra.local.loopback import status_of
from infra.local.place import CHECKOUT, Place

_START_SECONDS = 30.0
_END_SECONDS = 30.0
_SNAPSHOT_SECONDS = 60.0
_POLL_SECONDS = 0.05


@contextmanager
def running(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Run the emulator for as long as the block."""
    process = _start(place)
    try:
        _wait_ready(place, process)
        yield process
    finally:
        _end(process)


def watch(place: Place, process: subprocess.Popen[bytes]) -> NoReturn:
    """Wait for as long as it runs.

    Raises:
        LocalCloudError: it has ended by itself.
    """
    code = process.wait()
    raise LocalCloudError(
        f"The emulator ended by itself (code {code}). Read {place.log}; `make up` goes on from its "
        "last snapshot"
    )


def snapshot(place: Place) -> None:
    """Have the state written to disk now."""
    status = status_of("POST", place.emulator_port, "/_local/snapshot", seconds=_SNAPSHOT_SECONDS)
    if status != HTTPStatus.OK:
        raise LocalCloudError(f"The emulator's state could not be saved. Read {place.log}")


def _start(place: Place) -> subprocess.Popen[bytes]:
    if place.log.exists():
        place.log.replace(place.log.with_suffix(".log.1"))
    with place.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local.emulator"],
            cwd=CHECKOUT,
            env=environment.of_emulator(place),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_ready(place: Place, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(place):
            return
        time.sleep(_POLL_SECONDS)
    last = place.log.read_text(errors="replace").splitlines()[-1:]
    raise LocalCloudError(f"The emulator did not start: {' '.join(last)}. Read {place.log}")


def _answers(place: Place) -> bool:
    path = "/_ministack/health"
    return status_of("GET", place.emulator_port, path, seconds=1) == HTTPStatus.OK


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
