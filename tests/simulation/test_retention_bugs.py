import pytest

from tests.simulation.faults import Schedule
from tests.simulation.hunting import catches, hunted
from tests.simulation.planting import Bug
from tests.simulation.retention_bugs import BUGS, LINES
from tests.simulation.retention_flows import FLOWS
from tests.simulation.simulate import Simulator

FEWEST = 8


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_is_caught_by_the_invariant_it_breaks(simulator: Simulator, bug: Bug) -> None:
    if not catches(simulator, bug, Schedule.parse(bug.line)):
        found = hunted(simulator, bug)

        assert found, f"nothing catches {bug.name} by {' or '.join(bug.invariants)}"
        print(f"the replay line of {bug.name} is now {found}")  # noqa: T201 - for LINES


def test_there_are_enough_bugs_each_with_flows_and_a_line() -> None:
    assert len(BUGS) >= FEWEST
    assert [bug.name for bug in BUGS] == list(LINES)
    assert all(Schedule.parse(bug.line).flow in bug.flows for bug in BUGS)
    assert {flow for bug in BUGS for flow in bug.flows} <= FLOWS.keys()


@pytest.mark.parametrize("flow", ["moved", "moved-on", "moved-and-sealed", "moved-and-spoilt"])
def test_a_flow_without_faults_breaks_nothing(simulator: Simulator, flow: str) -> None:
    assert simulator.run(Schedule(flow, 0)).violations == ()
