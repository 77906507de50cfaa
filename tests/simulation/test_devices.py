"""All flows of nodes with a fault at each call; and the bugs of devices that must be noticed."""

import random

import pytest

from tests.simulation.device_bugs import DEVICE_BUGS
from tests.simulation.faults import Schedule
from tests.simulation.hunting import hunted
from tests.simulation.items import text
from tests.simulation.planting import Bug
from tests.simulation.recovery_flows import OF_NODES
from tests.simulation.simulate import Simulator

FLOWS_OF_NODES = sorted(OF_NODES)


@pytest.mark.parametrize("flow", FLOWS_OF_NODES)
def test_a_fault_at_each_call_breaks_nothing(simulator: Simulator, flow: str) -> None:
    calm = simulator.run(Schedule(flow, 0))
    assert calm.violations == ()
    # Each call has one of its faults here, and all of them in the campaign.
    for at, options in enumerate(calm.options, 1):
        schedule = Schedule(flow, 0, ((at, at % max(options, 1)),))
        assert simulator.run(schedule).violations == (), str(schedule)


@pytest.mark.parametrize("flow", FLOWS_OF_NODES)
def test_faults_and_switches_by_chance_break_nothing(simulator: Simulator, flow: str) -> None:
    chooser, length = random.Random(flow), simulator.length(flow)
    for _ in range(50):
        schedule = Schedule.random(flow, length, chooser)
        assert simulator.run(schedule).violations == (), str(schedule)


def test_a_calm_renewal_is_one_certificate_and_lets_the_node_in(simulator: Simulator) -> None:
    assert simulator.run(Schedule("renewed", 0)).violations == ()
    memo = simulator.world.memo
    assert len({print_ for _, print_, _ in memo["renewed"]}) == 1
    assert {print_ for print_, _ in memo["let_in"]} == {
        memo["first"][0],
        memo["renewed"][0][1],
    }


def test_a_copied_key_ends_the_device(simulator: Simulator) -> None:
    assert simulator.run(Schedule("copied", 0)).violations == ()
    (row,) = [
        row for row in simulator.world.checker._table("nodes") if text(row, "pk") == "main#device"
    ]
    assert text(row, "state") == "cleared"


def test_a_request_vanishes_with_the_run_that_made_it(simulator: Simulator) -> None:
    assert simulator.run(Schedule("request-erased", 0)).violations == ()
    keys = [text(row, "pk") for row in simulator.world.checker._table("nodes")]
    assert [each for each in keys if "#request#" in each or "#asked#" in each] == []


@pytest.mark.parametrize("bug", DEVICE_BUGS, ids=[bug.name for bug in DEVICE_BUGS])
def test_a_planted_bug_of_devices_is_caught(simulator: Simulator, bug: Bug) -> None:
    assert hunted(simulator, bug) is not None
