from collections.abc import Iterator

import pytest

from tests.support.stage import Stage, a_stage
from tests.support.world import World


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    with a_stage(world) as made:
        yield made
