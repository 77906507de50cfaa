"""`up`: the order of things, from a folder to a running cloud and back.

Each step leaves what undoes it on a stack, so that the end, however it comes, goes the same way
backwards: up.json goes, the front closes, the emulator saves and ends if it is ours, the temporary
folder goes, the lock opens.
"""

import signal
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import (
    api_token,
    emulator_process,
    found_emulator,
    front,
    leftovers,
    lock,
    nodes_front,
    preflight,
    ready,
)
from infra.local import deploy as deployment
from infra.local import stack as cloudformation
from infra.local.deployed import Deployed
from infra.local.errors import LocalCloudError
from infra.local.place import Place
from infra.local.progress import say, step
from infra.local.routes import Routes
from infra.local.warm import warm


class Ended(Exception):
    """Ctrl-C, SIGTERM or `down`."""


def up(place: Place) -> None:
    """Run the cloud until it is told to end."""
    place.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as undo:
        undo.enter_context(lock.held(place.lock))
        _end_on_signals()
        try:
            _run(place, undo)
        except Ended:
            say("ending: the state is being saved ..")
        except (BotoCoreError, ClientError) as error:
            raise LocalCloudError(_refused(place, error)) from error
    say("ended")


def _run(place: Place, undo: ExitStack) -> NoReturn:
    _clean(place)
    undo.callback(_clean, place)
    preflight.check_ports(place)
    watch = _find_or_start_emulator(place, undo)
    with step("making tables and queues"):
        cloudformation.make()
    with step("deploying the functions"):
        deployment.deploy(place)
    deployed = Deployed.read(place)
    routes = Routes.of(deployed.api)
    undo.enter_context(front.serving(place, deployed.api_path, routes))
    with step("warming the functions"):
        warm(place, deployed)
    with step("opening the front of nodes"):
        undo.enter_context(nodes_front.of(place, deployed, routes))
    undo.callback(place.up_file.unlink, missing_ok=True)
    ready.write_up_file(place, api_token.admin(place))
    ready.tell(place)
    watch()


def _refused(place: Place, error: Exception) -> str:
    told = f"The emulator refused a call: {error}. Read {place.log_of_emulator}"
    if not place.is_ours:
        return told
    return f"{told}; if its state is damaged, start anew: rm -r {place.emulated}"


def _clean(place: Place) -> None:
    ended = leftovers.end_processes(place)
    if ended:
        say(f"ended {ended} processes that were left from before")
    place.up_file.unlink(missing_ok=True)
    leftovers.empty_temporary(place)
    place.temporary.mkdir()


def _find_or_start_emulator(place: Place, undo: ExitStack) -> Callable[[], NoReturn]:
    """Return what waits for as long as the emulator is there."""
    if not place.is_ours:
        with step(f"looking for {place.emulator} at {place.emulator_url}"):
            found_emulator.check(place)
        return partial(found_emulator.watch, place)
    with step("starting the emulator"):
        process = undo.enter_context(emulator_process.running(place))
    return partial(emulator_process.watch, place, process)


def _end_on_signals() -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        # The end is under way: nothing may interrupt it.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise Ended

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
