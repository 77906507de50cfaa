"""Two emulators to compare: MiniStack as it comes, and MiniStack with the bridges."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local import clients, emulator_process
from infra.local.place import LOOPBACK, Place
from tests.infra.waiting import eventually, health

# Of the caller's shell: it would be preferred to the endpoint of the emulator that is asked.
os.environ.pop("AWS_ENDPOINT_URL", None)


@dataclass(frozen=True, slots=True)
class Emulator:
    """An emulator that runs."""

    port: int
    state: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def client(self, service: str) -> Any:
        return clients.client(service, self.url)


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of its own, where nothing runs."""
    port, emulator_port, node_port = (free_port() for _ in range(3))
    place = Place(
        state=tmp_path / "state", port=port, emulator_port=emulator_port, node_port=node_port
    )
    place.temporary.mkdir(parents=True)
    return place


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """MiniStack as it comes."""
    folder = tmp_path_factory.mktemp("plain")
    port = free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            eventually(lambda: health(port), seconds=30)
            yield Emulator(port, folder)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def bridged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """MiniStack with the bridges."""
    place = Place(
        state=tmp_path_factory.mktemp("bridged"), port=free_port(), emulator_port=free_port()
    )
    place.temporary.mkdir()
    with emulator_process.running(place):
        yield Emulator(place.emulator_port, place.emulated)
