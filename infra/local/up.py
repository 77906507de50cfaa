"""`up`: the order of things, from a folder to a running cloud and back.

Each step leaves what undoes it on a stack, so that the end, however it comes, goes the same way
backwards: up.json goes, the front closes, the emulator saves and ends, the temporary folder goes,
the lock opens.
"""

import signal
import subprocess
from contextlib import ExitStack
from types import FrameType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import api_token, emulator_process, front, leftovers, lock, preflight, ready
from infra.local import deploy as deployment
from infra.local import stack as cloudformation
from infra.local.deployed import Deployed
from infra.local.errors import LocalCloudError
from infra.local.place import Place
from infra.local.progress import say, step
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
            raise LocalCloudError(
                f"The emulator refused a call: {error}. Read {place.log}; if its state is damaged, "
                f"start anew: rm -r {place.emulated}"
            ) from error
    say("ended")


def _run(place: Place, undo: ExitStack) -> NoReturn:
    _clean(place)
    undo.callback(_clean, place)
    preflight.check_ports(place)
    with step("starting the emulator"):
        emulator = undo.enter_context(emulator_process.running(place))
    with step("making tables and queues"):
        cloudformation.make()
    with step("deploying the functions"):
        deployment.deploy(place)
    deployed = Deployed.read(place)
    undo.enter_context(front.serving(place, deployed.api_path))
    with step("warming the functions"):
        warm(place, deployed)
    undo.callback(place.up_file.unlink, missing_ok=True)
    ready.write_up_file(place, api_token.admin(place))
    ready.tell(place)
    _watch(place, emulator)


def _clean(place: Place) -> None:
    ended = leftovers.end_processes(place)
    if ended:
        say(f"ended {ended} processes that were left from before")
    place.up_file.unlink(missing_ok=True)
    leftovers.empty_temporary(place)
    place.temporary.mkdir()


def _watch(place: Place, emulator: subprocess.Popen[bytes]) -> NoReturn:
    code = emulator.wait()
    raise LocalCloudError(
        f"The emulator ended by itself (code {code}). Read {place.log}; `make up` goes on from its "
        "last snapshot"
    )


def _end_on_signals() -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        # The end is under way: nothing may interrupt it.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise Ended

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
