"""Which schedules are run: all single faults, pairs, all orders of two processes, and random ones.

A schedule that violates an invariant is made smaller: entries are left out while it still does.
"""

import random
from collections.abc import Iterable, Iterator
from itertools import accumulate, combinations

from tests.simulation.approval_flows import FLOWS
from tests.simulation.faults import Schedule
from tests.simulation.simulate import Result, Simulator

_CALLS_EACH = 6
_MOST_ATTEMPTS = 200


def single_faults(simulator: Simulator, flow: str, most: int | None = None) -> Iterator[Schedule]:
    """Yield each fault at each call of a flow in a calm world, or an even choice of so many."""
    points = list(_points(simulator, flow))
    step = max(len(points) / most, 1) if most else 1
    for number in range(int(len(points) / step)):
        yield Schedule(flow, 0, (points[int(number * step)],))


def a_fault_at_each_call(simulator: Simulator) -> Iterator[Schedule]:
    """Yield one fault at each call of each flow in a calm world."""
    for flow in FLOWS:
        for at in range(1, simulator.length(flow) + 1):
            yield Schedule(flow, 0, ((at, 0),))


def pairs_of_faults(simulator: Simulator, flow: str) -> Iterator[Schedule]:
    """Yield each fault at each call, together with each at each later call that it leads to."""
    for first in _points(simulator, flow):
        exposed = simulator.run(Schedule(flow, 0, (first,)))
        for at, options in enumerate(exposed.options[first[0] :], first[0] + 1):
            for which in range(options):
                yield Schedule(flow, 0, (first, (at, which)))


def _points(simulator: Simulator, flow: str) -> Iterator[tuple[int, int]]:
    calm = simulator.run(Schedule(flow, 0))
    for at, options in enumerate(calm.options, 1):
        yield from ((at, which) for which in range(options))


def orders(flow: str, calls: int) -> Iterator[Schedule]:
    """Yield all orders of two processes' first six calls, and up to two changes beyond."""
    length = 2 * _CALLS_EACH
    for places in combinations(range(length), _CALLS_EACH):
        yield Schedule(flow, 0, order="".join("01"[at in places] for at in range(length)))
    for first in "01":
        for ends in combinations(range(1, calls), 2):
            yield Schedule(flow, 0, order=_alternating(first, (*ends, calls)))


def _alternating(first: str, ends: Iterable[int]) -> str:
    begin, order, turn = 0, "", int(first)
    for end in ends:
        order += str(turn) * (end - begin)
        begin, turn = end, 1 - turn
    return order


def at_random(simulator: Simulator, number: int, seed: int) -> Iterator[Schedule]:
    """Yield schedules by the weights of their flows, the same for the same seed."""
    chooser = random.Random(seed)
    names = list(FLOWS)
    weights = list(accumulate(FLOWS[name].weight for name in names))
    lengths = {name: max(simulator.length(name), 8) for name in names}
    for _ in range(number):
        name = chooser.choices(names, cum_weights=weights)[0]
        yield Schedule.random(name, lengths[name], chooser)


def shrunk(simulator: Simulator, failing: Schedule) -> Result:
    """Return the smallest schedule that can be found and violates the same invariant."""
    best = simulator.run(failing)
    wanted = best.violations[0].invariant
    for _ in range(_MOST_ATTEMPTS):
        for smaller in _smaller(best.schedule):
            result = simulator.run(smaller)
            if any(violation.invariant == wanted for violation in result.violations):
                best = result
                break
        else:
            return best
    return best


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    for name in ("faults", "switches"):
        entries = getattr(schedule, name)
        for left_out in range(len(entries)):
            yield schedule._replace(**{name: entries[:left_out] + entries[left_out + 1 :]})
    if schedule.order:
        yield schedule._replace(order=schedule.order[:-1])
    if schedule.seed:
        yield schedule._replace(seed=0)
        # One of the first worlds may do as well, and says less of chance.
        yield from (schedule._replace(seed=seed) for seed in range(1, 4) if seed < schedule.seed)
