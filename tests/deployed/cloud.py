"""A local cloud of the tests' own, on free ports and a folder of its own.

It is started as a person would start it, and can be stopped, killed and started again.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import clients, leftovers
from infra.local.place import CHECKOUT, LOOPBACK, Emulator, Place

START_SECONDS = 480.0  # On a machine that is busy with other things.
END_SECONDS = 90.0
BRISK = {"PALYRA_TASKS_LEASE_SECONDS": "3", "PALYRA_TASKS_RETRY_BASE_SECONDS": "1"}
_TOO_COLD = "(GET /healthz: 504)"


class Cloud:
    """A local cloud, as a program sees it.

    Attributes:
        settings: what is deployed at the next start in place of the defaults.
    """

    def __init__(self, folder: Path, found_port: int | None = None) -> None:
        """Take a folder, and the port of an emulator that runs already, if one is to be used."""
        port, emulator_port, node_port = free_ports(3)
        self.settings = BRISK
        self.place = Place(
            state=folder / "state",
            port=port,
            emulator_port=found_port or emulator_port,
            node_port=node_port,
            emulator=Emulator.LOCALSTACK if found_port else Emulator.MINISTACK,
        )
        self.output = folder / "up.log"
        self.up_seconds = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command on this cloud."""
        return (
            os.environ
            | self.settings
            | {
                "STATE": str(self.place.state),
                "PORT": str(self.place.port),
                "EMULATOR_PORT": str(self.place.emulator_port),
                "NODE_PORT": str(self.place.node_port),
                "EMULATOR": self.place.emulator,
            }
        )

    @property
    def up_file(self) -> dict[str, Any]:
        """What the running cloud says of itself."""
        document: dict[str, Any] = json.loads(self.place.up_file.read_text())
        return document

    @property
    def api(self) -> str:
        """The origin of the API."""
        return str(self.up_file["api"])

    @property
    def token(self) -> str:
        """The admin's API token."""
        return str(self.up_file["token"])

    @property
    def endpoint(self) -> str:
        """The endpoint of every AWS call."""
        return str(self.up_file["emulator"])

    def start(self) -> None:
        """Run `up` and wait until it is ready; again if a cold API was too slow for its gateway.

        That happens on a machine that is busy with other things; what was deployed is kept.
        """
        try:
            self._start()
        except AssertionError:
            if _TOO_COLD not in self.output.read_text():
                raise
            self._start()

    def _start(self) -> None:
        if self._process:
            self._process.wait(END_SECONDS)
        started = time.monotonic()
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command("up"),
                cwd=CHECKOUT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        eventually(self._is_ready, seconds=START_SECONDS, why=self._tails)
        self.up_seconds = time.monotonic() - started

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as Ctrl-C (SIGINT) or `kill` (SIGTERM) do; return the exit code."""
        process = self._running()
        process.send_signal(number)
        return process.wait(END_SECONDS)

    def kill_9(self) -> None:
        """Kill all its processes at once: supervisor, emulator, and functions in mid-run."""
        process = self._running()
        for pid in (process.pid, *leftovers.processes(self.place)):
            kill(pid)
        process.wait(END_SECONDS)

    def kill_9_supervisor(self) -> None:
        """Kill the process that a person started, and no other."""
        kill(self._running().pid)
        self._running().wait(END_SECONDS)

    def run(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run another command on this cloud, with some variables changed."""
        return subprocess.run(
            self._command(*arguments),
            cwd=CHECKOUT,
            env=self.environment | changed,
            capture_output=True,
            text=True,
            timeout=END_SECONDS,
            check=False,
        )

    def token_of(self, owner: str) -> str:
        """Mint an API token of another owner."""
        minted = self.run("token", "--owner", owner)
        assert minted.returncode == 0, minted.stderr
        return minted.stdout.strip()

    def client(self, service: str) -> Any:
        """Make an AWS client of this cloud."""
        return clients.client(service, self.endpoint)

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function by its name in app.py, and return what it returned."""
        answer = self._functions.invoke(
            FunctionName=deployed_name(function), Payload=json.dumps(event).encode()
        )
        returned = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, returned
        return returned

    def try_to_invoke(self, function: str, event: object) -> Any:
        """Invoke a function that may be killed meanwhile; return nothing if it was."""
        try:
            return self.invoke(function, event)
        except (AssertionError, BotoCoreError, ClientError):
            return None

    def workers(self, function: str) -> list[int]:
        """Return the pids of the processes that serve a function, by its name in app.py."""
        folder = f"{self.place.temporary}/ministack-lambda-{deployed_name(function)}-[^-]+/"
        return [pid for pid in leftovers.processes(self.place) if re.search(folder, _command(pid))]

    def processes(self) -> dict[int, str]:
        """Return all processes of functions: the name on AWS of each one's function, by pid."""
        folder = re.compile(f"{self.place.temporary}/ministack-lambda-([^/]+)-[^-/]+/")
        pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]
        found = ((pid, folder.search(_command(pid))) for pid in pids)
        return {pid: match[1] for pid, match in found if match}

    def log(self) -> str:
        """Return what emulator and functions have printed since the last start."""
        return self.place.log.read_text(errors="replace")

    def remove(self) -> None:
        """Leave nothing, whatever state it is in."""
        if self._process and self._process.poll() is None:
            self.stop()
        leftovers.end_processes(self.place)
        shutil.rmtree(self.place.state, ignore_errors=True)

    @cached_property
    def _functions(self) -> Any:
        return self.client("lambda")

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process, "the cloud was never started"
        return self._process

    def _is_ready(self) -> bool:
        code = self._running().poll()
        assert code is None, f"`up` ended with {code}:\n{self._tails()}"
        return self.place.up_file.exists() and self.up_file["pid"] == self._running().pid

    def _tails(self) -> str:
        logs = [path for path in (self.output, self.place.log) if path.exists()]
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "infra.local", *arguments]


def eventually(
    condition: Callable[[], object],
    *,
    seconds: float,
    why: Callable[[], str] = str,
    pause: float = 0.05,
) -> None:
    """Wait until something holds, looking after each pause; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s. {why()}"
        time.sleep(pause)


def free_ports(count: int) -> Iterable[int]:
    """Return ports that nothing listens on."""
    probes = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def waits_for_an_event(pid: int) -> bool:
    """Return whether a function's process is in read(2) on its standard input, or gone."""
    try:
        return Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 ")
    except OSError:
        return True


def kill(pid: int) -> None:
    """Kill a process that may be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def deployed_name(function: str) -> str:
    """Return the name on AWS of a function of app.py."""
    return "palyra-local" if function == "api_handler" else f"palyra-local-{function}"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # Gone.
        return ""
