import logging
from collections.abc import Iterator

import pytest

from tests.simulation.simulate import Simulator


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """A simulator in AWS's place for a module of tests; what the code logs is not kept."""
    logging.disable(logging.CRITICAL)
    made = Simulator()
    with made.installed():
        yield made
    logging.disable(logging.NOTSET)
