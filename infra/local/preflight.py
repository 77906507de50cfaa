"""What must be true before anything is started; each refusal names its fix.

Nothing is imported here that could be missing, so that the refusal can be printed at all.
"""

import importlib.util
import socket
import sys

from infra.local.errors import LocalCloudError
from infra.local.place import LOOPBACK, Place

_OLDEST_PYTHON = (3, 12)
_PACKAGES = (
    "boto3",
    "chalice",
    "cryptography",
    "hypercorn",
    "localstack_client",
    "ministack",
    "yaml",
)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Refuse a Python that the code was not written for."""
    if version[:2] < _OLDEST_PYTHON:
        found = ".".join(map(str, version))
        raise LocalCloudError(
            f"Python {found} is too old: install 3.12 or later, delete .venv, `make up` again"
        )


def check_packages(names: tuple[str, ...] = _PACKAGES) -> None:
    """Refuse an environment that lacks a package."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise LocalCloudError(
            f"Missing packages: {', '.join(missing)}. Delete .venv and run `make up` again"
        )


def check_ports(place: Place) -> None:
    """Refuse a port that something else listens on, where we are to listen."""
    ports = {"PORT": place.port, "NODE_PORT": place.node_port}
    if place.is_ours:
        ports["EMULATOR_PORT"] = place.emulator_port
    for name, port in ports.items():
        if _is_busy(port):
            raise LocalCloudError(
                f"Port {port} is busy. Stop what listens there, or choose another: "
                f"{name}={port + 1} make up"
            )


def _is_busy(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
