"""One local cloud for all tests of what is deployed, and one whose clock is moved."""

import os
from collections.abc import Iterator

import pytest

from tests.deployed.cloud import Cloud
from tests.deployed.moving import MovedCloud

# Of the caller's shell: it would be preferred to the endpoint of the emulator that is asked.
os.environ.pop("AWS_ENDPOINT_URL", None)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud that runs, with leases of three seconds."""
    own = Cloud(tmp_path_factory.mktemp("cloud"))
    try:
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="session")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedCloud]:
    """A cloud of its own that is moved in time; a module that wants it calls it its `cloud`.

    Time goes on from module to module, in the order of their names: a tick notes no earlier one.
    """
    own = MovedCloud(tmp_path_factory.mktemp("moved"))
    try:
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="module", autouse=True)
def ready(cloud: Cloud) -> None:
    """Every module finds the cloud running, however the one before has left it."""
    if not cloud.place.up_file.exists():
        cloud.start()
