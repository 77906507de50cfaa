import random
from unittest.mock import patch

import pytest

from chalicelib.background.rows import WorkRow
from tests.simulation.explore import shrunk, single_faults
from tests.simulation.faults import Schedule
from tests.simulation.recovery_flows import FLOWS
from tests.simulation.simulate import Simulator


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_replays_byte_for_byte(simulator: Simulator, seed: int) -> None:
    chooser = random.Random(seed)
    schedule = Schedule.random(chooser.choice(list(FLOWS)), 20, chooser)

    first = simulator.run(schedule, traced=True)
    simulator.run(Schedule("family", 7, ((5, 5),)))
    again = Simulator().run(Schedule.parse(str(schedule)), traced=True)

    assert again.lines == first.lines
    assert again.trace == first.trace


def test_a_failing_schedule_is_shrunk_to_few_faults(simulator: Simulator) -> None:
    chooser = random.Random(3)
    with patch("chalicelib.background.store._mine", lambda _task: WorkRow.pk.exists()):
        failing = next(
            schedule
            for schedule in (Schedule.random("firing", 12, chooser) for _ in range(500))
            if len(schedule.faults) + len(schedule.switches) > 3
            and simulator.run(schedule).violations
        )
        smallest = shrunk(simulator, failing)

    assert smallest.violations
    assert len(smallest.schedule.faults) + len(smallest.schedule.switches) <= 3


def test_a_choice_of_faults_reaches_every_site_that_all_of_them_reach(
    simulator: Simulator,
) -> None:
    every = [simulator.run(each).faulted for each in single_faults(simulator, "firing")]
    chosen = [simulator.run(each).faulted for each in single_faults(simulator, "firing", 3)]

    assert frozenset().union(*chosen) == frozenset().union(*every)
    assert 3 < len(chosen) < len(every)
