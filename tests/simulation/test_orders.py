"""Two processes that meet, in all orders of their calls."""

import os

import pytest

from tests.simulation.explore import Orders, orders
from tests.simulation.simulate import Simulator

IN_FULL = os.environ.get("TEST_SIMULATION") == "full"
# The same slot twice, two slots of a job, two operators, ...
TWO = (
    *("twice", "overlap", "cancelled", "deduped", "overtaken", "misfire"),
    *("edited", "expected", "keyed-job", "first-at-once", "sealed-at-once"),
    *("queued", "replaced"),
)


@pytest.mark.parametrize("flow", TWO)
def test_no_order_of_two_processes_violates_anything(simulator: Simulator, flow: str) -> None:
    number, known, failed = 0, Orders(), []
    for schedule in orders(flow, simulator.length(flow) if IN_FULL else 0):
        number += 1
        if known.knows(schedule.order):
            continue
        result = simulator.run(schedule)
        known.note(schedule.order, result.turns)
        failed += [f"{schedule} {each}" for each in result.violations[:1]]

    print(f"{flow}: {number} orders of two processes")  # noqa: T201 - the figure is asked for
    assert failed == []
    assert number >= 924


@pytest.mark.parametrize("flow", ["twice", "overtaken", "deduped"])
def test_an_order_that_is_known_is_the_run_that_was_made(simulator: Simulator, flow: str) -> None:
    known, traces, repeated = Orders(), set(), 0
    for schedule in list(orders(flow, 0))[::7]:
        is_known, result = known.knows(schedule.order), simulator.run(schedule)
        assert not is_known or result.trace in traces, schedule
        known.note(schedule.order, result.turns)
        traces.add(result.trace)
        repeated += is_known

    assert repeated > 0


def test_an_order_that_says_less_is_another_run(simulator: Simulator) -> None:
    known = Orders()
    (schedule, *_) = orders("overlap", 0)
    result = simulator.run(schedule)
    known.note(schedule.order, result.turns)

    assert known.knows(schedule.order)
    assert not known.knows(schedule.order[:-1])
    assert not known.knows(schedule.order + "0")
