"""Flows under chance: days on end in one world, and thousands of random schedules."""

import os

from tests.simulation.campaign import campaign
from tests.simulation.simulate import Simulator
from tests.simulation.sites import all_sites
from tests.simulation.soak import soak

IN_FULL = os.environ.get("TEST_SIMULATION") == "full"
SCHEDULES = 10_000


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
    assert len(total.line()["never_faulted"]) <= len(all_sites()) // 8
    assert total.calls / total.schedules >= 12
    assert len(total.traces) > SCHEDULES / 2
