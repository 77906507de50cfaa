"""The nodes origin before a world."""

from collections.abc import Iterator

import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from tests.nodes.gateway import ORIGIN, Gateway
from tests.support.world import World, a_world


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    yield from _started(world)


@pytest.fixture(scope="module")
def kept() -> Iterator[Gateway]:
    """A gateway for a module whose tests leave nothing behind."""
    with a_world() as world:
        yield from _started(world)


def _started(world: World) -> Iterator[Gateway]:
    container.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        yield Gateway(world)
    container.cache_clear()
