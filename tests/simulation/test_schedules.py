"""Every flow under every single fault, in pairs, in all orders of two processes, and at random."""

import os
from collections.abc import Iterable

import pytest

from tests.simulation.approval_flows import FLOWS
from tests.simulation.campaign import campaign
from tests.simulation.explore import orders, pairs_of_faults, single_faults
from tests.simulation.faults import Schedule
from tests.simulation.simulate import Simulator
from tests.simulation.sites import all_sites
from tests.simulation.soak import soak

IN_FULL = os.environ.get("TEST_SIMULATION") == "full"
SCHEDULES = 10_000
MOST_FAULTS = None if IN_FULL else 250  # Of one flow; few are longer.
# Two processes that meet: the same slot twice, two slots of a job, two operators, ...
TWO = (
    *("twice", "overlap", "cancelled", "deduped", "overtaken", "misfire"),
    *("edited", "expected", "keyed-job", "first-at-once", "sealed-at-once"),
    *("queued", "replaced"),
)
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


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_comes_to_rest_by_itself(simulator: Simulator, flow: str) -> None:
    assert [str(each) for each in simulator.run(Schedule(flow, 0)).violations] == []


@pytest.mark.parametrize("flow", FLOWS)
def test_no_single_fault_violates_anything(simulator: Simulator, flow: str) -> None:
    number, failed = failures(simulator, single_faults(simulator, flow, MOST_FAULTS))

    assert failed == []
    assert number > 0


def test_single_faults_reach_every_call_site(simulator: Simulator) -> None:
    for flow in FLOWS.keys() - FAULTED.keys():  # Where this test runs alone.
        failures(simulator, single_faults(simulator, flow, MOST_FAULTS))

    assert sorted(all_sites().difference(*FAULTED.values())) == []


@pytest.mark.parametrize("flow", TWO)
def test_no_order_of_two_processes_violates_anything(simulator: Simulator, flow: str) -> None:
    some = orders(flow, simulator.length(flow) if IN_FULL else 0)
    number, failed = failures(simulator, some)

    print(f"{flow}: {number} orders of two processes")  # noqa: T201 - the figure is asked for
    assert failed == []
    assert number >= 924


@pytest.mark.skipif(not IN_FULL, reason="TEST_SIMULATION=full asks for it")
@pytest.mark.parametrize("flow", DEEP)
def test_no_pair_of_faults_violates_anything(simulator: Simulator, flow: str) -> None:
    number, failed = failures(simulator, pairs_of_faults(simulator, flow))

    print(f"{flow}: {number} pairs of faults")  # noqa: T201 - the figure is asked for
    assert failed == []


def test_days_of_ticks_and_sweeps_with_faults_violate_nothing(simulator: Simulator) -> None:
    soaked = soak(simulator, 30 if IN_FULL else 1, seed=5)

    print(f"{soaked.days} days, {soaked.calls} calls, {soaked.faults} faults")  # noqa: T201
    assert [str(each) for each in soaked.violations] == []
    assert soaked.faults > 20


def test_ten_thousand_random_schedules_violate_nothing() -> None:
    total = campaign(SCHEDULES, seed=1, processes=os.cpu_count() or 1)

    assert total.failing == []
    assert total.schedules == SCHEDULES
    assert total.hours > 30 * 24
    # Single faults reach every call site; at random, those of the longest flows may be missed.
    assert len(total.line()["never_faulted"]) <= len(all_sites()) // 12
    assert total.calls / total.schedules >= 12
    assert len(total.traces) > SCHEDULES / 2
