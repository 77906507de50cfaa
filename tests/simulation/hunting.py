"""Hunting a planted bug: its replay line first, and where that misses, a bounded search.

The number of a call in a line means another call when a flow makes one call more, so the search
begins with what the line has become; then come all single faults, and schedules by chance.
"""

import random
from collections.abc import Iterator
from itertools import chain, islice

from tests.simulation.explore import single_faults
from tests.simulation.faults import Schedule
from tests.simulation.planting import Bug, planted
from tests.simulation.simulate import Simulator
from tests.simulation.world import Runaway

_FURTHEST_SHIFT = 6
_MOST_SCHEDULES = 600
_SEEDS = range(16)


def catches(simulator: Simulator, bug: Bug, schedule: Schedule) -> bool:
    """Return whether a schedule breaks what a bug should break, and nothing without it."""
    if schedule.flow not in simulator._prepared:
        # What a flow begins with is made once, and must be made by code that is in order.
        simulator.length(schedule.flow)
    with planted(bug):
        if _first_broken(simulator, schedule) not in bug.invariants:
            return False
    return _first_broken(simulator, schedule) is None


def hunted(simulator: Simulator, bug: Bug) -> Schedule | None:
    """Return a small schedule that catches a bug, or None; the same one each time."""
    schedules = chain(_shifted(bug), _single(simulator, bug), _drawn(simulator, bug))
    for schedule in islice(schedules, _MOST_SCHEDULES):
        if catches(simulator, bug, schedule):
            return _smallest(simulator, bug, schedule)
    return None


def _first_broken(simulator: Simulator, schedule: Schedule) -> str | None:
    try:
        violations = simulator.run(schedule).violations
    except Runaway:
        return "it comes to no end"
    return violations[0].invariant if violations else None


def _shifted(bug: Bug) -> Iterator[Schedule]:
    """Yield what the line has become where some calls more or fewer are made."""
    line = Schedule.parse(bug.line)
    entries = sorted({at for at, _ in (*line.faults, *line.switches)})
    for by in sorted(range(-_FURTHEST_SHIFT, _FURTHEST_SHIFT + 1), key=abs):
        for first in entries:
            faults = tuple((at + by * (at >= first), how) for at, how in line.faults)
            switches = tuple((at + by * (at >= first), how) for at, how in line.switches)
            yield line._replace(faults=faults, switches=switches)


def _single(simulator: Simulator, bug: Bug) -> Iterator[Schedule]:
    """Yield each flow without faults in some worlds, with one fault, and with one switch."""
    for flow in bug.flows:
        yield from (Schedule(flow, seed) for seed in _SEEDS)
        yield from single_faults(simulator, flow)
        for at in range(1, simulator.length(flow) + 1):
            yield from (Schedule(flow, 0, (), ((at, minutes),)) for minutes in (0, 1, 3))


def _drawn(simulator: Simulator, bug: Bug) -> Iterator[Schedule]:
    chooser = random.Random(bug.name)
    while True:
        for flow in bug.flows:
            yield Schedule.random(flow, max(simulator.length(flow), 8), chooser)


def _smallest(simulator: Simulator, bug: Bug, schedule: Schedule) -> Schedule:
    for smaller in _smaller(schedule):
        if catches(simulator, bug, smaller):
            return _smallest(simulator, bug, smaller)
    return schedule


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    for faults in _without_one(schedule.faults):
        yield schedule._replace(faults=faults)
    for switches in _without_one(schedule.switches):
        yield schedule._replace(switches=switches)
    yield from (schedule._replace(seed=seed) for seed in _SEEDS if seed < schedule.seed)


def _without_one[T](entries: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    return (entries[:at] + entries[at + 1 :] for at in range(len(entries)))
