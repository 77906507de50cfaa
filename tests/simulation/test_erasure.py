"""Erasure under every fault at each call, and the bugs that must be noticed."""

import random

import pytest

from tests.simulation.erasure_bugs import ERASURE_BUGS
from tests.simulation.erasure_flows import FLOWS
from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator

ERASURES = (
    *("erased", "erased-twice", "erased-while-running", "erased-family"),
    *("first-words", "last-words"),
)


@pytest.mark.parametrize("flow", ERASURES)
def test_a_fault_at_each_call_leaves_nothing_behind(simulator: Simulator, flow: str) -> None:
    calm = simulator.run(Schedule(flow, 0))
    assert calm.violations == ()
    # Each call has one of its faults here, and all of them in the campaign.
    for at, options in enumerate(calm.options, 1):
        schedule = Schedule(flow, 0, ((at, at % max(options, 1)),))
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("flow", ERASURES)
def test_faults_and_switches_by_chance_leave_nothing_behind(
    simulator: Simulator, flow: str
) -> None:
    chooser, length = random.Random(flow), simulator.length(flow)
    for _ in range(30):
        schedule = Schedule.random(flow, length, chooser)
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("bug", ERASURE_BUGS, ids=[bug.name for bug in ERASURE_BUGS])
def test_a_planted_bug_of_erasure_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None


def test_the_flows_are_among_all_others() -> None:
    assert set(ERASURES) <= FLOWS.keys()
