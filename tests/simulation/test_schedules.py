"""Every flow without a fault, under every single fault, and some under pairs of them."""

import os
from collections.abc import Iterable

import pytest

from tests.simulation.explore import pairs_of_faults, single_faults
from tests.simulation.faults import Schedule
from tests.simulation.recovery_flows import FLOWS
from tests.simulation.simulate import Simulator
from tests.simulation.sites import all_sites

IN_FULL = os.environ.get("TEST_SIMULATION") == "full"
MOST_FAULTS = None if IN_FULL else 40  # Of one flow, chosen evenly; the campaign is at each call.
DEEP = (
    *("task", "firing", "outside-call", "handover", "cancelled", "retries", "followed", "overlap"),
    *("edited", "deleted", "at-job", "keyed-firing", "first-at-once", "sealed-at-once"),
    *("waiting", "taken-over"),
)


FAULTED: dict[str, set[str]] = {}


def failures(simulator: Simulator, schedules: Iterable[Schedule]) -> tuple[int, list[str]]:
    """Return how many schedules were run, and what failed, with its replay line."""
    number, failed = 0, []
    for schedule in schedules:
        number += 1
        result = simulator.run(schedule)
        FAULTED.setdefault(schedule.flow, set()).update(result.faulted)
        failed += [f"{schedule} {each}" for each in result.violations[:1]]
    return number, failed


def faults_of(simulator: Simulator, flow: str) -> Iterable[Schedule]:
    """Return each fault at each call of a flow, or an even choice of them."""
    return single_faults(simulator, flow, MOST_FAULTS)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_comes_to_rest_by_itself(simulator: Simulator, flow: str) -> None:
    assert [str(each) for each in simulator.run(Schedule(flow, 0)).violations] == []


@pytest.mark.parametrize("flow", FLOWS)
def test_no_single_fault_violates_anything(simulator: Simulator, flow: str) -> None:
    number, failed = failures(simulator, faults_of(simulator, flow))

    assert failed == []
    assert number > 0


def test_single_faults_reach_every_call_site(simulator: Simulator) -> None:
    for flow in FLOWS.keys() - FAULTED.keys():  # Where this test runs alone.
        failures(simulator, faults_of(simulator, flow))

    assert sorted(all_sites().difference(*FAULTED.values())) == []


@pytest.mark.skipif(not IN_FULL, reason="TEST_SIMULATION=full asks for it")
@pytest.mark.parametrize("flow", DEEP)
def test_no_pair_of_faults_violates_anything(simulator: Simulator, flow: str) -> None:
    number, failed = failures(simulator, pairs_of_faults(simulator, flow))

    print(f"{flow}: {number} pairs of faults")  # noqa: T201 - the figure is asked for
    assert failed == []
