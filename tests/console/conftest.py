from collections.abc import Iterator

import pytest

from tests.console.site import Site
from tests.functions.conftest import _started
from tests.support.world import World


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    """The console of a container of its own, on the world's clock."""
    with _started(world):
        yield Site(world)
