"""A world with one shard: a look at its health asks as often as there are lanes."""

from collections.abc import Iterator

import pytest

from chalicelib.settings import Settings
from tests.support.world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world(Settings(shards=1)) as made:
        yield made
