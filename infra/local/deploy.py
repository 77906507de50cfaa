"""`chalice deploy`, unmodified, from the copy; skipped when it would change nothing.

The digest of what was deployed is written last, after a snapshot: while it is there, the emulator
has that deploy, whatever was killed since. An emulator that is not ours may have lost it all the
same: whether it agrees is looked at in any case.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from chalicelib.errors import InvalidSettings
from infra import recursion
from infra.local import clients, deploy_copy, deployed, emulator_process, environment
from infra.local.errors import LocalCloudError
from infra.local.handlers import moved
from infra.local.place import CHECKOUT, STAGE, Place
from infra.local.progress import say
from infra.settings.check import check, told, variables_of

_CHALICE = Path(sys.executable).with_name("chalice")


def deploy(place: Place) -> None:
    """Have the emulator run what the checkout says."""
    _check_settings()
    _deploy_what_has_changed(place)
    _allow_recursion(place)


def _allow_recursion(place: Place) -> None:
    try:
        changed = recursion.allow(deployed.record(place), clients.client("lambda"))
    except recursion.StillGuarded as error:
        if place.is_ours:
            raise LocalCloudError(str(error)) from error
        say(f"  left as it is: {error}")
        return
    if changed:
        say(f"  recursion is allowed to {', '.join(changed)}")


def _check_settings() -> None:
    try:
        check(CHECKOUT, variables_of(STAGE, CHECKOUT, os.environ).deployed)
    except InvalidSettings as error:
        lines = "\n".join(told(error.faults))
        raise LocalCloudError(
            f"nothing was deployed, for the settings are not valid\n{lines}"
        ) from error


def _deploy_what_has_changed(place: Place) -> None:
    deploy_copy.refresh(place)
    wanted = deploy_copy.digest(place)
    done = place.deploy / ".chalice" / "deployed" / "digest"
    if not done.exists() or not deployed.agrees(place):
        _start_afresh(place, "the last deploy and the emulator's state do not agree")
    elif done.read_text() == wanted:
        say("  nothing has changed since the last deploy")
        return
    elif names := moved(place):
        _start_afresh(place, f"handlers have moved: {', '.join(names)}")
    done.unlink(missing_ok=True)
    _run_chalice(place)
    if place.is_ours:
        emulator_process.snapshot(place)
    done.write_text(wanted)


def _start_afresh(place: Place, why: str) -> None:
    if deployed.Deployed.read(place).resources:
        say(f"  {why}: deploying everything afresh")
    deployed.forget(place)


def _run_chalice(place: Place) -> None:
    command = [str(_CHALICE), "--project-dir", str(place.deploy), "deploy", "--stage", STAGE]
    with subprocess.Popen(
        command,
        env=environment.of_tools(place),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        _show(process)
    if process.returncode:
        raise LocalCloudError(
            f"`chalice deploy` failed (code {process.returncode}). Mend what it says above, "
            "then run `make up` again"
        )


def _show(process: subprocess.Popen[str]) -> None:
    try:
        for line in process.stdout or ():
            say(f"  {line.rstrip()}")
    except BaseException:  # The end, too, must not wait for a deploy.
        os.killpg(process.pid, signal.SIGTERM)
        raise
