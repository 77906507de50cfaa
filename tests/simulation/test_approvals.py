"""Approvals under every fault at each call, and the bugs that must be noticed."""

import random

import pytest

from tests.simulation.approval_bugs import APPROVAL_BUGS
from tests.simulation.approval_flows import FLOWS
from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator

APPROVALS = (
    *("approved", "disputed", "answered-at-once", "timed-out", "asked-twice"),
    *("approved-for-the-run", "cancelled-while-asked", "denied-and-retried", "slot-approved"),
    *("begun-when-approved", "undecided", "outlived-asking"),
)


@pytest.mark.parametrize("flow", APPROVALS)
def test_a_fault_at_each_call_decides_nothing_twice(simulator: Simulator, flow: str) -> None:
    calm = simulator.run(Schedule(flow, 0))
    assert calm.violations == ()
    # Each call has one of its faults here, and all of them in the campaign.
    for at, options in enumerate(calm.options, 1):
        schedule = Schedule(flow, 0, ((at, at % max(options, 1)),))
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("flow", APPROVALS)
def test_faults_and_switches_by_chance_leave_nobody_waiting(
    simulator: Simulator, flow: str
) -> None:
    chooser, length = random.Random(flow), simulator.length(flow)
    for _ in range(30):
        schedule = Schedule.random(flow, length, chooser)
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("bug", APPROVAL_BUGS, ids=[bug.name for bug in APPROVAL_BUGS])
def test_a_planted_bug_of_approvals_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None


def test_the_flows_are_among_all_others() -> None:
    assert set(APPROVALS) <= FLOWS.keys()
