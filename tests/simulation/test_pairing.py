"""Pairing under every fault at each call, and the bugs that must be noticed."""

import random

import pytest

from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.node_flows import FLOWS
from tests.simulation.pairing_bugs import PAIRING_BUGS
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator

PAIRINGS = (
    *("paired", "many-begin", "two-prove"),
    *("contested", "claimed-at-once", "approved-late"),
)


@pytest.mark.parametrize("flow", PAIRINGS)
def test_a_fault_at_each_call_breaks_nothing(simulator: Simulator, flow: str) -> None:
    calm = simulator.run(Schedule(flow, 0))
    assert calm.violations == ()
    # Each call has one of its faults here, and all of them in the campaign.
    for at, options in enumerate(calm.options, 1):
        schedule = Schedule(flow, 0, ((at, at % max(options, 1)),))
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("flow", PAIRINGS)
def test_faults_and_switches_by_chance_break_nothing(simulator: Simulator, flow: str) -> None:
    chooser, length = random.Random(flow), simulator.length(flow)
    for _ in range(40):
        schedule = Schedule.random(flow, length, chooser)
        assert simulator.run(schedule).violations == (), str(schedule)


def test_a_calm_pairing_ends_with_a_node(simulator: Simulator) -> None:
    assert simulator.run(Schedule("paired", 0)).violations == ()
    rows = simulator.world.checker._table("nodes")
    states = [row["state"]["S"] for row in rows if "pairing-session" in row["pk"]["S"]]
    assert states == ["active"]


@pytest.mark.parametrize("bug", PAIRING_BUGS, ids=[bug.name for bug in PAIRING_BUGS])
def test_a_planted_bug_of_pairing_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None


def test_the_flows_are_among_all_others() -> None:
    assert set(PAIRINGS) <= FLOWS.keys()
