"""What requests to nodes come to, and the bugs that must be noticed."""

import pytest

from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.invocation_bugs import INVOCATION_BUGS
from tests.simulation.items import text
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator


def test_a_calm_request_is_done_once_and_answered(simulator: Simulator) -> None:
    assert simulator.run(Schedule("asked", 0)).violations == ()
    assert len(simulator.world.memo["done"]) == 1
    rows = simulator.world.checker._table("nodes")
    assert [text(row, "state") for row in rows if "#request#" in text(row, "pk")] == ["succeeded"]


@pytest.mark.parametrize("bug", INVOCATION_BUGS, ids=[bug.name for bug in INVOCATION_BUGS])
def test_a_planted_bug_of_requests_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None
