"""What a pairing comes to, and the bugs that must be noticed."""

import pytest

from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.pairing_bugs import PAIRING_BUGS
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator


def test_a_calm_pairing_ends_with_a_node(simulator: Simulator) -> None:
    assert simulator.run(Schedule("paired", 0)).violations == ()
    rows = simulator.world.checker._table("nodes")
    states = [row["state"]["S"] for row in rows if "pairing-session" in row["pk"]["S"]]
    assert states == ["active"]


@pytest.mark.parametrize("bug", PAIRING_BUGS, ids=[bug.name for bug in PAIRING_BUGS])
def test_a_planted_bug_of_pairing_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None
