"""What every test starts from: no real AWS, no clock but its own."""

import os
from collections.abc import Iterator

import pytest

# Read by modules at import, so before any of them.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PALYRA_STAGE": "local",
}

from tests.support.world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    """Palyra on an in-process AWS, with a clock that stands still until it is moved."""
    with a_world() as made:
        yield made
