import socket
from dataclasses import replace

import pytest

from infra.local import preflight
from infra.local.errors import LocalCloudError
from infra.local.place import LOOPBACK, Emulator, Place


def test_an_old_python_is_refused_with_the_fix() -> None:
    with pytest.raises(LocalCloudError, match=r"Python 3\.11\.9 is too old: install 3\.12"):
        preflight.check_python((3, 11, 9))


def test_this_python_and_its_packages_will_do() -> None:
    preflight.check_python()
    preflight.check_packages()


def test_a_missing_package_is_named_with_the_fix() -> None:
    with pytest.raises(LocalCloudError, match=r"Missing packages: not_there\. Delete \.venv"):
        preflight.check_packages(("json", "not_there"))


def test_busy_ports_are_named_with_the_fix(place: Place) -> None:
    preflight.check_ports(place)
    with socket.create_server((LOOPBACK, 0)) as server:
        busy = server.getsockname()[1]
        with pytest.raises(LocalCloudError, match=rf"Port {busy} is busy.*: PORT={busy + 1}"):
            preflight.check_ports(replace(place, port=busy))
        with pytest.raises(LocalCloudError, match=rf"NODE_PORT={busy + 1} make up"):
            preflight.check_ports(replace(place, node_port=busy))
        with pytest.raises(LocalCloudError, match=rf"EMULATOR_PORT={busy + 1} make up"):
            preflight.check_ports(replace(place, emulator_port=busy))


def test_the_port_of_an_emulator_that_is_not_ours_may_be_busy(place: Place) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        busy = server.getsockname()[1]
        theirs = replace(place, emulator_port=busy, emulator=Emulator.LOCALSTACK)
        preflight.check_ports(theirs)
        with pytest.raises(LocalCloudError, match=rf"Port {busy} is busy"):
            preflight.check_ports(replace(theirs, port=busy))
