from collections.abc import Iterator

import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container as this_container
from tests.redaction.sinks import Place
from tests.support.world import a_world


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """The functions' own container on one cloud, for a module full of cells."""
    this_container.cache_clear()
    with a_world() as world, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        yield Place(world)
    this_container.cache_clear()
