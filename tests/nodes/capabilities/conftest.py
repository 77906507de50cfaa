"""A node that can do things, and an operator who may let it."""

from collections.abc import Iterator

import pytest

from tests.nodes.capabilities.helper import Helper
from tests.nodes.certificates.conftest import _started
from tests.support.world import World


@pytest.fixture
def helper(world: World) -> Iterator[Helper]:
    for gateway in _started(world):
        yield Helper(gateway)
