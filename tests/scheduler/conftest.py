"""An operator, and a world whose jobs lie in one shard: a tick asks for each."""

from collections.abc import Iterator

import pytest

from chalicelib.settings import Settings
from tests.scheduler.operating import Operator
from tests.support.world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world(Settings(shards=1)) as made:
        yield made


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)
