"""The second opinion on what moto and the simulator disagree about."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from infra.local.loopback import status_of
from infra.local.place import LOOPBACK
from tests.simulation.differential import Call
from tests.simulation.disputes import MOTO_ERRORS, shown
from tests.simulation.generation import TABLES

_START_SECONDS = 15.0
_END_SECONDS = 5.0
_POLL_SECONDS = 0.05
_SERVER = ("-m", "hypercorn", "ministack.app:app", "--bind")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("ministack")
    port = _free_port()
    process = _start(port, home)
    try:
        _wait_ready(port, process)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _start(port: int, home: Path) -> subprocess.Popen[bytes]:
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *_SERVER, f"{LOOPBACK}:{port}"],
            env=_environment(port, home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _environment(port: int, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "GATEWAY_PORT": f"{port}",
        "HOME": f"{home}",
        "TMPDIR": f"{home}",
        "STATE_DIR": f"{home}",
        "S3_DATA_DIR": f"{home}",
        "PERSIST_STATE": "0",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def _wait_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if status_of("GET", port, "/_ministack/health", seconds=1) == 200:
            return
        time.sleep(_POLL_SECONDS)
    pytest.fail("MiniStack did not start")


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Any]:
    made = botocore.session.get_session().create_client(
        "dynamodb",
        endpoint_url=url,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


@pytest.fixture
def ministack(client: Any) -> Iterator[Call]:
    for table in TABLES:
        client.create_table(BillingMode="PAY_PER_REQUEST", **table)
    yield client._make_api_call
    for table in TABLES:
        client.delete_table(TableName=table["TableName"])


@pytest.mark.parametrize("name", MOTO_ERRORS)
def test_ministack_sides_with_the_simulator_or_is_known_to_err_too(
    ministack: Call, name: str
) -> None:
    error = MOTO_ERRORS[name]

    assert shown(ministack, error) == (error.ministack or error.right)
