import pytest

from tests.healing.ward import Ward
from tests.support.world import World


@pytest.fixture
def ward(world: World) -> Ward:
    """Healing as it is where nobody has set anything."""
    return Ward(world)
