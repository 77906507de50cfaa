"""Requests to nodes under every fault at each call, and the bugs that must be noticed."""

import random

import pytest

from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.invocation_bugs import INVOCATION_BUGS
from tests.simulation.items import text
from tests.simulation.node_flows import FLOWS
from tests.simulation.planting import Bug
from tests.simulation.simulate import Simulator

INVOCATIONS = (
    *("asked", "asked-at-once", "asked-again", "mediated"),
    *("answered-by-another", "revoked-meanwhile", "asked-of-nobody"),
)


@pytest.mark.parametrize("flow", INVOCATIONS)
def test_a_fault_at_each_call_breaks_nothing(simulator: Simulator, flow: str) -> None:
    calm = simulator.run(Schedule(flow, 0))
    assert calm.violations == ()
    # Each call has one of its faults here, and all of them in the campaign.
    for at, options in enumerate(calm.options, 1):
        schedule = Schedule(flow, 0, ((at, at % max(options, 1)),))
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("flow", INVOCATIONS)
def test_faults_and_switches_by_chance_break_nothing(simulator: Simulator, flow: str) -> None:
    chooser, length = random.Random(flow), simulator.length(flow)
    for _ in range(60):
        schedule = Schedule.random(flow, length, chooser)
        assert simulator.run(schedule).violations == (), str(schedule)


def test_a_calm_request_is_done_once_and_answered(simulator: Simulator) -> None:
    assert simulator.run(Schedule("asked", 0)).violations == ()
    assert len(simulator.world.memo["done"]) == 1
    rows = simulator.world.checker._table("nodes")
    assert [text(row, "state") for row in rows if "#request#" in text(row, "pk")] == ["succeeded"]


@pytest.mark.parametrize("bug", INVOCATION_BUGS, ids=[bug.name for bug in INVOCATION_BUGS])
def test_a_planted_bug_of_requests_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None


def test_the_flows_are_among_all_others() -> None:
    assert set(INVOCATIONS) <= FLOWS.keys()
